#include "engine/comm.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/comm_way.h"

/* Whole numbers wrap around where they overflow: what the order of ranks cannot change. */
static void fold_i64(void *to, const void *from, size_t n)
{
    uint64_t *a = to;
    const uint64_t *b = from;
    for (size_t i = 0; i < n; i++)
        a[i] += b[i];
}

static void fold_float(void *to, const void *from, size_t n)
{
    float *a = to;
    const float *b = from;
    for (size_t i = 0; i < n; i++)
        a[i] += b[i];
}

static void fold_double(void *to, const void *from, size_t n)
{
    double *a = to;
    const double *b = from;
    for (size_t i = 0; i < n; i++)
        a[i] += b[i];
}

/* A NaN of any rank stays. */
static void fold_max(void *to, const void *from, size_t n)
{
    double *a = to;
    const double *b = from;
    for (size_t i = 0; i < n; i++)
        a[i] = a[i] >= b[i] || a[i] != a[i] ? a[i] : b[i];
}

static const struct {
    size_t width;
    void (*fold)(void *to, const void *from, size_t n);
} kinds[COMM_KINDS] = {
    [COMM_SUM_I64] = {sizeof(int64_t), fold_i64},
    [COMM_SUM_FLOAT] = {sizeof(float), fold_float},
    [COMM_SUM_DOUBLE] = {sizeof(double), fold_double},
    [COMM_MAX_DOUBLE] = {sizeof(double), fold_max},
};

size_t comm_width(enum comm_kind kind)
{
    return kinds[kind].width;
}

void comm_fold(enum comm_kind kind, void *to, const void *from, size_t n)
{
    kinds[kind].fold(to, from, n);
}

int comm_rank(const struct comm *c)
{
    return c ? c->rank : 0;
}

int comm_ranks(const struct comm *c)
{
    return c ? c->ranks : 1;
}

static int reduce(struct comm *c, enum comm_kind kind, void *values, size_t n, struct error *err)
{
    double began;
    int status;
    if (comm_ranks(c) == 1 || n == 0)
        return 0;
    began = clock_seconds();
    status = c->way->reduce(c, kind, values, n, err);
    c->seconds += clock_seconds() - began;
    c->bytes += 2 * n * kinds[kind].width; /* its own values out, the result in */
    return status;
}

int comm_sum_i64(struct comm *c, int64_t *values, size_t n, struct error *err)
{
    return reduce(c, COMM_SUM_I64, values, n, err);
}

int comm_sum_float(struct comm *c, float *values, size_t n, struct error *err)
{
    return reduce(c, COMM_SUM_FLOAT, values, n, err);
}

int comm_sum_double(struct comm *c, double *values, size_t n, struct error *err)
{
    return reduce(c, COMM_SUM_DOUBLE, values, n, err);
}

int comm_max_double(struct comm *c, double *values, size_t n, struct error *err)
{
    return reduce(c, COMM_MAX_DOUBLE, values, n, err);
}

/* One rank: its own bytes are all bytes. */
static int gather_self(const void *bytes, size_t size, void **all, size_t *sizes, struct error *err)
{
    sizes[0] = size;
    if (size == 0)
        return 0;
    *all = malloc(size);
    if (!*all)
        return error_set(err, ERROR_LIMIT, "spreading", "give the machine more memory", "Memory ended at %zu bytes",
                         size);
    memcpy(*all, bytes, size);
    return 0;
}

int comm_gather(struct comm *c, const void *bytes, size_t size, void **all, size_t *sizes, struct error *err)
{
    double began;
    int status;
    *all = NULL;
    if (comm_ranks(c) == 1)
        return gather_self(bytes, size, all, sizes, err);
    began = clock_seconds();
    status = c->way->gather(c, bytes, size, all, sizes, err);
    c->seconds += clock_seconds() - began;
    if (status < 0)
        return -1;
    c->bytes += size;
    for (int rank = 0; rank < c->ranks; rank++)
        c->bytes += sizes[rank];
    return 0;
}
