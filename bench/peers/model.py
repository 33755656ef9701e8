"""The same Llama-style language model in PyTorch, for all comparisons: RMSNorm before each layer, rotary embedding of
interleaved pairs, SwiGLU, no biases, an untied head. The configuration has the names of denolm's, and "residual", in
which format the residual stream is kept if not in that of the weights."""
import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        width, hidden = config["d_model"], config["d_ff"]
        self.heads = config["num_heads"]
        self.norm1, self.norm2 = nn.RMSNorm(width, eps=1e-5), nn.RMSNorm(width, eps=1e-5)
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 2 * hidden, bias=False), nn.Linear(hidden, width, bias=False)

    def forward(self, x, cos, sin):
        b, t, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, t, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(b, t, width))
        gate, up = self.up(self.norm2(x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


def rotate(x, cos, sin):
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2).type_as(x)


class Model(nn.Module):
    """Mean cross entropy of targets given tokens, both [batch, context]."""

    def __init__(self, config):
        super().__init__()
        vocab, width = config["vocab_size"], config["d_model"]
        self.residual = getattr(torch, config["residual"]) if "residual" in config else None
        self.embedding = nn.Embedding(vocab, width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config["num_layers"]))
        self.norm, self.head = nn.RMSNorm(width, eps=1e-5), nn.Linear(width, vocab, bias=False)
        size = width // config["num_heads"]
        angles = torch.arange(config["context_length"])[:, None] * 10_000.0 ** (-torch.arange(0, size, 2) / size)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def forward(self, tokens, targets):
        x = self.embedding(tokens).to(self.residual)
        for block in self.blocks:
            x = block(x, self.cos, self.sin)
        logits = self.head(self.norm(x))
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())
