// Every kernel has the signature (first, last, scratch, ...arguments): it computes items first to last - 1, writes what
// no other item writes, and may use the calling thread's scratch memory. Addresses and strides are in bytes, sizes in
// elements.

export { add, axpy, copy, copyRows, fill, mul, scale } from "./elementwise";
export { silu, siluBackward, swiglu, swigluBackward } from "./activation";
export { attention, attentionBlocks, attentionScratch } from "./attention";
export { attentionBackward, attentionBackwardScratch } from "./attention_backward";
export { attentionOneQuery, attentionOneQueryScratch } from "./attention_one_query";
export { embedding, embeddingBackward } from "./embedding";
export { matmulBlocks, matmulFewRows, packPanels } from "./matmul";
export { addRmsNorm, rmsNorm, rmsNormBackward } from "./norm";
export { adamwStep, sgdStep } from "./optimizer";
export { clipCoefficient, finishSum, inverseNorm, partialSums, sumRows } from "./reduction";
export { reluSquared, reluSquaredBackward } from "./relu";
export { rope } from "./rope";
export { crossEntropy, softmax, softmaxBackward } from "./softmax";
