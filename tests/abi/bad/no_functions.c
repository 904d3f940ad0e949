/* No table of functions. */
#include "plain.h"

SPOILED_LIBRARY(plugin.vtable = NULL)
