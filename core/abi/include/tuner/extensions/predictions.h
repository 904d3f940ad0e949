/* An extension of an objective: which probability does it give each class of a sample?
 *
 * An objective that classifies answers TUNER_EXTENSION_PREDICTIONS in get_extension() of its plugin. The host asks at
 * the end of a trial, where the sweep file says `predictions:`, and stores what it is told. */
#ifndef TUNER_EXTENSIONS_PREDICTIONS_H
#define TUNER_EXTENSIONS_PREDICTIONS_H

#include <stdint.h>

#include "tuner/abi.h"

#define TUNER_EXTENSION_PREDICTIONS "tuner.predictions/1"

typedef struct tuner_prediction_args {
  uint32_t struct_size;
  uint32_t split; /* TUNER_SPLIT_... */
  const tuner_host* host;
  const uint64_t* indices; /* samples of the split */
  uint64_t n_indices;
  double* probabilities; /* [n_indices][classes], to be filled: of each sample not negative, with the sum 1 */
  tuner_error* error;
} tuner_prediction_args;

/* context: as bind() gave it. */
typedef struct tuner_predictions {
  uint32_t struct_size;
  uint32_t reserved;
  /* How many classes there are. TUNER_INVALID with a message, where the options make it no classifier with
   * probabilities. */
  int32_t (*classes)(void* context, uint64_t* count, tuner_error* error);
  /* In evaluation mode, at the tensors' present data. */
  int32_t (*predict)(void* context, const tuner_prediction_args* args);
} tuner_predictions;

#endif
