/* A static constructor that crashes. */
#include <stdlib.h>

#include "plain.h"

static void __attribute__((constructor)) crash(void) { abort(); }

SPOILED_LIBRARY((void)0)
