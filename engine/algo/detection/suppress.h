/* Of boxes that say the same, the surest: non-maximum suppression within one class. */
#ifndef DETECTION_SUPPRESS_H
#define DETECTION_SUPPRESS_H

#include <stddef.h>

#include "engine/data/images.h"

/* Something that was found. */
struct found {
    struct box box;
    float score;
};

void found_sort(struct found *f, size_t n); /* the surest first; of equals by class and place, so that order is one */

#define SUPPRESS_MOST 200 /* boxes of a class that can stay */

/* Of f[n], sorted, those that overlap none that stays by more than `limit` stay, at most `most`, in their order.
 * Returns how many. */
size_t suppress(struct found *f, size_t n, double limit, size_t most);

#endif
