// multiplyAdd: a * b + c on four lanes. One rounding where the build may use relaxed FMA, two where it may not;
// everything below is built twice from this one line, and WebAssembly.validate chooses the module when it is loaded.

// @ts-ignore: decorator
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}
