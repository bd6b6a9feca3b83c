/* What the tensor kernels do to one element, as CUDA and C: the C of it is tested against the reference backend on
 * machines without a GPU. Numbers are float. */
#ifndef CUDA_TENSOR_FORMULA_H
#define CUDA_TENSOR_FORMULA_H

#include "engine/cuda/formula.h"

#ifdef __cplusplus
extern "C" {
#endif

#include "engine/tensor/backend.h"

#ifdef __cplusplus
}
#endif

/* random_word of tensor/backend.h. */
FORMULA uint64_t formula_word(uint64_t stream, uint64_t i)
{
    uint64_t z = stream + (i + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* random_at, whose 24 bits are exact in a float. */
FORMULA float formula_random(uint64_t stream, uint64_t i)
{
    return (float)(formula_word(stream, i) >> 40) * (1.f / 16777216.f);
}

FORMULA float formula_sigmoid(float x)
{
    return 1 / (1 + expf(-x)); /* e^-x may be infinite: then it is 0 */
}

FORMULA float formula_unary(int kind, float x)
{
    switch (kind) {
    case UNARY_TANH:
        return tanhf(x);
    case UNARY_SIGMOID:
        return formula_sigmoid(x);
    case UNARY_RELU:
        return x > 0 ? x : 0;
    case UNARY_SOFTPLUS:
        return fmaxf(x, 0) + log1pf(expf(-fabsf(x)));
    case UNARY_EXP:
        return expf(x);
    case UNARY_LOG:
        return logf(x);
    case UNARY_ABS:
        return fabsf(x);
    case UNARY_SQUARE:
        return x * x;
    default: /* UNARY_SQRT */
        return sqrtf(x);
    }
}

/* y is the value at x. */
FORMULA float formula_unary_slope(int kind, float x, float y)
{
    switch (kind) {
    case UNARY_TANH:
        return 1 - y * y;
    case UNARY_SIGMOID:
        return y * (1 - y);
    case UNARY_RELU:
        return x > 0 ? 1.f : 0.f;
    case UNARY_SOFTPLUS:
        return formula_sigmoid(x);
    case UNARY_EXP:
        return y;
    case UNARY_LOG:
        return 1 / x;
    case UNARY_ABS:
        return formula_sign(x);
    case UNARY_SQUARE:
        return 2 * x;
    default:
        return 0.5f / y;
    }
}

/* --- LSTM and GRU ---------------------------------------------------------------------------------------------------
 */

/* One cell of an LSTM: gates after their functions, and what h and c are before zoneout. */
struct formula_lstm {
    float in, forget, candidate, out, cell, h;
};

FORMULA struct formula_lstm formula_lstm(float in, float forget, float candidate, float out, float was_c)
{
    struct formula_lstm s;
    s.in = formula_sigmoid(in);
    s.forget = formula_sigmoid(forget);
    s.candidate = tanhf(candidate);
    s.out = formula_sigmoid(out);
    s.cell = s.forget * was_c + s.in * s.candidate;
    s.h = s.out * tanhf(s.cell);
    return s;
}

/* From the slopes of h and c as they are after zoneout to those of the gates before their functions, and of h and c
 * before the step as far as these do not go through u. hold: the share that zoneout kept. */
struct formula_lstm_slopes {
    float in, forget, candidate, out, was_h, was_c;
};

FORMULA struct formula_lstm_slopes formula_lstm_slopes(struct formula_lstm s, float was_c, float dh, float dc,
                                                       float hold_h, float hold_c)
{
    struct formula_lstm_slopes d;
    float bent = tanhf(s.forget * was_c + s.in * s.candidate), dh_new = (1 - hold_h) * dh;
    float dcell = (1 - hold_c) * dc + dh_new * s.out * (1 - bent * bent);
    d.in = dcell * s.candidate * s.in * (1 - s.in);
    d.forget = dcell * was_c * s.forget * (1 - s.forget);
    d.candidate = dcell * s.in * (1 - s.candidate * s.candidate);
    d.out = dh_new * bent * s.out * (1 - s.out);
    d.was_h = hold_h * dh;
    d.was_c = hold_c * dc + dcell * s.forget;
    return d;
}

/* How much of its old value an element keeps: 1 or 0 by a draw, or what is expected. */
FORMULA float formula_held(float zoneout, bool learning, uint64_t random, uint64_t element)
{
    if (zoneout == 0)
        return 0;
    return !learning ? zoneout : formula_random(random, element) < zoneout ? 1.f : 0.f;
}

/* One cell of a GRU; q is h un + bn. */
struct formula_gru {
    float reset, update, fresh, q, h;
};

FORMULA struct formula_gru formula_gru(float reset, float update, float fresh, float q, float was)
{
    struct formula_gru s;
    s.reset = formula_sigmoid(reset);
    s.update = formula_sigmoid(update);
    s.q = q;
    s.fresh = tanhf(fresh + s.reset * q);
    s.h = (1 - s.update) * s.fresh + s.update * was;
    return s;
}

/* The slopes of the gates before their functions; that of q; and of h before the step, not through u. */
struct formula_gru_slopes {
    float reset, update, fresh, q, was;
};

FORMULA struct formula_gru_slopes formula_gru_slopes(struct formula_gru s, float was, float dh)
{
    struct formula_gru_slopes d;
    d.fresh = dh * (1 - s.update) * (1 - s.fresh * s.fresh);
    d.reset = d.fresh * s.q * s.reset * (1 - s.reset);
    d.update = dh * (was - s.fresh) * s.update * (1 - s.update);
    d.q = d.fresh * s.reset;
    d.was = dh * s.update;
    return d;
}

#endif
