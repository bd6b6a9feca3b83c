#include "engine/algo/object2vec/pair_ask.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 256
#define NUMBERS_MAX ((size_t)1 << 21) /* of a batch's largest tensors together, about */

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* As many rows as keep a batch small. */
static size_t batch_rows(const struct pair_net *net, const size_t longest[2])
{
    size_t most = 1;
    for (int i = 0; i < 2; i++)
        most = larger(most, longest[i] * (net->design.side[i].width + 8 * net->design.dim));
    return most >= NUMBERS_MAX ? 1 : NUMBERS_MAX / most < ROWS_MAX ? NUMBERS_MAX / most : ROWS_MAX;
}

int pair_ask_open(struct pair_ask *a, const struct pair_net *net, struct tape *tape, const size_t longest[2],
                  struct error *err)
{
    *a = (struct pair_ask){.net = net, .tape = tape, .longest = {longest[0], longest[1]}};
    a->rows = batch_rows(net, longest);
    for (int i = 0; i < 2; i++)
        if (pair_sequences_open(&a->sequences[i], &net->design.side[i], a->rows, longest[i], err) < 0)
            return -1;
    a->values = malloc(a->rows * larger(net->design.outputs, net->design.dim) * sizeof *a->values);
    a->order = malloc(PAIR_ASK_MAX * sizeof *a->order);
    if (a->values && a->order)
        return 0;
    return error_set(err, ERROR_SYSTEM, NULL, "give a smaller enc_dim",
                     "There is not enough memory to ask the network");
}

void pair_ask_close(struct pair_ask *a)
{
    for (int i = 0; i < 2; i++)
        pair_sequences_close(&a->sequences[i]);
    free(a->values);
    free(a->order);
    *a = (struct pair_ask){0};
}

/* --- batches of like length -----------------------------------------------------------------------------------------
 */

struct question {
    const struct pairs *pairs;
    size_t begin;
    bool side[2]; /* which are read */
};

static size_t length_of(const struct question *q, size_t pair)
{
    size_t length = 0, count;
    for (int side = 0; side < 2; side++)
        if (q->side[side]) {
            pairs_tokens(q->pairs, side, pair, &count);
            length += count;
        }
    return length;
}

static int by_length(const void *a, const void *b, void *context)
{
    const struct question *q = context;
    size_t x = *(const size_t *)a, y = *(const size_t *)b, of_x = length_of(q, x), of_y = length_of(q, y);
    if (of_x != of_y)
        return of_x < of_y ? -1 : 1;
    return (x > y) - (x < y);
}

static void fill(struct pair_ask *a, const struct question *q, const size_t *pair, size_t rows)
{
    for (int side = 0; side < 2; side++) {
        struct pair_sequences *s = &a->sequences[side];
        if (!q->side[side])
            continue;
        pair_sequences_begin(s);
        for (size_t i = 0; i < rows; i++) {
            size_t count;
            const int32_t *token = pairs_tokens(q->pairs, side, pair[i], &count);
            pair_sequences_add(s, token, count < a->longest[side] ? count : a->longest[side]);
        }
        pair_sequences_end(s);
    }
}

static struct tensor *run(struct pair_ask *a, const struct question *q)
{
    struct tensor *vector[2] = {NULL, NULL};
    for (int side = 0; side < 2; side++)
        if (q->side[side])
            vector[side] = pair_encoder_run(&a->net->encoder[side], a->tape, &a->sequences[side]);
    if (vector[0] && vector[1])
        return pair_net_compare(a->net, a->tape, vector[0], vector[1]);
    return op_copy(a->tape, vector[0] ? vector[0] : vector[1]);
}

static int ask(struct pair_ask *a, const struct question *q, size_t end, size_t width, float *out, struct error *err)
{
    size_t count = end - q->begin;
    for (size_t i = 0; i < count; i++)
        a->order[i] = q->begin + i;
    qsort_r(a->order, count, sizeof *a->order, by_length, (void *)q);
    for (size_t at = 0; at < count; at += a->rows) {
        size_t rows = count - at < a->rows ? count - at : a->rows;
        struct tensor *x;
        fill(a, q, a->order + at, rows);
        tape_begin(a->tape, false, 0);
        x = run(a, q);
        if (tape_finish(a->tape, err) < 0)
            return -1;
        tape_read(a->tape, x, a->values);
        for (size_t i = 0; i < rows; i++)
            memcpy(out + (a->order[at + i] - q->begin) * width, a->values + i * width, width * sizeof *out);
    }
    return 0;
}

int pair_ask_outputs(struct pair_ask *a, const struct pairs *p, size_t begin, size_t end, float *out, struct error *err)
{
    const struct question q = {p, begin, {true, true}};
    size_t width = a->net->design.outputs;
    if (ask(a, &q, end, width, out, err) < 0)
        return -1;
    for (size_t i = 0; !a->net->design.classes && i < end - begin; i++)
        out[i] += a->net->middle;
    return 0;
}

int pair_ask_vectors(struct pair_ask *a, const struct pairs *p, int side, size_t begin, size_t end, float *out,
                     struct error *err)
{
    const struct question q = {p, begin, {side == 0, side == 1}};
    return ask(a, &q, end, a->net->design.dim, out, err);
}

void pair_ask_softmax(float *scores, size_t classes)
{
    float largest = scores[0];
    double sum = 0;
    for (size_t k = 1; k < classes; k++)
        largest = fmaxf(largest, scores[k]);
    for (size_t k = 0; k < classes; k++)
        sum += exp((double)(scores[k] - largest));
    for (size_t k = 0; k < classes; k++)
        scores[k] = (float)(exp((double)(scores[k] - largest)) / sum);
}
