/* Says that it is least at the origin. */
#include "../objective.h"

static double origin[SIZE];

#ifdef REPAIRED
ZOO_OBJECTIVE("wrong_minimum", evaluate, (void)origin)
#else
ZOO_OBJECTIVE("wrong_minimum", evaluate, functions.minimisers = origin)
#endif
