// AVX2 and FMA.
#define TUNER_KERNELS avx2_fused
#define TUNER_KERNEL_TABLE kAvx2FusedKernels
#define TUNER_VECTOR_BYTES 32
#define TUNER_TILE_ROWS 6
#include "kernels.hpp"
