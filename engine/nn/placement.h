/* Which device a network trains on, decided by trying: where a GPU answers and nobody asked for a device, both run a
 * few steps of the model's own sizes, and the faster one is taken. The run says which and why in one log line. */
#ifndef NN_PLACEMENT_H
#define NN_PLACEMENT_H

#include "engine/algo/algorithm.h"
#include "engine/tensor/backend.h"

/* What is tried. */
struct trial_shape {
    bool images;                /* convolutions over images; else an LSTM-like network */
    size_t batch, steps, width; /* rows, time steps (1: plain layers) and the width of a layer; */
    size_t side;                /* images of side x side whose first layer has `width` channels */
};

/* For an LSTM-like network that takes `batch` rows, `steps` time steps and layers of `width`; steps 1: plain layers.
 * Without t->gpu: the CPU. With t->gpu_asked (--device cuda, or a setting): the GPU. */
const struct backend *placement_choose(struct training *t, size_t batch, size_t steps, size_t width);

/* The same for convolutions over `batch` images of side x side whose first layer has `width` channels. */
const struct backend *placement_choose_images(struct training *t, size_t batch, size_t side, size_t width);

/* Seconds of one training step of such a network on a backend, the best of a few; INFINITY where it failed. */
double placement_seconds(const struct backend *backend, int threads, struct trial_shape shape);

#endif
