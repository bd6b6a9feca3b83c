/* Cross entropies on the processor.
 *
 * op_output_loss, the greater part of a translator's work: rows that count are gathered, and go through in chunks whose
 * scores stay within some megabytes. First each thread takes some rows: block by block of the classes their scores,
 * which become e^(score - the block's largest) while they are in the cache. Then, the sums being known, each thread
 * takes some blocks: the slopes of their scores, which fit the second-level cache, and what these add to x and w. */
#include <math.h>
#include <string.h>

#include "engine/tensor/cpu.h"
#include "engine/tensor/exp.h"

enum { LANES = 16 };

/* --- rows of scores ----------------------------------------------------------------------------------------------- */

VECTORISED static float row_largest(const float *x, size_t n)
{
    float lane[LANES], largest;
    size_t i = 0;
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

/* --- scores that are there ---------------------------------------------------------------------------------------- */

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
            float largest = row_largest(x, e->width);
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

/* --- scores that are made here ------------------------------------------------------------------------------------ */

/* A block's slopes of CHUNK_MOST rows fit the second-level cache; all scores of a chunk take about SCORES floats. Rows
 * of a block lie WIDE apart: at a power of two they would meet in a few places of the cache. */
enum { BLOCK = 256, WIDE = BLOCK + 16, CHUNK_LEAST = 96, CHUNK_MOST = 480, SCORES = 1 << 22 };

struct output {
    size_t classes, width, blocks, chunk, rows; /* rows: of this chunk */
    const float *w, *back, *bias;               /* w^T and w, packed */
    const float *x;                             /* the rows that count, and what belongs to each */
    const int32_t *target;
    const float *weight;
    float *scores;        /* blocks x chunk x WIDE */
    float *largest, *sum; /* chunk x blocks */
    float *slopes;        /* chunk x WIDE for each part */
    float *dx;            /* chunk x width for each part; NULL when not learning */
    float *dw, *db;
    float beta_w, beta_b;        /* of the chunk */
    double scale, *loss, *right; /* of each row of the chunk */
    size_t first;                /* row of the chunk */
};

static size_t block_size(const struct output *o, size_t block)
{
    size_t rest = o->classes - block * BLOCK;
    return rest < BLOCK ? rest : BLOCK;
}

static float *scores_of(const struct output *o, size_t block, size_t row)
{
    return o->scores + (block * o->chunk + row) * WIDE;
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
    size_t first = block * BLOCK, count = block_size(o, block);
    product(&(struct product){.c = scores_of(o, block, begin),
                              .ldc = WIDE,
                              .from = o->bias ? o->bias + first : NULL,
                              .a = o->x + (o->first + begin) * o->width,
                              .lda = o->width,
                              .packed = o->w + first * o->width,
                              .rows = end - begin,
                              .columns = count,
                              .depth = o->width});
    for (size_t r = begin; r < end; r++) {
        float *scores = scores_of(o, block, r), largest = row_largest(scores, count);
        size_t target = (size_t)o->target[o->first + r];
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
    double weight = (double)o->weight[o->first + r], all;
    size_t home = (size_t)o->target[o->first + r] / BLOCK;
    for (size_t k = 1; k < o->blocks; k++)
        most = largest[k] > most ? largest[k] : most;
    for (size_t k = 0; k < o->blocks; k++)
        if (largest[k] > largest[home] || (k < home && largest[k] == largest[home]))
            o->right[r] = 0;
    all = (double)sum[0] * (double)exp_float(largest[0] - most);
    for (size_t k = 1; k < o->blocks; k++)
        all += (double)sum[k] * (double)exp_float(largest[k] - most);
    o->loss[r] = weight * (o->loss[r] + (double)most + log(all));
    for (size_t k = 0; k < o->blocks; k++)
        sum[k] = (float)(o->scale * weight * (double)exp_float(largest[k] - most) / all);
}

static void score_rows(void *context, int part, size_t begin, size_t end)
{
    const struct output *o = context;
    (void)part;
    for (size_t k = 0; k < o->blocks; k++)
        score_block(o, k, begin, end);
    for (size_t r = begin; r < end; r++)
        finish_row(o, r);
}

VECTORISED static void scaled_row(float *restrict to, const float *restrict from, float factor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = factor * from[i];
}

/* Slopes of the block's scores, and what they add to those of x (in the part's own sum), w and b. */
static void slope_block(const struct output *o, int part, size_t block)
{
    size_t first = block * BLOCK, count = block_size(o, block);
    float *slopes = o->slopes + (size_t)part * o->chunk * WIDE, *dx = o->dx + (size_t)part * o->chunk * o->width;
    for (size_t r = 0; r < o->rows; r++) {
        size_t target = (size_t)o->target[o->first + r];
        scaled_row(slopes + r * WIDE, scores_of(o, block, r), o->sum[r * o->blocks + block], count);
        if (target >= first && target < first + count)
            slopes[r * WIDE + target - first] -= (float)(o->scale * (double)o->weight[o->first + r]);
    }
    product(&(struct product){.c = dx,
                              .ldc = o->width,
                              .from = dx,
                              .ldf = o->width,
                              .a = slopes,
                              .lda = WIDE,
                              .packed = o->back + first * PRODUCT_PANEL,
                              .apart = o->classes * PRODUCT_PANEL,
                              .rows = o->rows,
                              .columns = o->width,
                              .depth = count});
    if (o->dw)
        blas_cpu.gemm_in(o->dw + first * o->width, o->width, slopes, WIDE, o->x + o->first * o->width, o->width, count,
                         o->width, o->rows, true, false, 1, o->beta_w);
    for (size_t c = 0; o->db && o->beta_b == 0 && c < count; c++)
        o->db[first + c] = 0;
    for (size_t r = 0; o->db && r < o->rows; r++)
        cpu_add(o->db + first, slopes + r * WIDE, count);
}

static void slope_blocks(void *context, int part, size_t begin, size_t end)
{
    const struct output *o = context;
    for (size_t k = begin; k < end; k++)
        slope_block(o, part, k);
}

/* `dx` is the chunk's place among the slopes of all rows that count; NULL: not learning. */
static void chunk_forward(struct tape *t, struct output *o, float *dx)
{
    double operations = 2 * (double)o->rows * (double)o->classes * (double)o->width;
    size_t parts = (size_t)cpu_parts(t, o->blocks, 2 * operations), numbers = o->rows * o->width;
    cpu_share(t, o->rows, operations, score_rows, o);
    if (!dx)
        return;
    for (size_t part = 0; part < parts; part++)
        memset(o->dx + part * o->chunk * o->width, 0, numbers * sizeof *dx);
    cpu_share(t, o->blocks, 2 * operations, slope_blocks, o);
    memcpy(dx, o->dx, numbers * sizeof *dx);
    for (size_t part = 1; part < parts; part++)
        cpu_add(dx, o->dx + part * o->chunk * o->width, numbers);
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

static void take_room(struct tape *t, struct output *o, bool learning)
{
    size_t parts = (size_t)pool_threads(tape_pool(t)), cells = o->chunk * o->blocks;
    o->scores = tape_scratch(t, cells * WIDE * sizeof(float));
    o->largest = tape_scratch(t, cells * sizeof(float));
    o->sum = tape_scratch(t, cells * sizeof(float));
    o->loss = tape_scratch(t, o->chunk * sizeof(double));
    o->right = tape_scratch(t, o->chunk * sizeof(double));
    o->slopes = learning ? tape_scratch(t, parts * o->chunk * WIDE * sizeof(float)) : NULL;
    o->dx = learning ? tape_scratch(t, parts * o->chunk * o->width * sizeof(float)) : NULL;
}

void cpu_output_loss_forward(struct tape *t, struct node *n)
{
    struct tensor *w = n->in[1], *b = n->in[2];
    size_t rows = n->in[0]->shape[0], width = w->shape[1], classes = w->shape[0], chunk = chunk_of(rows, classes);
    bool learning = n->keep[0] != NULL;
    float *x = tape_scratch(t, rows * width * sizeof *x), *weight = tape_scratch(t, rows * sizeof *weight);
    float *dx = learning ? tape_scratch(t, rows * width * sizeof *dx) : NULL;
    int32_t *target = tape_scratch(t, rows * sizeof *target), *from = tape_scratch(t, rows * sizeof *from);
    struct output o = {.classes = classes,
                       .width = width,
                       .blocks = (classes + BLOCK - 1) / BLOCK,
                       .chunk = chunk,
                       .w = cpu_packed(t, w, true),
                       .back = learning ? cpu_packed(t, w, false) : NULL,
                       .bias = numbers_of(b),
                       .x = x,
                       .target = target,
                       .weight = weight,
                       .scale = n->number[0]};
    double loss = 0, right = 0, beta_w = 1, beta_b = 1;
    take_room(t, &o, learning);
    if (tape_failed(t))
        return;
    size_t count = gather_rows(n, x, target, weight, from);
    o.dw = learning && count > 0 ? tape_grad_beta(t, w, &beta_w) : NULL;
    o.db = learning && count > 0 && b ? tape_grad_beta(t, b, &beta_b) : NULL;
    o.beta_w = (float)beta_w;
    o.beta_b = (float)beta_b;
    for (o.first = 0; o.first < count; o.first += chunk) {
        o.rows = count - o.first < chunk ? count - o.first : chunk;
        chunk_forward(t, &o, dx ? dx + o.first * width : NULL);
        for (size_t r = 0; r < o.rows; r++) {
            loss += o.loss[r];
            right += o.right[r];
        }
    }
    if (dx)
        scatter_rows(n, dx, from, count);
    *(float *)n->out[0]->data = (float)(o.scale * loss);
    *(float *)n->out[1]->data = (float)right;
}

void cpu_output_loss_backward(struct tape *t, struct node *n)
{
    cpu_flow(t, n->in[0], n->keep[0]->data, *(const float *)n->out[0]->grad);
}
