/** Where tasks keep the GPU's compiled kernels; a task that may not write there reads what others have left. */
export const KERNEL_CACHE = "runs/.kernels";
