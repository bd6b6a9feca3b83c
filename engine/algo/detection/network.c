#include "engine/algo/detection/network.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

#define SMALL_SIDE 96 /* images below it begin at a quarter */
#define LAST_CELLS 5
#define LEAST_MAPS 3
#define MOMENTUM 0.1 /* of running means */
#define EPSILON 1e-5

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "give a smaller width or image_shape",
                     "There is not enough memory for the network");
}

/* --- the plan -------------------------------------------------------------------------------------------------------
 */

static size_t halved(size_t cells, size_t stride)
{
    return (cells + stride - 1) / stride;
}

static struct detection_unit *plan_unit(struct detection_net *net, const char *name, size_t out, size_t stride,
                                        bool head, size_t *cells)
{
    struct detection_unit *u = &net->unit[net->units++];
    snprintf(u->name, sizeof u->name, "%s", name);
    u->out = out * net->design.width;
    u->stride = stride;
    u->head = head;
    *cells = halved(*cells, stride);
    if (head)
        net->cells[net->maps++] = *cells;
    return u;
}

static void plan(struct detection_net *net)
{
    size_t cells = net->design.side, third = net->design.side < SMALL_SIDE ? 1 : 2;
    plan_unit(net, "conv1_1", 1, 2, false, &cells);
    plan_unit(net, "conv2_1", 2, 2, false, &cells);
    plan_unit(net, "conv3_1", 4, third, false, &cells);
    plan_unit(net, "conv3_2", 4, 1, true, &cells);
    plan_unit(net, "conv4_1", 8, 2, false, &cells);
    plan_unit(net, "conv4_2", 8, 1, true, &cells);
    for (unsigned char k = 5; net->maps < ANCHORS_MAPS_MAX && (cells > LAST_CELLS || net->maps < LEAST_MAPS); k++) {
        char name[16];
        snprintf(name, sizeof name, "conv%u_1", k);
        plan_unit(net, name, 8, 2, true, &cells);
    }
}

/* --- weights --------------------------------------------------------------------------------------------------------
 */

static struct tensor *add(struct detection_net *net, const char *unit, const char *part, int rank, const size_t *shape,
                          struct init init, bool fixed)
{
    char name[PARAMETER_NAME];
    snprintf(name, sizeof name, "%s_%s", unit, part);
    return fixed ? parameters_add_fixed(&net->parameters, name, rank, shape, init)
                 : parameters_add(&net->parameters, name, rank, shape, init);
}

bool detection_name_of_head(const char *name)
{
    return strncmp(name, "head", 4) == 0;
}

/* Does the setting freeze what is called UNIT_PART? */
static bool is_frozen(const struct detection_net *net, const regex_t *freeze, const char *unit, const char *part)
{
    char name[PARAMETER_NAME];
    regmatch_t match;
    snprintf(name, sizeof name, "%s_%s", unit, part);
    if (net->design.top_only && !detection_name_of_head(name))
        return true;
    return freeze && regexec(freeze, name, 1, &match, 0) == 0 && match.rm_so == 0;
}

static int add_layer(struct detection_net *net, const regex_t *freeze, const char *unit, size_t in, size_t out,
                     size_t window, size_t stride)
{
    struct detection_layer *l = &net->layer[net->layers++];
    const struct init spread = {INIT_XAVIER, 1, FACTOR_IN, window * window * in, window * window * out};
    const struct init zero = {.kind = INIT_CONSTANT}, one = {.kind = INIT_CONSTANT, .scale = 1};
    const size_t channels[] = {out};
    *l = (struct detection_layer){.in = in, .out = out, .stride = stride, .pad = window / 2};
    l->still = is_frozen(net, freeze, unit, "mean");
    l->w = add(net, unit, "weight", 4, (size_t[]){window, window, in, out}, spread,
               is_frozen(net, freeze, unit, "weight"));
    l->gain = add(net, unit, "gain", 1, channels, one, is_frozen(net, freeze, unit, "gain"));
    l->bias = add(net, unit, "bias", 1, channels, zero, is_frozen(net, freeze, unit, "bias"));
    l->mean = add(net, unit, "mean", 1, channels, zero, true);
    l->variance = add(net, unit, "variance", 1, channels, one, true);
    return l->w && l->gain && l->bias && l->mean && l->variance ? 0 : -1;
}

/* Bottleneck: half as many channels inside. */
static int add_bottleneck(struct detection_net *net, const regex_t *freeze, struct detection_unit *u, size_t in)
{
    static const size_t window[] = {1, 3, 1, 1};
    size_t inner = u->out / 2;
    const size_t from[] = {in, inner, inner, in}, to[] = {inner, inner, u->out, u->out};
    const size_t stride[] = {1, u->stride, 1, u->stride};
    u->count = 3;
    u->around = in != u->out || u->stride > 1;
    for (size_t i = 0; i < u->count + u->around; i++) {
        char name[24];
        snprintf(name, sizeof name, "%s%c", u->name, (int)('a' + i));
        if (add_layer(net, freeze, name, from[i], to[i], window[i], stride[i]) < 0)
            return -1;
    }
    return 0;
}

static int add_head(struct detection_net *net, const regex_t *freeze, size_t map, size_t in)
{
    size_t out = ANCHORS_OF_CELL * (net->design.classes + 1 + 4);
    char name[16];
    snprintf(name, sizeof name, "head%zu", map + 1);
    net->head[map].w =
        add(net, name, "weight", 4, (size_t[]){3, 3, in, out},
            (struct init){INIT_XAVIER, 1, FACTOR_IN, 9 * in, 9 * out}, is_frozen(net, freeze, name, "weight"));
    net->head[map].b = add(net, name, "bias", 1, (size_t[]){out}, (struct init){.kind = INIT_CONSTANT},
                           is_frozen(net, freeze, name, "bias"));
    return net->head[map].w && net->head[map].b ? 0 : -1;
}

static int add_weights(struct detection_net *net, const regex_t *freeze)
{
    size_t channels = 3, map = 0;
    for (size_t i = 0; i < net->units; i++) {
        struct detection_unit *u = &net->unit[i];
        bool plain = net->design.base == BASE_VGG || i == 0;
        u->first = net->layers;
        u->count = 1;
        if ((plain ? add_layer(net, freeze, u->name, channels, u->out, 3, u->stride)
                   : add_bottleneck(net, freeze, u, channels)) < 0)
            return -1;
        channels = u->out;
        if (u->head && add_head(net, freeze, map++, channels) < 0)
            return -1;
    }
    return 0;
}

int detection_net_open(struct detection_net *net, const struct detection_design *d, const struct backend *backend,
                       uint64_t seed, struct error *err)
{
    bool small = d->side < SMALL_SIDE;
    regex_t freeze;
    int status;
    *net = (struct detection_net){.design = *d};
    parameters_open(&net->parameters, backend);
    plan(net);
    if (d->freeze && regcomp(&freeze, d->freeze, REG_EXTENDED) != 0)
        return error_set(err, ERROR_INPUT, "freeze_layer_pattern", NULL, "freeze_layer_pattern cannot be read");
    status = add_weights(net, d->freeze ? &freeze : NULL) < 0 ? no_memory(err)
                                                              : parameters_settle(&net->parameters, seed, err);
    if (d->freeze)
        regfree(&freeze);
    if (status == 0)
        status = anchors_open(&net->anchors, net->cells, net->maps, small ? 0.16 : 0.08, small ? 0.8 : 0.6, err);
    return status;
}

void detection_net_close(struct detection_net *net)
{
    if (!net->parameters.backend)
        return;
    parameters_close(&net->parameters);
    anchors_close(&net->anchors);
    *net = (struct detection_net){0};
}

/* --- the way forward ------------------------------------------------------------------------------------------------
 */

/* With statistics that stay as they are: (x - mean) gain / sqrt(variance + epsilon) + bias. */
static struct tensor *still_norm(struct tape *t, const struct detection_layer *l, struct tensor *x)
{
    struct tensor *log = op_unary(t, op_affine(t, l->variance, 1, EPSILON), UNARY_LOG);
    struct tensor *factor = op_mul(t, op_unary(t, op_affine(t, log, -0.5, 0), UNARY_EXP), l->gain);
    return op_add(t, op_mul(t, op_sub(t, x, l->mean), factor), l->bias);
}

static struct tensor *run_layer(struct tape *t, const struct detection_layer *l, struct tensor *x, bool relu)
{
    x = op_conv2d(t, x, l->w, NULL, l->stride, l->pad);
    if (l->still && tape_learning(t))
        return relu ? op_unary(t, still_norm(t, l, x), UNARY_RELU) : still_norm(t, l, x);
    return (relu ? op_batch_norm_relu : op_batch_norm)(t, x, l->gain, l->bias, l->mean, l->variance, MOMENTUM, EPSILON);
}

static struct tensor *run_unit(const struct detection_net *net, struct tape *t, const struct detection_unit *u,
                               struct tensor *x)
{
    struct tensor *around = x;
    for (size_t i = 0; i < u->count; i++)
        x = run_layer(t, &net->layer[u->first + i], x, u->count == 1 || i + 1 < u->count);
    if (u->around)
        around = run_layer(t, &net->layer[u->first + u->count], around, false);
    return u->count == 1 ? x : op_unary(t, op_add(t, x, around), UNARY_RELU);
}

struct detection_out detection_net_run(const struct detection_net *net, struct tape *t, struct tensor *pixels,
                                       size_t images)
{
    size_t scores = net->design.classes + 1, map = 0, anchors = net->anchors.count, rows = images * anchors;
    struct tensor *x = pixels, *part[ANCHORS_MAPS_MAX], *all;
    struct detection_out out;
    for (size_t i = 0; i < net->units; i++) {
        const struct detection_unit *u = &net->unit[i];
        x = run_unit(net, t, u, x);
        if (!u->head)
            continue;
        part[map] = op_conv2d(t, x, net->head[map].w, net->head[map].b, 1, 1);
        part[map] = tape_reshape(t, part[map], 3,
                                 (size_t[]){images, net->cells[map] * net->cells[map] * ANCHORS_OF_CELL, scores + 4});
        map++;
    }
    all = tape_reshape(t, op_concat(t, part, (int)map, 1), 2, (size_t[]){rows, scores + 4});
    out.scores = op_copy(t, tape_slice(t, all, 1, 0, scores));
    out.offsets = op_copy(t, tape_slice(t, all, 1, scores, 4));
    return out;
}
