/* Pictures that any classifier or regression can show of its scores: how well they rank, what is confused with what,
 * where they are off. The fields are described in engine/event.h. */
#ifndef ENGINE_PICTURE_H
#define ENGINE_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/event.h"

/* What classes are called. */
struct picture_names {
    void (*write)(struct json *j, const void *of, size_t class); /* one JSON string */
    const void *of;
};

/* Binary: ROC and precision-recall curves, thinned to 200 points each. `score` may be a probability or not.
 * `names` NULL: class 1 is simply the positive one. */
void picture_ranking(struct event_sink *sink, const char *channel, const float *score, const float *label, size_t rows,
                     const struct picture_names *names, long step);
/* `predicted` holds classes. With more than 20 classes the 20 commonest. `names` NULL: they are called by their
 * numbers.
 */
void picture_confusion(struct event_sink *sink, const char *channel, const float *predicted, const float *label,
                       size_t rows, size_t classes, const struct picture_names *names, long step);
/* Regression: at most 500 rows, evenly spread. */
void picture_residuals(struct event_sink *sink, const char *channel, const float *predicted, const float *label,
                       size_t rows, long step);

#endif
