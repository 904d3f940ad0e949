/* Two options with the same id. */
#include "plain.h"

SPOILED_LIBRARY(params[1].id = "lr")
