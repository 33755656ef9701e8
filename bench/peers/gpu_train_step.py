"""Training steps of the model in model.py on one device: the peer of gpu_train_step.ts.

Usage: python gpu_train_step.py CONFIGURATION MODE STEPS [DEVICE], with CONFIGURATION as JSON, MODE "eager", "compile",
"compile-bf16" or "reduce-overhead" (compiled, and replayed as CUDA graphs), and DEVICE "cuda" (or "cpu", to try the
script). Weights are float32, products bfloat16 (autocast), AdamW is the fused one. Autocast leaves the residual stream
in float32; "compile-bf16" keeps it in bfloat16, as denolm does.

For each line of standard input one step is done and then, timed, STEPS steps (forward, backward, clipping, AdamW); a
line of JSON comes back: seconds, milliseconds of the GPU, and the most bytes in use so far; or why there is no memory
for it, and the program ends. Between lines it gives back the memory that it can do without.
"""
import json, sys, time
import torch
from torch import nn
from model import Model

config, mode, steps = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3])
device = sys.argv[4] if len(sys.argv) > 4 else "cuda"
on_gpu = device == "cuda"
torch.manual_seed(0)
torch.set_float32_matmul_precision("high")
if mode == "compile-bf16":
    config["residual"] = "bfloat16"
model = Model(config).to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=on_gpu)
compiled = {"compile": {}, "compile-bf16": {}, "reduce-overhead": {"mode": "reduce-overhead"}}
loss_of = model if mode == "eager" else torch.compile(model, **compiled[mode])
shape = (config["batch_size"], config["context_length"] + 1)
tokens = torch.randint(0, config["vocab_size"], shape)
if on_gpu:
    tokens = tokens.pin_memory()


def step():
    batch = tokens.to(device, non_blocking=True)
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(device, torch.bfloat16):
        loss = loss_of(batch[:, :-1], batch[:, 1:])
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def synchronize():
    if on_gpu:
        torch.cuda.synchronize()


def turn():
    step()
    synchronize()
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2)) if on_gpu else (None, None)
    start = time.perf_counter()
    if on_gpu:
        begin.record()
    for _ in range(steps):
        step()
    if on_gpu:
        end.record()
    synchronize()
    seconds = time.perf_counter() - start
    milliseconds = begin.elapsed_time(end) if on_gpu else 1000 * seconds
    peak = torch.cuda.max_memory_allocated() if on_gpu else 0
    return {"seconds": seconds, "milliseconds": milliseconds, "bytes": peak}


for _ in sys.stdin:
    try:
        answer = turn()
    except torch.OutOfMemoryError as error:
        print(json.dumps({"refused": str(error).splitlines()[0]}), flush=True)
        break
    # Others may need it meanwhile; the step before the timed ones takes it again.
    if on_gpu:
        torch.cuda.empty_cache()
    print(json.dumps(answer), flush=True)
