/* Of a kind that is reserved for later. */
#include "plain.h"

SPOILED_LIBRARY(plugin.kind = TUNER_KIND_SEARCHER)
