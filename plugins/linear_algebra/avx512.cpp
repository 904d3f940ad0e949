// AVX-512, every product rounded before it is added.
#define TUNER_KERNELS avx512
#define TUNER_KERNEL_TABLE kAvx512Kernels
#define TUNER_VECTOR_BYTES 64
#define TUNER_TILE_ROWS 12
#include "kernels.hpp"
