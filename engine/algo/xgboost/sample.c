#include "engine/algo/xgboost/sample.h"

#include <math.h>

#include "engine/base/rng.h"

enum { HALVINGS = 60 }; /* of the interval in which the limit lies */

static uint64_t mix(uint64_t x) /* splitmix64's finaliser */
{
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

/* In [0, 1). */
static double draw(uint64_t row, uint64_t seed, uint64_t tree)
{
    uint64_t key = mix(seed * 0x9E3779B97F4A7C15u + tree + 1);
    return (double)(mix(key + row * 0x9E3779B97F4A7C15u) >> 11) * 0x1p-53;
}

size_t sample_columns(const uint32_t *from, size_t n, double share, uint64_t seed, uint64_t stream, uint32_t *to)
{
    struct rng r;
    size_t wanted = (size_t)((double)n * share), taken = 0;
    wanted = wanted < 1 && n > 0 ? 1 : wanted;
    rng_init(&r, seed, stream);
    for (size_t i = 0; i < n && taken < wanted; i++) /* Knuth's selection sampling */
        if (wanted == n || rng_uniform(&r) * (double)(n - i) < (double)(wanted - taken))
            to[taken++] = from[i];
    return taken;
}

size_t sample_rows(size_t rows, uint64_t first_row, double share, uint64_t seed, uint64_t tree, uint32_t *to)
{
    size_t n = 0;
    for (size_t i = 0; i < rows; i++) {
        to[n] = (uint32_t)i;
        n += draw(first_row + i, seed, tree) < share;
    }
    return n;
}

static double length(const struct gradient *p)
{
    return sqrt((double)p->g * (double)p->g + (double)p->h * (double)p->h);
}

/* How many rows a limit would leave, on all ranks. */
static int expected(const struct gradient *in, size_t rows, double limit, struct comm *comm, double *out,
                    struct error *err)
{
    int64_t sum = 0; /* in whole units, so that it does not matter which rank has which row */
    for (size_t i = 0; i < rows; i++) {
        double p = length(&in[i]) / limit;
        sum += p < 1 ? (int64_t)(p * 0x1p30) : 1 << 30;
    }
    if (comm_sum_i64(comm, &sum, 1, err) < 0)
        return -1;
    *out = (double)sum * 0x1p-30;
    return 0;
}

int sample_rows_by_gradient(const struct gradient *in, size_t rows, uint64_t first_row, const struct grow_settings *s,
                            uint64_t tree, struct gradient *weighed, uint32_t *to, size_t *size, struct comm *comm,
                            struct error *err)
{
    double high = 0, low = 0, count;
    int64_t all = (int64_t)rows;
    *size = 0;
    for (size_t i = 0; i < rows; i++)
        high = length(&in[i]) > high ? length(&in[i]) : high;
    if (comm_max_double(comm, &high, 1, err) < 0 || comm_sum_i64(comm, &all, 1, err) < 0)
        return -1;
    high = high / s->subsample;
    for (int k = 0; k < HALVINGS && high > 0 && isfinite(high); k++) {
        double middle = (low + high) / 2;
        if (expected(in, rows, middle > 0 ? middle : high, comm, &count, err) < 0)
            return -1;
        if (count > s->subsample * (double)all)
            low = middle;
        else
            high = middle;
    }
    for (size_t i = 0; i < rows; i++) {
        double p = high > 0 ? length(&in[i]) / high : 1;
        p = p < 1 ? p : 1;
        weighed[i] = in[i];
        if (!(draw(first_row + i, s->seed, tree) < p))
            continue;
        weighed[i].g = (float)((double)in[i].g / p);
        weighed[i].h = (float)((double)in[i].h / p);
        to[(*size)++] = (uint32_t)i;
    }
    return 0;
}
