"""Logits of an exported model in transformers: the peer of transformers_peer.ts.

Usage: python transformers_logits.py FOLDER TEXT OUT.safetensors
Loads FOLDER with AutoModelForCausalLM and AutoTokenizer, writes "ids" [T] (I32) and "logits" [T, vocab_size] (F32) of
the text's beginning to OUT, and prints as JSON which classes did it, the decoded text and the greedy continuation of
its first 32 tokens.
"""
import json, sys
import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, text, out = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder).eval()
ids = tokenizer(text, return_tensors="pt").input_ids[:, : model.config.max_position_embeddings]
with torch.no_grad():
    logits = model(ids).logits[0].float()
prompt = ids[:, :32]
greedy = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=64, do_sample=False)
save_file({"ids": ids[0].int(), "logits": logits.contiguous()}, out)
print(json.dumps({
    "transformers": transformers.__version__,
    "model": type(model).__name__,
    "tokenizer": type(tokenizer).__name__,
    "eos": [tokenizer.eos_token_id, model.generation_config.eos_token_id],
    "decoded": tokenizer.decode(ids[0]),
    "greedy": greedy[0].tolist(),
}))
