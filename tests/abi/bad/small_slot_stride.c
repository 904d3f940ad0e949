/* Slots that overlap. */
#include "plain.h"

SPOILED_LIBRARY(functions.slot_stride = 8)
