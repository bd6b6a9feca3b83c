#include "engine/algo/blazingtext/classifier_crew.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/pool.h"
#include "engine/tensor/exp.h"

enum {
    AHEAD = 2, /* lines whose rows are fetched before their turn */
    MERGE = 8, /* lock-free: lines between two sums of what the copies gained; with 64 one run in ten was far off */
};

/* What one thread has for itself. */
struct member {
    struct classifier_net net; /* the shared one; of several that learn: with labels and common words of its own */
    struct classifier_room room;
    float *output_before, *own_before; /* as they were when its copies were made */
    struct classifier_tally sum;
    char apart[64]; /* from the next one's cache lines */
};

struct classifier_crew {
    struct classifier_net *net;
    int threads, learners;
    struct pool *pool;
    struct member *member;
    const struct classifier_piece *piece; /* being learned */
    atomic_size_t taken;                  /* lines of it that a thread has, or had */
    /* being asked */
    const struct classifier_lines *lines;
    int32_t *guess;
    float *probability;
};

/* --- opening --------------------------------------------------------------------------------------------------------
 */

/* A copy, and the same again as it was. */
static int open_copy(float **copy, float **before, size_t numbers)
{
    size_t bytes = (numbers * sizeof(float) + 63) / 64 * 64 + 64;
    *copy = aligned_alloc(64, bytes);
    *before = aligned_alloc(64, bytes);
    return *copy && *before ? 0 : -1;
}

static int open_member(struct member *m, const struct classifier_crew *c, size_t common)
{
    m->net = *c->net;
    if (c->learners == 1)
        return classifier_room_open(&m->room, c->net);
    m->net.own = common;
    m->net.own_input = m->net.output = NULL;
    return classifier_room_open(&m->room, c->net) < 0 ||
                   open_copy(&m->net.output, &m->output_before, m->net.labels * m->net.stride) < 0 ||
                   open_copy(&m->net.own_input, &m->own_before, common * m->net.stride) < 0
               ? -1
               : 0;
}

/* Rows of one cache line are learned faster than two processors can pass them to each other. */
static int learners(const struct classifier_net *n, int threads, bool deterministic)
{
    return deterministic || n->stride * sizeof(float) <= 64 ? 1 : threads;
}

struct classifier_crew *classifier_crew_open(struct classifier_net *net, size_t common, int threads, bool deterministic)
{
    struct classifier_crew *c = calloc(1, sizeof *c);
    bool ok;
    if (!c)
        return NULL;
    *c = (struct classifier_crew){.net = net, .threads = threads, .learners = learners(net, threads, deterministic)};
    c->member = calloc((size_t)threads, sizeof *c->member);
    c->pool = pool_open(threads);
    ok = c->member && c->pool;
    for (int i = 0; ok && i < threads; i++)
        ok = open_member(&c->member[i], c, common) == 0;
    if (ok)
        return c;
    classifier_crew_close(c);
    return NULL;
}

void classifier_crew_close(struct classifier_crew *c)
{
    if (!c)
        return;
    for (int i = 0; c->member && i < c->threads; i++) {
        struct member *m = &c->member[i];
        classifier_room_close(&m->room);
        if (c->learners > 1) {
            free(m->net.output);
            free(m->net.own_input);
        }
        free(m->output_before);
        free(m->own_before);
    }
    free(c->member);
    pool_close(c->pool);
    free(c);
}

/* --- one line -------------------------------------------------------------------------------------------------------
 */

static void fetch(const struct classifier_net *n, const struct classifier_lines *l, size_t line)
{
    size_t rows;
    const int32_t *row = classifier_line(l, line, &rows);
    classifier_net_fetch(n, row, rows);
}

/* Of a line that comes in no order: its numbers first, later the rows that they name. */
static void fetch_numbers(const struct classifier_lines *l, size_t line)
{
    const char *at = (const char *)(l->row + l->start[line]), *end = (const char *)(l->row + l->start[line + 1]);
    for (; at < end; at += 64)
        __builtin_prefetch(at);
}

/* The label that the line teaches this time: one of several by chance (splitmix64), the same however many threads. */
static size_t pick(const struct classifier_piece *p, size_t line)
{
    size_t count;
    const int32_t *label = classifier_line_labels(p->lines, line, &count);
    uint64_t z = p->key + (line + 1) * 0x9e3779b97f4a7c15u;
    if (count == 1)
        return (size_t)label[0];
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (size_t)label[((z >> 32) * count) >> 32];
}

static bool is_label(const struct classifier_lines *l, size_t line, size_t guess)
{
    size_t count;
    const int32_t *label = classifier_line_labels(l, line, &count);
    for (size_t i = 0; i < count; i++)
        if ((size_t)label[i] == guess)
            return true;
    return false;
}

/* The forward half; the slope is in the member's room. */
static void step(struct member *m, const struct classifier_piece *p, size_t line, float rate)
{
    size_t rows, label = pick(p, line), guess;
    const int32_t *row = classifier_line(p->lines, line, &rows);
    m->sum.loss += (double)classifier_net_step(&m->net, row, rows, label, rate, &m->room, &guess);
    m->sum.hits += is_label(p->lines, line, guess);
    m->sum.lines++;
}

static void move(struct member *m, const struct classifier_lines *l, size_t line, const float *slope)
{
    size_t rows;
    const int32_t *row = classifier_line(l, line, &rows);
    classifier_net_move(&m->net, row, rows, slope);
}

static void learn_lines(struct member *m, const struct classifier_piece *p, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        double way = (double)(i - p->begin) / (double)(p->end - p->begin);
        if (i + 2 * AHEAD < p->end)
            fetch_numbers(p->lines, p->order[i + 2 * AHEAD]);
        if (i + AHEAD < p->end)
            fetch(&m->net, p->lines, p->order[i + AHEAD]);
        step(m, p, p->order[i], (float)(p->rate + (p->rate_after - p->rate) * way));
        move(m, p->lines, p->order[i], m->room.slope);
    }
}

/* --- several threads ------------------------------------------------------------------------------------------------
 */

static void copy_all(struct member *m, const struct classifier_net *shared)
{
    size_t labels = m->net.labels * m->net.stride * sizeof(float), own = m->net.own * m->net.stride * sizeof(float);
    memcpy(m->output_before, shared->output, labels);
    memcpy(m->net.output, m->output_before, labels);
    memcpy(m->own_before, shared->input, own);
    memcpy(m->net.own_input, m->own_before, own);
}

/* What the copies gained goes to the shared rows; then the copies are what those are now. */
VECTORISED static void merge(float *restrict shared, float *restrict copy, float *restrict before, size_t numbers)
{
    for (size_t i = 0; i < numbers; i++) {
        float sum = shared[i] + (copy[i] - before[i]);
        shared[i] = copy[i] = before[i] = sum;
    }
}

static void merge_all(struct member *m, const struct classifier_net *shared)
{
    merge(shared->output, m->net.output, m->output_before, m->net.labels * m->net.stride);
    merge(shared->input, m->net.own_input, m->own_before, m->net.own * m->net.stride);
}

/* Threads take a few lines at a time, so that one which has to wait does not keep the others. */
static void learn_freely(void *context, int thread, int threads)
{
    struct classifier_crew *c = context;
    const struct classifier_piece *p = c->piece;
    struct member *m = &c->member[thread];
    (void)threads;
    copy_all(m, c->net);
    for (;;) {
        size_t begin = p->begin + atomic_fetch_add_explicit(&c->taken, MERGE, memory_order_relaxed);
        if (begin >= p->end)
            return;
        learn_lines(m, p, begin, begin + MERGE < p->end ? begin + MERGE : p->end);
        merge_all(m, c->net);
    }
}

static void gather(struct classifier_crew *c, struct classifier_tally *sum)
{
    for (int i = 0; i < c->threads; i++) {
        sum->loss += c->member[i].sum.loss;
        sum->hits += c->member[i].sum.hits;
        sum->lines += c->member[i].sum.lines;
        c->member[i].sum = (struct classifier_tally){0};
    }
}

void classifier_crew_learn(struct classifier_crew *c, const struct classifier_piece *piece,
                           struct classifier_tally *sum)
{
    c->piece = piece;
    if (c->learners == 1) {
        learn_lines(&c->member[0], piece, piece->begin, piece->end);
    } else {
        atomic_store(&c->taken, 0);
        pool_run(c->pool, learn_freely, c);
    }
    gather(c, sum);
}

/* --- asking ---------------------------------------------------------------------------------------------------------
 */

static void ask(void *context, int thread, int threads)
{
    struct classifier_crew *c = context;
    const struct classifier_lines *l = c->lines;
    struct member *m = &c->member[thread];
    size_t end, begin = pool_share(l->lines, thread, threads, &end), labels = c->net->labels;
    for (size_t i = begin; i < end; i++) {
        size_t rows, known, guess;
        const int32_t *row = classifier_line(l, i, &rows), *label = classifier_line_labels(l, i, &known);
        if (i + AHEAD < end)
            fetch(c->net, l, i + AHEAD);
        guess = classifier_net_ask(c->net, row, rows, &m->room);
        m->sum.loss += known ? (double)classifier_loss(m->room.probability[label[0]]) : 0;
        m->sum.hits += is_label(l, i, guess);
        m->sum.lines++;
        if (c->guess)
            c->guess[i] = (int32_t)guess;
        if (c->probability)
            memcpy(c->probability + i * labels, m->room.probability, labels * sizeof(float));
    }
}

void classifier_crew_ask(struct classifier_crew *c, const struct classifier_lines *lines, int32_t *guess,
                         float *probability, struct classifier_tally *sum)
{
    c->lines = lines;
    c->guess = guess;
    c->probability = probability;
    pool_run(c->pool, ask, c);
    gather(c, sum);
}
