/* Pictures that any classifier or regression can show of its scores: how well they rank, what is confused with what,
 * where they are off. The fields are described in engine/event.h. */
#ifndef ENGINE_PICTURE_H
#define ENGINE_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/event.h"

/* Binary: ROC and precision-recall curves, thinned to 200 points each. `score` may be a probability or not. */
void picture_ranking(struct event_sink *sink, const char *channel, const float *score, const float *label, size_t rows,
                     long step);
/* `predicted` holds classes. With more than 20 classes the 20 commonest. */
void picture_confusion(struct event_sink *sink, const char *channel, const float *predicted, const float *label,
                       size_t rows, size_t classes, long step);
/* Regression: at most 500 rows, evenly spread. */
void picture_residuals(struct event_sink *sink, const char *channel, const float *predicted, const float *label,
                       size_t rows, long step);

#endif
