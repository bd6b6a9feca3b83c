#include "engine/algo/linear/linear_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int linear_check_labels(const struct dataset *d, size_t classes, const char *channel, struct error *err)
{
    char where[256], fix[128];
    for (size_t i = 0; classes && i < d->rows; i++) {
        float label = d->y[i];
        if (label >= 0 && (double)label < (double)classes && label == floorf(label))
            continue;
        snprintf(where, sizeof where, "%s, %s, row %zu", channel, d->name, i + 1);
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
static void balance(float *weights, const size_t *counts, size_t classes, size_t rows)
{
    size_t present = 0;
    for (size_t k = 0; k < classes; k++)
        present += counts[k] > 0;
    for (size_t k = 0; k < classes; k++)
        weights[k] = counts[k] ? (float)((double)rows / ((double)present * (double)counts[k])) : 0;
}

static int weigh(const struct settings *s, float *weights, const size_t *counts, size_t classes, size_t rows,
                 struct error *err)
{
    if (classes > 2) {
        balance(weights, counts, classes, rows);
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

int linear_class_weights(const struct settings *s, const struct dataset *train, size_t classes, float **weights,
                         struct error *err)
{
    bool wanted = classes > 2 ? settings_true(s, "balance_multiclass_weights")
                              : classes == 2 && settings_number(s, "positive_example_weight_mult") != 1;
    size_t *counts;
    int status;
    *weights = NULL;
    if (!wanted)
        return 0;
    counts = calloc(classes, sizeof *counts);
    *weights = calloc(classes, sizeof **weights);
    if (!counts || !*weights) {
        free(counts);
        return error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory for the weights of the classes");
    }
    for (size_t i = 0; i < train->rows; i++)
        counts[(size_t)train->y[i]]++;
    status = weigh(s, *weights, counts, classes, train->rows, err);
    free(counts);
    return status;
}

/* --- batches --------------------------------------------------------------------------------------------------------
 */

int linear_batch_init(struct linear_batch *b, size_t capacity, size_t columns, size_t outputs, bool weighted)
{
    *b = (struct linear_batch){.capacity = capacity};
    if (capacity > SIZE_MAX / sizeof(float) / (columns + 2 * outputs + 2))
        return -1;
    b->x = malloc(capacity * columns * sizeof *b->x);
    b->y = malloc(capacity * sizeof *b->y);
    b->weight = weighted ? malloc(capacity * sizeof *b->weight) : NULL;
    b->score = malloc(capacity * outputs * sizeof *b->score);
    b->gradient = malloc(capacity * outputs * sizeof *b->gradient);
    if (b->x && b->y && b->score && b->gradient && (b->weight || !weighted))
        return 0;
    linear_batch_free(b);
    return -1;
}

void linear_batch_free(struct linear_batch *b)
{
    free(b->x);
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

void linear_batch_load(struct linear_batch *b, const struct linear_source *from, size_t first, size_t count)
{
    size_t columns = from->data->columns;
    b->rows = count;
    for (size_t i = 0; i < count; i++) {
        normaliser_apply(from->normaliser, b->x + i * columns, from->data->x + (first + i) * columns);
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

/* Row i of the table becomes row order[i] of the data. */
static void permute(struct linear_shuffle *s, const struct linear_source *from, const uint32_t *order)
{
    const struct dataset *d = from->data;
    for (size_t i = 0; i < s->rows; i++) {
        if (i + AHEAD < s->rows) {
            const float *next = d->x + (size_t)order[i + AHEAD] * d->columns;
            __builtin_prefetch(next);
            __builtin_prefetch(next + d->columns - 1);
        }
        normaliser_apply(from->normaliser, s->x + i * s->columns, d->x + (size_t)order[i] * d->columns);
        s->y[i] = row_label(from, order[i]);
        if (s->weight)
            s->weight[i] = row_weight(from, order[i]);
    }
}

static size_t block_rows_for(size_t columns, size_t batch_rows)
{
    size_t by_bytes = LINEAR_BLOCK_BYTES / (columns * sizeof(float)), most = batch_rows / LINEAR_BLOCKS;
    size_t rows = by_bytes < most ? by_bytes : most;
    return rows ? rows : 1;
}

int linear_shuffle_init(struct linear_shuffle *s, const struct linear_source *from, size_t batch_rows, bool weighted,
                        struct rng *r)
{
    size_t rows = from->data->rows, columns = from->data->columns;
    *s = (struct linear_shuffle){.rows = rows, .columns = columns, .block_rows = block_rows_for(columns, batch_rows)};
    s->blocks = (rows + s->block_rows - 1) / s->block_rows;
    s->x = malloc(rows * columns * sizeof *s->x);
    s->y = malloc(rows * sizeof *s->y);
    s->weight = weighted ? malloc(rows * sizeof *s->weight) : NULL;
    s->order = malloc(rows * sizeof *s->order); /* of rows at first, then of blocks */
    if (!s->x || !s->y || !s->order || (weighted && !s->weight))
        return -1;
    for (size_t i = 0; i < rows; i++)
        s->order[i] = (uint32_t)i;
    rng_shuffle(r, s->order, rows);
    permute(s, from, s->order);
    for (size_t i = 0; i < s->blocks; i++)
        s->order[i] = (uint32_t)i;
    s->block = s->blocks;
    return 0;
}

void linear_shuffle_free(struct linear_shuffle *s)
{
    free(s->x);
    free(s->y);
    free(s->weight);
    free(s->order);
    *s = (struct linear_shuffle){0};
}

void linear_shuffle_again(struct linear_shuffle *s, struct rng *r)
{
    rng_shuffle(r, s->order, s->blocks);
    s->block = s->within = 0;
}

/* Copies the rest of the block the cursor is in, at most `room` rows, behind the rows of the batch. */
static void take(struct linear_shuffle *s, struct linear_batch *b, size_t room)
{
    size_t first = s->order[s->block] * s->block_rows, left = s->rows - first, count;
    if (left > s->block_rows)
        left = s->block_rows;
    count = left - s->within < room ? left - s->within : room;
    first += s->within;
    memcpy(b->x + b->rows * s->columns, s->x + first * s->columns, count * s->columns * sizeof *b->x);
    memcpy(b->y + b->rows, s->y + first, count * sizeof *b->y);
    if (b->weight)
        memcpy(b->weight + b->rows, s->weight + first, count * sizeof *b->weight);
    b->rows += count;
    s->within += count;
    if (s->within == left) {
        s->block++;
        s->within = 0;
    }
}

size_t linear_shuffle_next(struct linear_shuffle *s, struct linear_batch *b, size_t count)
{
    b->rows = 0;
    while (b->rows < count && s->block < s->blocks)
        take(s, b, count - b->rows);
    return b->rows;
}
