/* Its file is another one after loading than before: a static constructor appends a byte to it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

#include "plain.h"

static void __attribute__((constructor)) append(void) {
  Dl_info self;
  if (dladdr(&library, &self) == 0) return;
  FILE* file = fopen(self.dli_fname, "ab");
  if (file == NULL) return;
  fputc(0, file);
  fclose(file);
}

SPOILED_LIBRARY((void)0)
