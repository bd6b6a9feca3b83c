/* Default boxes ("anchors"): of each cell of each feature map four, in fractions of the image's sides. A network says
 * of each of them a class (0: nothing) and how far the object's box is off.
 *
 *     offset = ((x - ax) / aw / 0.1, (y - ay) / ah / 0.1, log(w / aw) / 0.2, log(h / ah) / 0.2), centres and sizes */
#ifndef DETECTION_ANCHORS_H
#define DETECTION_ANCHORS_H

#include "engine/base/error.h"
#include "engine/data/images.h"

#define ANCHORS_OF_CELL 4
#define ANCHORS_MAPS_MAX 6
#define ANCHORS_MATCH 0.5f /* a box that overlaps an object by more than this answers for it */

struct anchors {
    size_t count;
    float *left, *top, *right, *bottom, *area; /* count each */
    float *x, *y, *width, *height;
};

/* In the order of the network's outputs: maps, rows, columns, boxes of a cell. Map k of `maps` has cells[k] x cells[k]
 * cells and boxes of the sizes low (high / low)^(k / maps) and the one between it and the next, square, and the first
 * also twice as wide as high and as high as wide. */
int anchors_open(struct anchors *a, const size_t *cells, size_t maps, double low, double high, struct error *err);
void anchors_close(struct anchors *a); /* {0} is fine */

/* Intersection over union; of boxes without area 0. */
float box_overlap(const struct box *a, const struct box *b);

/* What each anchor should say of an image with these boxes: label[count] 0 or class + 1, offset[4 * count] only where
 * there is a class. An anchor answers for the box that it overlaps most, where that is more than ANCHORS_MATCH; and the
 * anchor that a box overlaps most answers for it in any case. `best` and `of`: room for count. Returns how many do. */
size_t anchors_match(const struct anchors *a, const struct box *boxes, size_t box_count, int32_t *label, float *offset,
                     float *best, int32_t *of);

void anchors_encode(const struct anchors *a, size_t i, const struct box *box, float offset[4]);
void anchors_decode(const struct anchors *a, size_t i, const float offset[4], struct box *box); /* not the class */

#endif
