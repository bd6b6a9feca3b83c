/* What a step makes smaller (Liu et al. 2016): over the default boxes that answer for an object, the cross entropy of
 * its class and the smooth L1 distance of the offsets; and the cross entropy of "nothing" over those that answer for
 * none, but only of the three times as many in each image that are most wrong. Divided by how many answer.
 *
 *     detection_target_match(&target, &anchors, image, boxes, count);    of each image, from any thread
 *     losses = detection_loss(&target, tape, out, images, matched);
 */
#ifndef DETECTION_LOSS_H
#define DETECTION_LOSS_H

#include "engine/algo/detection/network.h"

#define DETECTION_NEGATIVES 3 /* per box that answers for an object */

struct detection_target {
    size_t images, anchors, classes; /* room */
    int32_t *label, *target;         /* images x anchors: 0 or class + 1; the same or -1: does not count */
    float *offset, *weight;          /* images x anchors x 4; images x anchors: 1 where there is an object */
    float *wrong, *order;            /* images x anchors: how wrong "nothing" is; work space */
    int32_t *of;                     /* images x anchors: work space */
    float *scores;                   /* images x anchors x (classes + 1) */
    size_t *matched;                 /* images: boxes that answer for an object */
};

int detection_target_open(struct detection_target *g, const struct detection_net *net, size_t images,
                          struct error *err);
void detection_target_close(struct detection_target *g); /* {0} is fine */

/* Fills the part of one image. */
void detection_target_match(struct detection_target *g, const struct anchors *a, size_t image, const struct box *boxes,
                            size_t count);

struct detection_losses {
    struct tensor *all, *classes, *places; /* all: the sum of the two */
};

/* The losses of the first `images`; `matched`: the divisor, at least 1, of all ranks' images together. */
struct detection_losses detection_loss(struct detection_target *g, struct tape *t, struct detection_out out,
                                       size_t images, double matched);

/* The `count` largest of wrong[n] keep their target, the others that are negative get -1; order[n]: work space. Of
 * equals the first. */
void detection_mine(const float *wrong, const int32_t *label, int32_t *target, size_t n, size_t count, float *order);

#endif
