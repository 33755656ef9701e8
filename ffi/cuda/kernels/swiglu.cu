// swiglu: out = silu(gate) * up, and its gradients. Rows of gate and up are `stride` apart, so that both may be halves
// of one product. Row blockIdx.x; a thread takes a packet of it, or one element where rows do not divide into aligned
// packets. Bound by memory.

extern "C" __global__ void swiglu(const element* gate, const element* up, element* out, int columns, long long stride,
                                  int aligned) {
  int column = item_of_row() * (aligned ? PER_PACKET : 1);
  if (column >= columns) return;
  gate += blockIdx.x * stride + column;
  up += blockIdx.x * stride + column;
  out += (long long)blockIdx.x * columns + column;
  if (!aligned) {
    store(out, silu_of(to_float(*gate)) * to_float(*up));
    return;
  }
  Packet g = load_packet(gate), u = load_packet(up);
  float result[PER_PACKET];
#pragma unroll
  for (int i = 0; i < PER_PACKET; i++) result[i] = silu_of(to_float(g.at[i])) * to_float(u.at[i]);
  store_packet(out, result);
}

// d_gate and d_up may be gate and up: a thread has read what it overwrites.
extern "C" __global__ void swiglu_backward(const element* gate, const element* up, const element* d_out,
                                           element* d_gate, element* d_up, int columns, long long stride, int aligned) {
  int column = item_of_row() * (aligned ? PER_PACKET : 1);
  if (column >= columns) return;
  long long offset = blockIdx.x * stride + column;
  d_out += (long long)blockIdx.x * columns + column;
  if (!aligned) {
    float x = to_float(gate[offset]), u = to_float(up[offset]), d = to_float(*d_out), s = sigmoid(x);
    store(d_gate + offset, d * u * silu_slope(x, s));
    store(d_up + offset, d * x * s);
    return;
  }
  Packet g = load_packet(gate + offset), u = load_packet(up + offset), d = load_packet(d_out);
  float result_gate[PER_PACKET], result_up[PER_PACKET];
#pragma unroll
  for (int i = 0; i < PER_PACKET; i++) {
    float x = to_float(g.at[i]), slope = to_float(d.at[i]), s = sigmoid(x);
    result_gate[i] = slope * to_float(u.at[i]) * silu_slope(x, s);
    result_up[i] = slope * x * s;
  }
  store_packet(d_gate + offset, result_gate);
  store_packet(d_up + offset, result_up);
}
