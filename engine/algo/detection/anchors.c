#include "engine/algo/detection/anchors.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/tensor/exp.h"

#define CENTRE_UNIT 0.1f /* offsets are counted in these, so that all are about as large as 1 */
#define SIZE_UNIT 0.2f
#define SIDE_LEAST 1e-3f /* of a box */
#define LOG_MOST 4.0f    /* of a box's size by its anchor's */
#define ARRAYS 9

static void add(struct anchors *a, double x, double y, double width, double height)
{
    size_t i = a->count++;
    a->x[i] = (float)x;
    a->y[i] = (float)y;
    a->width[i] = (float)width;
    a->height[i] = (float)height;
    a->left[i] = a->x[i] - a->width[i] / 2;
    a->right[i] = a->x[i] + a->width[i] / 2;
    a->top[i] = a->y[i] - a->height[i] / 2;
    a->bottom[i] = a->y[i] + a->height[i] / 2;
    a->area[i] = (a->right[i] - a->left[i]) * (a->bottom[i] - a->top[i]);
}

static void add_map(struct anchors *a, size_t cells, double size, double next)
{
    double between = sqrt(size * next), root = sqrt(2);
    for (size_t i = 0; i < cells * cells; i++) {
        size_t row = i / cells, column = i % cells;
        double x = ((double)column + 0.5) / (double)cells, y = ((double)row + 0.5) / (double)cells;
        add(a, x, y, size, size);
        add(a, x, y, between, between);
        add(a, x, y, size * root, size / root);
        add(a, x, y, size / root, size * root);
    }
}

int anchors_open(struct anchors *a, const size_t *cells, size_t maps, double low, double high, struct error *err)
{
    float **arrays[ARRAYS] = {&a->left, &a->top, &a->right, &a->bottom, &a->area, &a->x, &a->y, &a->width, &a->height};
    size_t count = 0;
    float *all;
    *a = (struct anchors){0};
    for (size_t k = 0; k < maps; k++)
        count += cells[k] * cells[k] * ANCHORS_OF_CELL;
    all = malloc((ARRAYS * count + 1) * sizeof *all);
    if (!all)
        return error_set(err, ERROR_SYSTEM, NULL, "give a smaller image_shape",
                         "There is not enough memory for the default boxes");
    for (size_t i = 0; i < ARRAYS; i++)
        *arrays[i] = all + i * count;
    for (size_t k = 0; k < maps; k++)
        add_map(a, cells[k], low * pow(high / low, (double)k / (double)maps),
                low * pow(high / low, (double)(k + 1) / (double)maps));
    return 0;
}

void anchors_close(struct anchors *a)
{
    free(a->left);
    *a = (struct anchors){0};
}

float box_overlap(const struct box *a, const struct box *b)
{
    float width = (a->right < b->right ? a->right : b->right) - (a->left > b->left ? a->left : b->left);
    float height = (a->bottom < b->bottom ? a->bottom : b->bottom) - (a->top > b->top ? a->top : b->top);
    float both = (width > 0 ? width : 0) * (height > 0 ? height : 0);
    float sum = (a->right - a->left) * (a->bottom - a->top) + (b->right - b->left) * (b->bottom - b->top);
    return sum > both ? both / (sum - both) : 0;
}

/* --- matching -------------------------------------------------------------------------------------------------------
 */

/* Where box number `k` overlaps an anchor more than those before did, it takes the anchor. overlap: of each anchor. */
VECTORISED static void overlap_all(const struct anchors *a, const struct box *b, int32_t k, float *restrict overlap,
                                   float *restrict best, int32_t *restrict of)
{
    float left = b->left, top = b->top, right = b->right, bottom = b->bottom, area = (right - left) * (bottom - top);
    const float *al = a->left, *at = a->top, *ar = a->right, *ab = a->bottom, *aa = a->area;
    for (size_t i = 0; i < a->count; i++) {
        float width = (ar[i] < right ? ar[i] : right) - (al[i] > left ? al[i] : left);
        float height = (ab[i] < bottom ? ab[i] : bottom) - (at[i] > top ? at[i] : top);
        float both = (width > 0 ? width : 0) * (height > 0 ? height : 0);
        overlap[i] = both / (aa[i] + area - both);
    }
    for (size_t i = 0; i < a->count; i++) {
        int32_t better = overlap[i] > best[i];
        best[i] = better ? overlap[i] : best[i];
        of[i] = better ? k : of[i];
    }
}

static size_t largest(const float *x, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        best = x[i] > x[best] ? i : best;
    return best;
}

size_t anchors_match(const struct anchors *a, const struct box *boxes, size_t box_count, int32_t *label, float *offset,
                     float *best, int32_t *of)
{
    size_t matched = 0;
    float *overlap = offset; /* of one box: read before offsets are written */
    memset(best, 0, a->count * sizeof *best);
    memset(of, 0, a->count * sizeof *of);
    memset(label, 0, a->count * sizeof *label);
    for (size_t k = 0; k < box_count; k++) {
        overlap_all(a, &boxes[k], (int32_t)k, overlap, best, of);
        label[largest(overlap, a->count)] = (int32_t)k + 1; /* at first: which box it must answer for */
    }
    for (size_t i = 0; i < a->count && box_count; i++) {
        int32_t k = label[i] ? label[i] - 1 : of[i];
        bool answers = label[i] || best[i] > ANCHORS_MATCH;
        label[i] = answers ? boxes[k].class_id + 1 : 0;
        if (!answers)
            continue;
        anchors_encode(a, i, &boxes[k], offset + 4 * i);
        matched++;
    }
    return matched;
}

/* --- offsets --------------------------------------------------------------------------------------------------------
 */

void anchors_encode(const struct anchors *a, size_t i, const struct box *box, float offset[4])
{
    float width = fmaxf(box->right - box->left, SIDE_LEAST), height = fmaxf(box->bottom - box->top, SIDE_LEAST);
    offset[0] = ((box->left + box->right) / 2 - a->x[i]) / a->width[i] / CENTRE_UNIT;
    offset[1] = ((box->top + box->bottom) / 2 - a->y[i]) / a->height[i] / CENTRE_UNIT;
    offset[2] = logf(width / a->width[i]) / SIZE_UNIT;
    offset[3] = logf(height / a->height[i]) / SIZE_UNIT;
}

static float grown(float size, float offset)
{
    float log = offset * SIZE_UNIT;
    log = log > -LOG_MOST ? log : -LOG_MOST;
    return size * exp_float(log < LOG_MOST ? log : LOG_MOST);
}

void anchors_decode(const struct anchors *a, size_t i, const float offset[4], struct box *box)
{
    float x = a->x[i] + offset[0] * CENTRE_UNIT * a->width[i], y = a->y[i] + offset[1] * CENTRE_UNIT * a->height[i];
    float width = grown(a->width[i], offset[2]), height = grown(a->height[i], offset[3]);
    box->left = x - width / 2;
    box->right = x + width / 2;
    box->top = y - height / 2;
    box->bottom = y + height / 2;
}
