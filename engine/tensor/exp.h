/* e^x of floats, written so that a compiler turns a loop over it into vector code: no branches, no calls. Off by at
 * most 2 units in the last place; below -87.3 it is e^-87.3, above 88.3 e^88.3 (about 1e-38 and 2e38). */
#ifndef TENSOR_EXP_H
#define TENSOR_EXP_H

#include <stdint.h>
#include <string.h>

/* A loop over arrays that is worth a second version for processors with AVX2 and FMA; both give the same numbers, since
 * products and sums are never contracted. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define VECTORISED __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define VECTORISED
#endif

static inline float exp_float(float x)
{
    const float low = -87.3f, high = 88.3f, magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to a whole number */
    float whole, rest, power, scale;
    uint32_t bits;
    x = x < low ? low : x;
    x = x > high ? high : x;
    whole = x * 1.44269504f + magic;
    memcpy(&bits, &whole, sizeof bits);
    whole -= magic;
    rest = (x - whole * 0.693359375f) + whole * 2.12194440e-4f; /* ln 2 in two parts */
    power = 1.9875691500e-4f;                                   /* minimax polynomial of (e^r - 1 - r) / r^2 */
    power = power * rest + 1.3981999507e-3f;
    power = power * rest + 8.3334519073e-3f;
    power = power * rest + 4.1665795894e-2f;
    power = power * rest + 1.6666665459e-1f;
    power = power * rest + 5.0000001201e-1f;
    power = power * rest * rest + rest + 1;
    bits = (bits + 127u) << 23; /* the magic's own bits are shifted out */
    memcpy(&scale, &bits, sizeof scale);
    return power * scale;
}

static inline float sigmoid_float(float x)
{
    return 1 / (1 + exp_float(-x));
}

#endif
