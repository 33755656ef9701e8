/** A call into one of CUDA's libraries that failed: which, with which code, and what to do. */
export class CudaError extends Error {
  /** "CudaError". */
  override name = "CudaError";
  /** The function: `cuMemAlloc`. */
  readonly call: string;
  /** Its result. */
  readonly code: number;

  /** Builds the message from the parts. */
  constructor(call: string, code: number, meaning: string, details: string, advice: string) {
    super(`Cannot run ${call}${details && ` (${details})`}: it returned ${code}, ${meaning}; ${advice}`);
    this.call = call;
    this.code = code;
  }
}

/** What the status codes of a library mean and what a person can do about them. */
export interface StatusMeanings {
  /** By code: its name in the library's header. */
  readonly names: Readonly<Record<number, string>>;
  /** By code: what to do. */
  readonly advice: Readonly<Record<number, string>>;
  /** What to do about all other codes. */
  readonly otherwise: string;
}

/** Status codes of libcuda that a program can meet (cuda.h, CUresult). */
export const DRIVER_STATUS: StatusMeanings = {
  names: {
    1: "CUDA_ERROR_INVALID_VALUE",
    2: "CUDA_ERROR_OUT_OF_MEMORY",
    3: "CUDA_ERROR_NOT_INITIALIZED",
    4: "CUDA_ERROR_DEINITIALIZED",
    34: "CUDA_ERROR_STUB_LIBRARY",
    46: "CUDA_ERROR_DEVICE_UNAVAILABLE",
    100: "CUDA_ERROR_NO_DEVICE",
    101: "CUDA_ERROR_INVALID_DEVICE",
    200: "CUDA_ERROR_INVALID_IMAGE",
    201: "CUDA_ERROR_INVALID_CONTEXT",
    209: "CUDA_ERROR_NO_BINARY_FOR_GPU",
    222: "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
    400: "CUDA_ERROR_INVALID_HANDLE",
    500: "CUDA_ERROR_NOT_FOUND",
    700: "CUDA_ERROR_ILLEGAL_ADDRESS",
    701: "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
    716: "CUDA_ERROR_MISALIGNED_ADDRESS",
    719: "CUDA_ERROR_LAUNCH_FAILED",
    800: "CUDA_ERROR_NOT_PERMITTED",
    801: "CUDA_ERROR_NOT_SUPPORTED",
    802: "CUDA_ERROR_SYSTEM_NOT_READY",
    803: "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
    804: "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE",
    900: "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
    901: "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
    906: "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT",
    999: "CUDA_ERROR_UNKNOWN",
  },
  advice: {
    2: "use a smaller batch or model, or end other programs on the GPU (nvidia-smi lists them)",
    34: "the library is the toolkit's stub; let the loader find the driver's own libcuda.so.1",
    100: "check that nvidia-smi lists a GPU and that CUDA_VISIBLE_DEVICES does not hide it",
    101: "choose a device that `deno task device` lists",
    209: "the kernels were compiled for another architecture; empty the kernel cache",
    222: "the toolkit is newer than the driver; update the driver or use an older NVRTC",
    700:
      "a kernel left its memory: a bug of this library, or a slice used after its arena ended; start the program again",
    803: "the driver was updated while its kernel module was loaded; restart the machine",
    804: "the toolkit is newer than the driver; update the driver",
    900: "memory is neither taken nor read back while a step is recorded; run the step once before recording it",
    901: "memory is neither taken nor read back while a step is recorded; run the step once before recording it",
  },
  otherwise: "see CUresult in NVIDIA's documentation of the driver API",
};

/** Status codes of NVRTC (nvrtc.h, nvrtcResult). */
export const NVRTC_STATUS: StatusMeanings = {
  names: {
    1: "NVRTC_ERROR_OUT_OF_MEMORY",
    2: "NVRTC_ERROR_PROGRAM_CREATION_FAILURE",
    3: "NVRTC_ERROR_INVALID_INPUT",
    4: "NVRTC_ERROR_INVALID_PROGRAM",
    5: "NVRTC_ERROR_INVALID_OPTION",
    6: "NVRTC_ERROR_COMPILATION",
    7: "NVRTC_ERROR_BUILTIN_OPERATION_FAILURE",
    11: "NVRTC_ERROR_INTERNAL_ERROR",
  },
  advice: {
    5: "this NVRTC does not know an option, probably the GPU's architecture; install a newer one",
    7: "libnvrtc-builtins of the same version must lie beside libnvrtc",
  },
  otherwise: "the log above says more",
};

/** Status codes of cuBLAS (cublas_api.h, cublasStatus_t). */
export const CUBLAS_STATUS: StatusMeanings = {
  names: {
    1: "CUBLAS_STATUS_NOT_INITIALIZED",
    3: "CUBLAS_STATUS_ALLOC_FAILED",
    7: "CUBLAS_STATUS_INVALID_VALUE",
    8: "CUBLAS_STATUS_ARCH_MISMATCH",
    11: "CUBLAS_STATUS_MAPPING_ERROR",
    13: "CUBLAS_STATUS_EXECUTION_FAILED",
    14: "CUBLAS_STATUS_INTERNAL_ERROR",
    15: "CUBLAS_STATUS_NOT_SUPPORTED",
    16: "CUBLAS_STATUS_LICENSE_ERROR",
  },
  advice: {
    1: "the driver may be older than cuBLAS needs; update it, or use cuBLAS of an older toolkit",
    8: "this cuBLAS is not built for the GPU's architecture; use another version",
  },
  otherwise: "see cublasStatus_t in NVIDIA's documentation of cuBLAS",
};

/** Details of a call, for its error: `{ bytes: 4096 }`. */
export type CallDetails = Readonly<Record<string, string | number | bigint>>;

/**
 * Throws if a status is not 0 (success).
 *
 * @throws {CudaError} With call, code, meaning, details and advice.
 */
export function checkStatus(meanings: StatusMeanings, call: string, code: number, details: CallDetails = {}): void {
  if (code === 0) return;
  const shown = Object.entries(details).map(([name, value]) => `${name} ${value}`).join(", ");
  const name = meanings.names[code] ?? "a code without a name here";
  throw new CudaError(call, code, name, shown, meanings.advice[code] ?? meanings.otherwise);
}
