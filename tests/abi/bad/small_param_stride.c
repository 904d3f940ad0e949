/* Options that overlap. */
#include "plain.h"

SPOILED_LIBRARY(plugin.param_stride = 8)
