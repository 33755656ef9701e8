// rope: rotates the pairs (2i, 2i + 1) of every head by the angle of the row's position. Row blockIdx.x; a thread takes
// a packet of it, or one pair where heads do not divide into aligned packets. out may be x. Bound by memory.

struct alignas(2 * PER_PACKET) Angles {
  float at[PER_PACKET / 2];
};

extern "C" __global__ void rope(const element* x, element* out, const int* positions, const float* cosines,
                                const float* sines, int num_positions, int columns, int head_size, int table_rows,
                                long long stride_x, long long stride_out, int inverse, int aligned) {
  int column = item_of_row() * (aligned ? PER_PACKET : 2);
  if (column >= columns) return;
  x += blockIdx.x * stride_x + column;
  out += blockIdx.x * stride_out + column;
  int position = positions[blockIdx.x % num_positions];
  bool known = position >= 0 && position < table_rows;
  long long angle = ((long long)(known ? position : 0) * head_size + column % head_size) / 2;
  float sign = inverse ? -1.0f : 1.0f;
  if (!aligned) {
    float cosine = known ? cosines[angle] : NOT_A_NUMBER, sine = sign * sines[angle];
    float a = to_float(x[0]), b = to_float(x[1]);
    store(out, a * cosine - b * sine);
    store(out + 1, a * sine + b * cosine);
    return;
  }
  Packet in = load_packet(x);
  Angles cosine = *(const Angles*)(cosines + angle), sine = *(const Angles*)(sines + angle);
  float result[PER_PACKET];
#pragma unroll
  for (int i = 0; i < PER_PACKET; i += 2) {
    float a = to_float(in.at[i]), b = to_float(in.at[i + 1]);
    float c = known ? cosine.at[i / 2] : NOT_A_NUMBER, s = sign * sine.at[i / 2];
    result[i] = a * c - b * s;
    result[i + 1] = a * s + b * c;
  }
  store_packet(out, result);
}
