// Under the names of cublasLt.h.
export const CUBLASLT_MATMUL_DESC_TRANSA = 3;
export const CUBLASLT_MATMUL_DESC_TRANSB = 4;
export const CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT = 5;
export const CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET = 6;
export const CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES = 1;
export const CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK = 3;
export const CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES = 5;
export const CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES = 6;
export const CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES = 7;
export const CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES = 8;

export const CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE = 2;

/** Bytes of a cublasLtMatmulHeuristicResult_t, which begins with an algorithm. */
export const HEURISTIC_RESULT_BYTES = 96;
/** Bytes from its start to its status. */
export const HEURISTIC_RESULT_STATE = 72;
/** Bytes of a cublasLtMatmulAlgo_t. */
export const ALGORITHM_BYTES = 64;

/** The functions of cuBLASLt that are used (cublasLt.h). */
export const cublasLtSymbols = {
  cublasLtGetVersion: { parameters: [], result: "usize" /* size_t */ },
  cublasLtCreate: { parameters: ["buffer" /* cublasLtHandle_t *lightHandle */], result: "i32" /* cublasStatus_t */ },
  cublasLtDestroy: { parameters: ["u64" /* cublasLtHandle_t lightHandle */], result: "i32" },
  cublasLtMatmulDescCreate: {
    parameters: [
      "buffer", /* cublasLtMatmulDesc_t *matmulDesc */
      "i32", /* cublasComputeType_t computeType */
      "i32", /* cudaDataType_t scaleType */
    ],
    result: "i32",
  },
  cublasLtMatmulDescSetAttribute: {
    parameters: [
      "u64", /* cublasLtMatmulDesc_t matmulDesc */
      "i32", /* cublasLtMatmulDescAttributes_t attr */
      "buffer", /* const void *buf */
      "usize", /* size_t sizeInBytes */
    ],
    result: "i32",
  },
  cublasLtMatmulDescDestroy: { parameters: ["u64" /* cublasLtMatmulDesc_t matmulDesc */], result: "i32" },
  cublasLtMatrixLayoutCreate: {
    parameters: [
      "buffer", /* cublasLtMatrixLayout_t *matLayout */
      "i32", /* cudaDataType type */
      "u64", /* uint64_t rows */
      "u64", /* uint64_t cols */
      "i64", /* int64_t ld */
    ],
    result: "i32",
  },
  cublasLtMatrixLayoutSetAttribute: {
    parameters: [
      "u64", /* cublasLtMatrixLayout_t matLayout */
      "i32", /* cublasLtMatrixLayoutAttribute_t attr */
      "buffer", /* const void *buf */
      "usize", /* size_t sizeInBytes */
    ],
    result: "i32",
  },
  cublasLtMatrixLayoutDestroy: { parameters: ["u64" /* cublasLtMatrixLayout_t matLayout */], result: "i32" },
  cublasLtMatmulPreferenceCreate: { parameters: ["buffer" /* cublasLtMatmulPreference_t *pref */], result: "i32" },
  cublasLtMatmulPreferenceSetAttribute: {
    parameters: [
      "u64", /* cublasLtMatmulPreference_t pref */
      "i32", /* cublasLtMatmulPreferenceAttributes_t attr */
      "buffer", /* const void *buf */
      "usize", /* size_t sizeInBytes */
    ],
    result: "i32",
  },
  cublasLtMatmulPreferenceDestroy: { parameters: ["u64" /* cublasLtMatmulPreference_t pref */], result: "i32" },
  cublasLtMatmulAlgoGetHeuristic: {
    parameters: [
      "u64", /* cublasLtHandle_t lightHandle */
      "u64", /* cublasLtMatmulDesc_t operationDesc */
      "u64", /* cublasLtMatrixLayout_t Adesc */
      "u64", /* cublasLtMatrixLayout_t Bdesc */
      "u64", /* cublasLtMatrixLayout_t Cdesc */
      "u64", /* cublasLtMatrixLayout_t Ddesc */
      "u64", /* cublasLtMatmulPreference_t preference */
      "i32", /* int requestedAlgoCount */
      "buffer", /* cublasLtMatmulHeuristicResult_t heuristicResultsArray[] */
      "buffer", /* int *returnAlgoCount */
    ],
    result: "i32",
  },
  cublasLtMatmul: {
    parameters: [
      "u64", /* cublasLtHandle_t lightHandle */
      "u64", /* cublasLtMatmulDesc_t computeDesc */
      "buffer", /* const void *alpha */
      "u64", /* const void *A */
      "u64", /* cublasLtMatrixLayout_t Adesc */
      "u64", /* const void *B */
      "u64", /* cublasLtMatrixLayout_t Bdesc */
      "buffer", /* const void *beta */
      "u64", /* const void *C */
      "u64", /* cublasLtMatrixLayout_t Cdesc */
      "u64", /* void *D */
      "u64", /* cublasLtMatrixLayout_t Ddesc */
      "buffer", /* const cublasLtMatmulAlgo_t *algo */
      "u64", /* void *workspace */
      "usize", /* size_t workspaceSizeInBytes */
      "u64", /* cudaStream_t stream */
    ],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;
