/* Needs a later minor version of the host. */
#include "plain.h"

SPOILED_LIBRARY(library.min_host_minor = 99)
