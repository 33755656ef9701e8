// Optimizer steps, element by element; item = element. Everything is read and written once: bound by memory.

import { multiplyAdd } from "./fma";
import { loadPart, storePart } from "./lanes";

// AdamW (Loshchilov and Hutter, 2019): m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
// w -= stepSize m / (sqrt(v) + epsilon); w -= decay w, with g = gradient * (the float at gradientScale, if not 0).
export function adamwStep(
  first: usize,
  last: usize,
  _scratch: usize,
  weights: usize,
  gradients: usize,
  firstMoments: usize,
  secondMoments: usize,
  rates: usize,
  gradientScale: usize,
  beta1: f64,
  beta2: f64,
  epsilon: f32,
): void {
  const factor = f32x4.splat(gradientScale == 0 ? 1 : load<f32>(gradientScale));
  const keep1 = f32x4.splat(<f32> beta1), take1 = f32x4.splat(<f32> (1 - beta1));
  const keep2 = f32x4.splat(<f32> beta2), take2 = f32x4.splat(<f32> (1 - beta2));
  const step = f32x4.splat(-load<f32>(rates)), decay = f32x4.splat(-load<f32>(rates, 4)), eps = f32x4.splat(epsilon);
  let i = first * 4;
  for (const end = last * 4; i < end; i += 16) {
    const count = (end - i) / 4, whole = count >= 4;
    const g = f32x4.mul(whole ? v128.load(gradients + i) : loadPart(gradients + i, count), factor);
    const m0 = whole ? v128.load(firstMoments + i) : loadPart(firstMoments + i, count);
    const v0 = whole ? v128.load(secondMoments + i) : loadPart(secondMoments + i, count);
    const m = multiplyAdd(m0, keep1, f32x4.mul(g, take1));
    const v = multiplyAdd(v0, keep2, f32x4.mul(f32x4.mul(g, g), take2));
    let w = whole ? v128.load(weights + i) : loadPart(weights + i, count);
    w = multiplyAdd(step, f32x4.div(m, f32x4.add(f32x4.sqrt(v), eps)), w);
    w = multiplyAdd(decay, w, w);
    if (whole) {
      v128.store(firstMoments + i, m);
      v128.store(secondMoments + i, v);
      v128.store(weights + i, w);
    } else {
      storePart(firstMoments + i, m, count);
      storePart(secondMoments + i, v, count);
      storePart(weights + i, w, count);
    }
  }
}

// w -= rate * gradient * (the float at gradientScale, if that is not 0)
export function sgdStep(
  first: usize,
  last: usize,
  _scratch: usize,
  weights: usize,
  gradients: usize,
  rate: usize,
  gradientScale: usize,
): void {
  const step: f32 = -load<f32>(rate) * (gradientScale == 0 ? 1 : load<f32>(gradientScale)), steps = f32x4.splat(step);
  let i = first * 4;
  for (const end = i + ((last - first) & ~3) * 4; i < end; i += 16) {
    v128.store(weights + i, multiplyAdd(steps, v128.load(gradients + i), v128.load(weights + i)));
  }
  const rest = (last * 4 - i) / 4;
  if (rest > 0) {
    storePart(weights + i, multiplyAdd(steps, loadPart(gradients + i, rest), loadPart(weights + i, rest)), rest);
  }
}
