/* Random numbers of the ABI, inline, so that a plugin in C and the host draw the same bits.
 *
 * Source: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011:
 * Philox4x32 with 10 rounds. Known-answer tests: tests/unit/random_test.cpp.
 * Raw words and uniforms are bit-equal everywhere; normals use libm and are bit-equal on one machine.
 */
#ifndef TUNER_ABI_RANDOM_H
#define TUNER_ABI_RANDOM_H

#include <math.h>

/* counter and the result: 4 words; key: 2 words. */
static inline void tuner_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = (uint64_t)0xD2511F53u * c0;
    const uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)p1;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/* Words 2 * block and 2 * block + 1 of the stream; its position plays no part. */
static inline void tuner_rng_block(const tuner_rng* rng, uint64_t block, uint64_t out[2]) {
  const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), rng->trial, rng->purpose};
  const uint32_t key[2] = {(uint32_t)rng->seed, (uint32_t)(rng->seed >> 32)};
  uint32_t words[4];
  tuner_philox4x32(counter, key, words);
  out[0] = ((uint64_t)words[1] << 32) | words[0];
  out[1] = ((uint64_t)words[3] << 32) | words[2];
}

static inline uint64_t tuner_rng_u64_at(const tuner_rng* rng, uint64_t index) {
  uint64_t pair[2];
  tuner_rng_block(rng, index >> 1, pair);
  return pair[index & 1];
}

/* Uniform in [0, 1), a multiple of 2^-53. */
static inline double tuner_rng_uniform_at(const tuner_rng* rng, uint64_t index) {
  return (double)(tuner_rng_u64_at(rng, index) >> 11) * 0x1p-53;
}

/* Standard normals 2 * block and 2 * block + 1 by Box and Muller, from the words of the same numbers. */
static inline void tuner_rng_normal_block(const tuner_rng* rng, uint64_t block, double out[2]) {
  uint64_t pair[2];
  tuner_rng_block(rng, block, pair);
  const double u = ((double)(pair[0] >> 11) + 1.0) * 0x1p-53; /* in (0, 1]: the logarithm is finite */
  const double angle = 6.283185307179586 * ((double)(pair[1] >> 11) * 0x1p-53);
  const double radius = sqrt(-2.0 * log(u));
  out[0] = radius * cos(angle);
  out[1] = radius * sin(angle);
}

static inline double tuner_rng_normal_at(const tuner_rng* rng, uint64_t index) {
  double pair[2];
  tuner_rng_normal_block(rng, index >> 1, pair);
  return pair[index & 1];
}

/* The next word, uniform or normal of the stream; each moves the position by one. */
static inline uint64_t tuner_rng_next_u64(tuner_rng* rng) { return tuner_rng_u64_at(rng, rng->position++); }
static inline double tuner_rng_next_uniform(tuner_rng* rng) { return tuner_rng_uniform_at(rng, rng->position++); }
static inline double tuner_rng_next_normal(tuner_rng* rng) { return tuner_rng_normal_at(rng, rng->position++); }

/* Uniform integer in [0, bound), bound > 0, without bias: words in the uneven rest of 2^64 are passed over. */
static inline uint64_t tuner_rng_next_below(tuner_rng* rng, uint64_t bound) {
  const uint64_t rest = (UINT64_MAX % bound + 1) % bound;
  uint64_t word = tuner_rng_next_u64(rng);
  while (word > UINT64_MAX - rest) word = tuner_rng_next_u64(rng);
  return word % bound;
}

#endif
