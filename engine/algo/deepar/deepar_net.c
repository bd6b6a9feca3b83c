#include "engine/algo/deepar/deepar_net.h"

#include <math.h>
#include <stdio.h>

static struct tensor *add(struct deepar_net *n, const char *name, size_t number, size_t rows, size_t columns)
{
    char full[PARAMETER_NAME];
    struct init init = {.kind = INIT_UNIFORM, .scale = 1 / sqrt((double)n->plan.cells)};
    snprintf(full, sizeof full, "%s.%zu", name, number);
    if (rows)
        return parameters_add(&n->parameters, full, 2, (size_t[]){rows, columns}, init);
    return parameters_add(&n->parameters, full, 1, &columns, init);
}

static void add_all(struct deepar_net *n)
{
    const struct deepar_plan *p = &n->plan;
    size_t gates = 4 * p->cells;
    n->input = add(n, "input", 0, deepar_plan_inputs(p), gates);
    n->level = add(n, "level", 0, 2, gates);
    for (size_t i = 0; i < p->categories; i++) {
        char name[PARAMETER_NAME];
        snprintf(name, sizeof name, "category.%zu", i);
        n->table[i] = parameters_add_table(&n->parameters, name, (size_t)p->cardinality[i], p->embedding,
                                           (struct init){.kind = INIT_NORMAL, .scale = 1});
        n->table_gates[i] = add(n, "category_gates", i, p->embedding, gates);
    }
    for (size_t l = 0; l < p->layers; l++) {
        n->below[l] = l ? add(n, "below", l, p->cells, gates) : NULL;
        n->bias[l] = add(n, "bias", l, 0, gates);
        n->before[l] = add(n, "before", l, p->cells, gates);
    }
    n->head = add(n, "head", 0, p->cells, deepar_plan_outputs(p));
    n->head_bias = add(n, "head_bias", 0, 0, deepar_plan_outputs(p));
}

int deepar_net_open(struct deepar_net *n, const struct deepar_plan *p, const struct backend *backend, uint64_t seed,
                    struct error *err)
{
    *n = (struct deepar_net){.plan = *p};
    parameters_open(&n->parameters, backend);
    add_all(n);
    return parameters_settle(&n->parameters, seed, err);
}

void deepar_net_close(struct deepar_net *n)
{
    if (n->parameters.backend)
        parameters_close(&n->parameters);
    *n = (struct deepar_net){0};
}

size_t deepar_net_weights(const struct deepar_plan *p)
{
    size_t gates = 4 * p->cells, outputs = deepar_plan_outputs(p), sum = (deepar_plan_inputs(p) + 2) * gates;
    for (size_t i = 0; i < p->categories; i++)
        sum += (size_t)p->cardinality[i] * p->embedding + p->embedding * gates;
    sum += p->layers * (p->cells + 1) * gates + (p->layers - 1) * p->cells * gates;
    return sum + (p->cells + 1) * outputs;
}

/* What is the same at all steps of a window, rows x gates: its level, its middle and its categories. */
static struct tensor *still(const struct deepar_net *n, struct tape *t, const struct deepar_batch *b)
{
    struct tensor *level = tape_input(t, 2, (size_t[]){b->rows, 2}, b->level);
    struct tensor *sum = op_linear(t, level, n->level, n->bias[0]);
    for (size_t i = 0; i < n->plan.categories; i++) {
        const int32_t *id = tape_ints(t, b->category + i * b->rows, b->rows);
        struct tensor *row = op_embedding(t, n->table[i], id, b->rows);
        sum = op_add(t, sum, op_linear(t, row, n->table_gates[i], NULL));
    }
    return sum;
}

struct tensor *deepar_net_run(const struct deepar_net *n, struct tape *t, const struct deepar_batch *b,
                              const struct deepar_state *before, struct deepar_state *after)
{
    struct tensor *x = tape_input(t, 3, (size_t[]){b->steps, b->rows, b->inputs}, b->x);
    struct tensor *gates = op_linear(t, x, n->input, still(n, t, b)), *h = NULL;
    for (size_t l = 0; l < n->plan.layers; l++) {
        struct deepar_state from = before ? before[l] : (struct deepar_state){0}, last;
        if (l)
            gates = op_linear(t, h, n->below[l], n->bias[l]);
        h = op_lstm(t, gates, n->before[l], from.h, from.c, NULL, false, n->plan.zoneout, &last.h, &last.c);
        if (after)
            after[l] = last;
    }
    h = tape_reshape(t, h, 2, (size_t[]){b->steps * b->rows, n->plan.cells});
    return op_linear(t, h, n->head, n->head_bias);
}

struct tensor *deepar_net_loss(const struct deepar_net *n, struct tape *t, const struct deepar_batch *b,
                               size_t counting)
{
    size_t all = b->steps * b->rows;
    struct tensor *raw = deepar_net_run(n, t, b, NULL, NULL);
    struct tensor *y = tape_input(t, 1, &all, b->y), *weight = tape_input(t, 1, &all, b->weight);
    struct tensor *v = tape_input(t, 1, &all, b->scales);
    return op_likelihood(t, n->plan.likelihood, raw, y, v, weight, 1 / (double)(counting ? counting : 1));
}
