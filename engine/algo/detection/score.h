/* How good detections are: for each class the area under its curve of precision over recall, where precision is the
 * best that any recall at least as large has (VOC 2010), and the mean over the classes that occur (mAP).
 *
 *     score_open(&s, classes, 0.5);
 *     for each image: score_add(&s, found, n, boxes, count);      found: sorted, the surest first
 *     score_exchange(&s, comm, &err);                             with ranks: now all have all images
 *     map = score_finish(&s);                                     then s.curve[class]
 *     score_close(&s);
 *
 * A detection is a hit when of its class's boxes in the image the one that it overlaps most is overlapped by more than
 * `overlap` and no surer detection hit that box. */
#ifndef DETECTION_SCORE_H
#define DETECTION_SCORE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/algo/detection/suppress.h"
#include "engine/comm.h"

struct verdict {
    float score;
    int32_t class_id;
    int32_t hit, order; /* order: of arrival, so that equal scores have one order */
};

struct curve {
    size_t boxes, verdicts;        /* of the class */
    const struct verdict *verdict; /* sorted, the surest first */
    double average_precision;      /* NaN: the class does not occur */
};

struct score {
    size_t classes;
    double overlap;
    struct verdict *verdict;
    size_t count, room;
    double *boxes; /* classes */
    struct curve *curve;
    uint8_t *taken; /* boxes of an image */
    size_t taken_room;
    bool failed; /* there was no memory */
};

void score_open(struct score *s, size_t classes, double overlap);
void score_close(struct score *s); /* {0} is fine */
void score_add(struct score *s, const struct found *found, size_t n, const struct box *boxes, size_t count);
int score_exchange(struct score *s, struct comm *comm, struct error *err);
double score_finish(struct score *s); /* NaN: no memory, or no class occurs */

#endif
