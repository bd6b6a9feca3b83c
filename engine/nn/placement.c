#include "engine/nn/placement.h"

#include <math.h>

#include "engine/base/clock.h"
#include "engine/gpu.h"
#include "engine/nn/parameters.h"
#include "engine/tensor/ops.h"

#define TRIES 3
#define STEPS_MAX 64 /* of a trial: longer sequences cost in proportion on both */

struct trial {
    struct parameters parameters;
    struct tensor *w, *bias, *u;
    struct tape *tape;
    size_t batch, steps, width;
};

static void add_weights(struct trial *m)
{
    const struct init small = {.kind = INIT_UNIFORM, .scale = 0.05};
    m->w = parameters_add(&m->parameters, "w", 2, (size_t[]){m->width, 4 * m->width}, small);
    m->bias = parameters_add(&m->parameters, "bias", 1, (size_t[]){4 * m->width}, small);
    m->u = parameters_add(&m->parameters, "u", 2, (size_t[]){m->width, 4 * m->width}, small);
}

/* A layer over the whole sequence, forward and back. */
static int step(struct trial *m, struct error *err)
{
    struct tensor *x, *gates, *h, *last_h, *last_c;
    tape_begin(m->tape, true, 1);
    x = tape_tensor(m->tape, 3, (size_t[]){m->steps, m->batch, m->width});
    tape_backend(m->tape)->zero(x->data, m->steps * m->batch * m->width * tape_backend(m->tape)->bytes);
    gates = op_linear(m->tape, x, m->w, m->bias);
    h = m->steps > 1 ? op_lstm(m->tape, gates, m->u, NULL, NULL, NULL, false, 0, &last_h, &last_c)
                     : op_unary(m->tape, gates, UNARY_TANH);
    tape_backward(m->tape, op_reduce(m->tape, h, REDUCE_MEAN, -1));
    parameters_clear(&m->parameters);
    return tape_finish(m->tape, err);
}

static double best(struct trial *m)
{
    struct error err;
    double seconds = INFINITY;
    for (int i = 0; i <= TRIES; i++) { /* the first one also asks for memory */
        double started = clock_seconds(), took;
        if (step(m, &err) < 0)
            return INFINITY;
        took = clock_seconds() - started;
        seconds = i > 0 && took < seconds ? took : seconds;
    }
    return seconds;
}

double placement_seconds(const struct backend *backend, int threads, size_t batch, size_t steps, size_t width)
{
    struct trial m = {.batch = batch, .steps = steps < STEPS_MAX ? steps : STEPS_MAX, .width = width};
    struct error err;
    double seconds = INFINITY;
    parameters_open(&m.parameters, backend);
    add_weights(&m);
    m.tape = tape_open(backend, threads, &err);
    if (m.tape && m.w && m.bias && m.u && parameters_settle(&m.parameters, 1, &err) == 0)
        seconds = best(&m);
    tape_close(m.tape);
    parameters_close(&m.parameters);
    return seconds;
}

const struct backend *placement_choose(struct training *t, size_t batch, size_t steps, size_t width)
{
    double cpu, gpu;
    if (!t->gpu)
        return &backend_cpu;
    if (t->gpu_asked)
        return t->gpu->tensor;
    cpu = placement_seconds(&backend_cpu, t->threads, batch, steps, width);
    gpu = placement_seconds(t->gpu->tensor, t->threads, batch, steps, width);
    event_log(t->sink,
              "a layer of %zu over %zu rows and %zu steps takes %.3g ms on %s and %.3g ms on the CPU: trains on %s",
              width, batch, steps < STEPS_MAX ? steps : STEPS_MAX, 1e3 * gpu, gpu_name(), 1e3 * cpu,
              gpu < cpu ? "the GPU" : "the CPU");
    return gpu < cpu ? t->gpu->tensor : &backend_cpu;
}
