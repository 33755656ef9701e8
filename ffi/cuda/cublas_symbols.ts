// Under the names of library_types.h and cublas_api.h.
export const CUDA_R_32F = 0;
export const CUDA_R_16BF = 14;
export const CUBLAS_OP_N = 0;
export const CUBLAS_OP_T = 1;
export const CUBLAS_COMPUTE_32F = 68;
export const CUBLAS_COMPUTE_32F_FAST_TF32 = 77;
export const CUBLAS_GEMM_DEFAULT = -1;
export const CUBLAS_DEFAULT_MATH = 0;
export const CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION = 16;
export const CUBLAS_STATUS_NOT_SUPPORTED = 15;

/** The functions of cuBLAS that are used (cublas_api.h). */
export const cublasSymbols = {
  cublasCreate_v2: { parameters: ["buffer" /* cublasHandle_t *handle */], result: "i32" /* cublasStatus_t */ },
  cublasDestroy_v2: { parameters: ["u64" /* cublasHandle_t handle */], result: "i32" },
  cublasSetStream_v2: {
    parameters: ["u64", /* cublasHandle_t handle */ "u64" /* cudaStream_t streamId */],
    result: "i32",
  },
  cublasSetMathMode: {
    parameters: ["u64", /* cublasHandle_t handle */ "i32" /* cublasMath_t mode */],
    result: "i32",
  },
  cublasSetWorkspace_v2: {
    parameters: ["u64", /* cublasHandle_t handle */ "u64", /* void *workspace */ "usize" /* size_t size */],
    result: "i32",
  },
  cublasGemmEx: {
    parameters: [
      "u64", /* cublasHandle_t handle */
      "i32", /* cublasOperation_t transa */
      "i32", /* cublasOperation_t transb */
      "i32", /* int m */
      "i32", /* int n */
      "i32", /* int k */
      "buffer", /* const void *alpha */
      "u64", /* const void *A */
      "i32", /* cudaDataType Atype */
      "i32", /* int lda */
      "u64", /* const void *B */
      "i32", /* cudaDataType Btype */
      "i32", /* int ldb */
      "buffer", /* const void *beta */
      "u64", /* void *C */
      "i32", /* cudaDataType Ctype */
      "i32", /* int ldc */
      "i32", /* cublasComputeType_t computeType */
      "i32", /* cublasGemmAlgo_t algo */
    ],
    result: "i32",
  },
  cublasGemmStridedBatchedEx: {
    parameters: [
      "u64", /* cublasHandle_t handle */
      "i32", /* cublasOperation_t transa */
      "i32", /* cublasOperation_t transb */
      "i32", /* int m */
      "i32", /* int n */
      "i32", /* int k */
      "buffer", /* const void *alpha */
      "u64", /* const void *A */
      "i32", /* cudaDataType Atype */
      "i32", /* int lda */
      "i64", /* long long int strideA */
      "u64", /* const void *B */
      "i32", /* cudaDataType Btype */
      "i32", /* int ldb */
      "i64", /* long long int strideB */
      "buffer", /* const void *beta */
      "u64", /* void *C */
      "i32", /* cudaDataType Ctype */
      "i32", /* int ldc */
      "i64", /* long long int strideC */
      "i32", /* int batchCount */
      "i32", /* cublasComputeType_t computeType */
      "i32", /* cublasGemmAlgo_t algo */
    ],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;
