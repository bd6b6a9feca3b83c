#include "engine/algo/xgboost/split.h"

#include <math.h>
#include <string.h>

#define FAST __attribute__((target_clones("default", "arch=x86-64-v3")))

typedef double doubles __attribute__((vector_size(32)));
typedef int64_t longs __attribute__((vector_size(32)));
typedef int32_t ints __attribute__((vector_size(16)));

/* --- one node -------------------------------------------------------------------------------------------------------
 */
static double threshold(double g, double alpha)
{
    return g > alpha ? g - alpha : g < -alpha ? g + alpha : 0;
}

double split_weight(const struct grow_settings *s, struct split_sums sums, struct split_bounds b)
{
    double w = 0;
    if (sums.h > 0 && sums.h + s->lambda > 0)
        w = -threshold(sums.g, s->alpha) / (sums.h + s->lambda);
    if (s->max_delta_step > 0 && fabs(w) > s->max_delta_step)
        w = copysign(s->max_delta_step, w);
    return w < b.low ? b.low : w > b.high ? b.high : w;
}

double split_score(const struct grow_settings *s, struct split_sums sums, struct split_bounds b)
{
    if (!(sums.h + s->lambda > 0))
        return 0;
    if (s->max_delta_step == 0 && b.low == -INFINITY && b.high == INFINITY) {
        double t = threshold(sums.g, s->alpha);
        return t * t / (sums.h + s->lambda);
    }
    double w = split_weight(s, sums, b);
    return -(2 * sums.g * w + (sums.h + s->lambda) * w * w + 2 * s->alpha * fabs(w));
}

void split_bounds(const struct grow_settings *s, uint32_t column, struct split_sums left, struct split_sums right,
                  struct split_bounds b, struct split_bounds *of_left, struct split_bounds *of_right)
{
    int way = s->monotone ? s->monotone[column] : 0;
    *of_left = *of_right = b;
    if (way == 0)
        return;
    double middle = (split_weight(s, left, b) + split_weight(s, right, b)) / 2;
    (way > 0 ? of_left : of_right)->high = middle;
    (way > 0 ? of_right : of_left)->low = middle;
}

float split_threshold(const struct cuts *c, uint32_t column, uint32_t bin)
{
    const struct cut_column *k = &c->column[column];
    return bin == 0 ? k->low : bin >= k->bins ? k->high : c->value[k->first + bin - 1];
}

/* --- candidates -----------------------------------------------------------------------------------------------------
 */

/* What the loops over candidates need of a node and the rules, in plain numbers. */
struct scale {
    double g, h, total_g, total_h, lambda, least; /* totals in units of g and h */
};

struct found {
    double score;
    size_t at;
};

/* The candidate of the largest score of both sides, the first of equals. left: packed sums; n is rounded up to four by
 * the caller, who repeats the last. */
FAST static struct found best_plain(const uint64_t *left, size_t n, const struct scale *s)
{
    doubles best = {-1, -1, -1, -1}, zero = {0, 0, 0, 0};
    longs at = {0, 0, 0, 0}, now = {0, 1, 2, 3};
    for (size_t i = 0; i < n; i += 4) {
        ints g4, h4;
        for (int k = 0; k < 4; k++) {
            g4[k] = (int32_t)(left[i + (size_t)k] >> 32);
            h4[k] = (int32_t)left[i + (size_t)k];
        }
        doubles gl = __builtin_convertvector(g4, doubles), hl = __builtin_convertvector(h4, doubles);
        doubles gr = (s->total_g - gl) * s->g, hr = (s->total_h - hl) * s->h; /* exact: mirrored splits tie */
        gl *= s->g;
        hl *= s->h;
        doubles bl = hl + s->lambda, br = hr + s->lambda;
        doubles score = (gl * gl * br + gr * gr * bl) / (bl * br);
        longs better = (hl >= s->least) & (hr >= s->least) & (bl > zero) & (br > zero) & (score > best);
        best = (doubles)(((longs)score & better) | ((longs)best & ~better));
        at = (now & better) | (at & ~better);
        now += 4;
    }
    struct found f = {best[0], (size_t)at[0]};
    for (int k = 1; k < 4; k++)
        if (best[k] > f.score || (best[k] == f.score && (size_t)at[k] < f.at))
            f = (struct found){best[k], (size_t)at[k]};
    return f;
}

static struct found best_ruled(const struct split_rules *r, const uint64_t *left, size_t n, uint32_t column,
                               const struct split_node *node, const struct scale *s)
{
    const struct grow_settings *set = r->settings;
    int way = set->monotone ? set->monotone[column] : 0;
    struct found f = {-INFINITY, 0};
    for (size_t i = 0; i < n; i++) {
        struct split_sums a = {fixed_g(r->fixed, left[i]), fixed_h(r->fixed, left[i])};
        struct split_sums b = {fixed_g(r->fixed, node->total - left[i]), fixed_h(r->fixed, node->total - left[i])};
        if (a.h < s->least || b.h < s->least || !(a.h + s->lambda > 0) || !(b.h + s->lambda > 0))
            continue;
        double rise = split_weight(set, b, node->bounds) - split_weight(set, a, node->bounds);
        if ((way > 0 && rise < 0) || (way < 0 && rise > 0))
            continue;
        double score = split_score(set, a, node->bounds) + split_score(set, b, node->bounds);
        if (score > f.score)
            f = (struct found){score, i};
    }
    return f;
}

/* Candidates: first those that send missing values right, left sides growing; then, where values are missing, those
 * that send them left, right sides growing. */
static size_t list_candidates(const uint64_t *own, uint32_t bins, uint64_t missing, uint64_t *left)
{
    uint64_t sum = 0;
    size_t n = 0;
    uint32_t last = missing ? bins : bins - 1;
    for (uint32_t k = 0; k < last; k++) {
        sum += own[k];
        left[n++] = sum;
    }
    for (uint32_t k = bins; missing && k-- > 0;) {
        sum -= own[k];
        left[n++] = sum + missing;
    }
    return n;
}

void split_column(const struct split_rules *r, const struct bins *b, uint32_t column, const struct split_node *node,
                  uint64_t *scratch, struct split *best)
{
    const struct bins_column *c = &b->column[column];
    size_t room = b->scratch;
    uint64_t *own = scratch, *left = scratch + room;
    struct scale s = {r->fixed->g,          r->fixed->h,         (int32_t)(node->total >> 32),
                      (int32_t)node->total, r->settings->lambda, r->settings->min_child_weight};
    if (c->codes < 2 || c->bins == 0)
        return;
    bins_marginal(b, column, node->cells, node->total, own, left);
    uint64_t missing = c->codes > c->bins ? own[c->bins] : 0;
    size_t n = list_candidates(own, c->bins, missing, left);
    if (n == 0)
        return;
    struct found f;
    if (r->plain) {
        size_t whole = (n + 3) / 4 * 4;
        for (size_t k = n; k < whole; k++)
            left[k] = left[n - 1];
        f = best_plain(left, whole, &s);
    } else {
        f = best_ruled(r, left, n, column, node, &s);
    }
    f.at = f.at < n ? f.at : n - 1;
    struct split found = {.gain = f.score - node->score, .column = column, .left = left[f.at]};
    size_t rising = missing ? c->bins : c->bins - 1;
    found.default_left = f.at >= rising;
    found.bin = (uint32_t)(found.default_left ? c->bins - 1 - (f.at - rising) : f.at + 1);
    if (f.score > -1 && split_better(&found, best))
        *best = found;
}
