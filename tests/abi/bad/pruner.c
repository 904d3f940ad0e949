/* A pruner: of a kind that the ABI lays out and this host does not run. */
#include "plain.h"

SPOILED_LIBRARY(plugin.kind = TUNER_KIND_PRUNER)
