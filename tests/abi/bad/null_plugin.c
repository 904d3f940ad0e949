/* Its only plugin is null. */
#include "plain.h"

SPOILED_LIBRARY(plugins[0] = NULL)
