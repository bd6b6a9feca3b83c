/* The pictures of a run: a few images with their true boxes, once; what the network finds in them, epoch by epoch; and
 * each class's precision over recall. {0} draws nothing. */
#ifndef DETECTION_PICTURE_H
#define DETECTION_PICTURE_H

#include "engine/algo/detection/feed.h"
#include "engine/algo/detection/find.h"
#include "engine/algo/detection/score.h"
#include "engine/event.h"

#define PICTURE_IMAGES 12
#define PICTURE_SIDE 160 /* of an image that is shown */
#define PICTURE_FOUND 40 /* of an image */
#define PICTURE_FLOOR 0.05
#define PICTURE_POINTS 60 /* of a curve */

struct picture {
    struct event_sink *sink;
    struct images images; /* borrowed from the part: its first ones */
    const char *channel;
    struct feed feed;
    float *pixels; /* of all of them */
    double drawn;  /* when, by clock_seconds */
};

/* Sends the images. `part` may be NULL: nothing is drawn. */
int picture_open(struct picture *p, struct event_sink *sink, const struct images *part, const char *channel,
                 size_t side, struct error *err);
void picture_close(struct picture *p);

/* `now` false: only when the last one was a while ago. The finder must have room for PICTURE_IMAGES. */
int picture_draw(struct picture *p, struct finder *f, long epoch, long step, bool now, struct error *err);

/* After score_finish. */
void picture_precision(struct event_sink *sink, const struct score *s, const struct images *part, const char *channel,
                       double map, long epoch, long step);

#endif
