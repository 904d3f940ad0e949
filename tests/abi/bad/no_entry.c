/* A shared library like any other, but no plugin. */
#include "tuner/abi.h"

TUNER_EXPORT int answer(void);
int answer(void) { return 42; }
