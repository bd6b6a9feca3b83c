/* The LSTM on the processor: ref_recurrent.h has the formulas. Per step and thread one small product, of its rows' h
 * with u packed once, lands on the input's part of the gates, which then get their functions while they are in the
 * first-level cache. */
#include <math.h>
#include <string.h>

#include "engine/tensor/cpu_recurrent.h"
#include "engine/tensor/exp.h"

struct lstm {
    struct recurrent r;
    struct tensor *gates;
    const float *h0, *c0, *u; /* u packed; transposed on the way back */
    float *h, *c, *last_h, *last_c;
    float *kept; /* T x B x 4D, or, when nothing is kept, B x 4D: `kept_step` is 0 */
    size_t kept_step;
    float *held;           /* T x B x 2D: 1 where zoneout holds an element of h and c, else 0 */
    bool learning, starts; /* starts: h0 was given */
    /* the way back */
    const float *dh, *dlast_h, *dlast_c;
    float *dgates;          /* added to, or NULL */
    float *slope;           /* T x B x 4D: of the gates before their functions */
    float *dh_now, *dc_now; /* B x D: of the state between two steps */
};

enum { MEMO_HELD = 17 };

/* --- forward ------------------------------------------------------------------------------------------------------ */

/* One row: gates to their functions in place, then the state after the step. Short loops: those of one long chain of
 * functions would wait for each other. */
VECTORISED static void cell(float *restrict gates, const float *restrict c0, float *restrict c, float *restrict h,
                            size_t width)
{
    float *fresh = gates + 2 * width, *out = gates + 3 * width;
    for (size_t d = 0; d < 2 * width; d++) /* input and forget */
        gates[d] = sigmoid_float(gates[d]);
    for (size_t d = 0; d < width; d++)
        fresh[d] = tanh_float(fresh[d]);
    for (size_t d = 0; d < width; d++)
        out[d] = sigmoid_float(out[d]);
    for (size_t d = 0; d < width; d++)
        c[d] = gates[width + d] * c0[d] + gates[d] * fresh[d];
    for (size_t d = 0; d < width; d++)
        h[d] = out[d] * tanh_float(c[d]);
}

/* held = 1 where the draws of elements first, first + 2 and so on are below `least` of 2^24, else 0. */
VECTORISED static void draw(float *restrict held, uint64_t random, uint64_t first, uint32_t least, size_t n)
{
    enum { AT_ONCE = 64 };
    uint32_t bits[AT_ONCE];
    for (size_t d = 0; d < n; d += AT_ONCE) {
        size_t count = n - d < AT_ONCE ? n - d : AT_ONCE;
        for (size_t i = 0; i < count; i++)
            bits[i] = (uint32_t)random_bits(random, first + 2 * (d + i));
        for (size_t i = 0; i < count; i++)
            held[d + i] = bits[i] < least ? 1.0f : 0.0f;
    }
}

/* x = old where it is held. */
VECTORISED static void hold(float *restrict x, const float *restrict old, const float *restrict held, size_t n)
{
    for (size_t d = 0; d < n; d++)
        x[d] = held[d] > 0 ? old[d] : x[d];
}

/* x = share old + (1 - share) x: what is expected of holding. */
VECTORISED static void mix(float *restrict x, const float *restrict old, float share, size_t n)
{
    for (size_t d = 0; d < n; d++)
        x[d] = share * old[d] + (1 - share) * x[d];
}

/* Of a row's h and c, which zoneout lets keep some of their old values. */
static void zone_out(const struct lstm *l, size_t row, const float *h0, const float *c0)
{
    size_t width = l->r.width, first = 2 * row * width;
    uint32_t least = (uint32_t)ceil(l->r.zoneout * 0x1p24);
    float *held = l->held + first;
    if (!l->learning) {
        mix(l->h + row * width, h0, (float)l->r.zoneout, width);
        mix(l->c + row * width, c0, (float)l->r.zoneout, width);
        return;
    }
    draw(held, l->r.random, first, least, width);
    draw(held + width, l->r.random, first + 1, least, width);
    hold(l->h + row * width, h0, held, width);
    hold(l->c + row * width, c0, held + width, width);
}

static void step_row(const struct lstm *l, size_t time, size_t b, float *gates, const float *h0, const float *c0)
{
    size_t width = l->r.width, row = time * l->r.rows + b;
    float *h = l->h + row * width, *c = l->c + row * width;
    if (!recurrent_moves(&l->r, time, b)) {
        cpu_copy(h, h0, width);
        cpu_copy(c, c0, width);
        return;
    }
    cell(gates, c0, c, h, width);
    if (l->r.zoneout > 0)
        zone_out(l, row, h0, c0);
}

static void forward_rows(void *context, int part, size_t begin, size_t end)
{
    const struct lstm *l = context;
    const struct recurrent *r = &l->r;
    size_t width = r->width, columns = 4 * width;
    (void)part;
    for (size_t step = 0; step < r->steps; step++) {
        size_t time = recurrent_time(r, step);
        const float *h0 = cpu_state_before(r, l->h, l->h0, step, begin);
        const float *c0 = cpu_state_before(r, l->c, l->c0, step, begin);
        float *gates = l->kept + time * l->kept_step + begin * columns;
        if (step == 0 && !l->starts)
            cpu_rows_from(gates, l->gates, time, begin, end);
        else
            product(&(struct product){.c = gates,
                                      .ldc = columns,
                                      .from = cpu_row_of(l->gates, time, begin),
                                      .ldf = l->gates->stride[1],
                                      .a = h0,
                                      .lda = width,
                                      .packed = l->u,
                                      .rows = end - begin,
                                      .columns = columns,
                                      .depth = width});
        for (size_t b = begin; b < end; b++)
            step_row(l, time, b, gates + (b - begin) * columns, h0 + (b - begin) * width, c0 + (b - begin) * width);
    }
    cpu_last_state(r, l->last_h, l->h, l->h0, begin, end);
    cpu_last_state(r, l->last_c, l->c, l->c0, begin, end);
}

static double operations(const struct recurrent *r)
{
    return 8 * (double)(r->steps * r->rows) * (double)r->width * (double)(r->width + 16);
}

static float *held_of(struct tape *t, const struct node *n, size_t count)
{
    bool fresh;
    return tape_memo(t, n->out[0], MEMO_HELD, count * sizeof(float), &fresh);
}

static struct lstm lstm_of(struct tape *t, struct node *n, bool transposed)
{
    struct recurrent r = recurrent_of(n, 4);
    return (struct lstm){.r = r,
                         .gates = n->in[0],
                         .u = cpu_packed(t, n->in[1], transposed),
                         .h0 = n->in[2] ? n->in[2]->data : cpu_zeros(t, r.rows * r.width),
                         .starts = n->in[2] != NULL,
                         .held =
                             r.zoneout > 0 && tape_learning(t) ? held_of(t, n, 2 * r.steps * r.rows * r.width) : NULL,
                         .c0 = n->in[3] ? n->in[3]->data : cpu_zeros(t, r.rows * r.width),
                         .h = n->out[0]->data,
                         .last_h = n->out[1]->data,
                         .last_c = n->out[2]->data,
                         .c = numbers_of(n->keep[1]),
                         .kept = numbers_of(n->keep[0]),
                         .learning = tape_learning(t)};
}

void cpu_lstm_forward(struct tape *t, struct node *n)
{
    struct lstm l = lstm_of(t, n, false);
    size_t row = l.r.rows * l.r.width;
    l.kept_step = l.kept ? 4 * row : 0;
    if (!l.kept)
        l.kept = tape_scratch(t, 4 * row * sizeof *l.kept);
    if (!l.c)
        l.c = tape_scratch(t, l.r.steps * row * sizeof *l.c);
    if (!tape_failed(t))
        cpu_share(t, l.r.rows, operations(&l.r), forward_rows, &l);
}

/* --- backward ----------------------------------------------------------------------------------------------------- */

/* One row: from the slopes dh and dc of the state after the step to that of the gates before their functions, and of
 * the cell before it. What goes to h before it comes by the product with u; dh is cleared for it. */
VECTORISED static void cell_back(float *restrict slope, const float *restrict kept, const float *restrict c0,
                                 float *restrict dh, float *restrict dc, size_t width)
{
    for (size_t d = 0; d < width; d++) {
        float i = kept[d], f = kept[width + d], g = kept[2 * width + d], o = kept[3 * width + d];
        float bent = tanh_float(f * c0[d] + i * g), dcell = dc[d] + dh[d] * o * (1 - bent * bent);
        slope[d] = dcell * g * i * (1 - i);
        slope[width + d] = dcell * c0[d] * f * (1 - f);
        slope[2 * width + d] = dcell * i * (1 - g * g);
        slope[3 * width + d] = dh[d] * bent * o * (1 - o);
        dc[d] = dcell * f;
        dh[d] = 0;
    }
}

/* The same where zoneout held some elements: their slopes go past the cell. */
VECTORISED static void zoned_back(float *restrict slope, const float *restrict kept, const float *restrict c0,
                                  float *restrict dh, float *restrict dc, const float *restrict held, size_t width)
{
    for (size_t d = 0; d < width; d++) {
        float i = kept[d], f = kept[width + d], g = kept[2 * width + d], o = kept[3 * width + d];
        float hold_h = held[d], hold_c = held[width + d], bent = tanh_float(f * c0[d] + i * g),
              through = (1 - hold_h) * dh[d], dcell = (1 - hold_c) * dc[d] + through * o * (1 - bent * bent);
        slope[d] = dcell * g * i * (1 - i);
        slope[width + d] = dcell * c0[d] * f * (1 - f);
        slope[2 * width + d] = dcell * i * (1 - g * g);
        slope[3 * width + d] = through * bent * o * (1 - o);
        dc[d] = hold_c * dc[d] + dcell * f;
        dh[d] *= hold_h;
    }
}

static void step_row_back(const struct lstm *l, size_t time, size_t b, const float *c0)
{
    size_t width = l->r.width, row = time * l->r.rows + b;
    float *slope = l->slope + row * 4 * width, *dh = l->dh_now + b * width, *dc = l->dc_now + b * width;
    const float *kept = l->kept + row * 4 * width;
    if (l->dh)
        cpu_add(dh, l->dh + row * width, width);
    if (!recurrent_moves(&l->r, time, b)) {
        memset(slope, 0, 4 * width * sizeof *slope);
    } else if (l->r.zoneout > 0) {
        zoned_back(slope, kept, c0, dh, dc, l->held + 2 * row * width, width);
    } else {
        cell_back(slope, kept, c0, dh, dc, width);
    }
}

static void backward_rows(void *context, int part, size_t begin, size_t end)
{
    const struct lstm *l = context;
    const struct recurrent *r = &l->r;
    size_t width = r->width, columns = 4 * width;
    (void)part;
    cpu_copy(l->dh_now + begin * width, l->dlast_h ? l->dlast_h + begin * width : NULL, (end - begin) * width);
    cpu_copy(l->dc_now + begin * width, l->dlast_c ? l->dlast_c + begin * width : NULL, (end - begin) * width);
    for (size_t step = r->steps; step-- > 0;) {
        size_t time = recurrent_time(r, step);
        const float *c0 = cpu_state_before(r, l->c, l->c0, step, begin);
        float *slope = l->slope + (time * r->rows + begin) * columns;
        for (size_t b = begin; b < end; b++)
            step_row_back(l, time, b, c0 + (b - begin) * width);
        cpu_state_back(r, l->dh_now, l->slope + time * r->rows * columns, l->u, columns, begin, end);
        if (l->dgates)
            cpu_rows_add(l->dgates, l->gates, slope, time, begin, end);
    }
}

/* Slopes of the gates are written where they belong, if nothing was added there yet; else beside it and added. */
void cpu_lstm_backward(struct tape *t, struct node *n)
{
    struct lstm l = lstm_of(t, n, true);
    size_t numbers = l.r.rows * l.r.width;
    double beta;
    float *dgates = tape_grad_beta(t, l.gates, &beta);
    bool in_place = dgates && beta == 0;
    l.slope = in_place ? dgates : tape_scratch(t, 4 * l.r.steps * numbers * sizeof(float));
    l.dgates = in_place ? NULL : dgates;
    l.dh = slope_from(n->out[0]);
    l.dlast_h = slope_from(n->out[1]);
    l.dlast_c = slope_from(n->out[2]);
    l.dh_now = tape_scratch(t, numbers * sizeof(float));
    l.dc_now = tape_scratch(t, numbers * sizeof(float));
    if (tape_failed(t))
        return;
    cpu_share(t, l.r.rows, operations(&l.r), backward_rows, &l);
    cpu_through_back(t, &l.r, n->in[1], l.h, n->in[2], l.slope, 4 * l.r.width);
    float *dh0 = slope_to(t, n->in[2]), *dc0 = slope_to(t, n->in[3]);
    if (dh0)
        cpu_add(dh0, l.dh_now, numbers);
    if (dc0)
        cpu_add(dc0, l.dc_now, numbers);
}
