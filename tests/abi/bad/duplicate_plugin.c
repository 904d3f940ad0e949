/* Holds the same plugin twice. */
#include "plain.h"

static const tuner_plugin* twice[] = {&plugin, &plugin};

SPOILED_LIBRARY((library.n_plugins = 2, library.plugins = twice))
