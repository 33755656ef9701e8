// swiglu: out = silu(gate) * up, and its gradients. Rows of gate and up are `stride` apart, so that both may be halves of
// one product. A thread takes a packet of a row, or one element where rows do not divide into aligned packets.

extern "C" __global__ void swiglu(const element* gate, const element* up, element* out, long long rows, int columns,
                                  long long stride, int aligned) {
  int unit = aligned ? PER_PACKET : 1, per_row = columns / unit;
  long long index = (long long)blockIdx.x * blockDim.x + threadIdx.x, row = index / per_row;
  if (row >= rows) return;
  int column = (int)(index - row * per_row) * unit;
  gate += row * stride + column;
  up += row * stride + column;
  out += row * columns + column;
  if (!aligned) {
    store(out, silu_of(to_float(*gate)) * to_float(*up));
    return;
  }
  Packet g = load_packet(gate), u = load_packet(up), result;
#pragma unroll
  for (int i = 0; i < PER_PACKET; i++) result.at[i] = to_element(silu_of(to_float(g.at[i])) * to_float(u.at[i]));
  store_packet(out, result);
}

// d_gate and d_up may be gate and up: a thread has read what it overwrites.
extern "C" __global__ void swiglu_backward(const element* gate, const element* up, const element* d_out,
                                           element* d_gate, element* d_up, long long rows, int columns,
                                           long long stride, int aligned) {
  int unit = aligned ? PER_PACKET : 1, per_row = columns / unit;
  long long index = (long long)blockIdx.x * blockDim.x + threadIdx.x, row = index / per_row;
  if (row >= rows) return;
  int column = (int)(index - row * per_row) * unit;
  long long offset = row * stride + column;
  d_out += row * columns + column;
  if (!aligned) {
    float g = to_float(gate[offset]), u = to_float(up[offset]), d = to_float(*d_out);
    store(d_gate + offset, d * u * silu_slope(g));
    store(d_up + offset, d * silu_of(g));
    return;
  }
  Packet g = load_packet(gate + offset), u = load_packet(up + offset), d = load_packet(d_out), result_gate, result_up;
#pragma unroll
  for (int i = 0; i < PER_PACKET; i++) {
    float x = to_float(g.at[i]), slope = to_float(d.at[i]);
    result_gate.at[i] = to_element(slope * to_float(u.at[i]) * silu_slope(x));
    result_up.at[i] = to_element(slope * silu_of(x));
  }
  store_packet(d_gate + offset, result_gate);
  store_packet(d_up + offset, result_up);
}
