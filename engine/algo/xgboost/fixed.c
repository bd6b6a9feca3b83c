#include "engine/algo/xgboost/fixed.h"

#include <math.h>

#define FAST __attribute__((target_clones("default", "arch=x86-64-v3")))
#define FINE 0x1p30f

enum { THREADS_MAX = 256 };

/* What one thread finds in its rows. */
struct part {
    float g, h, minus_h; /* largest |g|, h and -h */
    bool broken;
    int64_t sum_g, sum_h;
    char apart[32]; /* from the next thread's cache line */
};

struct job {
    const struct gradient *in;
    uint64_t *out;
    size_t rows;
    uint64_t first_row;
    uint32_t salt;
    float to_fine_g, to_fine_h, scale_g, scale_h;
    struct part part[THREADS_MAX];
};

FAST static void find_largest(const struct gradient *in, size_t n, struct part *p)
{
    float g[8] = {0}, h[8], low[8], broken[8] = {0}; /* broken: NaN from a NaN or an infinity on */
    for (int k = 0; k < 8; k++)
        h[k] = low[k] = -INFINITY;
    for (size_t i = 0; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++) {
            float a = fabsf(in[i + k].g), b = in[i + k].h;
            broken[k] += (a + b) * 0;
            g[k] = a > g[k] ? a : g[k];
            h[k] = b > h[k] ? b : h[k];
            low[k] = -b > low[k] ? -b : low[k];
        }
    for (size_t i = n / 8 * 8, k = 0; i < n; i++, k++) {
        float a = fabsf(in[i].g), b = in[i].h;
        broken[k] += (a + b) * 0;
        g[k] = a > g[k] ? a : g[k];
        h[k] = b > h[k] ? b : h[k];
        low[k] = -b > low[k] ? -b : low[k];
    }
    *p = (struct part){.g = 0, .h = -INFINITY, .minus_h = -INFINITY};
    for (int k = 0; k < 8; k++) {
        p->g = g[k] > p->g ? g[k] : p->g;
        p->h = h[k] > p->h ? h[k] : p->h;
        p->minus_h = low[k] > p->minus_h ? low[k] : p->minus_h;
        p->broken |= broken[k] != 0;
    }
}

FAST static void add_fine(const struct gradient *in, size_t n, float to_g, float to_h, struct part *p)
{
    int64_t g = 0, h = 0;
    for (size_t i = 0; i < n; i++) {
        float x = in[i].h > 0 ? in[i].h : 0;
        g += (int32_t)(fabsf(in[i].g) * to_g);
        h += (int32_t)(x * to_h);
    }
    p->sum_g = g;
    p->sum_h = h;
}

FAST static void round_all(const struct gradient *in, size_t n, uint32_t first, const struct job *j, uint64_t *out)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t hash = (first + (uint32_t)i) ^ j->salt; /* mixed as in Wellons' hash prospector, "lowbias32" */
        hash = (hash ^ hash >> 16) * 0x7FEB352Du;
        hash = (hash ^ hash >> 15) * 0x846CA68Bu;
        hash ^= hash >> 16;
        float up_g = (float)(int32_t)(hash & 0xFFFF) * 0x1p-16f, up_h = (float)(int32_t)(hash >> 16) * 0x1p-16f;
        float x = in[i].h > 0 ? in[i].h : 0;
        int32_t g = (int32_t)floorf(in[i].g * j->scale_g + up_g);
        int32_t h = (int32_t)(x * j->scale_h + up_h);
        out[i] = (uint64_t)((int64_t)g * 4294967296) + (uint32_t)h;
    }
}

static void work_largest(void *context, int thread, int threads)
{
    struct job *j = context;
    size_t end, at = pool_share(j->rows, thread, threads, &end);
    find_largest(j->in + at, end - at, &j->part[thread]);
}

static void work_sums(void *context, int thread, int threads)
{
    struct job *j = context;
    size_t end, at = pool_share(j->rows, thread, threads, &end);
    add_fine(j->in + at, end - at, j->to_fine_g, j->to_fine_h, &j->part[thread]);
}

static void work_round(void *context, int thread, int threads)
{
    struct job *j = context;
    size_t end, at = pool_share(j->rows, thread, threads, &end);
    round_all(j->in + at, end - at, (uint32_t)(j->first_row + at), j, j->out + at);
}

/* Largest |g| and h of all ranks; whether h is the same in all rows. */
static int find_scale(struct job *j, int threads, double largest[3], struct comm *comm, struct error *err)
{
    largest[0] = 0;
    largest[1] = largest[2] = -INFINITY;
    for (int t = 0; t < threads; t++) {
        const float found[] = {j->part[t].broken ? INFINITY : j->part[t].g, j->part[t].h, j->part[t].minus_h};
        for (int k = 0; k < 3; k++)
            largest[k] = (double)found[k] > largest[k] ? (double)found[k] : largest[k];
    }
    if (comm_max_double(comm, largest, 3, err) < 0)
        return -1;
    if (largest[0] == INFINITY)
        return error_set(err, ERROR_INPUT, "gradients", "lower eta, or set max_delta_step",
                         "the loss has no finite gradient any more: scores have grown beyond bounds");
    return 0;
}

/* Scales are powers of two: gradients that are halves or quarters, as in a first round, stay exact, and equal gains
 * stay equal. */
static float power_below(float scale)
{
    return scale > 0 ? exp2f(floorf(log2f(scale))) : 0;
}

static float inverse(double largest)
{
    float f = largest > 0 ? (float)((double)FINE / largest) : 0;
    return isfinite(f) ? power_below(f) : 0; /* below 1e-29: as good as none */
}

int fixed_pack(struct fixed *f, const struct gradient *gradients, size_t rows, uint64_t first_row, uint64_t tree,
               uint64_t *packed, struct comm *comm, struct pool *pool, struct error *err)
{
    struct job j = {.in = gradients, .out = packed, .rows = rows, .first_row = first_row};
    int threads = pool_threads(pool);
    double largest[3];
    int64_t sums[3] = {0, 0, (int64_t)rows};
    if (threads > THREADS_MAX) {
        pool = NULL;
        threads = 1;
    }
    j.salt = (uint32_t)((tree + 1) * 0x9E3779B97F4A7C15u >> 32) ^ (uint32_t)(first_row >> 32);
    pool_run(pool, work_largest, &j);
    if (find_scale(&j, threads, largest, comm, err) < 0)
        return -1;
    bool same = largest[1] > 0 && largest[1] == -largest[2];
    j.to_fine_g = inverse(largest[0]);
    j.to_fine_h = inverse(largest[1]);
    pool_run(pool, work_sums, &j);
    for (int t = 0; t < threads; t++) {
        sums[0] += j.part[t].sum_g;
        sums[1] += j.part[t].sum_h;
    }
    if (comm_sum_i64(comm, sums, 3, err) < 0)
        return -1;
    /* Rounding may add one to each row and cutting off took at most two: what is left of 2^31 is for the sums, a little
     * less because the scale is rounded too. */
    double room = (2147483646.0 - 3.0 * (double)sums[2]) * (1 - 1e-5);
    double to_g = sums[0] > 0 ? room / (double)sums[0] : 0, to_h = sums[1] > 0 ? room / (double)sums[1] : 0;
    j.scale_g = (float)(to_g * (double)j.to_fine_g);
    j.scale_h = same ? (float)(1 / largest[1]) : (float)(to_h * (double)j.to_fine_h);
    if (!isfinite(j.scale_g) || (float)largest[0] * j.scale_g > 0x1p30f)
        j.scale_g = (float)(0x1p30 / largest[0]);
    if (!same && (!isfinite(j.scale_h) || (float)largest[1] * j.scale_h > 0x1p30f))
        j.scale_h = (float)(0x1p30 / largest[1]);
    j.scale_g = power_below(j.scale_g);
    if (!same)
        j.scale_h = power_below(j.scale_h);
    pool_run(pool, work_round, &j);
    *f = (struct fixed){.to_fine_g = j.to_fine_g, .to_fine_h = j.to_fine_h};
    f->g = j.scale_g > 0 ? 1 / (double)j.scale_g : 0;
    f->h = same ? largest[1] : j.scale_h > 0 ? 1 / (double)j.scale_h : 0;
    f->fine_g = j.to_fine_g > 0 ? 1 / (double)j.to_fine_g : 0;
    f->fine_h = j.to_fine_h > 0 ? 1 / (double)j.to_fine_h : 0;
    return 0;
}
