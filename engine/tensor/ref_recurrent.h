/* LSTM and GRU over a whole sequence, forward and back, as their formulas stand in ops.h; sums in double.
 *
 * Kept of an LSTM: keep[0] T x B x 4D the gates after their functions, keep[1] T x B x D the cell after each step.
 * Kept of a GRU: keep[0] T x B x 4D: r, z, n and q = h un + bn.
 * Zoneout draws for element e = (t B + b) D + d: h by random_at(random, 2 e), the cell by random_at(random, 2 e + 1).
 */
#ifndef TENSOR_REF_RECURRENT_H
#define TENSOR_REF_RECURRENT_H

#include <math.h>

#include "engine/tensor/kernel.h"
#include "engine/tensor/recurrent.h"

static double squash(double x)
{
    return 1 / (1 + exp(-x));
}

/* The product of a state with one column of u. */
static double through(const REAL *h, const REAL *u, size_t depth, size_t columns, size_t column)
{
    double sum = 0;
    for (size_t k = 0; h && k < depth; k++)
        sum += (double)h[k] * (double)u[k * columns + column];
    return sum;
}

/* A row's slopes go through u: to the state before (added to) and to u itself. h NULL: zeros. */
static void through_back(double *dh, REAL *du, const REAL *h, const REAL *u, const double *slope, size_t depth,
                         size_t columns)
{
    for (size_t k = 0; k < depth; k++)
        for (size_t j = 0; j < columns; j++) {
            dh[k] += slope[j] * (double)u[k * columns + j];
            if (du && h)
                du[k * columns + j] += (REAL)(slope[j] * (double)h[k]);
        }
}

static void add_slopes(REAL *to, const double *slope, size_t n)
{
    for (size_t i = 0; to && i < n; i++)
        to[i] += (REAL)slope[i];
}

/* Row b of an array of steps x rows x width, at the step before `step` in the order of the run; before the first the
 * row of `first`, which may be NULL. */
static const REAL *row_before(const struct recurrent *r, const REAL *steps, const REAL *first, size_t step, size_t b)
{
    if (step > 0)
        return steps + (recurrent_time(r, step - 1) * r->rows + b) * r->width;
    return first ? first + b * r->width : NULL;
}

static void copy_row(REAL *to, const REAL *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = from ? from[i] : 0;
}

/* The last state of each row. */
static void copy_last(const struct recurrent *r, struct tensor *last, const REAL *steps, const REAL *first)
{
    for (size_t b = 0; last && b < r->rows; b++)
        copy_row((REAL *)last->data + b * r->width, row_before(r, steps, first, r->steps, b), r->width);
}

/* --- LSTM --------------------------------------------------------------------------------------------------------- */

/* How much of its old value an element keeps: 1 or 0 by a draw, or what is expected. */
static double held(const struct recurrent *r, bool learning, size_t element)
{
    if (r->zoneout == 0)
        return 0;
    return !learning ? r->zoneout : random_at(r->random, element) < r->zoneout ? 1 : 0;
}

static void lstm_cell(const struct recurrent *r, bool learning, size_t t, size_t b, const REAL *gates, const REAL *u,
                      const REAL *h0, const REAL *c0, REAL *h, REAL *c, REAL *kept)
{
    size_t width = r->width;
    for (size_t d = 0; d < width; d++) {
        size_t e = (t * r->rows + b) * width + d;
        double pre[4], in, forget, candidate, out, cell, was_h = h0 ? (double)h0[d] : 0, was_c = c0 ? (double)c0[d] : 0;
        double hold_h = held(r, learning, 2 * e), hold_c = held(r, learning, 2 * e + 1);
        for (size_t g = 0; g < 4; g++)
            pre[g] = (double)gates[g * width + d] + through(h0, u, width, 4 * width, g * width + d);
        in = squash(pre[0]);
        forget = squash(pre[1]);
        candidate = tanh(pre[2]);
        out = squash(pre[3]);
        cell = forget * was_c + in * candidate;
        h[d] = (REAL)(hold_h * was_h + (1 - hold_h) * out * tanh(cell));
        c[d] = (REAL)(hold_c * was_c + (1 - hold_c) * cell);
        if (kept) {
            kept[d] = (REAL)in;
            kept[width + d] = (REAL)forget;
            kept[2 * width + d] = (REAL)candidate;
            kept[3 * width + d] = (REAL)out;
        }
    }
}

static void lstm_forward(struct tape *t, struct node *n)
{
    struct recurrent r = recurrent_of(n, 4);
    const struct tensor *gates = n->in[0];
    const REAL *u = n->in[1]->data, *h0 = numbers_of(n->in[2]), *c0 = numbers_of(n->in[3]);
    REAL *h = n->out[0]->data, *kept = numbers_of(n->keep[0]);
    REAL *c = n->keep[1] ? n->keep[1]->data : tape_scratch(t, r.steps * r.rows * r.width * sizeof *c);
    if (!c)
        return;
    for (size_t step = 0; step < r.steps; step++)
        for (size_t b = 0, time = recurrent_time(&r, step); b < r.rows; b++) {
            size_t row = time * r.rows + b;
            const REAL *was_h = row_before(&r, h, h0, step, b), *was_c = row_before(&r, c, c0, step, b);
            const REAL *x = (const REAL *)gates->data + time * gates->stride[0] + b * gates->stride[1];
            if (recurrent_moves(&r, time, b)) {
                lstm_cell(&r, tape_learning(t), time, b, x, u, was_h, was_c, h + row * r.width, c + row * r.width,
                          kept ? kept + row * 4 * r.width : NULL);
            } else {
                copy_row(h + row * r.width, was_h, r.width);
                copy_row(c + row * r.width, was_c, r.width);
            }
        }
    copy_last(&r, n->out[1], h, h0);
    copy_last(&r, n->out[2], c, c0);
}

/* From the slopes of h and c after a step to those of the gates before their functions (slope) and of h and c before
 * it, as far as these do not go through u. */
static void lstm_cell_back(const struct recurrent *r, size_t row, const REAL *kept, const REAL *c0, double *dh,
                           double *dc, double *slope)
{
    size_t width = r->width;
    for (size_t d = 0; d < width; d++) {
        double in = (double)kept[d], forget = (double)kept[width + d], candidate = (double)kept[2 * width + d],
               out = (double)kept[3 * width + d], was_c = c0 ? (double)c0[d] : 0;
        double hold_h = held(r, true, 2 * (row * width + d)), hold_c = held(r, true, 2 * (row * width + d) + 1);
        double bent = tanh(forget * was_c + in * candidate), dh_new = (1 - hold_h) * dh[d],
               dcell = (1 - hold_c) * dc[d] + dh_new * out * (1 - bent * bent);
        slope[d] = dcell * candidate * in * (1 - in);
        slope[width + d] = dcell * was_c * forget * (1 - forget);
        slope[2 * width + d] = dcell * in * (1 - candidate * candidate);
        slope[3 * width + d] = dh_new * bent * out * (1 - out);
        dh[d] = hold_h * dh[d];
        dc[d] = hold_c * dc[d] + dcell * forget;
    }
}

static void lstm_backward(struct tape *t, struct node *n)
{
    struct recurrent r = recurrent_of(n, 4);
    size_t width = r.width;
    struct tensor *gates = n->in[0], *u = n->in[1], *h0 = n->in[2], *c0 = n->in[3];
    REAL *dgates = slope_to(t, gates), *du = slope_to(t, u), *dh0 = slope_to(t, h0), *dc0 = slope_to(t, c0);
    const REAL *dout = slope_from(n->out[0]), *dlast_h = slope_from(n->out[1]), *dlast_c = slope_from(n->out[2]);
    double *dh = tape_scratch(t, 6 * width * sizeof *dh), *dc = dh + width, *slope = dh + 2 * width;
    for (size_t b = 0; dh && b < r.rows; b++) {
        for (size_t d = 0; d < width; d++) {
            dh[d] = dlast_h ? (double)dlast_h[b * width + d] : 0;
            dc[d] = dlast_c ? (double)dlast_c[b * width + d] : 0;
        }
        for (size_t step = r.steps; step-- > 0;) {
            size_t time = recurrent_time(&r, step), row = time * r.rows + b;
            for (size_t d = 0; dout && d < width; d++)
                dh[d] += (double)dout[row * width + d];
            if (!recurrent_moves(&r, time, b))
                continue;
            lstm_cell_back(&r, row, (const REAL *)n->keep[0]->data + row * 4 * width,
                           row_before(&r, n->keep[1]->data, numbers_of(c0), step, b), dh, dc, slope);
            if (dgates)
                add_slopes(dgates + time * gates->stride[0] + b * gates->stride[1], slope, 4 * width);
            through_back(dh, du, row_before(&r, n->out[0]->data, numbers_of(h0), step, b), u->data, slope, width,
                         4 * width);
        }
        add_slopes(dh0 ? dh0 + b * width : NULL, dh, width);
        add_slopes(dc0 ? dc0 + b * width : NULL, dc, width);
    }
}

/* --- GRU ---------------------------------------------------------------------------------------------------------- */

static void gru_cell(size_t width, const REAL *gates, const REAL *u, const REAL *bn, const REAL *h0, REAL *h,
                     REAL *kept)
{
    for (size_t d = 0; d < width; d++) {
        double was = h0 ? (double)h0[d] : 0, q = through(h0, u, width, 3 * width, 2 * width + d) + (double)bn[d];
        double reset = squash((double)gates[d] + through(h0, u, width, 3 * width, d));
        double update = squash((double)gates[width + d] + through(h0, u, width, 3 * width, width + d));
        double fresh = tanh((double)gates[2 * width + d] + reset * q);
        h[d] = (REAL)((1 - update) * fresh + update * was);
        if (kept) {
            kept[d] = (REAL)reset;
            kept[width + d] = (REAL)update;
            kept[2 * width + d] = (REAL)fresh;
            kept[3 * width + d] = (REAL)q;
        }
    }
}

static void gru_forward(struct tape *t, struct node *n)
{
    struct recurrent r = recurrent_of(n, 3);
    const struct tensor *gates = n->in[0];
    const REAL *h0 = numbers_of(n->in[3]);
    REAL *h = n->out[0]->data, *kept = numbers_of(n->keep[0]);
    (void)t;
    for (size_t step = 0; step < r.steps; step++)
        for (size_t b = 0, time = recurrent_time(&r, step); b < r.rows; b++) {
            size_t row = time * r.rows + b;
            const REAL *was = row_before(&r, h, h0, step, b);
            if (recurrent_moves(&r, time, b))
                gru_cell(r.width, (const REAL *)gates->data + time * gates->stride[0] + b * gates->stride[1],
                         n->in[1]->data, n->in[2]->data, was, h + row * r.width,
                         kept ? kept + row * 4 * r.width : NULL);
            else
                copy_row(h + row * r.width, was, r.width);
        }
    copy_last(&r, n->out[1], h, h0);
}

/* slope[0 .. 3D): of the gates before their functions; [3D .. 6D): of h u, which differ in the last third by r. */
static void gru_cell_back(size_t width, const REAL *kept, const REAL *h0, double *dh, double *slope)
{
    for (size_t d = 0; d < width; d++) {
        double reset = (double)kept[d], update = (double)kept[width + d], fresh = (double)kept[2 * width + d],
               q = (double)kept[3 * width + d], was = h0 ? (double)h0[d] : 0;
        double dfresh = dh[d] * (1 - update) * (1 - fresh * fresh);
        slope[d] = slope[3 * width + d] = dfresh * q * reset * (1 - reset);
        slope[width + d] = slope[4 * width + d] = dh[d] * (was - fresh) * update * (1 - update);
        slope[2 * width + d] = dfresh;
        slope[5 * width + d] = dfresh * reset;
        dh[d] *= update;
    }
}

static void gru_backward(struct tape *t, struct node *n)
{
    struct recurrent r = recurrent_of(n, 3);
    size_t width = r.width;
    struct tensor *gates = n->in[0], *u = n->in[1], *h0 = n->in[3];
    REAL *dgates = slope_to(t, gates), *du = slope_to(t, u), *dbn = slope_to(t, n->in[2]), *dh0 = slope_to(t, h0);
    const REAL *dout = slope_from(n->out[0]), *dlast = slope_from(n->out[1]);
    double *dh = tape_scratch(t, 7 * width * sizeof *dh), *slope = dh + width;
    for (size_t b = 0; dh && b < r.rows; b++) {
        for (size_t d = 0; d < width; d++)
            dh[d] = dlast ? (double)dlast[b * width + d] : 0;
        for (size_t step = r.steps; step-- > 0;) {
            size_t time = recurrent_time(&r, step), row = time * r.rows + b;
            const REAL *was = row_before(&r, n->out[0]->data, numbers_of(h0), step, b);
            for (size_t d = 0; dout && d < width; d++)
                dh[d] += (double)dout[row * width + d];
            if (!recurrent_moves(&r, time, b))
                continue;
            gru_cell_back(width, (const REAL *)n->keep[0]->data + row * 4 * width, was, dh, slope);
            if (dgates)
                add_slopes(dgates + time * gates->stride[0] + b * gates->stride[1], slope, 3 * width);
            add_slopes(dbn, slope + 5 * width, width);
            through_back(dh, du, was, u->data, slope + 3 * width, width, 3 * width);
        }
        add_slopes(dh0 ? dh0 + b * width : NULL, dh, width);
    }
}

#endif
