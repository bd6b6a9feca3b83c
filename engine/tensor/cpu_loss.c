/* Cross entropies on the processor.
 *
 * op_output_loss, the greater part of a translator's work: rows that count are gathered, and go through in chunks whose
 * scores stay within some megabytes. Of a chunk each thread takes some rows: block by block of the classes their
 * scores, which become e^(score - the block's largest) while they are in the cache; then, the sums being known, the
 * slopes of the scores and of x. After that each thread takes some classes, and adds to their slopes in w. */
#include <math.h>
#include <string.h>

#include "engine/tensor/cpu.h"
#include "engine/tensor/exp.h"

enum { LANES = 16 };

/* --- rows of scores
 * --------------------------------------------------------------------------------------------------- */

/* x += bias (or nothing where that is NULL); gives the largest. */
VECTORISED static float row_largest(float *restrict x, const float *restrict bias, size_t n)
{
    float lane[LANES], largest;
    size_t i = 0;
    for (size_t j = 0; bias && j < n; j++)
        x[j] += bias[j];
    for (size_t q = 0; q < LANES; q++)
        lane[q] = -INFINITY;
    for (; i + LANES <= n; i += LANES)
        for (size_t q = 0; q < LANES; q++)
            lane[q] = x[i + q] > lane[q] ? x[i + q] : lane[q];
    largest = lane[0];
    for (size_t q = 1; q < LANES; q++)
        largest = lane[q] > largest ? lane[q] : largest;
    for (; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    return largest;
}

/* to = e^(x - largest); gives the sum. to may be x. */
VECTORISED static float row_exp(float *to, const float *x, float largest, size_t n)
{
    float lane[LANES] = {0}, sum = 0;
    size_t i = 0;
    for (size_t j = 0; j < n; j++)
        to[j] = exp_float(x[j] - largest);
    for (; i + LANES <= n; i += LANES)
        for (size_t q = 0; q < LANES; q++)
            lane[q] += to[i + q];
    for (; i < n; i++)
        lane[0] += to[i];
    for (size_t q = 0; q < LANES; q++)
        sum += lane[q];
    return sum;
}

VECTORISED static void row_scale(float *x, float factor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}

/* --- scores that are there
 * -------------------------------------------------------------------------------------------- */

struct entropy {
    size_t width;
    const float *x, *weight;
    const int32_t *target;
    float *kept, *dx, *room; /* room: a row for each part */
    double factor, *loss;    /* loss of each row */
};

static double row_weight(const int32_t *target, const float *weight, size_t row)
{
    return target[row] < 0 ? 0 : weight ? (double)weight[row] : 1;
}

static void entropy_rows(void *context, int part, size_t begin, size_t end)
{
    const struct entropy *e = context;
    float *room = e->room + (size_t)part * e->width;
    for (size_t r = begin; r < end; r++) {
        const float *x = e->x + r * e->width;
        double weight = row_weight(e->target, e->weight, r), all = 0;
        if (weight != 0) {
            float largest = row_largest((float *)x, NULL, e->width);
            all = (double)largest + log((double)row_exp(room, x, largest, e->width));
        }
        if (e->kept)
            e->kept[r] = (float)all;
        e->loss[r] = weight == 0 ? 0 : weight * (all - (double)x[e->target[r]]);
    }
}

void cpu_cross_entropy_forward(struct tape *t, struct node *n)
{
    size_t rows = n->in[0]->shape[0], width = n->in[0]->shape[1];
    struct entropy e = {.width = width,
                        .x = n->in[0]->data,
                        .weight = numbers_of(n->in[1]),
                        .target = n->index[0],
                        .kept = numbers_of(n->keep[0]),
                        .loss = tape_scratch(t, rows * sizeof(double)),
                        .room = tape_scratch(t, (size_t)pool_threads(tape_pool(t)) * width * sizeof(float))};
    double loss = 0;
    if (!e.loss || !e.room)
        return;
    cpu_share(t, rows, 8 * (double)rows * (double)width, entropy_rows, &e);
    for (size_t r = 0; r < rows; r++)
        loss += e.loss[r];
    *(float *)n->out[0]->data = (float)(n->number[0] * loss);
}

VECTORISED static void row_slope(float *restrict dx, const float *restrict x, float all, float factor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dx[i] += factor * exp_float(x[i] - all);
}

static void entropy_rows_back(void *context, int part, size_t begin, size_t end)
{
    const struct entropy *e = context;
    (void)part;
    for (size_t r = begin; r < end; r++) {
        float *dx = e->dx + r * e->width, slope = (float)(e->factor * row_weight(e->target, e->weight, r));
        if (slope == 0)
            continue;
        row_slope(dx, e->x + r * e->width, e->kept[r], slope, e->width);
        dx[e->target[r]] -= slope;
    }
}

void cpu_cross_entropy_backward(struct tape *t, struct node *n)
{
    size_t rows = n->in[0]->shape[0], width = n->in[0]->shape[1];
    struct entropy e = {.width = width,
                        .x = n->in[0]->data,
                        .weight = numbers_of(n->in[1]),
                        .target = n->index[0],
                        .kept = n->keep[0]->data,
                        .dx = slope_to(t, n->in[0]),
                        .factor = n->number[0] * (double)*(const float *)n->out[0]->grad};
    if (e.dx)
        cpu_share(t, rows, 8 * (double)rows * (double)width, entropy_rows_back, &e);
}

/* --- scores that are made here
 * ---------------------------------------------------------------------------------------- */

/* BLOCK classes of CHUNK / threads rows fit the second-level cache; all scores of a chunk take SCORES floats. */
enum { BLOCK = 512, CHUNK_LEAST = 96, CHUNK_MOST = 768, SCORES = 1 << 22 };

struct output {
    size_t classes, width, blocks, chunk;
    const float *w, *back, *bias; /* w^T and w, packed */
    const float *x;               /* the rows that count, and what belongs to each */
    const int32_t *target;
    const float *weight;
    float *scores;               /* chunk x classes */
    float *largest, *sum;        /* chunk x blocks */
    float *dx, *dw, *db;         /* dx as x; NULL when not learning */
    float beta_w, beta_b;        /* of the chunk */
    double scale, *loss, *right; /* of each row of the chunk */
    size_t first;                /* row of the chunk */
};

static size_t block_end(const struct output *o, size_t block)
{
    return (block + 1) * BLOCK < o->classes ? (block + 1) * BLOCK : o->classes;
}

/* Is the score at `target` the largest, and the first of equals? */
static bool is_first(const float *scores, size_t target, float largest)
{
    for (size_t c = 0; scores[target] == largest && c < target; c++)
        if (scores[c] == largest)
            return false;
    return scores[target] == largest;
}

/* Scores of rows begin .. end - 1 of the chunk in one block, as e^(score - largest of the block). */
static void score_block(const struct output *o, size_t block, size_t begin, size_t end)
{
    size_t first = block * BLOCK, count = block_end(o, block) - first;
    float *scores = o->scores + begin * o->classes + first;
    product(scores, o->classes, o->x + (o->first + begin) * o->width, o->width, o->w + first * o->width, end - begin,
            count, o->width, false);
    for (size_t r = begin; r < end; r++, scores += o->classes) {
        size_t target = (size_t)o->target[o->first + r];
        float largest = row_largest(scores, o->bias ? o->bias + first : NULL, count);
        if (target >= first && target < first + count) {
            o->loss[r] = -(double)scores[target - first];
            o->right[r] = is_first(scores, target - first, largest);
        }
        o->largest[r * o->blocks + block] = largest;
        o->sum[r * o->blocks + block] = row_exp(scores, scores, largest, count);
    }
}

/* From the blocks of a row to its loss, and to what each block's numbers are to be multiplied with to be slopes. */
static void finish_row(const struct output *o, size_t r)
{
    float *largest = o->largest + r * o->blocks, *sum = o->sum + r * o->blocks, most = largest[0];
    double weight = (double)o->weight[o->first + r], all = 0;
    size_t home = (size_t)o->target[o->first + r] / BLOCK;
    for (size_t k = 1; k < o->blocks; k++)
        most = largest[k] > most ? largest[k] : most;
    for (size_t k = 0; k < o->blocks; k++)
        if (largest[k] > largest[home] || (k < home && largest[k] == largest[home]))
            o->right[r] = 0;
    for (size_t k = 0; k < o->blocks; k++)
        all += (double)sum[k] * (double)exp_float(largest[k] - most);
    o->loss[r] = weight * (o->loss[r] + (double)most + log(all));
    for (size_t k = 0; k < o->blocks; k++)
        sum[k] = (float)(o->scale * weight * (double)exp_float(largest[k] - most) / all);
}

/* Slopes of the block's scores, and what they add to x's. */
static void slope_block(const struct output *o, size_t block, size_t begin, size_t end)
{
    size_t first = block * BLOCK, count = block_end(o, block) - first;
    float *scores = o->scores + begin * o->classes + first;
    for (size_t r = begin; r < end; r++) {
        float *row = o->scores + r * o->classes + first;
        size_t target = (size_t)o->target[o->first + r];
        row_scale(row, o->sum[r * o->blocks + block], count);
        if (target >= first && target < first + count)
            row[target - first] -= (float)(o->scale * (double)o->weight[o->first + r]);
    }
    product_in(o->dx + (o->first + begin) * o->width, o->width, scores, o->classes, o->back + first * PRODUCT_PANEL,
               o->classes * PRODUCT_PANEL, end - begin, o->width, count, block > 0);
}

static void output_rows(void *context, int part, size_t begin, size_t end)
{
    const struct output *o = context;
    (void)part;
    for (size_t k = 0; k < o->blocks; k++)
        score_block(o, k, begin, end);
    for (size_t r = begin; r < end; r++)
        finish_row(o, r);
    for (size_t k = 0; o->dx && k < o->blocks; k++)
        slope_block(o, k, begin, end);
}

static void chunk_forward(struct tape *t, struct output *o, size_t rows)
{
    double operations = 2 * (double)rows * (double)o->classes * (double)o->width;
    cpu_share(t, rows, operations, output_rows, o);
    if (o->dw)
        cpu_multiply(t, o->dw, o->width, (struct cpu_matrix){o->scores, o->classes, true},
                     (struct cpu_matrix){o->x + o->first * o->width, o->width, false}, o->classes, o->width, rows,
                     o->beta_w);
    if (o->db)
        cpu_column_sums(t, o->db, o->scores, o->classes, rows, o->classes, o->beta_b);
    o->beta_w = o->beta_b = 1;
}

/* The rows that count, one after another; which they were goes to `from`. */
static size_t gather_rows(const struct node *n, float *x, int32_t *target, float *weight, int32_t *from)
{
    size_t rows = n->in[0]->shape[0], width = n->in[0]->shape[1], count = 0;
    for (size_t r = 0; r < rows; r++) {
        double w = row_weight(n->index[0], numbers_of(n->in[3]), r);
        if (w == 0)
            continue;
        memcpy(x + count * width, (const float *)n->in[0]->data + r * width, width * sizeof *x);
        target[count] = n->index[0][r];
        weight[count] = (float)w;
        from[count++] = (int32_t)r;
    }
    return count;
}

static void scatter_rows(const struct node *n, const float *dx, const int32_t *from, size_t count)
{
    size_t rows = n->in[0]->shape[0], width = n->in[0]->shape[1], next = 0;
    float *to = n->keep[0]->data;
    for (size_t r = 0; r < rows; r++)
        if (next < count && from[next] == (int32_t)r)
            memcpy(to + r * width, dx + next++ * width, width * sizeof *to);
        else
            memset(to + r * width, 0, width * sizeof *to);
}

static size_t chunk_of(size_t rows, size_t classes)
{
    size_t chunk = classes > 0 ? SCORES / classes : rows;
    chunk = chunk < CHUNK_LEAST ? CHUNK_LEAST : chunk > CHUNK_MOST ? CHUNK_MOST : chunk;
    return chunk < rows ? chunk : rows;
}

void cpu_output_loss_forward(struct tape *t, struct node *n)
{
    struct tensor *w = n->in[1], *b = n->in[2];
    size_t rows = n->in[0]->shape[0], width = w->shape[1], classes = w->shape[0], chunk = chunk_of(rows, classes);
    size_t blocks = (classes + BLOCK - 1) / BLOCK;
    bool learning = n->keep[0] != NULL;
    float *x = tape_scratch(t, rows * width * sizeof *x), *weight = tape_scratch(t, rows * sizeof *weight);
    int32_t *target = tape_scratch(t, rows * sizeof *target), *from = tape_scratch(t, rows * sizeof *from);
    struct output o = {.classes = classes,
                       .width = width,
                       .blocks = blocks,
                       .chunk = chunk,
                       .w = cpu_packed(t, w, true),
                       .back = learning ? cpu_packed(t, w, false) : NULL,
                       .bias = numbers_of(b),
                       .x = x,
                       .target = target,
                       .weight = weight,
                       .scores = tape_scratch(t, chunk * classes * sizeof(float)),
                       .largest = tape_scratch(t, chunk * blocks * sizeof(float)),
                       .sum = tape_scratch(t, chunk * blocks * sizeof(float)),
                       .dx = learning ? tape_scratch(t, rows * width * sizeof(float)) : NULL,
                       .scale = n->number[0],
                       .loss = tape_scratch(t, chunk * sizeof(double)),
                       .right = tape_scratch(t, chunk * sizeof(double))};
    double loss = 0, right = 0, beta_w = 1, beta_b = 1;
    if (tape_failed(t))
        return;
    size_t count = gather_rows(n, x, target, weight, from);
    o.dw = learning && count > 0 ? tape_grad_beta(t, w, &beta_w) : NULL;
    o.db = learning && count > 0 && b ? tape_grad_beta(t, b, &beta_b) : NULL;
    o.beta_w = (float)beta_w;
    o.beta_b = (float)beta_b;
    for (o.first = 0; o.first < count; o.first += chunk) {
        size_t part = count - o.first < chunk ? count - o.first : chunk;
        chunk_forward(t, &o, part);
        for (size_t r = 0; r < part; r++) {
            loss += o.loss[r];
            right += o.right[r];
        }
    }
    if (learning)
        scatter_rows(n, o.dx, from, count);
    *(float *)n->out[0]->data = (float)(o.scale * loss);
    *(float *)n->out[1]->data = (float)right;
}

void cpu_output_loss_backward(struct tape *t, struct node *n)
{
    cpu_flow(t, n->in[0], n->keep[0]->data, *(const float *)n->out[0]->grad);
}
