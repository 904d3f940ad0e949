// AVX2, every product rounded before it is added.
#define TUNER_KERNELS avx2
#define TUNER_KERNEL_TABLE kAvx2Kernels
#define TUNER_VECTOR_BYTES 32
#define TUNER_TILE_ROWS 6
#include "kernels.hpp"
