/* An extension of the host for objectives: which files does the data come from?
 *
 * The host knows the content of a file that a PATH option names. Where an option names a folder, only the plugin knows
 * which files in it it reads. One that says so in open() lets a study go on when its folder was moved, and lets the
 * host notice files that changed. Ask for it with host->get_extension(host->context, TUNER_EXTENSION_DATA_FILES); a
 * host without it answers null. */
#ifndef TUNER_EXTENSIONS_DATA_FILES_H
#define TUNER_EXTENSIONS_DATA_FILES_H

#include <stdint.h>

#define TUNER_EXTENSION_DATA_FILES "tuner.data_files/1"

typedef struct tuner_data_files {
  uint32_t struct_size;
  uint32_t reserved;
  /* Says that the data depends on the file at `path`. context: the host's. Errors: none; a path that the host cannot
   * read is passed over. */
  void (*read)(void* context, const char* path);
} tuner_data_files;

#endif
