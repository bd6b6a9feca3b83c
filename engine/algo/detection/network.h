/* The network: layers that see the image, halving it again and again, and on each of the smaller maps a head, which is
 * a convolution that gives for each default box of a cell the scores of the classes and an offset.
 *
 *     conv1_1 c  conv2_1 2c  conv3_1 4c  conv3_2 4c*  conv4_1 8c  conv4_2 8c*  conv5_1 8c*  conv6_1 8c* ..
 *
 * (* has a head; names ending in _1 halve the map.) With vgg-16 each of these is a 3 x 3 convolution, batch norm and
 * ReLU; with resnet-50 all but the first are bottlenecks: 1 x 1, 3 x 3, 1 x 1, and a way around. How many maps there
 * are follows from image_shape: the first is an eighth of it (of images below 96 pixels a quarter), the last has about
 * 5 cells a side.
 *
 *     detection_net_open(&net, &design, &backend_cpu, seed, &err);
 *     out = detection_net_run(&net, tape, pixels, images);       out.scores (images x anchors) x (classes + 1)
 *     detection_net_close(&net); */
#ifndef DETECTION_NETWORK_H
#define DETECTION_NETWORK_H

#include "engine/algo/detection/anchors.h"
#include "engine/algo/detection/design.h"
#include "engine/nn/parameters.h"
#include "engine/tensor/ops.h"

#define DETECTION_UNITS_MAX 16
#define DETECTION_LAYERS_MAX 64

/* A convolution with batch norm. `still`: its statistics are frozen, so it uses the running ones while learning too. */
struct detection_layer {
    struct tensor *w, *gain, *bias, *mean, *variance;
    size_t in, out, stride, pad;
    bool still;
};

/* One of the names above: layers first .. first + count - 1, then the way around, when there is one. */
struct detection_unit {
    char name[16];
    size_t out, stride, first, count;
    bool around, head; /* has a layer in its way around; has a head */
};

struct detection_head {
    struct tensor *w, *b;
};

struct detection_net {
    struct detection_design design;
    struct parameters parameters;
    struct anchors anchors;
    struct detection_unit unit[DETECTION_UNITS_MAX];
    size_t units;
    struct detection_layer layer[DETECTION_LAYERS_MAX];
    size_t layers;
    struct detection_head head[ANCHORS_MAPS_MAX];
    size_t maps, cells[ANCHORS_MAPS_MAX];
};

struct detection_out {
    struct tensor *scores;  /* (images x anchors) x (classes + 1), the first is "nothing" */
    struct tensor *offsets; /* (images x anchors) x 4 */
};

/* The net must not move afterwards: layers point to its parameters. */
int detection_net_open(struct detection_net *net, const struct detection_design *d, const struct backend *backend,
                       uint64_t seed, struct error *err);
void detection_net_close(struct detection_net *net); /* {0} is fine */

/* pixels: images x side x side x 3 numbers, by detection_pixel. */
struct detection_out detection_net_run(const struct detection_net *net, struct tape *t, struct tensor *pixels,
                                       size_t images);

/* A byte of an image as the network sees it. */
static inline float detection_pixel(uint8_t byte)
{
    return (float)byte * (1.0f / 64) - 2;
}

bool detection_name_of_head(const char *name); /* of a parameter */

#endif
