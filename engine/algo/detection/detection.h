/* Object Detection: SSD (Liu et al. 2016). One network looks at an image once and says of each of many default boxes
 * what lies in it and where exactly.
 *
 *   detection.c   what it takes: the table
 *   design        settings as numbers
 *   anchors       the default boxes, what each should say of an image, and what its numbers mean
 *   network       from pixels to scores and offsets of all default boxes
 *   loss          which boxes count in a step, and the loss of the batch
 *   augment       flip, rescale, jitter and crop
 *   feed          images as pixels and boxes of a mini-batch
 *   suppress      of boxes that say the same, the surest
 *   find          asks a network for the objects of images
 *   score         mean average precision
 *   start         the weights that a run begins with: shipped ones, an earlier model's
 *   train         epochs, the learning rate's steps, early stopping
 *   picture       images and what is found in them, epoch by epoch
 *   model         saved models and their answers */
#ifndef DETECTION_DETECTION_H
#define DETECTION_DETECTION_H

#include "engine/algo/algorithm.h"

extern const struct algorithm object_detection;

int detection_train(struct training *t, struct error *err);

#define DETECTION_FILE "model_algo_1-0000.params" /* as the service calls it */
extern const char *const detection_accepts[];
void *detection_load(const char *dir, const struct settings *settings, struct error *err);
void detection_unload(void *model);
int detection_invoke(const void *model, const struct request *in, struct answer *out, struct error *err);

#endif
