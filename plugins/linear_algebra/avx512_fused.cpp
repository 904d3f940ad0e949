// AVX-512 with fused multiplication.
#define TUNER_KERNELS avx512_fused
#define TUNER_KERNEL_TABLE kAvx512FusedKernels
#define TUNER_VECTOR_BYTES 64
#define TUNER_TILE_ROWS 12
#include "kernels.hpp"
