/* Of a kind that there is not. */
#include "plain.h"

SPOILED_LIBRARY(plugin.kind = 9)
