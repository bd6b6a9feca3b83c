/* The model of text classification (Joulin et al. 2017): the mean of a line's rows, one linear layer to the labels,
 * softmax. One line is one step of gradient descent on -log p(its label).
 *
 * Rows of inputs and of labels are `stride` numbers apart, of which the first `width` count and the rest stay 0; short
 * rows fill whole cache lines. The first `own` rows of inputs may stand elsewhere: a thread's copy of common words. */
#ifndef BLAZINGTEXT_CLASSIFIER_NET_H
#define BLAZINGTEXT_CLASSIFIER_NET_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

struct classifier_net {
    size_t width, stride, inputs, labels;
    float *input;  /* inputs x stride */
    float *output; /* labels x stride */
    size_t own;
    float *own_input; /* own x stride */
};

/* Room for one line's numbers; each thread has its own. */
struct classifier_room {
    float *hidden, *slope; /* stride: the mean; what each of the line's rows gets */
    float *probability;    /* labels */
};

/* Inputs are uniform in +-1/width, labels 0, as in the original. */
int classifier_net_open(struct classifier_net *n, size_t width, size_t inputs, size_t labels, uint64_t seed,
                        struct error *err);
void classifier_net_close(struct classifier_net *n);
/* Rows `width` apart, for a saved model: the caller owns the array from then on, and the net has none. */
float *classifier_net_pack(struct classifier_net *n);

int classifier_room_open(struct classifier_room *r, const struct classifier_net *n); /* -1: no memory */
void classifier_room_close(struct classifier_room *r);

/* What the model says about a line: r->probability; the likeliest label. */
size_t classifier_net_ask(const struct classifier_net *n, const int32_t *row, size_t rows, struct classifier_room *r);

/* The forward half of a step: fills r->hidden, r->probability, r->slope (by the labels' rows as they were, times rate
 * and the share of one row) and moves the labels' rows; the loss, and in *guess the
 * likeliest label as it was before. */
float classifier_net_step(const struct classifier_net *n, const int32_t *row, size_t rows, size_t label, float rate,
                          struct classifier_room *r, size_t *guess);
/* The other half: the slope to each of the rows. */
void classifier_net_move(const struct classifier_net *n, const int32_t *row, size_t rows, const float *slope);
float classifier_loss(float p); /* -log p; of no number none */
/* Asks the memory for rows that are needed soon. */
void classifier_net_fetch(const struct classifier_net *n, const int32_t *row, size_t rows);

#endif
