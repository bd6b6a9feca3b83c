/* What the settings of a run make of Object Detection, as numbers. Settings were checked against the table before;
 * detection_design_read finds what a table cannot say. */
#ifndef DETECTION_DESIGN_H
#define DETECTION_DESIGN_H

#include "engine/algo/algorithm.h"
#include "engine/algo/detection/augment.h"
#include "engine/nn/optimiser.h"

#define DETECTION_RATE_STEPS 64
#define DETECTION_LABEL_HEADER 2 /* numbers before the objects of a label */
#define DETECTION_LABEL_OBJECT 5 /* numbers of an object */

enum detection_base { BASE_VGG, BASE_RESNET };
enum detection_top { TOP_AUTO, TOP_NEW, TOP_KEPT };

struct detection_design {
    size_t classes, samples;
    enum detection_base base;
    size_t side, width; /* of the square that the network sees; channels of its first layer */
    struct augment augment;
    size_t batch;
    long epochs;
    enum optimiser_kind optimiser;
    double rate, momentum, beta_1, beta_2, decay;
    double rate_factor;
    long rate_epoch[DETECTION_RATE_STEPS]; /* after so many epochs of `samples` images the rate is multiplied */
    int rate_steps;
    bool stops_early;
    long min_epochs, patience;
    double tolerance, min_delta; /* what counts as a gain of mAP: relative, absolute */
    const char *freeze;          /* a regular expression; NULL: nothing is frozen */
    bool top_only;               /* the whole base is frozen */
    bool pretrained;
    enum detection_top top;
    size_t label_width;
    double nms, overlap;
};

/* Texts point into `s`. */
int detection_design_read(struct detection_design *d, const struct settings *s, struct error *err);

/* The learning rate after so many images of all ranks. */
double detection_rate(const struct detection_design *d, double images_seen);

#endif
