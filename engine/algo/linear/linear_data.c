#include "engine/algo/linear/linear_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int linear_check_labels(const struct dataset *d, size_t classes, const char *channel, struct error *err)
{
    char where[256], fix[128];
    for (size_t i = 0; i < d->rows; i++) {
        float label = d->y[i];
        if (classes ? label >= 0 && (double)label < (double)classes && label == floorf(label) : isfinite(label))
            continue;
        snprintf(where, sizeof where, "%s, %s, row %zu", channel, d->name, i + 1);
        if (!classes)
            return error_set(err, ERROR_INPUT, where, "leave the row out, or give its label",
                             "The label %g is not a finite number", (double)label);
        if (classes == 2)
            snprintf(fix, sizeof fix, "write labels as 0 and 1, or choose another predictor_type");
        else
            snprintf(fix, sizeof fix, "write labels as 0 .. %zu, or set num_classes", classes - 1);
        return error_set(err, ERROR_INPUT, where, fix, "The label %g is not one of the %zu classes", (double)label,
                         classes);
    }
    return 0;
}

/* Counts classes; with multiclass balancing class k weighs rows / (classes * rows of k), so that all classes together
 * weigh as much as before. */
static void balance(float *weights, const int64_t *counts, size_t classes)
{
    size_t present = 0;
    int64_t rows = 0;
    for (size_t k = 0; k < classes; k++) {
        present += counts[k] > 0;
        rows += counts[k];
    }
    for (size_t k = 0; k < classes; k++)
        weights[k] = counts[k] ? (float)((double)rows / ((double)present * (double)counts[k])) : 0;
}

static int weigh(const struct settings *s, float *weights, const int64_t *counts, size_t classes, struct error *err)
{
    if (classes > 2) {
        balance(weights, counts, classes);
        return 0;
    }
    weights[0] = 1;
    weights[1] = (float)settings_number(s, "positive_example_weight_mult");
    if (!settings_is(s, "positive_example_weight_mult", "balanced"))
        return 0;
    if (!counts[0] || !counts[1])
        return error_set(err, ERROR_INPUT, "positive_example_weight_mult", "give rows of both classes, or a number",
                         "The training data hold one class only, so that nothing can be balanced");
    weights[1] = (float)((double)counts[0] / (double)counts[1]);
    return 0;
}

int linear_class_weights(const struct settings *s, const int64_t *counts, size_t classes, float **weights,
                         struct error *err)
{
    bool wanted = classes > 2 ? settings_true(s, "balance_multiclass_weights")
                              : classes == 2 && settings_number(s, "positive_example_weight_mult") != 1;
    *weights = NULL;
    if (!wanted)
        return 0;
    *weights = calloc(classes, sizeof **weights);
    if (!*weights)
        return error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory for the weights of the classes");
    return weigh(s, *weights, counts, classes, err);
}

/* --- batches --------------------------------------------------------------------------------------------------------
 */

#define SPARSE 8 /* rows with at most a cell in so many stay sparse: an entry costs several cells */

bool linear_is_sparse(const struct dataset *d)
{
    return !d->x && d->rows && d->start[d->rows] <= d->rows * d->columns / SPARSE;
}

int linear_batch_init(struct linear_batch *b, size_t capacity, size_t columns, size_t width, bool dense, bool weighted)
{
    *b = (struct linear_batch){.capacity = capacity};
    if (capacity > SIZE_MAX / sizeof(float) / (columns + 2 * width + 2))
        return -1;
    b->x = dense ? malloc(capacity * columns * sizeof *b->x) : NULL;
    b->cells = malloc((columns ? columns : 1) * sizeof *b->cells);
    b->row = malloc(capacity * sizeof *b->row);
    b->y = malloc(capacity * sizeof *b->y);
    b->weight = weighted ? malloc(capacity * sizeof *b->weight) : NULL;
    b->score = malloc(capacity * width * sizeof *b->score);
    b->gradient = malloc(capacity * width * sizeof *b->gradient);
    if ((b->x || !dense) && b->cells && b->row && b->y && b->score && b->gradient && (b->weight || !weighted))
        return 0;
    linear_batch_free(b);
    return -1;
}

void linear_batch_free(struct linear_batch *b)
{
    free(b->x);
    free(b->cells);
    free(b->row);
    free(b->y);
    free(b->weight);
    free(b->score);
    free(b->gradient);
    *b = (struct linear_batch){0};
}

/* What a row weighs: its own weight times that of its class. */
static float row_weight(const struct linear_source *from, size_t row)
{
    float own = from->data->weight ? from->data->weight[row] : 1;
    return from->class_weight ? own * from->class_weight[(size_t)from->data->y[row]] : own;
}

static float row_label(const struct linear_source *from, size_t row)
{
    return (float)(((double)from->data->y[row] - from->label_shift) / from->label_scale);
}

/* A row of the data, normalised; `cells` is room for it. */
static void write_row(float *out, const struct linear_source *from, size_t row, float *cells)
{
    const struct dataset *d = from->data;
    const float *raw = cells;
    if (d->x)
        raw = d->x + row * d->columns;
    else
        dataset_row(d, row, cells);
    normaliser_apply(from->normaliser, out, raw);
}

void linear_batch_load(struct linear_batch *b, const struct linear_source *from, size_t first, size_t count)
{
    size_t columns = from->data->columns;
    b->rows = count;
    b->source = linear_is_sparse(from->data) ? from->data : NULL;
    for (size_t i = 0; i < count; i++) {
        if (b->source)
            b->row[i] = (uint32_t)(first + i);
        else
            write_row(b->x + i * columns, from, first + i, b->cells);
        b->y[i] = row_label(from, first + i);
        if (b->weight)
            b->weight[i] = row_weight(from, first + i);
    }
}

double linear_batch_weight(const struct linear_batch *b)
{
    double sum = 0;
    if (!b->weight)
        return (double)b->rows;
    for (size_t i = 0; i < b->rows; i++)
        sum += (double)b->weight[i];
    return sum;
}

/* --- random order ---------------------------------------------------------------------------------------------------
 */

#define AHEAD 8 /* rows asked of the memory before their turn */

/* The rows that are this rank's, in the order of all. */
static void permute(struct linear_shuffle *s, const struct linear_source *from, struct linear_share share, float *cells)
{
    const struct dataset *d = from->data;
    size_t at = 0;
    for (size_t i = 0; i < s->rows; i++) {
        uint64_t row = s->order[i] - share.first; /* wraps below the share */
        if (s->before)
            s->before[i] = (uint32_t)at;
        if (row >= d->rows)
            continue;
        if (d->x && i + AHEAD < s->rows && s->order[i + AHEAD] - share.first < d->rows) {
            const float *next = d->x + (s->order[i + AHEAD] - share.first) * d->columns;
            __builtin_prefetch(next);
            __builtin_prefetch(next + d->columns - 1);
        }
        if (s->source)
            s->row[at] = (uint32_t)row;
        else
            write_row(s->x + at * s->columns, from, row, cells);
        s->y[at] = row_label(from, row);
        if (s->weight)
            s->weight[at] = row_weight(from, row);
        at++;
    }
    if (s->before)
        s->before[s->rows] = (uint32_t)at;
}

static size_t block_rows_for(size_t columns, size_t batch_rows)
{
    size_t by_bytes = LINEAR_BLOCK_BYTES / ((columns ? columns : 1) * sizeof(float));
    size_t most = batch_rows / LINEAR_BLOCKS;
    size_t rows = by_bytes < most ? by_bytes : most;
    return rows ? rows : 1;
}

/* The buffers; `own` rows are this rank's. */
static int shuffle_allocate(struct linear_shuffle *s, size_t own, bool weighted)
{
    size_t room = own ? own : 1;
    if (s->source)
        s->row = malloc(room * sizeof *s->row);
    else if (room <= SIZE_MAX / sizeof *s->x / (s->columns ? s->columns : 1))
        s->x = malloc(room * (s->columns ? s->columns : 1) * sizeof *s->x);
    s->y = malloc(room * sizeof *s->y);
    s->weight = weighted ? malloc(room * sizeof *s->weight) : NULL;
    s->before = own == s->rows ? NULL : malloc((s->rows + 1) * sizeof *s->before);
    s->order = malloc((s->rows ? s->rows : 1) * sizeof *s->order); /* of rows at first, then of blocks */
    return (s->row || s->x) && s->y && s->order && (s->weight || !weighted) && (s->before || own == s->rows) ? 0 : -1;
}

int linear_shuffle_init(struct linear_shuffle *s, const struct linear_source *from, struct linear_share share,
                        size_t batch_rows, bool weighted, struct rng *r)
{
    size_t columns = from->data->columns;
    float *cells = malloc((columns ? columns : 1) * sizeof *cells);
    *s = (struct linear_shuffle){
        .rows = share.all, .columns = columns, .block_rows = block_rows_for(columns, batch_rows)};
    s->source = linear_is_sparse(from->data) ? from->data : NULL;
    s->blocks = (s->rows + s->block_rows - 1) / s->block_rows;
    if (shuffle_allocate(s, from->data->rows, weighted) < 0 || !cells) {
        free(cells);
        return -1;
    }
    for (size_t i = 0; i < s->rows; i++)
        s->order[i] = (uint32_t)i;
    rng_shuffle(r, s->order, s->rows);
    permute(s, from, share, cells);
    for (size_t i = 0; i < s->blocks; i++)
        s->order[i] = (uint32_t)i;
    s->block = s->blocks;
    free(cells);
    return 0;
}

void linear_shuffle_free(struct linear_shuffle *s)
{
    free(s->x);
    free(s->y);
    free(s->weight);
    free(s->row);
    free(s->before);
    free(s->order);
    *s = (struct linear_shuffle){0};
}

void linear_shuffle_again(struct linear_shuffle *s, struct rng *r)
{
    rng_shuffle(r, s->order, s->blocks);
    s->block = s->within = 0;
}

/* Copies this rank's of the rows first .. end - 1 behind the rows of the batch. */
static void copy_rows(const struct linear_shuffle *s, struct linear_batch *b, size_t first, size_t end)
{
    size_t count;
    if (s->before) {
        first = s->before[first];
        end = s->before[end];
    }
    count = end - first;
    if (s->source)
        memcpy(b->row + b->rows, s->row + first, count * sizeof *b->row);
    else
        memcpy(b->x + b->rows * s->columns, s->x + first * s->columns, count * s->columns * sizeof *b->x);
    memcpy(b->y + b->rows, s->y + first, count * sizeof *b->y);
    if (b->weight)
        memcpy(b->weight + b->rows, s->weight + first, count * sizeof *b->weight);
    b->rows += count;
}

#define BLOCKS_AHEAD 3
#define LINE 64 /* bytes the memory hands over at once */

/* Asks the memory for a block before its turn: blocks follow each other at random, which no processor foresees. */
static void ask_ahead(const struct linear_shuffle *s)
{
    size_t block = s->block + BLOCKS_AHEAD, bytes = s->block_rows * s->columns * sizeof *s->x;
    if (s->source || s->before || block >= s->blocks || bytes > 2 * LINEAR_BLOCK_BYTES)
        return;
    const char *at = (const char *)(s->x + (size_t)s->order[block] * s->block_rows * s->columns);
    for (size_t i = 0; i < bytes; i += LINE)
        __builtin_prefetch(at + i);
}

/* The rest of the block the cursor is in, at most `room` rows. Returns how many, those of other ranks included. */
static size_t take(struct linear_shuffle *s, struct linear_batch *b, size_t room)
{
    size_t first = s->order[s->block] * s->block_rows, left = s->rows - first, count;
    if (left > s->block_rows)
        left = s->block_rows;
    count = left - s->within < room ? left - s->within : room;
    first += s->within;
    ask_ahead(s);
    copy_rows(s, b, first, first + count);
    s->within += count;
    if (s->within == left) {
        s->block++;
        s->within = 0;
    }
    return count;
}

size_t linear_shuffle_next(struct linear_shuffle *s, struct linear_batch *b, size_t count)
{
    size_t taken = 0;
    b->rows = 0;
    b->source = s->source;
    while (taken < count && s->block < s->blocks)
        taken += take(s, b, count - taken);
    return taken;
}
