// Any processor that tuner runs on.
#define TUNER_KERNELS portable
#define TUNER_KERNEL_TABLE kPortableKernels
#define TUNER_VECTOR_BYTES 16
#define TUNER_TILE_ROWS 6
#include "kernels.hpp"
