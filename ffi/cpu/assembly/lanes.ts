// Reductions across the four lanes of a vector, always in the same order, and loads of fewer than four floats.

// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 2)) + (f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 3));
}

// The largest lane; NaN if a lane is NaN.
// @ts-ignore: decorator
@inline
export function maxLane(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 2)),
    max(f32x4.extract_lane(v, 1), f32x4.extract_lane(v, 3)),
  );
}

// The first `count` (1 to 3) floats at `source`, zeros behind: elementwise kernels finish their last vector with it, so
// that an element's value does not depend on where its row ends.
// @ts-ignore: decorator
@inline
export function loadPart(source: usize, count: usize): v128 {
  let v = v128.load32_zero(source);
  if (count > 1) v = f32x4.replace_lane(v, 1, load<f32>(source, 4));
  if (count > 2) v = f32x4.replace_lane(v, 2, load<f32>(source, 8));
  return v;
}

// Stores the first `count` (1 to 3) lanes.
// @ts-ignore: decorator
@inline
export function storePart(target: usize, v: v128, count: usize): void {
  store<f32>(target, f32x4.extract_lane(v, 0));
  if (count > 1) store<f32>(target, f32x4.extract_lane(v, 1), 4);
  if (count > 2) store<f32>(target, f32x4.extract_lane(v, 2), 8);
}
