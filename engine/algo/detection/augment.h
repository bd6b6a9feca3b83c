/* Makes other images of the ones that there are, so that a small set teaches more: a random view of the image becomes
 * the square that a network is shown, and its boxes follow.
 *
 *   crop      a random part that holds objects in a random least measure, as in the paper of SSD (Liu et al. 2016)
 *   rescale   the view is made smaller (objects grow) or larger than the image (objects shrink, grey around them)
 *   flip      left and right change places, every second time
 *   jitter    brightness, contrast and saturation
 *
 * Objects whose middle is in the view stay, cut at its border. A view never loses all objects of an image that has
 * any, and no box is ever empty or turned around. Same numbers from `rng`, same square. */
#ifndef DETECTION_AUGMENT_H
#define DETECTION_AUGMENT_H

#include <stdbool.h>

#include "engine/base/rng.h"
#include "engine/data/images.h"

#define AUGMENT_FILL 127 /* around the image */

struct augment {
    bool flip, rescale, jitter, crop;
};

/* Fills side x side x 3 bytes from an image of width x height pixels, and changes boxes[0 .. *count - 1] in place:
 * fewer may be left. With nothing switched on it is the whole image, and rng may be NULL. */
int augment_image(const struct augment *a, struct rng *rng, const uint8_t *pixels, uint32_t width, uint32_t height,
                  uint8_t *square, uint32_t side, struct box *boxes, size_t *count, struct error *err);

#endif
