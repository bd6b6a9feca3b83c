/* Asks a network what is in images: the classes' probabilities of all default boxes, their boxes, and of those that say
 * the same the surest. */
#ifndef DETECTION_FIND_H
#define DETECTION_FIND_H

#include "engine/algo/detection/network.h"
#include "engine/algo/detection/suppress.h"

#define FIND_CANDIDATES 400 /* of a class, before suppression: as the service */
#define FIND_CLASS 100      /* of a class that stay */
#define FIND_IMAGE 400      /* of an image that stay */

struct candidate;

struct finder {
    const struct detection_net *net;
    struct tape *tape;
    size_t room;             /* images of one call */
    double floor;            /* scores below it are not found */
    float *scores, *offsets; /* room x anchors x (classes + 1), x 4 */
    struct found *found;     /* room x FIND_IMAGE: of image i from i x FIND_IMAGE on, the surest first */
    size_t *count;           /* room */
    struct found *work;      /* of each thread */
    struct candidate *candidates;
};

int finder_open(struct finder *f, const struct detection_net *net, struct tape *tape, size_t room, double floor,
                struct error *err);
void finder_close(struct finder *f); /* {0} is fine */

/* pixels: images x side x side x 3 */
int finder_ask(struct finder *f, const float *pixels, size_t images, struct error *err);

#endif
