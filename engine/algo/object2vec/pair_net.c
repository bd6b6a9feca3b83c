#include "engine/algo/object2vec/pair_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_SPREAD 0.17 /* of tokens' first vectors to either side: a standard deviation of 0.1 */

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "give a smaller vocabulary, enc_dim or mlp_dim",
                     "There is not enough memory for the network");
}

static int add_tables(struct pair_net *net)
{
    static const char *const names[] = {"enc0.tokens", "enc1.tokens"};
    for (int i = 0; i < (net->design.tied ? 1 : 2); i++) {
        const struct pair_side *side = &net->design.side[i];
        const struct init init = {INIT_UNIFORM, TABLE_SPREAD, FACTOR_AVG, 0, 0};
        if (side->frozen)
            net->table[i] =
                parameters_add_fixed(&net->parameters, names[i], 2, (size_t[]){side->vocabulary, side->width}, init);
        else
            net->table[i] = parameters_add_table(&net->parameters, names[i], side->vocabulary, side->width, init);
        if (!net->table[i])
            return -1;
    }
    if (net->design.tied)
        net->table[1] = net->table[0];
    return 0;
}

static struct parameter *parameter_named(struct parameters *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->items[i].name, name) == 0)
            return &p->items[i];
    return NULL;
}

static int add_layers(struct pair_net *net)
{
    const struct pair_design *d = &net->design;
    size_t width = pair_design_compared(d);
    char name[PARAMETER_NAME];
    for (size_t k = 0; k <= d->mlp_layers; k++) {
        size_t units = k < d->mlp_layers ? d->mlp_dim : d->outputs;
        const struct init init = {INIT_XAVIER, 1, FACTOR_IN, width, units};
        snprintf(name, sizeof name, k < d->mlp_layers ? "mlp.layer%zu.w" : "output.w", k + 1);
        net->w[k] = parameters_add(&net->parameters, name, 2, (size_t[]){width, units}, init);
        snprintf(name, sizeof name, k < d->mlp_layers ? "mlp.layer%zu.b" : "output.b", k + 1);
        net->b[k] = parameters_add(&net->parameters, name, 1, (size_t[]){units}, init);
        if (!net->w[k] || !net->b[k])
            return -1;
        width = units;
    }
    net->mean = parameters_add_fixed(&net->parameters, "label.mean", 1, (size_t[]){1},
                                     (struct init){INIT_CONSTANT, 0, FACTOR_AVG, 0, 0});
    return net->mean ? 0 : -1;
}

/* With one table of tokens both encoders start alike, so that from the first step on like objects have like vectors.
 * From then on each has its own weights. */
static int start_alike(struct pair_net *net, struct error *err)
{
    struct parameters *p = &net->parameters;
    for (size_t i = 0; i < p->count; i++) {
        struct parameter *from = &p->items[i], *to;
        char name[PARAMETER_NAME];
        float *values;
        if (strncmp(from->name, "enc0.layer", 10) != 0)
            continue;
        snprintf(name, sizeof name, "enc1%s", from->name + 4);
        to = parameter_named(p, name);
        if (!to || !tensor_same_shape(&from->tensor, &to->tensor))
            continue;
        values = malloc((tensor_count(&from->tensor) + 1) * sizeof *values);
        if (!values)
            return no_memory(err);
        parameters_get(p, &from->tensor, values);
        parameters_set(p, &to->tensor, values);
        free(values);
    }
    return 0;
}

int pair_net_open(struct pair_net *net, const struct pair_design *d, const struct backend *backend, uint64_t seed,
                  struct error *err)
{
    int status = -1;
    *net = (struct pair_net){.design = *d};
    parameters_open(&net->parameters, backend);
    if (add_tables(net) == 0 &&
        pair_encoder_add(&net->encoder[0], &net->parameters, &net->design, 0, net->table[0]) == 0 &&
        pair_encoder_add(&net->encoder[1], &net->parameters, &net->design, 1, net->table[1]) == 0 &&
        add_layers(net) == 0)
        status = parameters_settle(&net->parameters, seed, err);
    else
        no_memory(err);
    return status == 0 && net->design.tied ? start_alike(net, err) : status;
}

void pair_net_close(struct pair_net *net)
{
    if (net->parameters.backend)
        parameters_close(&net->parameters);
    *net = (struct pair_net){0};
}

void pair_net_set_middle(struct pair_net *net, float middle)
{
    net->middle = middle;
    parameters_set(&net->parameters, net->mean, &middle);
}

void pair_net_get_middle(struct pair_net *net)
{
    parameters_get(&net->parameters, net->mean, &net->middle);
}

/* --- running --------------------------------------------------------------------------------------------------------
 */

static struct tensor *compare(const struct pair_net *net, struct tape *t, struct tensor *a, struct tensor *b)
{
    struct tensor *part[PAIR_COMPARISONS + 1];
    int count = 0;
    for (int i = 0; i < net->design.comparisons; i++)
        switch (net->design.comparison[i]) {
        case PAIR_HADAMARD:
            part[count++] = op_mul(t, a, b);
            break;
        case PAIR_CONCAT:
            part[count++] = a;
            part[count++] = b;
            break;
        default:
            part[count++] = op_unary(t, op_sub(t, a, b), UNARY_ABS);
        }
    return count == 1 ? part[0] : op_concat(t, part, count, 1);
}

struct tensor *pair_net_compare(const struct pair_net *net, struct tape *t, struct tensor *first, struct tensor *second)
{
    const struct pair_design *d = &net->design;
    struct tensor *x = compare(net, t, first, second);
    for (size_t k = 0; k < d->mlp_layers; k++) {
        x = op_linear(t, x, net->w[k], net->b[k]);
        if (d->activation >= 0)
            x = op_unary(t, x, (enum unary)d->activation);
        x = pair_drop(t, x, d->dropout);
    }
    return op_linear(t, x, net->w[d->mlp_layers], net->b[d->mlp_layers]);
}

struct tensor *pair_net_loss(const struct pair_net *net, struct tape *t, struct tensor *out, const float *label,
                             int32_t *target, size_t rows, double scale)
{
    struct tensor *wanted, *square;
    if (net->design.classes) {
        for (size_t i = 0; i < rows; i++)
            target[i] = (int32_t)label[i];
        return op_cross_entropy(t, out, tape_ints(t, target, rows), NULL, scale);
    }
    wanted = tape_input(t, 2, (size_t[]){rows, 1}, label);
    square = op_unary(t, op_sub(t, op_affine(t, out, 1, (double)net->middle), wanted), UNARY_SQUARE);
    return op_affine(t, op_reduce(t, square, REDUCE_SUM, -1), scale, 0);
}
