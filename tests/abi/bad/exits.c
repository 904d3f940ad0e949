/* A static constructor that ends the process, in good order and with code 0. */
#include <stdlib.h>

#include "plain.h"

static void __attribute__((constructor)) leave(void) { exit(0); }

SPOILED_LIBRARY((void)0)
