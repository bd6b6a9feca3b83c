#include "engine/algo/xgboost/cuts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CUTS_BLOCK = 16 }; /* columns of a cache line */
enum { TABLE = 1024, TABLE_FULL = 300 };
#define WEIGHT_UNITS 16777216.0 /* the largest weight in whole units */

static int out_of_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "use a machine with more memory or fewer rows",
                     "memory ran out while columns were cut into bins");
}

/* --- columns --------------------------------------------------------------------------------------------------------
 */
static int open_sparse(struct column_reader *r, const struct dataset *d)
{
    size_t entries = d->start[d->rows];
    r->start = calloc(d->columns + 2, sizeof *r->start);
    r->row = malloc((entries + 1) * sizeof *r->row);
    r->value = malloc((entries + 1) * sizeof *r->value);
    if (!r->start || !r->row || !r->value)
        return -1;
    size_t *next = r->start + 1; /* next[c] becomes the start of c + 1 */
    for (size_t e = 0; e < entries; e++)
        next[d->index[e] + 1]++;
    for (size_t c = 0; c < d->columns; c++)
        next[c + 1] += next[c];
    for (size_t i = 0; i < d->rows; i++)
        for (size_t e = d->start[i]; e < d->start[i + 1]; e++) {
            size_t at = next[d->index[e]]++;
            r->row[at] = (uint32_t)i;
            r->value[at] = d->value[e];
        }
    return 0;
}

int column_reader_open(struct column_reader *r, const struct dataset *data, struct error *err)
{
    *r = (struct column_reader){.data = data, .block_first = SIZE_MAX};
    if (data->start) {
        if (open_sparse(r, data) == 0)
            return 0;
    } else {
        r->block = malloc((data->rows * CUTS_BLOCK + 1) * sizeof *r->block);
        if (r->block)
            return 0;
    }
    column_reader_close(r);
    return out_of_memory(err);
}

void column_reader_close(struct column_reader *r)
{
    free(r->block);
    free(r->start);
    free(r->row);
    free(r->value);
    *r = (struct column_reader){0};
}

static void read_block(struct column_reader *r, size_t first)
{
    const struct dataset *d = r->data;
    size_t wide = d->columns - first < CUTS_BLOCK ? d->columns - first : CUTS_BLOCK;
    for (size_t i = 0; i < d->rows; i++) {
        const float *from = d->x + i * d->columns + first;
        for (size_t c = 0; c < wide; c++)
            r->block[c * d->rows + i] = from[c];
    }
    r->block_first = first;
}

struct column_view column_reader_get(struct column_reader *r, size_t column)
{
    if (r->start) {
        size_t at = r->start[column];
        return (struct column_view){r->value + at, r->row + at, r->start[column + 1] - at};
    }
    size_t first = column / CUTS_BLOCK * CUTS_BLOCK;
    if (r->block_first != first)
        read_block(r, first);
    return (struct column_view){r->block + (column - first) * r->data->rows, NULL, r->data->rows};
}

/* --- counting distinct values ---------------------------------------------------------------------------------------
 */
struct tally {
    float value;
    uint64_t count, weight;
};

struct counter {
    struct tally *list; /* rising values */
    size_t size, room;
    uint64_t *keys, *spare; /* for sorting: value in order-preserving bits, entry number below */
    const uint32_t *units;  /* weights of rows in whole units, or NULL */
};

/* Unsigned numbers that rise as the floats do; both zeros are one. */
static uint32_t ordered(float x)
{
    uint32_t bits;
    x = x == 0 ? 0 : x;
    memcpy(&bits, &x, sizeof bits);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

static float from_ordered(uint32_t key)
{
    float x;
    uint32_t bits = key >> 31 ? key & 0x7FFFFFFFu : ~key;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static int compare_tallies(const void *a, const void *b)
{
    float x = ((const struct tally *)a)->value, y = ((const struct tally *)b)->value;
    return (x > y) - (x < y);
}

static int tally_reserve(struct counter *k, size_t n)
{
    if (n <= k->room)
        return 0;
    struct tally *larger = realloc(k->list, n * sizeof *larger);
    if (!larger)
        return -1;
    k->list = larger;
    k->room = n;
    return 0;
}

static uint64_t weight_of(const struct counter *k, const struct column_view *v, size_t entry)
{
    return k->units ? k->units[v->row ? v->row[entry] : entry] : 1;
}

/* Few values: a small table of them. False when there are too many for it. */
static bool tally_by_table(struct counter *k, const struct column_view *v)
{
    struct tally *slots[TABLE] = {0};
    struct tally *last = NULL;
    k->size = 0;
    for (size_t i = 0; i < v->count; i++) {
        float x = v->value[i];
        if (x != x)
            continue;
        if (!last || x != last->value) {
            uint32_t slot = ordered(x) * 2654435761u >> 22;
            while (slots[slot] && slots[slot]->value != x)
                slot = (slot + 1) % TABLE;
            if (!slots[slot]) {
                if (k->size == TABLE_FULL)
                    return false;
                slots[slot] = &k->list[k->size++];
                *slots[slot] = (struct tally){.value = x == 0 ? 0 : x};
            }
            last = slots[slot];
        }
        last->count++;
        last->weight += weight_of(k, v, i);
    }
    qsort(k->list, k->size, sizeof *k->list, compare_tallies);
    return true;
}

static void radix_sort(uint64_t *keys, uint64_t *spare, size_t n)
{
    for (int pass = 0; pass < 3; pass++) {
        size_t at[2048] = {0}, sum = 0;
        int shift = 32 + 11 * pass;
        for (size_t i = 0; i < n; i++)
            at[keys[i] >> shift & 2047]++;
        for (size_t d = 0; d < 2048; d++) {
            size_t count = at[d];
            at[d] = sum;
            sum += count;
        }
        for (size_t i = 0; i < n; i++)
            spare[at[keys[i] >> shift & 2047]++] = keys[i];
        uint64_t *swap = keys;
        keys = spare;
        spare = swap;
    }
}

static int tally_by_sorting(struct counter *k, const struct column_view *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->count; i++)
        if (v->value[i] == v->value[i])
            k->keys[n++] = (uint64_t)ordered(v->value[i]) << 32 | i;
    radix_sort(k->keys, k->spare, n); /* three passes: the result is in spare */
    if (tally_reserve(k, n) < 0)
        return -1;
    k->size = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t key = k->spare[i];
        if (i == 0 || key >> 32 != k->spare[i - 1] >> 32)
            k->list[k->size++] = (struct tally){.value = from_ordered((uint32_t)(key >> 32))};
        k->list[k->size - 1].count++;
        k->list[k->size - 1].weight += weight_of(k, v, (uint32_t)key);
    }
    return 0;
}

/* Puts every rank's tallies together. */
static int tally_join(struct counter *k, struct comm *comm, struct error *err)
{
    void *all = NULL;
    size_t n = 0;
    if (comm_ranks(comm) == 1)
        return 0;
    size_t *sizes = calloc((size_t)comm_ranks(comm), sizeof *sizes);
    if (!sizes)
        return out_of_memory(err);
    int result = comm_gather(comm, k->list, k->size * sizeof *k->list, &all, sizes, err);
    for (int r = 0; result == 0 && r < comm_ranks(comm); r++)
        n += sizes[r] / sizeof *k->list;
    free(sizes);
    if (result == 0 && tally_reserve(k, n + 1) < 0)
        result = out_of_memory(err);
    if (result == 0 && n > 0) {
        memcpy(k->list, all, n * sizeof *k->list);
        qsort(k->list, n, sizeof *k->list, compare_tallies);
    }
    k->size = 0;
    for (size_t i = 0; result == 0 && i < n; i++) {
        struct tally t = k->list[i];
        if (k->size > 0 && k->list[k->size - 1].value == t.value) {
            k->list[k->size - 1].count += t.count;
            k->list[k->size - 1].weight += t.weight;
        } else {
            k->list[k->size++] = t;
        }
    }
    free(all);
    return result;
}

static int tally_column(struct counter *k, const struct column_view *v, struct comm *comm, struct error *err)
{
    if (!tally_by_table(k, v) && tally_by_sorting(k, v) < 0)
        return out_of_memory(err);
    return tally_join(k, comm, err);
}

/* --- cuts -----------------------------------------------------------------------------------------------------------
 */
static float between(float a, float b)
{
    float middle = a / 2 + b / 2;
    return middle > a && middle <= b ? middle : b;
}

/* Closes a bin before entry i of the list. */
static void put_cut(struct cuts *c, struct cut_column *column, const struct tally *list, size_t i, bool middle)
{
    c->value[c->thresholds++] = middle ? between(list[i - 1].value, list[i].value) : list[i].value;
    column->bins++;
}

/* Bins of about equal weight: what a heavy value takes too much is spread over the bins that are left. */
static void choose(struct cuts *c, struct cut_column *column, const struct counter *k, uint32_t max_bin, uint64_t rows)
{
    uint64_t present = 0, total = 0, gathered = 0, count = 0, most = 0;
    uint32_t limit;
    for (size_t i = 0; i < k->size; i++) {
        present += k->list[i].count;
        total += k->list[i].weight;
    }
    *column = (struct cut_column){.first = c->thresholds, .missing = present<rows, .bins = k->size> 0};
    limit = max_bin ? max_bin : UINT32_MAX;
    limit = max_bin == 256 && column->missing ? 255 : limit; /* with missing 256 codes */
    for (size_t i = 0; i < k->size; i++) {
        double target = (double)total / (double)(limit - column->bins + 1);
        if (i > 0 && column->bins < limit && (k->size <= limit || (double)gathered >= target)) {
            total -= gathered;
            gathered = count = 0;
            put_cut(c, column, k->list, i, max_bin == 0);
        }
        gathered += k->list[i].weight;
        count += k->list[i].count;
        if (count > most) {
            most = count;
            column->common = column->bins - 1;
        }
    }
    if (rows - present > most) {
        most = rows - present;
        column->common = column->bins;
    }
    column->share = rows ? (double)most / (double)rows : 1;
    if (k->size > 0) {
        float low = k->list[0].value, high = k->list[k->size - 1].value;
        column->low = low - (fabsf(low) + 1e-5f);
        column->high = high + (fabsf(high) + 1e-5f);
    }
}

static int check_finite(const struct counter *k, size_t column, const struct dataset *d, struct error *err)
{
    char where[256];
    if (k->size == 0 || (isfinite(k->list[0].value) && isfinite(k->list[k->size - 1].value)))
        return 0;
    snprintf(where, sizeof where, "%.120s, feature %zu", d->name, column);
    return error_set(err, ERROR_INPUT, where, "leave the value out where it is unknown", "a value is infinite");
}

static int count_rows(uint64_t *rows, const struct dataset *d, struct comm *comm, struct error *err)
{
    int64_t n = (int64_t)d->rows;
    if (comm_sum_i64(comm, &n, 1, err) < 0)
        return -1;
    *rows = (uint64_t)n;
    return 0;
}

/* Weights in whole units of the largest one's 2^-24. */
static int weigh(struct counter *k, uint32_t *units, const float *weights, size_t rows, struct comm *comm,
                 struct error *err)
{
    double largest = 0;
    for (size_t i = 0; i < rows; i++)
        largest = weights[i] > largest ? (double)weights[i] : largest;
    if (comm_max_double(comm, &largest, 1, err) < 0)
        return -1;
    for (size_t i = 0; i < rows; i++)
        units[i] = largest > 0 ? (uint32_t)((double)weights[i] / largest * WEIGHT_UNITS) : 1;
    k->units = units;
    return 0;
}

int cuts_make(struct cuts *c, struct column_reader *reader, const float *weights, uint32_t max_bin, struct comm *comm,
              struct error *err)
{
    const struct dataset *d = reader->data;
    size_t n = d->rows, room = 0;
    uint64_t rows = 0;
    struct counter k = {0};
    uint32_t *units = weights ? malloc((n + 1) * sizeof *units) : NULL;
    int result = -1;
    *c = (struct cuts){.columns = d->columns, .column = calloc(d->columns + 1, sizeof *c->column)};
    k.keys = malloc((n + 1) * sizeof *k.keys);
    k.spare = malloc((n + 1) * sizeof *k.spare);
    if (!c->column || !k.keys || !k.spare || (weights && !units) || tally_reserve(&k, TABLE_FULL) < 0) {
        out_of_memory(err);
        goto end;
    }
    if (count_rows(&rows, d, comm, err) < 0 || (weights && weigh(&k, units, weights, n, comm, err) < 0))
        goto end;
    for (size_t j = 0; j < d->columns; j++) {
        struct column_view v = column_reader_get(reader, j);
        if (tally_column(&k, &v, comm, err) < 0 || check_finite(&k, j, d, err) < 0)
            goto end;
        if (c->thresholds + k.size + 1 > room) {
            room = 2 * (c->thresholds + k.size + 1);
            float *larger = realloc(c->value, room * sizeof *larger);
            if (!larger) {
                out_of_memory(err);
                goto end;
            }
            c->value = larger;
        }
        choose(c, &c->column[j], &k, max_bin, rows);
    }
    result = 0;
end:
    free(units);
    free(k.list);
    free(k.keys);
    free(k.spare);
    if (result < 0)
        cuts_free(c);
    return result;
}

void cuts_free(struct cuts *c)
{
    free(c->column);
    free(c->value);
    *c = (struct cuts){0};
}
