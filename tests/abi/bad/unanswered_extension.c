/* Lists an extension that it does not answer. */
#include "plain.h"

static const char* const listed[] = {"example.known/1", "example.unknown/1"};

static const void* get_extension(const char* id) { return id[8] == 'k' ? listed : NULL; }

SPOILED_LIBRARY(plugin.extensions = listed; plugin.n_extensions = 2; plugin.get_extension = get_extension)
