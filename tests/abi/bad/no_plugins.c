/* Holds no plugin. */
#include "plain.h"

SPOILED_LIBRARY(library.n_plugins = 0)
