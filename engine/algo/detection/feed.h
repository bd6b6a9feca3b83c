/* Images as a network sees them. They are decoded once and kept at about the network's size where they all fit into
 * FEED_BYTES_MAX, else decoded whenever they are wanted.
 *
 *     feed_open(&f, images, side, &augment, pool, &err);
 *     feed_take(&f, thread, image, random, pixels, boxes, &count, &err);     from any thread, each with its own number
 *     feed_close(&f); */
#ifndef DETECTION_FEED_H
#define DETECTION_FEED_H

#include "engine/algo/detection/augment.h"
#include "engine/base/pool.h"
#include "engine/data/images.h"

#define FEED_BYTES_MAX (1u << 30)

struct kept {
    uint8_t *pixels; /* width x height x 3; NULL: decoded when wanted */
    uint32_t width, height;
};

struct feed {
    const struct images *images;
    struct augment augment;
    size_t side, threads;
    uint32_t keep; /* side of what is kept; larger images are rescaled to it */
    struct kept *kept;
    uint8_t *work; /* of each thread: side x side x 3 */
};

/* `augment` NULL: images as they are. `pool` NULL: this thread alone. */
int feed_open(struct feed *f, const struct images *images, size_t side, const struct augment *augment,
              struct pool *pool, struct error *err);
void feed_close(struct feed *f); /* {0} is fine */

/* One image, side x side x 3 numbers, and its boxes (room for as many as it has); augmented by `random`. */
int feed_take(const struct feed *f, int thread, size_t image, uint64_t random, float *pixels, struct box *boxes,
              size_t *count, struct error *err);

/* Several images at once, one after another, shared out over the pool; `boxes` has room for `room` boxes of each.
 * random: of the first, the others' follow from it and their number. */
struct feed_batch {
    const struct feed *feed;
    const uint32_t *image; /* count */
    size_t count, room;
    uint64_t random;
    float *pixels;     /* count x side x side x 3 */
    struct box *boxes; /* count x room */
    size_t *box_count; /* count */
};
int feed_batch(const struct feed_batch *b, struct pool *pool, struct error *err);

size_t feed_most_boxes(const struct images *images); /* of one image, at least 1 */

#endif
