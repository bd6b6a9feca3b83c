#include "engine/nn/placement.h"

#include <math.h>
#include <stdio.h>

#include "engine/base/clock.h"
#include "engine/gpu.h"
#include "engine/nn/parameters.h"
#include "engine/tensor/ops.h"

#define TRIES 3
#define SECONDS_MAX 2.0 /* no further try after that */
#define STEPS_MAX 64    /* of a trial: longer sequences cost in proportion on both */
#define IMAGES_MAX 16   /* the same */

struct trial {
    struct trial_shape shape;
    struct parameters parameters;
    struct tensor *w[2], *bias, *u;
    struct tape *tape;
};

static const struct init small = {.kind = INIT_UNIFORM, .scale = 0.05};

static struct tensor *weights(struct trial *m, const char *name, int rank, const size_t *shape)
{
    return parameters_add(&m->parameters, name, rank, shape, small);
}

static bool add_weights(struct trial *m)
{
    size_t width = m->shape.width;
    if (m->shape.images) {
        m->w[0] = weights(m, "w", 4, (size_t[]){3, 3, 3, width});
        m->w[1] = weights(m, "w2", 4, (size_t[]){3, 3, width, 2 * width});
        return m->w[0] && m->w[1];
    }
    m->w[0] = weights(m, "w", 2, (size_t[]){width, 4 * width});
    m->bias = weights(m, "bias", 1, (size_t[]){4 * width});
    m->u = weights(m, "u", 2, (size_t[]){width, 4 * width});
    return m->w[0] && m->bias && m->u;
}

static struct tensor *zeros(struct tape *t, int rank, const size_t *shape)
{
    const struct backend *b = tape_backend(t);
    struct tensor *x = tape_tensor(t, rank, shape);
    b->zero(x->data, tensor_count(x) * b->bytes);
    return x;
}

/* A layer over the whole sequence. */
static struct tensor *sequence(struct trial *m)
{
    const struct trial_shape *s = &m->shape;
    struct tensor *x = zeros(m->tape, 3, (size_t[]){s->steps, s->batch, s->width}), *last_h, *last_c;
    struct tensor *gates = op_linear(m->tape, x, m->w[0], m->bias);
    return s->steps > 1 ? op_lstm(m->tape, gates, m->u, NULL, NULL, NULL, false, 0, &last_h, &last_c)
                        : op_unary(m->tape, gates, UNARY_TANH);
}

/* Two layers and the pooling between them. */
static struct tensor *images(struct trial *m)
{
    const struct trial_shape *s = &m->shape;
    struct tensor *x = zeros(m->tape, 4, (size_t[]){s->batch, s->side, s->side, 3});
    x = op_unary(m->tape, op_conv2d(m->tape, x, m->w[0], NULL, 1, 1), UNARY_RELU);
    x = op_pool2d(m->tape, x, REDUCE_MAX, 2, 2, 0);
    return op_unary(m->tape, op_conv2d(m->tape, x, m->w[1], NULL, 1, 1), UNARY_RELU);
}

/* Forward and back. */
static int step(struct trial *m, struct error *err)
{
    struct tensor *y;
    tape_begin(m->tape, true, 1);
    y = m->shape.images ? images(m) : sequence(m);
    tape_backward(m->tape, op_reduce(m->tape, y, REDUCE_MEAN, -1));
    parameters_clear(&m->parameters);
    return tape_finish(m->tape, err);
}

static double best(struct trial *m)
{
    struct error err;
    double seconds = INFINITY, begun = clock_seconds();
    for (int i = 0; i <= TRIES && (i < 2 || clock_seconds() - begun < SECONDS_MAX); i++) {
        double started = clock_seconds(), took; /* the first one also asks for memory */
        if (step(m, &err) < 0)
            return INFINITY;
        took = clock_seconds() - started;
        seconds = i > 0 && took < seconds ? took : seconds;
    }
    return seconds;
}

double placement_seconds(const struct backend *backend, int threads, struct trial_shape shape)
{
    struct trial m = {.shape = shape};
    struct error err;
    double seconds = INFINITY;
    m.shape.steps = shape.steps < STEPS_MAX ? shape.steps : STEPS_MAX;
    if (shape.images)
        m.shape.batch = shape.batch < IMAGES_MAX ? shape.batch : IMAGES_MAX;
    parameters_open(&m.parameters, backend);
    m.tape = tape_open(backend, threads, &err);
    if (m.tape && add_weights(&m) && parameters_settle(&m.parameters, 1, &err) == 0)
        seconds = best(&m);
    tape_close(m.tape);
    parameters_close(&m.parameters);
    return seconds;
}

static void name_shape(const struct trial_shape *s, char *out, size_t size)
{
    if (s->images)
        snprintf(out, size, "convolutions of %zu channels over %zu images of %zu x %zu", s->width,
                 s->batch < IMAGES_MAX ? s->batch : IMAGES_MAX, s->side, s->side);
    else
        snprintf(out, size, "a layer of %zu over %zu rows and %zu steps", s->width, s->batch,
                 s->steps < STEPS_MAX ? s->steps : STEPS_MAX);
}

static const struct backend *choose(struct training *t, struct trial_shape shape)
{
    double cpu, gpu;
    char name[120];
    if (!t->gpu)
        return &backend_cpu;
    if (t->gpu_asked)
        return t->gpu->tensor;
    cpu = placement_seconds(&backend_cpu, t->threads, shape);
    gpu = placement_seconds(t->gpu->tensor, t->threads, shape);
    name_shape(&shape, name, sizeof name);
    event_log(t->sink, "%s: %.3g ms a step on %s and %.3g ms on the CPU: trains on %s", name, 1e3 * gpu, gpu_name(),
              1e3 * cpu, gpu < cpu ? "the GPU" : "the CPU");
    return gpu < cpu ? t->gpu->tensor : &backend_cpu;
}

const struct backend *placement_choose(struct training *t, size_t batch, size_t steps, size_t width)
{
    return choose(t, (struct trial_shape){.batch = batch, .steps = steps, .width = width});
}

const struct backend *placement_choose_images(struct training *t, size_t batch, size_t side, size_t width)
{
    return choose(t, (struct trial_shape){.images = true, .batch = batch, .side = side, .width = width});
}
