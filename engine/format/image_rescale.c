/* Columns and rows are weighed one after the other: first whole rows into one row of sums, which a machine does eight
 * numbers at a time, then along that row one pixel, red green blue and a fourth that is not used, at a time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/image_coding.h"
#include "engine/tensor/exp.h"

typedef float four __attribute__((vector_size(16)));

/* Which pixels of a line make each pixel of the square's side, and with what weights: most weights for each, of which
 * count[i] are used, from pixel first[i] on. count 0: it lies beyond the image. */
struct weights {
    size_t most;
    uint32_t *first, *count;
    float *weight;
};

struct scratch {
    struct weights across, down;
    float *row; /* of the image, as sums, from pixel `left` on */
    uint32_t left, right;
};

static int weights_open(struct weights *w, uint32_t side, float from, float to, uint32_t length)
{
    double scale = fabs((double)to - (double)from) * length / side;
    w->most = (size_t)(2 * (scale > 1 ? scale : 1)) + 3;
    if (w->most > (size_t)length + 2)
        w->most = (size_t)length + 2;
    w->first = calloc(side, sizeof *w->first);
    w->count = calloc(side, sizeof *w->count);
    w->weight = calloc(side, w->most * sizeof *w->weight);
    return w->first && w->count && w->weight ? 0 : -1;
}

static void weights_close(struct weights *w)
{
    free(w->first);
    free(w->count);
    free(w->weight);
}

/* A triangle around the middle of what pixel i covers, cut at the image's ends; its weights sum to one. */
static void weigh(struct weights *w, uint32_t i, double middle, double reach, uint32_t length)
{
    double low = middle - reach + 0.5, high = middle + reach + 0.5, sum = 0;
    float *weight = w->weight + i * w->most;
    uint32_t first, stop;
    if (!(middle >= 0 && middle < length))
        return;
    first = low > 0 ? (uint32_t)low : 0;
    stop = high < length ? (uint32_t)high : length;
    if (stop <= first)
        stop = first + 1;
    w->first[i] = first;
    w->count[i] = stop - first;
    for (uint32_t k = first; k < stop; k++) {
        double far = fabs((k + 0.5 - middle) / reach), share = far < 1 ? 1 - far : 0;
        weight[k - first] = (float)share;
        sum += share;
    }
    while (w->count[i] > 1 && weight[w->count[i] - 1] == 0)
        w->count[i]--;
    for (uint32_t k = 0; k < w->count[i]; k++)
        weight[k] = sum > 0 ? (float)((double)weight[k] / sum) : 1;
}

static void weigh_side(struct weights *w, uint32_t side, float from, float to, uint32_t length)
{
    double begin = (double)from * length, scale = ((double)to - (double)from) * length / side,
           reach = fabs(scale) > 1 ? fabs(scale) : 1;
    for (uint32_t i = 0; i < side; i++)
        weigh(w, i, begin + (i + 0.5) * scale, reach, length);
}

static void find_ends(struct scratch *s, uint32_t side, uint32_t width)
{
    s->left = width;
    s->right = 0;
    for (uint32_t x = 0; x < side; x++) {
        uint32_t first = s->across.first[x], stop = first + s->across.count[x];
        if (s->across.count[x] && first < s->left)
            s->left = first;
        if (s->across.count[x] && stop > s->right)
            s->right = stop;
    }
}

VECTORISED static void sum_rows(const uint8_t *restrict from, size_t stride, uint32_t rows,
                                const float *restrict weight, float *restrict to, size_t count)
{
    float first = weight[0];
    for (size_t i = 0; i < count; i++)
        to[i] = first * (float)from[i];
    for (uint32_t k = 1; k < rows; k++) {
        const uint8_t *line = from + k * stride;
        float share = weight[k];
        for (size_t i = 0; i < count; i++)
            to[i] += share * (float)line[i];
    }
}

VECTORISED static void sum_columns(const struct weights *w, const float *restrict row, uint32_t left, uint8_t fill,
                                   uint8_t *restrict to, uint32_t side)
{
    for (uint32_t x = 0; x < side; x++) {
        const float *weight = w->weight + x * w->most, *at = row + (size_t)(w->first[x] - left) * 3;
        four sum = {0.5f, 0.5f, 0.5f, 0.5f};
        if (w->count[x] == 0) {
            memset(to + (size_t)x * 3, fill, 3);
            continue;
        }
        for (uint32_t k = 0; k < w->count[x]; k++) {
            four pixel;
            memcpy(&pixel, at + (size_t)k * 3, sizeof pixel);
            sum += weight[k] * pixel;
        }
        for (int c = 0; c < 3; c++) {
            int level = (int)sum[c];
            to[(size_t)x * 3 + (size_t)c] = (uint8_t)(level > 255 ? 255 : level);
        }
    }
}

static void rescale(const struct scratch *s, const uint8_t *from, uint32_t width, uint8_t fill, uint8_t *to,
                    uint32_t side)
{
    size_t count = s->left < s->right ? (size_t)(s->right - s->left) * 3 : 0, stride = (size_t)width * 3;
    for (uint32_t y = 0; y < side; y++) {
        const struct weights *down = &s->down;
        uint8_t *line = to + (size_t)y * side * 3;
        if (down->count[y] == 0 || count == 0) {
            memset(line, fill, (size_t)side * 3);
            continue;
        }
        sum_rows(from + down->first[y] * stride + (size_t)s->left * 3, stride, down->count[y],
                 down->weight + y * down->most, s->row, count);
        sum_columns(&s->across, s->row, s->left, fill, line, side);
    }
}

static int check(uint32_t width, uint32_t height, struct image_part part, uint32_t side, struct error *err)
{
    const float most = 1000; /* images wide: no scale that a caller means */
    const float ends[] = {part.left, part.top, part.right, part.bottom};
    for (int i = 0; i < 4; i++)
        if (!(fabsf(ends[i]) <= most))
            return error_set(err, ERROR_FAULT, "image_rescale", NULL, "The part of the image is out of range");
    return image_check_size("image_rescale", width, height, err) < 0 ? -1 : image_check_size("square", side, side, err);
}

int image_rescale(const uint8_t *from, uint32_t width, uint32_t height, struct image_part part, uint8_t fill,
                  uint8_t *to, uint32_t side, struct error *err)
{
    struct scratch s = {0};
    int status = check(width, height, part, side, err);
    if (status < 0)
        return -1;
    s.row = calloc((size_t)width * 3 + 4, sizeof *s.row); /* the fourth of the last pixel lies behind it */
    if (!s.row || weights_open(&s.across, side, part.left, part.right, width) < 0 ||
        weights_open(&s.down, side, part.top, part.bottom, height) < 0) {
        status = image_no_memory("image_rescale", err);
    } else {
        weigh_side(&s.across, side, part.left, part.right, width);
        weigh_side(&s.down, side, part.top, part.bottom, height);
        find_ends(&s, side, width);
        rescale(&s, from, width, fill, to, side);
    }
    weights_close(&s.across);
    weights_close(&s.down);
    free(s.row);
    return status;
}
