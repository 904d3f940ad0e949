/* Prints the size and the offsets of every struct of the ABI, as this compiler lays them out, as JSON. What it prints
 * for a release is committed as core/abi/offsets-1.x.json. */
#include <stdio.h>

#include "tuner/abi.h"

#define PRINT_SIZE(type, size)                                                  \
  printf("%s\n  \"" #type "\": {\n    \"sizeof\": %zu", between, sizeof(type)); \
  between = "\n  },";
#define PRINT_FIELD(type, field, offset) printf(",\n    \"" #field "\": %zu", offsetof(type, field));

int main(void) {
  const char* between = "{";
  TUNER_ABI_LAYOUT_1_0(PRINT_SIZE, PRINT_FIELD)
  printf("\n  }\n}\n");
  return 0;
}
