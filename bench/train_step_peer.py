"""Training steps of a Llama-style language model in PyTorch, float32 on the CPU: the peer of train_step_peers.ts.

Usage: python train_step_peer.py CONFIGURATION MODE THREADS, with CONFIGURATION as JSON and MODE "eager" or "compile".
For each line of standard input one training step is done (forward, backward, clipping, AdamW) and its seconds are
printed.
"""
import json, sys, time
import torch
from torch import nn
from peers.model import Model

config, mode = json.loads(sys.argv[1]), sys.argv[2]
torch.set_num_threads(int(sys.argv[3]))
torch.manual_seed(0)
model = Model(config)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1)
loss_of = torch.compile(model) if mode == "compile" else model
tokens = torch.randint(0, config["vocab_size"], (config["batch_size"], config["context_length"] + 1))
for _ in sys.stdin:
    start = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of(tokens[:, :-1], tokens[:, 1:])
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    print(time.perf_counter() - start, flush=True)
