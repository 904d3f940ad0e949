/* Needs an extension that no host has. */
#include "plain.h"

static const char* const needed[] = {"tuner.data_files/1", "example.telepathy/1"};

SPOILED_LIBRARY(plugin.needed_extensions = needed; plugin.n_needed_extensions = 2)
