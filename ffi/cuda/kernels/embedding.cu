// embedding: out[row] = table[ids[row]], row = blockIdx.x; a thread takes a packet of a row (or an element). Bound by
// memory.
//
// embedding_backward: d_table[id] = (or +=) sum of d_out[row] over the rows of that id, in the order of rows. So that
// the order never varies, rows are sorted by id first, stably, 8 bits of the id at a time: each block counts the digits
// of its chunk of rows, one block turns the counts into places, and each block moves its chunk there. Then every place
// where a new id starts sums that id's rows, a thread per column.

constexpr int SORT_CHUNK = 256;
constexpr int DIGITS = 256;
constexpr int ROWS_AT_ONCE = 8;

extern "C" __global__ void embedding(const int* ids, const element* table, element* out, int columns, int vocab_size,
                                     int aligned) {
  int unit = aligned ? PER_PACKET : 1, column = item_of_row() * unit;
  if (column >= columns) return;
  int id = ids[blockIdx.x];
  out += (long long)blockIdx.x * columns + column;
  const element* from = table + (long long)id * columns + column;
  if (id < 0 || id >= vocab_size) {
    for (int i = 0; i < unit; i++) store(out + i, NOT_A_NUMBER);
  } else if (aligned) {
    *(Packet*)out = load_packet(from);
  } else {
    *out = *from;
  }
}

// Ids outside of the table get the key vocab_size, behind all others.
extern "C" __global__ void sort_begin(const int* ids, int* keys, int* order, int rows, int vocab_size) {
  int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= rows) return;
  int id = ids[row];
  keys[row] = id < 0 || id >= vocab_size ? vocab_size : id;
  order[row] = row;
}

// counts[digit][chunk]
extern "C" __global__ void sort_count(const int* keys, int rows, int shift, int* counts) {
  int* histogram = (int*)shared_memory;
  for (int digit = threadIdx.x; digit < DIGITS; digit += blockDim.x) histogram[digit] = 0;
  __syncthreads();
  int first = blockIdx.x * SORT_CHUNK, last = first + SORT_CHUNK < rows ? first + SORT_CHUNK : rows;
  for (int row = first + threadIdx.x; row < last; row += blockDim.x) {
    atomicAdd(&histogram[(keys[row] >> shift) & (DIGITS - 1)], 1);
  }
  __syncthreads();
  for (int digit = threadIdx.x; digit < DIGITS; digit += blockDim.x) {
    counts[digit * gridDim.x + blockIdx.x] = histogram[digit];
  }
}

// counts becomes the number of rows before each digit and chunk. One block; a thread sums a run of counts, the block
// the runs.
extern "C" __global__ void __launch_bounds__(1024) sort_places(int* counts, int n) {
  int length = (n + blockDim.x - 1) / blockDim.x;
  int first = threadIdx.x * length < n ? threadIdx.x * length : n, last = first + length < n ? first + length : n;
  int sum = 0;
  for (int i = first; i < last; i++) sum += counts[i];
  int before = block_sum_before(sum);
  for (int i = first; i < last; i++) {
    int count = counts[i];
    counts[i] = before;
    before += count;
  }
}

// A row goes behind the rows of its chunk that have the same digit and come before it.
extern "C" __global__ void sort_move(const int* keys, const int* order, int rows, int shift, const int* places,
                                     int* new_keys, int* new_order) {
  u16* digits = (u16*)shared_memory;
  int first = blockIdx.x * SORT_CHUNK, count = rows - first < SORT_CHUNK ? rows - first : SORT_CHUNK;
  for (int i = threadIdx.x; i < count; i += blockDim.x) {
    digits[i] = (u16)((keys[first + i] >> shift) & (DIGITS - 1));
  }
  __syncthreads();
  for (int i = threadIdx.x; i < count; i += blockDim.x) {
    int digit = digits[i], place = places[digit * gridDim.x + blockIdx.x];
    for (int j = 0; j < i; j++) place += digits[j] == digit;
    new_keys[place] = keys[first + i];
    new_order[place] = order[first + i];
  }
}

extern "C" __global__ void embedding_backward(const int* keys, const int* order, const element* d_out, void* d_table,
                                              int table_is_bf16, int rows, int columns, int vocab_size,
                                              int accumulate) {
  int place = blockIdx.x, key = keys[place], column = item_of_row();
  if (key >= vocab_size || (place > 0 && keys[place - 1] == key) || column >= columns) return;
  long long index = (long long)key * columns + column;
  float sum = accumulate ? load_either(d_table, table_is_bf16, index) : 0.0f;
  // A frequent id has thousands of rows: where the last of the next few is still one of them, all are, and are read at
  // once; the sum takes them one after another.
  for (; place + ROWS_AT_ONCE <= rows && keys[place + ROWS_AT_ONCE - 1] == key; place += ROWS_AT_ONCE) {
    float values[ROWS_AT_ONCE];
#pragma unroll
    for (int i = 0; i < ROWS_AT_ONCE; i++) values[i] = to_float(d_out[(long long)order[place + i] * columns + column]);
#pragma unroll
    for (int i = 0; i < ROWS_AT_ONCE; i++) sum += values[i];
  }
  for (; place < rows && keys[place] == key; place++) sum += to_float(d_out[(long long)order[place] * columns + column]);
  store_either(d_table, table_is_bf16, index, sum);
}
