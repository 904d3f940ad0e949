/* A searcher without propose(). */
#include "plain.h"

static tuner_searcher searcher = {.struct_size = sizeof(tuner_searcher)};

SPOILED_LIBRARY(plugin.kind = TUNER_KIND_SEARCHER; plugin.vtable = &searcher)
