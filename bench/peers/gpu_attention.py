"""PyTorch's scaled_dot_product_attention, kernel by kernel: the peer of gpu_attention.ts.

Usage: python gpu_attention.py [DEVICE]. Each line of standard input is JSON: batch, heads, length, size, kernel
("flash", "efficient", "cudnn", "math") and repetitions; operands are bfloat16, causal. A line of JSON comes back:
milliseconds of the forward and of the backward pass, or why the kernel does not take it.
"""
import json, sys, time
import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

device = sys.argv[1] if len(sys.argv) > 1 else "cuda"
kernels = {
    "flash": SDPBackend.FLASH_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    "math": SDPBackend.MATH,
}


def milliseconds(work, repetitions):
    work()
    if device != "cuda":
        start = time.perf_counter()
        for _ in range(repetitions):
            work()
        return 1000 * (time.perf_counter() - start) / repetitions
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    # Keeps the GPU busy while Python queues the work, which takes longer for one call than a small kernel does.
    torch.cuda._sleep(20_000_000)
    begin.record()
    for _ in range(repetitions):
        work()
    end.record()
    torch.cuda.synchronize()
    return begin.elapsed_time(end) / repetitions


for line in sys.stdin:
    question = json.loads(line)
    shape = [question[name] for name in ("batch", "heads", "length", "size")]
    q, k, v, d_out = (torch.randn(shape, device=device, dtype=torch.bfloat16) for _ in range(4))
    for operand in (q, k, v):
        operand.requires_grad_()
    try:
        with sdpa_kernel(kernels[question["kernel"]]):
            attend = lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True)
            forward = milliseconds(attend, question["repetitions"])
            out = attend()
            gradients = lambda: torch.autograd.grad(out, (q, k, v), d_out, retain_graph=True)
            answer = {"forward": forward, "backward": milliseconds(gradients, question["repetitions"])}
    except RuntimeError as error:
        answer = {"refused": str(error).splitlines()[0]}
    print(json.dumps(answer), flush=True)
