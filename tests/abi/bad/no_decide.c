/* A pruner without decide(). */
#include "plain.h"

static tuner_pruner pruner = {.struct_size = sizeof(tuner_pruner)};

SPOILED_LIBRARY(plugin.kind = TUNER_KIND_PRUNER; plugin.vtable = &pruner)
