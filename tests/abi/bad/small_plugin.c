/* The plugin's descriptor is shorter than that of 1.0. */
#include "plain.h"

SPOILED_LIBRARY(plugin.struct_size = offsetof(tuner_plugin, get_extension))
