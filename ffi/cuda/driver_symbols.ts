// Under the names of cuda.h.
export const CU_STREAM_NON_BLOCKING = 1;
export const CU_STREAM_CAPTURE_MODE_RELAXED = 2;
export const CU_EVENT_DEFAULT = 0;
export const CU_EVENT_DISABLE_TIMING = 2;
export const CU_MEMHOSTREGISTER_PORTABLE = 1;
export const CU_MEMHOSTREGISTER_DEVICEMAP = 2;
export const CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8;
export const CU_LAUNCH_PARAM_END = 0n;
export const CU_LAUNCH_PARAM_BUFFER_POINTER = 1n;
export const CU_LAUNCH_PARAM_BUFFER_SIZE = 2n;
export const CUDA_ERROR_OUT_OF_MEMORY = 2;
export const CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16;
export const CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE = 38;
export const CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75;
export const CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76;
export const CU_DEVICE_ATTRIBUTE_CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM = 91;
export const CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97;

/** The functions of libcuda that are used (cuda.h of CUDA 12; every later driver has them). */
export const driverSymbols = {
  cuInit: { parameters: ["u32" /* unsigned int Flags */], result: "i32" /* CUresult */ },
  cuDriverGetVersion: { parameters: ["buffer" /* int *driverVersion */], result: "i32" },
  cuDeviceGetCount: { parameters: ["buffer" /* int *count */], result: "i32" },
  cuDeviceGet: { parameters: ["buffer", /* CUdevice *device */ "i32" /* int ordinal */], result: "i32" },
  cuDeviceGetName: {
    parameters: ["buffer", /* char *name */ "i32", /* int len */ "i32" /* CUdevice dev */],
    result: "i32",
  },
  cuDeviceGetAttribute: {
    parameters: ["buffer", /* int *pi */ "i32", /* CUdevice_attribute attrib */ "i32" /* CUdevice dev */],
    result: "i32",
  },
  cuDeviceTotalMem_v2: { parameters: ["buffer", /* size_t *bytes */ "i32" /* CUdevice dev */], result: "i32" },
  cuDevicePrimaryCtxRetain: {
    parameters: ["buffer", /* CUcontext *pctx */ "i32" /* CUdevice dev */],
    result: "i32",
  },
  cuDevicePrimaryCtxRelease_v2: { parameters: ["i32" /* CUdevice dev */], result: "i32" },
  cuCtxSetCurrent: { parameters: ["u64" /* CUcontext ctx */], result: "i32" },
  cuMemGetInfo_v2: { parameters: ["buffer", /* size_t *free */ "buffer" /* size_t *total */], result: "i32" },
  cuMemAlloc_v2: { parameters: ["buffer", /* CUdeviceptr *dptr */ "u64" /* size_t bytesize */], result: "i32" },
  cuMemFree_v2: { parameters: ["u64" /* CUdeviceptr dptr */], result: "i32" },
  cuCtxGetDevice: { parameters: ["buffer" /* CUdevice *device */], result: "i32" },
  cuMemHostRegister_v2: {
    parameters: ["buffer", /* void *p */ "u64", /* size_t bytesize */ "u32" /* unsigned int Flags */],
    result: "i32",
  },
  cuMemHostUnregister: { parameters: ["buffer" /* void *p */], result: "i32" },
  cuMemHostGetDevicePointer_v2: {
    parameters: ["buffer", /* CUdeviceptr *pdptr */ "buffer", /* void *p */ "u32" /* unsigned int Flags */],
    result: "i32",
  },
  cuMemcpyHtoDAsync_v2: {
    parameters: [
      "u64", /* CUdeviceptr dstDevice */
      "buffer", /* const void *srcHost */
      "u64", /* size_t ByteCount */
      "u64", /* CUstream hStream */
    ],
    result: "i32",
  },
  cuMemcpyDtoHAsync_v2: {
    parameters: [
      "buffer", /* void *dstHost */
      "u64", /* CUdeviceptr srcDevice */
      "u64", /* size_t ByteCount */
      "u64", /* CUstream hStream */
    ],
    result: "i32",
  },
  cuMemcpyDtoDAsync_v2: {
    parameters: [
      "u64", /* CUdeviceptr dstDevice */
      "u64", /* CUdeviceptr srcDevice */
      "u64", /* size_t ByteCount */
      "u64", /* CUstream hStream */
    ],
    result: "i32",
  },
  cuMemsetD32Async: {
    parameters: [
      "u64", /* CUdeviceptr dstDevice */
      "u32", /* unsigned int ui */
      "u64", /* size_t N */
      "u64", /* CUstream hStream */
    ],
    result: "i32",
  },
  cuMemsetD16Async: {
    parameters: [
      "u64", /* CUdeviceptr dstDevice */
      "u16", /* unsigned short us */
      "u64", /* size_t N */
      "u64", /* CUstream hStream */
    ],
    result: "i32",
  },
  cuStreamCreate: { parameters: ["buffer", /* CUstream *phStream */ "u32" /* unsigned int Flags */], result: "i32" },
  cuStreamDestroy_v2: { parameters: ["u64" /* CUstream hStream */], result: "i32" },
  cuStreamSynchronize: { parameters: ["u64" /* CUstream hStream */], result: "i32" },
  cuStreamBeginCapture_v2: {
    parameters: ["u64", /* CUstream hStream */ "i32" /* CUstreamCaptureMode mode */],
    result: "i32",
  },
  cuStreamEndCapture: {
    parameters: ["u64", /* CUstream hStream */ "buffer" /* CUgraph *phGraph */],
    result: "i32",
  },
  cuGraphInstantiateWithFlags: {
    parameters: ["buffer", /* CUgraphExec *phGraphExec */ "u64", /* CUgraph hGraph */ "u64" /* flags */],
    result: "i32",
  },
  cuGraphLaunch: { parameters: ["u64", /* CUgraphExec hGraphExec */ "u64" /* CUstream hStream */], result: "i32" },
  cuGraphExecDestroy: { parameters: ["u64" /* CUgraphExec hGraphExec */], result: "i32" },
  cuGraphDestroy: { parameters: ["u64" /* CUgraph hGraph */], result: "i32" },
  cuEventCreate: { parameters: ["buffer", /* CUevent *phEvent */ "u32" /* unsigned int Flags */], result: "i32" },
  cuEventRecord: { parameters: ["u64", /* CUevent hEvent */ "u64" /* CUstream hStream */], result: "i32" },
  cuEventSynchronize: { parameters: ["u64" /* CUevent hEvent */], result: "i32" },
  cuEventElapsedTime: {
    parameters: ["buffer", /* float *pMilliseconds */ "u64", /* CUevent hStart */ "u64" /* CUevent hEnd */],
    result: "i32",
  },
  cuEventDestroy_v2: { parameters: ["u64" /* CUevent hEvent */], result: "i32" },
  cuModuleLoadData: { parameters: ["buffer", /* CUmodule *module */ "buffer" /* const void *image */], result: "i32" },
  cuModuleUnload: { parameters: ["u64" /* CUmodule hmod */], result: "i32" },
  cuModuleGetFunction: {
    parameters: ["buffer", /* CUfunction *hfunc */ "u64", /* CUmodule hmod */ "buffer" /* const char *name */],
    result: "i32",
  },
  cuFuncSetAttribute: {
    parameters: ["u64", /* CUfunction hfunc */ "i32", /* CUfunction_attribute attrib */ "i32" /* int value */],
    result: "i32",
  },
  cuLaunchKernel: {
    parameters: [
      "u64", /* CUfunction f */
      "u32", /* unsigned int gridDimX */
      "u32", /* unsigned int gridDimY */
      "u32", /* unsigned int gridDimZ */
      "u32", /* unsigned int blockDimX */
      "u32", /* unsigned int blockDimY */
      "u32", /* unsigned int blockDimZ */
      "u32", /* unsigned int sharedMemBytes */
      "u64", /* CUstream hStream */
      "pointer", /* void **kernelParams */
      "buffer", /* void **extra */
    ],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;
