/* Random numbers that are the same on every machine: xoshiro256** (Blackman and Vigna 2018), seeded by splitmix64.
 *
 * `stream` gives independent sequences for one seed (data, weights, order of batches), so that two settings under
 * test can share each of them. Nothing here calls the C library's mathematics. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t s[4];
};

void rng_init(struct rng *r, uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *r);
double rng_uniform(struct rng *r);             /* [0, 1), 53 bits */
double rng_normal(struct rng *r);              /* mean 0, standard deviation 1 */
uint64_t rng_below(struct rng *r, uint64_t n); /* 0 .. n-1, without bias; n > 0 */
void rng_shuffle(struct rng *r, uint32_t *v, size_t n);

#endif
