/* Preloaded in front of the C library. With SHIM_CLOCK the wall clock jumps back by an hour at every seventh look at
 * it; with SHIM_NFS every file system says that it is NFS. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec* now) {
  static int (*real)(clockid_t, struct timespec*);
  static atomic_long looks;
  if (!real) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  const int status = real(clock, now);
  if (clock == CLOCK_REALTIME && getenv("SHIM_CLOCK")) now->tv_sec -= 3600 * (atomic_fetch_add(&looks, 1) / 7);
  return status;
}

int statfs(const char* path, struct statfs* system) {
  static int (*real)(const char*, struct statfs*);
  if (!real) real = (int (*)(const char*, struct statfs*))dlsym(RTLD_NEXT, "statfs");
  const int status = real(path, system);
  if (status == 0 && getenv("SHIM_NFS")) system->f_type = 0x6969;
  return status;
}
