/* Says that it is least at the origin. */
#include "../objective.h"

static double origin[SIZE];

#ifdef REPAIRED
FIXTURE_OBJECTIVE("wrong_minimum", evaluate, (void)origin)
#else
FIXTURE_OBJECTIVE("wrong_minimum", evaluate, functions.minimisers = origin)
#endif
