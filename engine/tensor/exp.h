/* e^x of floats and its relatives, written so that a compiler turns a loop over them into vector code: no branches, no
 * calls. Off by at most 2 units in the last place (log_float and what uses it: 3). e^x is e^-87.3 below -87.3 and
 * e^88.3 above 88.3 (about 1e-38 and 2e38). */
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

/* (e^2x - 1) / (e^2x + 1), the numerator without loss of digits near 0. */
static inline float tanh_float(float x)
{
    const float far = 9.1f, magic = 12582912.0f; /* beyond `far` it is 1 to a float */
    float whole, rest, power, scale, less;
    uint32_t bits;
    x = x < -far ? -far : x;
    x = x > far ? far : x;
    x += x;
    whole = x * 1.44269504f + magic;
    memcpy(&bits, &whole, sizeof bits);
    whole -= magic;
    rest = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
    power = 1.9875691500e-4f;
    power = power * rest + 1.3981999507e-3f;
    power = power * rest + 8.3334519073e-3f;
    power = power * rest + 4.1665795894e-2f;
    power = power * rest + 1.6666665459e-1f;
    power = power * rest + 5.0000001201e-1f;
    power = power * rest * rest + rest; /* e^rest - 1 */
    bits = (bits + 127u) << 23;
    memcpy(&scale, &bits, sizeof scale);
    less = power * scale + (scale - 1);
    return less / (less + 2);
}

/* Natural logarithm of a normal positive number: that of the power of 2, and 2 atanh((m - 1) / (m + 1)) of the rest m
 * in [sqrt(1/2), sqrt(2)) by its series. */
static inline float log_float(float x)
{
    uint32_t bits, offset;
    int32_t power;
    float m, s, z, exponent;
    memcpy(&bits, &x, sizeof bits);
    offset = bits - 0x3f3504f3u; /* of sqrt(1/2) */
    power = (int32_t)offset >> 23;
    bits = (offset & 0x007fffffu) + 0x3f3504f3u;
    memcpy(&m, &bits, sizeof m);
    exponent = (float)power;
    s = (m - 1) / (m + 1);
    z = s * s;
    z = z * (0.66666667f + z * (0.4f + z * (0.28571429f + z * 0.22222222f)));
    return exponent * 0.693359375f + (exponent * -2.12194440e-4f + s * z + (s + s));
}

/* log(1 + e^x) = max(x, 0) + log(1 + e^-|x|); the last by what 1 + e loses. */
static inline float softplus_float(float x)
{
    float small = exp_float(x < 0 ? x : -x), sum = 1 + small, lost = small - (sum - 1);
    return (x > 0 ? x : 0) + (log_float(sum) + lost / sum);
}

#endif
