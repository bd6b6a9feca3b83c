/* LSTM and GRU over a whole sequence: at each step one product with u and one kernel over all cells. Both loops are
 * played as graphs. */
#include "kernels.h"

#include "engine/tensor/recurrent.h"

namespace
{

struct sizes {
    size_t steps, rows, width;
    const int32_t *length;
    bool reverse;
};

sizes sizes_of(const node *n, size_t gates)
{
    const size_t *shape = n->in[0]->shape;
    return {shape[0], shape[1], shape[2] / gates, n->index[0], n->flag[0]};
}

/* Which time the run is at in its step-th step. */
size_t time_of(const sizes &s, size_t step)
{
    return s.reverse ? s.steps - 1 - step : step;
}

/* The state of all rows before a step; before the first it is `first`, which may be NULL: zeros. */
const float *before(const sizes &s, const float *states, const float *first, size_t step)
{
    return step > 0 ? states + time_of(s, step - 1) * s.rows * s.width : first;
}

__device__ bool moves(const int32_t *length, size_t time, size_t row)
{
    return !length || (length[row] > 0 && time < size_t(length[row]));
}

void copy_state(float *to, const float *from, size_t n)
{
    if (!to || n == 0)
        return;
    if (from)
        cuda_copy(to, from, n * sizeof *to);
    else
        cuda_zero(to, n * sizeof *to);
}

__global__ void add_state_kernel(float *to, float beta, const float *from, size_t n)
{
    FOR_EACH(i, n) put(&to[i], from[i], beta);
}

void add_state(slope to, const float *from, size_t n)
{
    if (to.at)
        launch(n, add_state_kernel, to.at, to.beta, from, n);
}

/* Slopes of the gates, dense, go to where the gates lie. */
__global__ void add_gates_kernel(float *to, float beta, const float *from, view v, size_t n)
{
    FOR_EACH(i, n) put(&to[view_at(v, i)], from[i], beta);
}

/* du += the sum over steps of (state before the step)' times the slopes of what went through u. All but the first step
 * are one product. */
void add_through(slope du, const sizes &s, const float *states, const float *first, const float *slopes, size_t columns)
{
    size_t step = s.rows * s.width, many = s.steps > 0 ? (s.steps - 1) * s.rows : 0;
    const float *from = s.reverse ? states + step : states, *to = s.reverse ? slopes : slopes + s.rows * columns;
    const float *start = s.steps > 0 ? slopes + time_of(s, 0) * s.rows * columns : nullptr;
    if (!du.at)
        return;
    product(matrix_of(du.at, columns), matrix_of(from, s.width, true), matrix_of(many > 0 ? to : slopes, columns),
            s.width, columns, many, 1, du.beta);
    if (first && s.steps > 0)
        product(matrix_of(du.at, columns), matrix_of(first, s.width, true), matrix_of(start, columns), s.width, columns,
                s.rows, 1, 1);
}

/* --- LSTM -----------------------------------------------------------------------------------------------------------
 */

struct lstm_step {
    const float *gates; /* of this time */
    size_t apart;       /* its rows */
    const float *through, *was_h, *was_c;
    float *h, *c, *kept;
    const int32_t *length;
    size_t time, rows, width;
    float zoneout;
    bool learning;
    const uint64_t *random;
};

__global__ void lstm_kernel(lstm_step s)
{
    FOR_EACH(i, s.rows * s.width)
    {
        size_t b = i / s.width, d = i % s.width, element = s.time * s.rows * s.width + i;
        float was_h = s.was_h ? s.was_h[i] : 0, was_c = s.was_c ? s.was_c[i] : 0, pre[4];
        if (!moves(s.length, s.time, b)) {
            s.h[i] = was_h;
            s.c[i] = was_c;
            continue;
        }
        for (size_t g = 0; g < 4; g++)
            pre[g] = s.gates[b * s.apart + g * s.width + d] + (s.through ? s.through[(b * 4 + g) * s.width + d] : 0);
        struct formula_lstm cell = formula_lstm(pre[0], pre[1], pre[2], pre[3], was_c);
        float hold_h = formula_held(s.zoneout, s.learning, *s.random, 2 * element);
        float hold_c = formula_held(s.zoneout, s.learning, *s.random, 2 * element + 1);
        s.h[i] = hold_h * was_h + (1 - hold_h) * cell.h;
        s.c[i] = hold_c * was_c + (1 - hold_c) * cell.cell;
        if (s.kept) {
            float *kept = s.kept + b * 4 * s.width + d;
            kept[0] = cell.in;
            kept[s.width] = cell.forget;
            kept[2 * s.width] = cell.candidate;
            kept[3 * s.width] = cell.out;
        }
    }
}

struct lstm_back_step {
    const float *kept, *was_c, *dout;
    float *slope, *dh, *dc; /* slope: of this time's gates before their functions */
    const int32_t *length;
    size_t time, rows, width;
    float zoneout;
    const uint64_t *random;
};

__global__ void lstm_back_kernel(lstm_back_step s)
{
    FOR_EACH(i, s.rows * s.width)
    {
        size_t b = i / s.width, d = i % s.width, element = s.time * s.rows * s.width + i;
        const float *kept = s.kept + b * 4 * s.width + d;
        float *slope = s.slope + b * 4 * s.width + d, dh = s.dh[i] + (s.dout ? s.dout[i] : 0);
        float was_c = s.was_c ? s.was_c[i] : 0;
        struct formula_lstm_slopes by = {};
        if (moves(s.length, s.time, b)) {
            struct formula_lstm cell = {kept[0], kept[s.width], kept[2 * s.width], kept[3 * s.width], 0, 0};
            by = formula_lstm_slopes(cell, was_c, dh, s.dc[i], formula_held(s.zoneout, true, *s.random, 2 * element),
                                     formula_held(s.zoneout, true, *s.random, 2 * element + 1));
        } else {
            by.was_h = dh;
            by.was_c = s.dc[i];
        }
        slope[0] = by.in;
        slope[s.width] = by.forget;
        slope[2 * s.width] = by.candidate;
        slope[3 * s.width] = by.out;
        s.dh[i] = by.was_h;
        s.dc[i] = by.was_c;
    }
}

struct lstm_run final : graph_body {
    sizes s;
    const node *n;
    float *h, *c, *kept, *through;
    bool learning;
    const uint64_t *random;

    void operator()() override
    {
        const tensor *gates = n->in[0];
        const float *u = numbers(n->in[1]), *h0 = numbers(n->in[2]), *c0 = numbers(n->in[3]);
        for (size_t step = 0; step < s.steps; step++) {
            size_t time = time_of(s, step), at = time * s.rows * s.width;
            const float *was_h = before(s, h, h0, step), *was_c = before(s, c, c0, step);
            if (was_h)
                product(matrix_of(through, 4 * s.width), matrix_of(was_h, s.width), matrix_of(u, 4 * s.width), s.rows,
                        4 * s.width, s.width, 1, 0);
            launch(s.rows * s.width, lstm_kernel,
                   lstm_step{numbers(gates) + time * gates->stride[0], gates->stride[1], was_h ? through : nullptr,
                             was_h, was_c, h + at, c + at, kept ? kept + 4 * at : nullptr, s.length, time, s.rows,
                             s.width, float(n->number[0]), learning, random});
        }
    }
};

struct lstm_back_run final : graph_body {
    sizes s;
    const node *n;
    float *slope, *dh, *dc;
    const uint64_t *random;

    void operator()() override
    {
        const float *c = numbers(n->keep[1]), *c0 = numbers(n->in[3]), *u = numbers(n->in[1]);
        for (size_t step = s.steps; step-- > 0;) {
            size_t time = time_of(s, step), at = time * s.rows * s.width;
            launch(s.rows * s.width, lstm_back_kernel,
                   lstm_back_step{numbers(n->keep[0]) + 4 * at, before(s, c, c0, step), slopes(n->out[0]) + at,
                                  slope + 4 * at, dh, dc, s.length, time, s.rows, s.width, float(n->number[0]),
                                  random});
            product(matrix_of(dh, s.width), matrix_of(slope + 4 * at, 4 * s.width), matrix_of(u, 4 * s.width, true),
                    s.rows, s.width, 4 * s.width, 1, 1);
        }
    }
};

/* What zoneout draws from, on the device: so the arguments of a graph stay the same from step to step. */
uint64_t *send_random(tape *t, uint64_t random)
{
    uint64_t *there = scratch<uint64_t>(t, 1);
    if (there)
        tape_backend(t)->upload(there, &random, sizeof random);
    return there;
}

/* Where the slopes of the gates are made: at their place when they can be written there. */
float *gates_place(tape *t, const tensor *gates, slope to)
{
    bool at_place = to.at && to.beta == 0 && tensor_dense(gates);
    return at_place ? to.at : scratch<float>(t, tensor_count(gates));
}

void add_gates(const tensor *gates, slope to, const float *made)
{
    size_t count = tensor_count(gates);
    if (to.at && to.at != made)
        launch(count, add_gates_kernel, to.at, to.beta, made, view_of(gates), count);
}

} // namespace

void lstm_forward(tape *t, node *n)
{
    lstm_run run;
    const tensor *gates = n->in[0];
    sizes s = run.s = sizes_of(n, 4);
    size_t state = s.rows * s.width;
    run.n = n;
    run.h = numbers(n->out[0]);
    run.kept = numbers(n->keep[0]);
    run.c = n->keep[1] ? numbers(n->keep[1]) : scratch<float>(t, s.steps * state);
    run.through = scratch<float>(t, 4 * state);
    run.learning = tape_learning(t);
    run.random = send_random(t, n->random);
    if (!run.random || (s.steps * state > 0 && (!run.c || !run.through)))
        return;
    graph_run({{"lstm", gates->data, n->in[1]->data, numbers(n->in[2]), numbers(n->in[3]), run.h, run.kept, run.c,
                run.through, run.random, s.length},
               {s.steps, s.rows, s.width, s.reverse, run.learning, gates->stride[0], gates->stride[1],
                size_t(n->number[0] * 0x1p40)}},
              run);
    copy_state(numbers(n->out[1]), before(s, run.h, numbers(n->in[2]), s.steps), state);
    copy_state(numbers(n->out[2]), before(s, run.c, numbers(n->in[3]), s.steps), state);
}

void lstm_backward(tape *t, node *n)
{
    lstm_back_run run;
    sizes s = run.s = sizes_of(n, 4);
    size_t state = s.rows * s.width;
    slope dgates = slope_of(t, n->in[0]);
    run.n = n;
    run.slope = gates_place(t, n->in[0], dgates);
    run.dh = scratch<float>(t, state);
    run.dc = scratch<float>(t, state);
    run.random = send_random(t, n->random);
    if (!run.random || (s.steps * state > 0 && !run.slope) || (state > 0 && (!run.dh || !run.dc)))
        return;
    copy_state(run.dh, slopes(n->out[1]), state);
    copy_state(run.dc, slopes(n->out[2]), state);
    graph_run({{"lstm back", n->in[1]->data, numbers(n->in[3]), n->keep[0]->data, n->keep[1]->data, slopes(n->out[0]),
                run.slope, run.dh, run.dc, run.random, s.length},
               {s.steps, s.rows, s.width, s.reverse, size_t(n->number[0] * 0x1p40)}},
              run);
    add_gates(n->in[0], dgates, run.slope);
    add_through(slope_of(t, n->in[1]), s, numbers(n->out[0]), numbers(n->in[2]), run.slope, 4 * s.width);
    add_state(slope_of(t, n->in[2]), run.dh, state);
    add_state(slope_of(t, n->in[3]), run.dc, state);
}

/* --- GRU ------------------------------------------------------------------------------------------------------------
 */

namespace
{

struct gru_step {
    const float *gates;
    size_t apart;
    const float *through, *bias, *was;
    float *h, *kept;
    const int32_t *length;
    size_t time, rows, width;
};

__global__ void gru_kernel(gru_step s)
{
    FOR_EACH(i, s.rows * s.width)
    {
        size_t b = i / s.width, d = i % s.width;
        const float *gates = s.gates + b * s.apart + d,
                    *through = s.through ? s.through + b * 3 * s.width + d : nullptr;
        float was = s.was ? s.was[i] : 0;
        if (!moves(s.length, s.time, b)) {
            s.h[i] = was;
            continue;
        }
        struct formula_gru cell =
            formula_gru(gates[0] + (through ? through[0] : 0), gates[s.width] + (through ? through[s.width] : 0),
                        gates[2 * s.width], s.bias[d] + (through ? through[2 * s.width] : 0), was);
        s.h[i] = cell.h;
        if (s.kept) {
            float *kept = s.kept + b * 4 * s.width + d;
            kept[0] = cell.reset;
            kept[s.width] = cell.update;
            kept[2 * s.width] = cell.fresh;
            kept[3 * s.width] = cell.q;
        }
    }
}

struct gru_back_step {
    const float *kept, *was, *dout;
    float *slope, *by_through, *dh; /* of the gates; of h u, which differ in the last third */
    const int32_t *length;
    size_t time, rows, width;
};

__global__ void gru_back_kernel(gru_back_step s)
{
    FOR_EACH(i, s.rows * s.width)
    {
        size_t b = i / s.width, d = i % s.width, at = b * 3 * s.width + d;
        const float *kept = s.kept + b * 4 * s.width + d;
        float dh = s.dh[i] + s.dout[i];
        struct formula_gru_slopes by = {};
        by.was = dh;
        if (moves(s.length, s.time, b)) {
            struct formula_gru cell = {kept[0], kept[s.width], kept[2 * s.width], kept[3 * s.width], 0};
            by = formula_gru_slopes(cell, s.was ? s.was[i] : 0, dh);
        }
        s.slope[at] = s.by_through[at] = by.reset;
        s.slope[at + s.width] = s.by_through[at + s.width] = by.update;
        s.slope[at + 2 * s.width] = by.fresh;
        s.by_through[at + 2 * s.width] = by.q;
        s.dh[i] = by.was;
    }
}

struct gru_run final : graph_body {
    sizes s;
    const node *n;
    float *h, *kept, *through;

    void operator()() override
    {
        const tensor *gates = n->in[0];
        for (size_t step = 0; step < s.steps; step++) {
            size_t time = time_of(s, step), at = time * s.rows * s.width;
            const float *was = before(s, h, numbers(n->in[3]), step);
            if (was)
                product(matrix_of(through, 3 * s.width), matrix_of(was, s.width),
                        matrix_of(numbers(n->in[1]), 3 * s.width), s.rows, 3 * s.width, s.width, 1, 0);
            launch(s.rows * s.width, gru_kernel,
                   gru_step{numbers(gates) + time * gates->stride[0], gates->stride[1], was ? through : nullptr,
                            numbers(n->in[2]), was, h + at, kept ? kept + 4 * at : nullptr, s.length, time, s.rows,
                            s.width});
        }
    }
};

struct gru_back_run final : graph_body {
    sizes s;
    const node *n;
    float *slope, *by_through, *dh;

    void operator()() override
    {
        for (size_t step = s.steps; step-- > 0;) {
            size_t time = time_of(s, step), at = time * s.rows * s.width;
            launch(s.rows * s.width, gru_back_kernel,
                   gru_back_step{numbers(n->keep[0]) + 4 * at, before(s, numbers(n->out[0]), numbers(n->in[3]), step),
                                 slopes(n->out[0]) + at, slope + 3 * at, by_through + 3 * at, dh, s.length, time,
                                 s.rows, s.width});
            product(matrix_of(dh, s.width), matrix_of(by_through + 3 * at, 3 * s.width),
                    matrix_of(numbers(n->in[1]), 3 * s.width, true), s.rows, s.width, 3 * s.width, 1, 1);
        }
    }
};

} // namespace

void gru_forward(tape *t, node *n)
{
    gru_run run;
    const tensor *gates = n->in[0];
    sizes s = run.s = sizes_of(n, 3);
    size_t state = s.rows * s.width;
    run.n = n;
    run.h = numbers(n->out[0]);
    run.kept = numbers(n->keep[0]);
    run.through = scratch<float>(t, 3 * state);
    if (state > 0 && !run.through)
        return;
    graph_run({{"gru", gates->data, n->in[1]->data, n->in[2]->data, numbers(n->in[3]), run.h, run.kept, run.through,
                s.length},
               {s.steps, s.rows, s.width, s.reverse, gates->stride[0], gates->stride[1]}},
              run);
    copy_state(numbers(n->out[1]), before(s, run.h, numbers(n->in[3]), s.steps), state);
}

void gru_backward(tape *t, node *n)
{
    gru_back_run run;
    sizes s = run.s = sizes_of(n, 3);
    size_t state = s.rows * s.width;
    slope dgates = slope_of(t, n->in[0]), dbias = slope_of(t, n->in[2]);
    run.n = n;
    run.slope = gates_place(t, n->in[0], dgates);
    run.by_through = scratch<float>(t, 3 * s.steps * state);
    run.dh = scratch<float>(t, state);
    if ((s.steps * state > 0 && (!run.slope || !run.by_through)) || (state > 0 && !run.dh))
        return;
    copy_state(run.dh, slopes(n->out[1]), state);
    graph_run({{"gru back", n->in[1]->data, numbers(n->in[3]), n->keep[0]->data, numbers(n->out[0]), slopes(n->out[0]),
                run.slope, run.by_through, run.dh, s.length},
               {s.steps, s.rows, s.width, s.reverse}},
              run);
    add_gates(n->in[0], dgates, run.slope);
    if (dbias.at)
        add_columns(dbias.at, dbias.beta, s.steps * s.rows, s.width,
                    matrix_sum{run.by_through + 2 * s.width, nullptr, 3 * s.width, 1});
    add_through(slope_of(t, n->in[1]), s, numbers(n->out[0]), numbers(n->in[3]), run.by_through, 3 * s.width);
    add_state(slope_of(t, n->in[3]), run.dh, state);
}
