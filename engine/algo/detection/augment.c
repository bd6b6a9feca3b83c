#include "engine/algo/detection/augment.h"

#include <math.h>

#include "engine/format/image.h"
#include "engine/tensor/exp.h"

#define TRIES 24
#define CROP_LEAST 0.3f /* of a side */
#define CROP_SLANT 2.0f /* a crop's sides, one in the other */
#define VIEW_LEAST 0.6  /* of the image's side, when it is rescaled */
#define VIEW_MOST 1.7
#define BRIGHTNESS 32.0 /* levels, up or down */
#define CONTRAST 0.4    /* share, up or down */
#define SATURATION 0.4

/* What the square shows, in fractions of the image. */
struct view {
    float left, top, right, bottom;
};

static const struct view whole = {0, 0, 1, 1};

static float draw(struct rng *r, double low, double high)
{
    return (float)(low + (high - low) * rng_uniform(r));
}

static bool holds_middle(const struct view *v, const struct box *b)
{
    float x = (b->left + b->right) / 2, y = (b->top + b->bottom) / 2;
    return x >= v->left && x < v->right && y >= v->top && y < v->bottom;
}

static bool holds_any(const struct view *v, const struct box *boxes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (holds_middle(v, &boxes[i]))
            return true;
    return count == 0;
}

/* Shared area by joint area. */
static float overlap(const struct view *v, const struct box *b)
{
    float across = fminf(v->right, b->right) - fmaxf(v->left, b->left),
          down = fminf(v->bottom, b->bottom) - fmaxf(v->top, b->top), shared = fmaxf(across, 0) * fmaxf(down, 0);
    return shared /
           ((v->right - v->left) * (v->bottom - v->top) + (b->right - b->left) * (b->bottom - b->top) - shared);
}

/* Does the crop hold an object in this measure? */
static bool measures(const struct view *v, const struct box *boxes, size_t count, float least)
{
    float best = 0;
    for (size_t i = 0; i < count; i++)
        best = fmaxf(best, overlap(v, &boxes[i]));
    return count == 0 || best >= least;
}

/* The whole, one of five least measures, or any part. */
static struct view crop(struct rng *r, const struct box *boxes, size_t count)
{
    static const float measure[] = {0.1f, 0.3f, 0.5f, 0.7f, 0.9f, 0};
    uint64_t choice = rng_below(r, 7);
    if (choice == 6)
        return whole;
    for (int i = 0; i < TRIES; i++) {
        float width = draw(r, (double)CROP_LEAST, 1), height = draw(r, (double)CROP_LEAST, 1);
        float left = draw(r, 0, 1 - (double)width), top = draw(r, 0, 1 - (double)height);
        struct view v = {left, top, left + width, top + height};
        if (width <= CROP_SLANT * height && height <= CROP_SLANT * width &&
            measures(&v, boxes, count, measure[choice]) && holds_any(&v, boxes, count))
            return v;
    }
    return whole;
}

/* A view of other size, which lies in `v`, or around it, at any place. */
static struct view rescale(struct rng *r, struct view v)
{
    const double low = VIEW_LEAST, high = VIEW_MOST;
    double chance = rng_uniform(r),
           share = chance < 0.5 ? 1 - 2 * chance * (1 - low) : 1 + (2 * chance - 1) * (high - 1);
    float width = v.right - v.left, height = v.bottom - v.top;
    float left = v.left + draw(r, 0, 1) * width * (float)(1 - share),
          top = v.top + draw(r, 0, 1) * height * (float)(1 - share);
    return (struct view){left, top, left + width * (float)share, top + height * (float)share};
}

static struct view choose(const struct augment *a, struct rng *r, const struct box *boxes, size_t count)
{
    struct view cut = a->crop ? crop(r, boxes, count) : whole, v;
    if (!a->rescale)
        return cut;
    for (int i = 0; i < TRIES; i++) {
        v = rescale(r, cut);
        if (holds_any(&v, boxes, count))
            return v;
    }
    return cut;
}

static float within(float x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

/* Boxes in fractions of the view; those whose middle is outside go. */
static void follow(const struct view *v, bool flipped, struct box *boxes, size_t *count)
{
    float width = v->right - v->left, height = v->bottom - v->top;
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        struct box b = boxes[i];
        if (!holds_middle(v, &b))
            continue;
        b.left = within((b.left - v->left) / width);
        b.right = within((b.right - v->left) / width);
        b.top = within((b.top - v->top) / height);
        b.bottom = within((b.bottom - v->top) / height);
        if (flipped) {
            float left = 1 - b.right;
            b.right = 1 - b.left;
            b.left = left;
        }
        if (b.left < b.right && b.top < b.bottom)
            boxes[kept++] = b;
    }
    *count = kept;
}

/* --- colours --------------------------------------------------------------------------------------------------------
 */

static const float grey_red = 0.299f, grey_green = 0.587f, grey_blue = 0.114f;

VECTORISED static float mean_grey(const uint8_t *square, size_t pixels)
{
    uint64_t red = 0, green = 0, blue = 0;
    for (size_t i = 0; i < pixels; i++) {
        red += square[3 * i];
        green += square[3 * i + 1];
        blue += square[3 * i + 2];
    }
    return (grey_red * (float)red + grey_green * (float)green + grey_blue * (float)blue) / (float)pixels;
}

static inline uint8_t level(float x)
{
    int whole_level = (int)(x + 0.5f);
    return (uint8_t)(whole_level < 0 ? 0 : whole_level > 255 ? 255 : whole_level);
}

/* Each channel becomes own x itself + shared x the pixel's grey + more. */
VECTORISED static void recolour(uint8_t *square, size_t pixels, float own, float shared, float more)
{
    for (size_t i = 0; i < pixels; i++) {
        float red = (float)square[3 * i], green = (float)square[3 * i + 1], blue = (float)square[3 * i + 2];
        float grey = shared * (grey_red * red + grey_green * green + grey_blue * blue) + more;
        square[3 * i] = level(own * red + grey);
        square[3 * i + 1] = level(own * green + grey);
        square[3 * i + 2] = level(own * blue + grey);
    }
}

static void jitter(struct rng *r, uint8_t *square, size_t pixels)
{
    float brightness = draw(r, -BRIGHTNESS, BRIGHTNESS), contrast = draw(r, 1 - CONTRAST, 1 + CONTRAST),
          saturation = draw(r, 1 - SATURATION, 1 + SATURATION);
    recolour(square, pixels, contrast * saturation, contrast * (1 - saturation),
             (1 - contrast) * mean_grey(square, pixels) + brightness);
}

int augment_image(const struct augment *a, struct rng *rng, const uint8_t *pixels, uint32_t width, uint32_t height,
                  uint8_t *square, uint32_t side, struct box *boxes, size_t *count, struct error *err)
{
    struct view v = choose(a, rng, boxes, *count);
    bool flipped = a->flip && rng_below(rng, 2) == 1;
    struct image_part part = {flipped ? v.right : v.left, v.top, flipped ? v.left : v.right, v.bottom};
    if (image_rescale(pixels, width, height, part, AUGMENT_FILL, square, side, err) < 0)
        return -1;
    if (a->crop || a->rescale || flipped)
        follow(&v, flipped, boxes, count);
    if (a->jitter)
        jitter(rng, square, (size_t)side * side);
    return 0;
}
