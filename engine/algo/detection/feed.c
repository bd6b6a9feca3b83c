#include "engine/algo/detection/feed.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/detection/network.h"
#include "engine/format/image.h"
#include "engine/tensor/exp.h"

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "give fewer or smaller images",
                     "There is not enough memory for the images");
}

/* --- keeping --------------------------------------------------------------------------------------------------------
 */

/* Decodes an image, no larger than f->keep. */
static int decode(const struct feed *f, size_t image, struct kept *k, struct error *err)
{
    const struct image *from = &f->images->item[image];
    uint8_t *all = image_pixels(from, err), *small;
    if (!all)
        return -1;
    *k = (struct kept){all, from->width, from->height};
    if (from->width <= f->keep && from->height <= f->keep && f->keep != f->side)
        return 0;
    small = malloc((size_t)f->keep * f->keep * 3);
    *k = (struct kept){small, f->keep, f->keep};
    if ((!small ? no_memory(err)
                : image_rescale(all, from->width, from->height, (struct image_part){0, 0, 1, 1}, 0, small, f->keep,
                                err)) < 0) {
        free(small);
        k->pixels = NULL;
    }
    free(all);
    return k->pixels ? 0 : -1;
}

/* What the threads of a pool do together: the first error stays. */
struct shared_error {
    pthread_mutex_t lock;
    struct error *err;
    int status;
};

static void keep_error(struct shared_error *s, const struct error *err)
{
    pthread_mutex_lock(&s->lock);
    if (s->status == 0)
        *s->err = *err;
    s->status = -1;
    pthread_mutex_unlock(&s->lock);
}

struct decoding {
    struct feed *f;
    struct shared_error shared;
};

static void decode_images(void *context, int thread, int threads)
{
    struct decoding *d = context;
    size_t end, i = pool_share(d->f->images->count, thread, threads, &end);
    for (; i < end; i++) {
        struct error err = {0};
        if (decode(d->f, i, &d->f->kept[i], &err) == 0)
            continue;
        keep_error(&d->shared, &err);
        return;
    }
}

/* Augmentation looks at parts of an image, which want more pixels than the whole. */
static uint32_t side_kept(const struct augment *a, size_t side)
{
    return (uint32_t)(a->crop ? side + side / 2 : a->rescale || a->jitter ? side + 1 : side);
}

int feed_open(struct feed *f, const struct images *images, size_t side, const struct augment *augment,
              struct pool *pool, struct error *err)
{
    struct decoding d = {f, {PTHREAD_MUTEX_INITIALIZER, err, 0}};
    *f = (struct feed){.images = images, .side = side, .threads = (size_t)pool_threads(pool)};
    if (augment)
        f->augment = *augment;
    f->keep = side_kept(&f->augment, side);
    f->work = malloc(f->threads * side * side * 3);
    f->kept = calloc(images->count + 1, sizeof *f->kept);
    if (!f->work || !f->kept) {
        feed_close(f);
        return no_memory(err);
    }
    if (images->count > FEED_BYTES_MAX / ((size_t)f->keep * f->keep * 3))
        return 0;
    pool_run(pool, decode_images, &d);
    if (d.shared.status < 0)
        feed_close(f);
    return d.shared.status;
}

void feed_close(struct feed *f)
{
    for (size_t i = 0; f->kept && i < f->images->count; i++)
        free(f->kept[i].pixels);
    free(f->kept);
    free(f->work);
    *f = (struct feed){0};
}

/* --- taking ---------------------------------------------------------------------------------------------------------
 */

VECTORISED static void to_numbers(const uint8_t *restrict bytes, float *restrict pixels, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pixels[i] = detection_pixel(bytes[i]);
}

int feed_take(const struct feed *f, int thread, size_t image, uint64_t random, float *pixels, struct box *boxes,
              size_t *count, struct error *err)
{
    const struct image *from = &f->images->item[image];
    uint8_t *square = f->work + (size_t)thread * f->side * f->side * 3;
    struct kept k = f->kept[image];
    struct rng rng;
    int status;
    *count = from->boxes;
    if (from->boxes)
        memcpy(boxes, f->images->box + from->first, from->boxes * sizeof *boxes);
    if (!k.pixels && decode(f, image, &k, err) < 0)
        return -1;
    rng_init(&rng, random, 0);
    status =
        augment_image(&f->augment, &rng, k.pixels, k.width, k.height, square, (uint32_t)f->side, boxes, count, err);
    if (status == 0)
        to_numbers(square, pixels, f->side * f->side * 3);
    if (!f->kept[image].pixels)
        free(k.pixels);
    return status;
}

struct taking {
    const struct feed_batch *b;
    struct shared_error shared;
};

static void take_images(void *context, int thread, int threads)
{
    struct taking *t = context;
    const struct feed_batch *b = t->b;
    size_t end, numbers = b->feed->side * b->feed->side * 3;
    for (size_t i = pool_share(b->count, thread, threads, &end); i < end; i++) {
        struct error err = {0};
        if (feed_take(b->feed, thread, b->image[i], b->random + i * 0x9E3779B97F4A7C15u, b->pixels + i * numbers,
                      b->boxes + i * b->room, &b->box_count[i], &err) == 0)
            continue;
        keep_error(&t->shared, &err);
        return;
    }
}

int feed_batch(const struct feed_batch *b, struct pool *pool, struct error *err)
{
    struct taking t = {b, {PTHREAD_MUTEX_INITIALIZER, err, 0}};
    pool_run(pool, take_images, &t);
    return t.shared.status;
}

size_t feed_most_boxes(const struct images *images)
{
    size_t most = 1;
    for (size_t i = 0; i < images->count; i++)
        most = images->item[i].boxes > most ? images->item[i].boxes : most;
    return most;
}
