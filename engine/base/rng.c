#include "engine/base/rng.h"

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void rng_init(struct rng *r, uint64_t seed, uint64_t stream)
{
    uint64_t state = seed;
    state = splitmix(&state) ^ (stream * 0xD1342543DE82EF95u);
    for (int i = 0; i < 4; i++)
        r->s[i] = splitmix(&state);
}

uint64_t rng_next(struct rng *r)
{
    uint64_t *s = r->s, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double rng_uniform(struct rng *r)
{
    return (double)(rng_next(r) >> 11) * 0x1p-53;
}

/* Natural logarithm of x in (0, 1] by plain arithmetic: halving to [1/2, 1], then the series of atanh. */
static double plain_log(double x)
{
    double z, z2, power, sum = 0;
    int halvings = 0;
    while (x < 0.5) {
        x *= 2;
        halvings++;
    }
    z = (x - 1) / (x + 1);
    z2 = z * z;
    power = z;
    for (int k = 1; k < 40; k += 2) {
        sum += power / k;
        power *= z2;
    }
    return 2 * sum - halvings * 0.69314718055994530942;
}

/* Square root of x >= 0 by Newton's method from above. */
static double plain_sqrt(double x)
{
    double root = x > 1 ? x : 1, next;
    if (x <= 0)
        return 0;
    while ((next = 0.5 * (root + x / root)) < root)
        root = next;
    return root;
}

/* Polar method (Marsaglia and Bray 1964); the second value is thrown away so that the state stays four words. */
double rng_normal(struct rng *r)
{
    double u, v, s;
    do {
        u = 2 * rng_uniform(r) - 1;
        v = 2 * rng_uniform(r) - 1;
        s = u * u + v * v;
    } while (s >= 1 || s == 0);
    return u * plain_sqrt(-2 * plain_log(s) / s);
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, x;
    do
        x = rng_next(r);
    while (x >= limit);
    return x % n;
}

void rng_shuffle(struct rng *r, uint32_t *v, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)rng_below(r, i);
        uint32_t swap = v[i - 1];
        v[i - 1] = v[j];
        v[j] = swap;
    }
}
