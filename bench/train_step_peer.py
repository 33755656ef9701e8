"""Training steps of a Llama-style language model in PyTorch, float32 on the CPU: the peer of train_step_peers.ts.

Usage: python train_step_peer.py CONFIGURATION MODE THREADS, with CONFIGURATION as JSON and MODE "eager" or "compile".
For each line of standard input one training step is done (forward, backward, clipping, AdamW) and its seconds are printed.
"""
import json, sys, time
import torch
import torch.nn.functional as F
from torch import nn

config, mode = json.loads(sys.argv[1]), sys.argv[2]
torch.set_num_threads(int(sys.argv[3]))
torch.manual_seed(0)
vocab, context, width = config["vocab_size"], config["context_length"], config["d_model"]
heads, hidden, layers, batch = config["num_heads"], config["d_ff"], config["num_layers"], config["batch_size"]

head_size = width // heads
angles = torch.arange(context)[:, None] * 10_000.0 ** (-torch.arange(0, head_size, 2) / head_size)
cos, sin = angles.cos(), angles.sin()


def rotate(x):
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.RMSNorm(width, eps=1e-5), nn.RMSNorm(width, eps=1e-5)
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 2 * hidden, bias=False), nn.Linear(hidden, width, bias=False)

    def forward(self, x):
        b, t, _ = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, t, 3, heads, head_size).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(rotate(q), rotate(k), v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(b, t, width))
        gate, up = self.up(self.norm2(x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.blocks = nn.Embedding(vocab, width), nn.Sequential(*[Block() for _ in range(layers)])
        self.norm, self.head = nn.RMSNorm(width, eps=1e-5), nn.Linear(width, vocab, bias=False)

    def forward(self, tokens, targets):
        logits = self.head(self.norm(self.blocks(self.embedding(tokens))))
        return F.cross_entropy(logits.view(-1, vocab), targets.reshape(-1))


model = Model()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1)
loss_of = torch.compile(model) if mode == "compile" else model
tokens = torch.randint(0, vocab, (batch, context + 1))
for _ in sys.stdin:
    start = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of(tokens[:, :-1], tokens[:, 1:])
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    print(time.perf_counter() - start, flush=True)
