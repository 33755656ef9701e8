// One step of AdamW and of gradient descent over a flat piece of parameters, float32, with gradients in this
// compilation's element type. A thread takes four parameters. Bound by memory.

struct alignas(16) Four {
  float at[4];
};
struct alignas(4 * sizeof(element)) FourGradients {
  element at[4];
};
struct alignas(8) FourRounded {
  bf16 at[4];
};

__device__ __forceinline__ long long four_start() { return ((long long)blockIdx.x * blockDim.x + threadIdx.x) * 4; }

// rates = {step size, decay}; gradient_scale and low_precision may be null.
extern "C" __global__ void adamw_step(float* weights, const element* gradients, float* first_moments,
                                      float* second_moments, const float* rates, const float* gradient_scale,
                                      float beta1, float one_minus_beta1, float beta2, float one_minus_beta2,
                                      float epsilon, bf16* low_precision, long long n, int aligned) {
  long long start = four_start();
  if (start >= n) return;
  float step_size = rates[0], decay = rates[1], factor = gradient_scale ? *gradient_scale : 1.0f;
  bool whole = aligned && start + 4 <= n;
  int count = n - start < 4 ? (int)(n - start) : 4;
  Four w, m, v;
  FourGradients g;
  FourRounded rounded;
  if (whole) {
    g = *(const FourGradients*)(gradients + start);
    w = *(Four*)(weights + start);
    m = *(Four*)(first_moments + start);
    v = *(Four*)(second_moments + start);
  } else {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      if (i >= count) break;
      g.at[i] = gradients[start + i];
      w.at[i] = weights[start + i];
      m.at[i] = first_moments[start + i];
      v.at[i] = second_moments[start + i];
    }
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    if (i >= count) break;
    float gradient = factor * to_float(g.at[i]);
    m.at[i] = beta1 * m.at[i] + one_minus_beta1 * gradient;
    v.at[i] = beta2 * v.at[i] + one_minus_beta2 * gradient * gradient;
    w.at[i] -= step_size * m.at[i] / (sqrtf(v.at[i]) + epsilon);
    w.at[i] -= decay * w.at[i];
    rounded.at[i] = to_bf16(w.at[i]);
  }
  if (whole) {
    if (low_precision) *(FourRounded*)(low_precision + start) = rounded;
    *(Four*)(weights + start) = w;
    *(Four*)(first_moments + start) = m;
    *(Four*)(second_moments + start) = v;
  } else {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      if (i >= count) break;
      if (low_precision) low_precision[start + i] = rounded.at[i];
      weights[start + i] = w.at[i];
      first_moments[start + i] = m.at[i];
      second_moments[start + i] = v.at[i];
    }
  }
}

extern "C" __global__ void sgd_step(float* weights, const element* gradients, const float* rate,
                                    const float* gradient_scale, bf16* low_precision, long long n) {
  long long start = four_start();
  float factor = *rate * (gradient_scale ? *gradient_scale : 1.0f);
  for (long long i = start; i < start + 4 && i < n; i++) {
    float w = weights[i] - factor * to_float(gradients[i]);
    weights[i] = w;
    if (low_precision) low_precision[i] = to_bf16(w);
  }
}
