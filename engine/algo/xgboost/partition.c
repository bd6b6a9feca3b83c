#include "engine/algo/xgboost/partition.h"

#include <math.h>
#include <stdlib.h>

enum { AHEAD = 24 };                       /* rows whose gradient is fetched in advance */
enum { THREADS_MAX = 256, ALONE = 16384 }; /* rows below which waking threads does not pay */

int partition_init(struct partition *p, size_t rows)
{
    *p = (struct partition){.rows = rows};
    for (int k = 0; k < 2; k++) {
        p->row[k] = malloc((rows + 1) * sizeof *p->row[k]);
        p->packed[k] = malloc((rows + 1) * sizeof *p->packed[k]);
    }
    p->side = malloc(rows + 1);
    p->node_of = malloc((rows + 1) * sizeof *p->node_of);
    p->bytes = rows * (2 * sizeof **p->row + 2 * sizeof **p->packed + sizeof *p->side + sizeof *p->node_of);
    if (p->row[0] && p->row[1] && p->packed[0] && p->packed[1] && p->side && p->node_of)
        return 0;
    partition_free(p);
    return -1;
}

void partition_free(struct partition *p)
{
    for (int k = 0; k < 2; k++) {
        free(p->row[k]);
        free(p->packed[k]);
    }
    free(p->side);
    free(p->node_of);
    *p = (struct partition){0};
}

struct job {
    struct partition *p;
    const struct bins *bins;
    const uint8_t *go;
    const struct gradient *gradients;
    const struct fixed *fixed;
    size_t column;
    struct stretch s;
    bool sides;
    int left, right;
    size_t lefts[THREADS_MAX];
    struct fine_sums of_left[THREADS_MAX], of_all[THREADS_MAX];
};

static struct pool *worth(struct pool *pool, const struct stretch *s)
{
    return s->end - s->begin < ALONE || pool_threads(pool) > THREADS_MAX ? NULL : pool;
}

static size_t share(const struct stretch *s, int thread, int threads, size_t *end)
{
    size_t at = s->begin + pool_share(s->end - s->begin, thread, threads, end);
    *end += s->begin;
    return at;
}

static void work_sides(void *context, int thread, int threads)
{
    struct job *j = context;
    size_t end, at = share(&j->s, thread, threads, &end), lefts = 0;
    uint8_t *side = j->p->side;
    bins_sides(j->bins, j->column, j->p->row[j->s.buffer] + at, end - at, j->go, side + at);
    for (size_t i = at; i < end; i++)
        lefts += side[i];
    j->lefts[thread] = lefts;
}

size_t partition_sides(struct partition *p, const struct bins *b, size_t column, const uint8_t *go, struct stretch s,
                       struct pool *pool)
{
    struct job j; /* not zeroed: its arrays are larger than most nodes */
    j.p = p;
    j.bins = b;
    j.go = go;
    j.column = column;
    j.s = s;
    size_t lefts = 0;
    pool = worth(pool, &s);
    pool_run(pool, work_sides, &j);
    for (int t = 0; t < pool_threads(pool); t++)
        lefts += j.lefts[t];
    return lefts;
}

static void work_split(void *context, int thread, int threads)
{
    const struct job *j = context;
    const struct partition *p = j->p;
    size_t end, at = share(&j->s, thread, threads, &end), left = j->s.begin, right = j->s.end;
    const uint32_t *row = p->row[j->s.buffer];
    const uint64_t *packed = p->packed[j->s.buffer];
    uint32_t *to_row = p->row[1 - j->s.buffer];
    uint64_t *to_packed = p->packed[1 - j->s.buffer];
    for (size_t i = j->s.begin; i < at; i++)
        left += p->side[i];
    right -= at - j->s.begin - (left - j->s.begin);
    for (size_t i = at; i < end; i++) {
        size_t is_left = p->side[i];
        right -= 1 - is_left;
        size_t to = right ^ ((left ^ right) & -is_left); /* no branch: it would be mispredicted half of the time */
        to_row[to] = row[i];
        to_packed[to] = packed[i];
        left += is_left;
    }
}

void partition_split(struct partition *p, struct stretch s, size_t lefts, struct stretch *left, struct stretch *right,
                     struct pool *pool)
{
    struct job j;
    j.p = p;
    j.s = s;
    pool_run(worth(pool, &s), work_split, &j);
    *left = (struct stretch){s.begin, s.begin + lefts, 1 - s.buffer};
    *right = (struct stretch){s.begin + lefts, s.end, 1 - s.buffer};
}

static void work_settle(void *context, int thread, int threads)
{
    struct job *j = context;
    struct partition *p = j->p;
    size_t end, at = share(&j->s, thread, threads, &end);
    const uint32_t *row = p->row[j->s.buffer];
    float to_g = j->fixed->to_fine_g, to_h = j->fixed->to_fine_h;
    struct fine_sums left = {0}, all = {0};
    int32_t difference = j->left ^ j->right;
    for (size_t i = at; i < end; i++) {
        uint32_t r = row[i];
        int64_t is_left = j->sides ? p->side[i] : 1;
        const struct gradient *x = &j->gradients[r];
        __builtin_prefetch(&j->gradients[row[i + AHEAD < end ? i + AHEAD : i]]);
        int64_t g = (int32_t)lrintf(x->g * to_g), h = (int32_t)lrintf((x->h > 0 ? x->h : 0) * to_h);
        p->node_of[r] = j->right ^ (difference & -(int32_t)is_left);
        all.g += g;
        all.h += h;
        left.g += g & -is_left;
        left.h += h & -is_left;
    }
    j->of_left[thread] = left;
    j->of_all[thread] = all;
}

void partition_settle(struct partition *p, struct stretch s, bool sides, int left, int right,
                      const struct gradient *gradients, const struct fixed *f, struct fine_sums *of_left,
                      struct fine_sums *of_right, struct pool *pool)
{
    struct job j;
    j.p = p;
    j.s = s;
    j.sides = sides;
    j.left = left;
    j.right = right;
    j.gradients = gradients;
    j.fixed = f;
    pool = worth(pool, &s);
    pool_run(pool, work_settle, &j);
    for (int t = 0; t < pool_threads(pool); t++) {
        of_left->g += j.of_left[t].g;
        of_left->h += j.of_left[t].h;
        of_right->g += j.of_all[t].g - j.of_left[t].g;
        of_right->h += j.of_all[t].h - j.of_left[t].h;
    }
}
