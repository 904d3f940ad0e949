/* A static constructor that waits for ever, and talks. */
#include <unistd.h>

#include "plain.h"

static void __attribute__((constructor)) hang(void) {
  for (;;) {
    if (write(1, "still here\n", 11) < 0) _exit(1);
    usleep(10000);
  }
}

SPOILED_LIBRARY((void)0)
