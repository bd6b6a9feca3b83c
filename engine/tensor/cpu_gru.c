/* The GRU on the processor, as cpu_lstm.c does the LSTM: ref_recurrent.h has the formulas. */
#include <string.h>

#include "engine/tensor/cpu_recurrent.h"
#include "engine/tensor/exp.h"

struct gru {
    struct recurrent r;
    struct tensor *gates;
    const float *h0, *u, *bn; /* u packed; transposed on the way back; h0 zeros where none was given */
    float *h, *last_h, *kept; /* kept: T x B x 4D or NULL */
    float *through;           /* h u: B x 3D forward; T x B x 3D, its slope, on the way back */
    /* the way back */
    const float *dh, *dlast_h;
    float *dgates; /* T x B x 3D */
    float *dh_now; /* B x D */
};

/* --- forward ------------------------------------------------------------------------------------------------------ */

/* One row: gates in, h u in `through`; q = h un + bn. */
VECTORISED static void cell(float *restrict through, const float *restrict gates, const float *restrict bn,
                            const float *restrict h0, float *restrict h, size_t width)
{
    for (size_t d = 0; d < width; d++) {
        float reset = sigmoid_float(gates[d] + through[d]),
              update = sigmoid_float(gates[width + d] + through[width + d]), q = through[2 * width + d] + bn[d],
              fresh = tanh_float(gates[2 * width + d] + reset * q);
        h[d] = (1 - update) * fresh + update * h0[d];
    }
}

/* The same, and keeps r z n q. */
VECTORISED static void cell_kept(float *restrict kept, const float *restrict through, const float *restrict gates,
                                 const float *restrict bn, const float *restrict h0, float *restrict h, size_t width)
{
    for (size_t d = 0; d < width; d++) {
        float reset = sigmoid_float(gates[d] + through[d]),
              update = sigmoid_float(gates[width + d] + through[width + d]), q = through[2 * width + d] + bn[d],
              fresh = tanh_float(gates[2 * width + d] + reset * q);
        kept[d] = reset;
        kept[width + d] = update;
        kept[2 * width + d] = fresh;
        kept[3 * width + d] = q;
        h[d] = (1 - update) * fresh + update * h0[d];
    }
}

static void step_row(const struct gru *g, size_t time, size_t b, const float *h0)
{
    size_t width = g->r.width, row = time * g->r.rows + b;
    const float *gates = (const float *)g->gates->data + time * g->gates->stride[0] + b * g->gates->stride[1];
    float *h = g->h + row * width, *through = g->through + b * 3 * width;
    if (!recurrent_moves(&g->r, time, b))
        cpu_copy(h, h0, width);
    else if (g->kept)
        cell_kept(g->kept + row * 4 * width, through, gates, g->bn, h0, h, width);
    else
        cell(through, gates, g->bn, h0, h, width);
}

static void forward_rows(void *context, int part, size_t begin, size_t end)
{
    const struct gru *g = context;
    const struct recurrent *r = &g->r;
    size_t width = r->width, columns = 3 * width;
    (void)part;
    for (size_t step = 0; step < r->steps; step++) {
        const float *h0 = cpu_state_before(r, g->h, g->h0, step, begin);
        product(&(struct product){.c = g->through + begin * columns,
                                  .ldc = columns,
                                  .a = h0,
                                  .lda = width,
                                  .packed = g->u,
                                  .rows = end - begin,
                                  .columns = columns,
                                  .depth = width});
        for (size_t b = begin; b < end; b++)
            step_row(g, recurrent_time(r, step), b, h0 + (b - begin) * width);
    }
    cpu_last_state(r, g->last_h, g->h, g->h0, begin, end);
}

static double operations(const struct recurrent *r)
{
    return 6 * (double)(r->steps * r->rows) * (double)r->width * (double)(r->width + 16);
}

static struct gru gru_of(struct tape *t, struct node *n, bool transposed)
{
    struct recurrent r = recurrent_of(n, 3);
    return (struct gru){.r = r,
                        .gates = n->in[0],
                        .u = cpu_packed(t, n->in[1], transposed),
                        .bn = n->in[2]->data,
                        .h0 = n->in[3] ? n->in[3]->data : cpu_zeros(t, r.rows * r.width),
                        .h = n->out[0]->data,
                        .last_h = n->out[1]->data,
                        .kept = numbers_of(n->keep[0])};
}

void cpu_gru_forward(struct tape *t, struct node *n)
{
    struct gru g = gru_of(t, n, false);
    g.through = tape_scratch(t, 3 * g.r.rows * g.r.width * sizeof *g.through);
    if (g.u && g.h0 && g.through)
        cpu_share(t, g.r.rows, operations(&g.r), forward_rows, &g);
}

/* --- backward ----------------------------------------------------------------------------------------------------- */

/* One row: from the slope dh of the state after the step to that of the gates, of h u, and of the state before it as
 * far as it does not go through u. */
VECTORISED static void cell_back(float *restrict dgates, float *restrict through, const float *restrict kept,
                                 const float *restrict h0, float *restrict dh, size_t width)
{
    for (size_t d = 0; d < width; d++) {
        float reset = kept[d], update = kept[width + d], fresh = kept[2 * width + d], q = kept[3 * width + d];
        float dfresh = dh[d] * (1 - update) * (1 - fresh * fresh), dreset = dfresh * q * reset * (1 - reset),
              dupdate = dh[d] * (h0[d] - fresh) * update * (1 - update);
        dgates[d] = through[d] = dreset;
        dgates[width + d] = through[width + d] = dupdate;
        dgates[2 * width + d] = dfresh;
        through[2 * width + d] = dfresh * reset;
        dh[d] *= update;
    }
}

static void step_row_back(const struct gru *g, size_t time, size_t b, const float *h0)
{
    size_t width = g->r.width, row = time * g->r.rows + b;
    float *dgates = g->dgates + row * 3 * width, *through = g->through + row * 3 * width, *dh = g->dh_now + b * width;
    if (g->dh)
        cpu_add(dh, g->dh + row * width, width);
    if (recurrent_moves(&g->r, time, b)) {
        cell_back(dgates, through, g->kept + row * 4 * width, h0, dh, width);
    } else {
        memset(dgates, 0, 3 * width * sizeof *dgates);
        memset(through, 0, 3 * width * sizeof *through);
    }
}

static void backward_rows(void *context, int part, size_t begin, size_t end)
{
    const struct gru *g = context;
    const struct recurrent *r = &g->r;
    size_t width = r->width, columns = 3 * width;
    (void)part;
    cpu_copy(g->dh_now + begin * width, g->dlast_h ? g->dlast_h + begin * width : NULL, (end - begin) * width);
    for (size_t step = r->steps; step-- > 0;) {
        size_t time = recurrent_time(r, step);
        const float *h0 = cpu_state_before(r, g->h, g->h0, step, begin);
        for (size_t b = begin; b < end; b++)
            step_row_back(g, time, b, h0 + (b - begin) * width);
        cpu_state_back(r, g->dh_now, g->through + time * r->rows * columns, g->u, columns, begin, end);
    }
}

static void add_gate_slopes(const struct gru *g, float *to)
{
    for (size_t time = 0; time < g->r.steps; time++)
        cpu_rows_add(to, g->gates, g->dgates + time * g->r.rows * 3 * g->r.width, time, 0, g->r.rows);
}

void cpu_gru_backward(struct tape *t, struct node *n)
{
    struct gru g = gru_of(t, n, true);
    size_t numbers = g.r.rows * g.r.width, width = g.r.width, all = 3 * g.r.steps * numbers;
    double beta;
    float *to = tape_grad_beta(t, g.gates, &beta);
    bool in_place = to && beta == 0;
    g.dgates = in_place ? to : tape_scratch(t, all * sizeof(float));
    g.through = tape_scratch(t, all * sizeof(float));
    g.dh_now = tape_scratch(t, numbers * sizeof(float));
    g.dh = slope_from(n->out[0]);
    g.dlast_h = slope_from(n->out[1]);
    if (!g.u || !g.h0 || !g.dgates || !g.through || !g.dh_now)
        return;
    cpu_share(t, g.r.rows, operations(&g.r), backward_rows, &g);
    if (to && !in_place)
        add_gate_slopes(&g, to);
    cpu_through_back(t, &g.r, n->in[1], g.h, n->in[3], g.through, 3 * width);
    float *dbn = tape_grad_beta(t, n->in[2], &beta), *dh0 = slope_to(t, n->in[3]);
    if (dbn)
        cpu_column_sums(t, dbn, g.through + 2 * width, 3 * width, g.r.steps * g.r.rows, width, (float)beta);
    if (dh0)
        cpu_add(dh0, g.dh_now, numbers);
}
