/* Starts a thread for every trial, and never ends it. */
#include <pthread.h>
#include <unistd.h>

#include "../objective.h"

#ifndef REPAIRED
static void* sleep_on(void* unused) {
  for (;;) pause();
  return unused;
}
#endif

static int32_t bind_with_thread(const tuner_bind_args* args, void** bound) {
#ifndef REPAIRED
  pthread_t thread;
  if (pthread_create(&thread, NULL, sleep_on, NULL) == 0) pthread_detach(thread);
#endif
  return bind(args, bound);
}

FIXTURE_OBJECTIVE("leaves_a_thread", evaluate, functions.bind = bind_with_thread)
