/* Calls a function that nobody defines. Linked for lazy binding, it would load well and fail in the middle of a trial.
 */
#include "plain.h"

int nobody_defines_this(void);

SPOILED_LIBRARY(if (host_minor == 12345) library.reserved = (uint32_t)nobody_defines_this())
