/* Picture of a run: the training loss as a function of two weights, and the path that the optimiser took over it.
 *
 * The slice goes through the weights the run ended with, in the units the optimiser works in; the two weights are
 * those of the features whose scales differ most. For logistic loss without regularisation.
 *
 *     struct contour c = {0};
 *     contour_begin(&c, train);
 *     training.trace = contour_trace, training.trace_context = &c;
 *     ...train...
 *     contour_write(&json, &c, train);        {"x":{"name","low","high"},"y":{..},"grid","values","path","optimum"}
 *     contour_free(&c); */
#ifndef ENGINE_CONTOUR_H
#define ENGINE_CONTOUR_H

#include "engine/algo/algorithm.h"
#include "engine/base/json.h"

struct contour {
    size_t axis[2]; /* which features */
    size_t columns;
    float *weights, *shift, *factor; /* as of the last step, columns each */
    double bias;
    double (*path)[2]; /* every step until the weights stop being finite */
    size_t steps, capacity;
    bool ended;
};

/* NULL when the picture can be drawn for these resolved settings; else a sentence that says why not. */
const char *contour_refusal(const struct settings *resolved);

/* `train` has two columns or more. -1: out of memory. */
int contour_begin(struct contour *c, const struct dataset *train);
void contour_trace(void *contour, const struct trace *at);
/* Writes "data"; nothing was traced, or out of memory: null. */
void contour_write(struct json *j, const struct contour *c, const struct dataset *train);
void contour_free(struct contour *c);

#endif
