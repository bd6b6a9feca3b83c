#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/comm_way.h"

int comm_rank(const struct comm *c)
{
    return c ? c->rank : 0;
}

int comm_ranks(const struct comm *c)
{
    return c ? c->ranks : 1;
}

int comm_other_ended(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, "--ranks", "see what the first rank that failed says",
                     "Another rank of this run ended before its time");
}

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, "--ranks", "use fewer ranks", "There is not enough memory to exchange results");
}

/* --- sums and largest values ----------------------------------------------------------------------------------------
 */

/* total[i] = combination over ranks, in their order, of n values. */
typedef void combine(void *total, const void *const *all, int ranks, size_t n);

#define COMBINE(name, type, step)                                                                                      \
    static void name(void *out, const void *const *all, int ranks, size_t n)                                           \
    {                                                                                                                  \
        type *total = out;                                                                                             \
        memcpy(total, all[0], n * sizeof *total);                                                                      \
        for (int r = 1; r < ranks; r++) {                                                                              \
            const type *values = all[r];                                                                               \
            for (size_t i = 0; i < n; i++)                                                                             \
                total[i] = step;                                                                                       \
        }                                                                                                              \
    }
/* Whole numbers wrap, as the packed sums of histograms need. */
COMBINE(sum_u64, uint64_t, total[i] + values[i])
COMBINE(sum_float, float, total[i] + values[i])
COMBINE(sum_double, double, total[i] + values[i])
COMBINE(max_double, double, values[i] > total[i] ? values[i] : total[i])

static int reduce(struct comm *c, void *values, size_t n, size_t size, combine *each, struct error *err)
{
    double began = clock_seconds();
    size_t room, total_bytes = n * size;
    char *total;
    int status = 0;
    if (comm_ranks(c) == 1 || n == 0)
        return 0;
    room = total_bytes < c->way->chunk ? total_bytes : c->way->chunk / size * size;
    total = malloc(room);
    if (!total)
        return no_memory(err);
    for (size_t at = 0; status == 0 && at < total_bytes; at += room) {
        const void *const *all;
        const size_t *sizes;
        size_t len = total_bytes - at < room ? total_bytes - at : room;
        status = c->way->meet(c, (char *)values + at, len, &all, &sizes, err);
        if (status == 0) {
            each(total, all, c->ranks, len / size);
            status = c->way->part(c, err);
        }
        if (status == 0)
            memcpy((char *)values + at, total, len);
        c->bytes += 2 * len;
    }
    free(total);
    c->seconds += clock_seconds() - began;
    return status;
}

int comm_sum_i64(struct comm *c, int64_t *values, size_t n, struct error *err)
{
    return reduce(c, values, n, sizeof *values, sum_u64, err);
}

int comm_sum_float(struct comm *c, float *values, size_t n, struct error *err)
{
    return reduce(c, values, n, sizeof *values, sum_float, err);
}

int comm_sum_double(struct comm *c, double *values, size_t n, struct error *err)
{
    return reduce(c, values, n, sizeof *values, sum_double, err);
}

int comm_max_double(struct comm *c, double *values, size_t n, struct error *err)
{
    return reduce(c, values, n, sizeof *values, max_double, err);
}

/* --- gathering ------------------------------------------------------------------------------------------------------
 */

static int gather_sizes(struct comm *c, size_t size, size_t *sizes, struct error *err)
{
    const void *const *all;
    const size_t *lengths;
    if (c->way->meet(c, &size, sizeof size, &all, &lengths, err) < 0)
        return -1;
    for (int r = 0; r < c->ranks; r++)
        memcpy(&sizes[r], all[r], sizeof *sizes);
    return c->way->part(c, err);
}

static int gather_bytes(struct comm *c, const char *bytes, size_t size, const size_t *sizes, size_t most, char *out,
                        struct error *err)
{
    for (size_t at = 0; at < most; at += c->way->chunk) {
        size_t mine = at >= size ? 0 : size - at < c->way->chunk ? size - at : c->way->chunk, begin = 0;
        const void *const *all;
        const size_t *lengths;
        if (c->way->meet(c, mine ? bytes + at : NULL, mine, &all, &lengths, err) < 0)
            return -1;
        for (int r = 0; r < c->ranks; begin += sizes[r++])
            if (lengths[r] > 0)
                memcpy(out + begin + at, all[r], lengths[r]);
        if (c->way->part(c, err) < 0)
            return -1;
    }
    return 0;
}

int comm_gather(struct comm *c, const void *bytes, size_t size, void **all, size_t *sizes, struct error *err)
{
    double began = clock_seconds();
    size_t total = 0, most = 0;
    int status;
    *all = NULL;
    sizes[0] = size;
    if (comm_ranks(c) > 1 && gather_sizes(c, size, sizes, err) < 0)
        return -1;
    for (int r = 0; r < comm_ranks(c); r++) {
        total += sizes[r];
        most = sizes[r] > most ? sizes[r] : most;
    }
    if (total == 0)
        return 0;
    *all = malloc(total);
    if (!*all)
        return no_memory(err);
    if (comm_ranks(c) == 1) {
        memcpy(*all, bytes, size);
        return 0;
    }
    status = gather_bytes(c, bytes, size, sizes, most, *all, err);
    c->bytes += size + total;
    c->seconds += clock_seconds() - began;
    if (status == 0)
        return 0;
    free(*all);
    *all = NULL;
    return -1;
}
