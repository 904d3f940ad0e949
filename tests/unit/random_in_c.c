/* The inline functions of the ABI as a C compiler sees them, for random_test.cpp. */
#include "tuner/abi.h"

void c_u64(const tuner_rng* rng, uint64_t n, uint64_t* out);
void c_uniform(const tuner_rng* rng, uint64_t n, double* out);
void c_normal(const tuner_rng* rng, uint64_t n, double* out);

void c_u64(const tuner_rng* rng, uint64_t n, uint64_t* out) {
  for (uint64_t i = 0; i < n; ++i) out[i] = tuner_rng_u64_at(rng, i);
}

void c_uniform(const tuner_rng* rng, uint64_t n, double* out) {
  for (uint64_t i = 0; i < n; ++i) out[i] = tuner_rng_uniform_at(rng, i);
}

void c_normal(const tuner_rng* rng, uint64_t n, double* out) {
  for (uint64_t i = 0; i < n; ++i) out[i] = tuner_rng_normal_at(rng, i);
}
