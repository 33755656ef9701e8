// rope: rotates the pairs (2i, 2i + 1) of every head by the angle of the row's position; a thread takes one pair.
// out may be x. Bound by memory.

extern "C" __global__ void rope(const element* x, element* out, const int* positions, const float* cosines,
                                const float* sines, long long rows, int num_positions, int heads, int head_size,
                                int table_rows, long long stride_x, long long stride_out, int inverse, int aligned) {
  int pairs = head_size / 2, per_row = heads * pairs;
  long long index = (long long)blockIdx.x * blockDim.x + threadIdx.x, row = index / per_row;
  if (row >= rows) return;
  int pair = (int)(index - row * per_row), position = positions[row % num_positions];
  float cosine = NOT_A_NUMBER, sine = NOT_A_NUMBER;
  if (position >= 0 && position < table_rows) {
    long long angle = (long long)position * pairs + pair % pairs;
    cosine = cosines[angle];
    sine = inverse ? -sines[angle] : sines[angle];
  }
  x += row * stride_x + 2 * pair;
  out += row * stride_out + 2 * pair;
  Pair in;
  if (aligned) {
    in = *(const Pair*)x;
  } else {
    in.first = x[0];
    in.second = x[1];
  }
  float a = to_float(in.first), b = to_float(in.second);
  Pair result = {to_element(a * cosine - b * sine), to_element(a * sine + b * cosine)};
  if (aligned) {
    *(Pair*)out = result;
  } else {
    out[0] = result.first;
    out[1] = result.second;
  }
}
