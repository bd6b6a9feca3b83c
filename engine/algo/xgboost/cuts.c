#include "engine/algo/xgboost/cuts.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FEW 256       /* columns with at most so many values are looked through without sorting */
#define TABLE 1024    /* of a hash table for them */
#define RADIX_BITS 11 /* sorted in three passes */
#define RADIX (1u << RADIX_BITS)

/* A value and all the weight it has. */
struct point {
    float value, weight;
};

struct points {
    struct point *at;
    size_t count;
};

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, "max_bin", "use less data", "There is not enough memory to bin the columns");
}

/* Numbers that sort as the floats do; -0 counts as 0. */
static uint32_t key_of(float value)
{
    uint32_t bits;
    value += 0.0f;
    memcpy(&bits, &value, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static float value_of(uint32_t key)
{
    uint32_t bits = key & 0x80000000u ? key & 0x7FFFFFFFu : ~key;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static int by_value(const void *a, const void *b)
{
    float x = ((const struct point *)a)->value, y = ((const struct point *)b)->value;
    return (x > y) - (x < y);
}

/* --- a column's different values ------------------------------------------------------------------------------------
 */

/* Through a hash table; false when there are more than FEW. */
static bool few_points(const struct cuts_column *c, struct points *p)
{
    uint16_t slots[TABLE] = {0}; /* number of the point, from 1 */
    uint32_t keys[FEW];
    p->count = 0;
    for (size_t i = 0; i < c->count; i++) {
        uint32_t key, slot;
        if (isnan(c->value[i]))
            continue;
        key = key_of(c->value[i]);
        slot = (key * 0x9E3779B1u) >> 22;
        while (slots[slot] && keys[slots[slot] - 1] != key)
            slot = (slot + 1) % TABLE;
        if (!slots[slot]) {
            if (p->count == FEW)
                return false;
            keys[p->count] = key;
            p->at[p->count] = (struct point){value_of(key), 0};
            slots[slot] = (uint16_t)++p->count;
        }
        p->at[slots[slot] - 1].weight += c->weight ? c->weight[i] : 1;
    }
    qsort(p->at, p->count, sizeof *p->at, by_value);
    return true;
}

struct keyed {
    uint32_t key;
    float weight;
};

static void radix_sort(struct keyed *data, struct keyed *other, size_t n)
{
    size_t counts[3][RADIX] = {{0}};
    for (size_t i = 0; i < n; i++)
        for (unsigned pass = 0; pass < 3; pass++)
            counts[pass][data[i].key >> (pass * RADIX_BITS) & (RADIX - 1)]++;
    for (unsigned pass = 0; pass < 3; pass++) {
        size_t place = 0, *count = counts[pass];
        struct keyed *swap = data;
        for (size_t k = 0; k < RADIX; k++) {
            size_t here = count[k];
            count[k] = place;
            place += here;
        }
        for (size_t i = 0; i < n; i++)
            other[count[data[i].key >> (pass * RADIX_BITS) & (RADIX - 1)]++] = data[i];
        data = other;
        other = swap;
    }
}

static int many_points(const struct cuts_column *c, struct points *p, struct error *err)
{
    struct keyed *data = malloc((2 * c->count + 1) * sizeof *data), *sorted = data ? data + c->count : NULL;
    size_t n = 0;
    if (!data)
        return no_memory(err);
    for (size_t i = 0; i < c->count; i++)
        if (!isnan(c->value[i]))
            data[n++] = (struct keyed){key_of(c->value[i]), c->weight ? c->weight[i] : 1};
    radix_sort(data, sorted, n); /* three passes end in the other half */
    p->count = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || sorted[i].key != sorted[i - 1].key)
            p->at[p->count++] = (struct point){value_of(sorted[i].key), 0};
        p->at[p->count - 1].weight += sorted[i].weight;
    }
    free(data);
    return 0;
}

/* Equal values of neighbours become one. */
static void merge_equal(struct points *p)
{
    size_t count = 0;
    qsort(p->at, p->count, sizeof *p->at, by_value);
    for (size_t i = 0; i < p->count; i++) {
        if (count > 0 && p->at[count - 1].value == p->at[i].value)
            p->at[count - 1].weight += p->at[i].weight;
        else
            p->at[count++] = p->at[i];
    }
    p->count = count;
}

static int points_of_all(struct points *p, struct comm *comm, struct error *err)
{
    size_t sizes[256], total = 0;
    void *all;
    if (comm_gather(comm, p->at, p->count * sizeof *p->at, &all, sizes, err) < 0)
        return -1;
    for (int r = 0; r < comm_ranks(comm); r++)
        total += sizes[r];
    free(p->at);
    p->at = all ? all : malloc(sizeof *p->at);
    p->count = total / sizeof *p->at;
    if (!p->at)
        return no_memory(err);
    merge_equal(p);
    return 0;
}

/* --- limits ---------------------------------------------------------------------------------------------------------
 */

static float above(float value)
{
    float limit = value + (fabsf(value) + 1e-5f);
    return isfinite(limit) ? limit : INFINITY;
}

static void limit_each(struct cuts *c, const struct points *p)
{
    for (size_t i = 1; i < p->count; i++)
        c->limit[c->bins++] = p->at[i].value;
    c->limit[c->bins++] = above(p->at[p->count - 1].value);
}

/* A limit wherever the weight below it has reached its next share. */
static void limit_shares(struct cuts *c, const struct points *p, uint32_t most)
{
    double total = 0, below = 0;
    uint32_t share = 1;
    for (size_t i = 0; i < p->count; i++)
        total += (double)p->at[i].weight;
    for (size_t i = 0; i + 1 < p->count && share < most; i++) {
        below += (double)p->at[i].weight;
        if (below * most < total * share)
            continue;
        c->limit[c->bins++] = p->at[i + 1].value;
        while (share < most && below * most >= total * share)
            share++;
    }
    c->limit[c->bins++] = above(p->at[p->count - 1].value);
}

int cuts_make(struct cuts *c, const struct cuts_column *column, uint32_t most, struct comm *comm, struct error *err)
{
    struct points p = {.at = malloc(((column->count < FEW ? FEW : column->count) + 1) * sizeof *p.at)};
    int status = p.at ? 0 : no_memory(err);
    *c = (struct cuts){0};
    if (status == 0 && !few_points(column, &p))
        status = many_points(column, &p, err);
    if (status == 0 && comm_ranks(comm) > 1)
        status = points_of_all(&p, comm, err);
    if (status == 0 && p.count > 0) {
        bool each = most == 0 || p.count <= most;
        c->least = p.at[0].value;
        c->limit = malloc((each ? p.count : most) * sizeof *c->limit);
        if (!c->limit)
            status = no_memory(err);
        else if (each)
            limit_each(c, &p);
        else
            limit_shares(c, &p, most);
    }
    free(p.at);
    return status;
}

void cuts_free(struct cuts *c)
{
    free(c->limit);
    *c = (struct cuts){0};
}
