/* The plugin's id has a capital letter. */
#include "plain.h"

SPOILED_LIBRARY(plugin.id = "Plain")
