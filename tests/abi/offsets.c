/* Prints sizes and offsets of the structs that the newest minor version has added or extended, as this compiler lays
 * them out, as JSON; with the headers of 1.0 those of all. What it prints for a release is committed as
 * core/abi/offsets-1.x.json. */
#include <stdio.h>

#include "tuner/abi.h"

#define PRINT_SIZE(type, size)                                                  \
  printf("%s\n  \"" #type "\": {\n    \"sizeof\": %zu", between, sizeof(type)); \
  between = "\n  },";
#define PRINT_FIELD(type, field, offset) printf(",\n    \"" #field "\": %zu", offsetof(type, field));

int main(void) {
  const char* between = "{";
#ifdef TUNER_ABI_LAYOUT_1_1
  TUNER_ABI_LAYOUT_1_1(PRINT_SIZE, PRINT_FIELD)
#else
  TUNER_ABI_LAYOUT_1_0(PRINT_SIZE, PRINT_FIELD)
#endif
  printf("\n  }\n}\n");
  return 0;
}
