#include "engine/algo/detection/loss.h"

#include <stdlib.h>
#include <string.h>

#include "engine/tensor/exp.h"

int detection_target_open(struct detection_target *g, const struct detection_net *net, size_t images, struct error *err)
{
    size_t rows = images * net->anchors.count + 1, scores = net->design.classes + 1;
    *g = (struct detection_target){.images = images, .anchors = net->anchors.count, .classes = net->design.classes};
    g->label = malloc(rows * sizeof *g->label);
    g->target = malloc(rows * sizeof *g->target);
    g->of = malloc(rows * sizeof *g->of);
    g->offset = calloc(rows * 4, sizeof *g->offset);
    g->weight = malloc(rows * sizeof *g->weight);
    g->wrong = malloc(rows * sizeof *g->wrong);
    g->order = malloc(rows * sizeof *g->order);
    g->scores = malloc(rows * scores * sizeof *g->scores);
    g->matched = calloc(images + 1, sizeof *g->matched);
    if (g->label && g->target && g->of && g->offset && g->weight && g->wrong && g->order && g->scores && g->matched)
        return 0;
    detection_target_close(g);
    return error_set(err, ERROR_SYSTEM, NULL, "give a smaller mini_batch_size or image_shape",
                     "There is not enough memory for what a mini-batch should say");
}

void detection_target_close(struct detection_target *g)
{
    free(g->label);
    free(g->target);
    free(g->of);
    free(g->offset);
    free(g->weight);
    free(g->wrong);
    free(g->order);
    free(g->scores);
    free(g->matched);
    *g = (struct detection_target){0};
}

void detection_target_match(struct detection_target *g, const struct anchors *a, size_t image, const struct box *boxes,
                            size_t count)
{
    size_t at = image * g->anchors;
    g->matched[image] = anchors_match(a, boxes, count, g->label + at, g->offset + 4 * at, g->order + at, g->of + at);
    for (size_t i = at; i < at + g->anchors; i++)
        g->weight[i] = g->label[i] > 0 ? 1 : 0;
}

/* --- hard negatives -------------------------------------------------------------------------------------------------
 */

/* The count-th largest of x[n] (count from 1); x is put into another order. */
static float nth_largest(float *x, size_t n, size_t count)
{
    size_t low = 0, high = n - 1, want = count - 1;
    while (low < high) {
        float pivot = x[low + (high - low) / 2];
        size_t i = low, j = high;
        for (;;) {
            while (x[i] > pivot)
                i++;
            while (x[j] < pivot)
                j--;
            if (i >= j)
                break;
            float other = x[i];
            x[i++] = x[j];
            x[j--] = other;
        }
        if (want <= j)
            high = j;
        else
            low = j + 1;
    }
    return x[want];
}

void detection_mine(const float *wrong, const int32_t *label, int32_t *target, size_t n, size_t count, float *order)
{
    size_t negatives = 0, above = 0;
    float bar;
    for (size_t i = 0; i < n; i++)
        if (label[i] == 0)
            order[negatives++] = wrong[i];
    count = count < negatives ? count : negatives;
    bar = count ? nth_largest(order, negatives, count) : 0;
    for (size_t i = 0; i < n && count; i++)
        above += label[i] == 0 && wrong[i] > bar;
    for (size_t i = 0; i < n; i++) {
        bool level = count && label[i] == 0 && wrong[i] == bar && above < count;
        above += level;
        target[i] = label[i] > 0 || level || (count && wrong[i] > bar) ? label[i] : -1;
    }
}

/* The cross entropy of "nothing", less what does not change the order: log of the sum of e^(score - score of nothing).
 */
VECTORISED static void wrong_all(const float *restrict scores, float *restrict wrong, size_t rows, size_t width)
{
    for (size_t i = 0; i < rows; i++)
        wrong[i] = 0;
    for (size_t k = 1; k < width; k++)
        for (size_t i = 0; i < rows; i++)
            wrong[i] += exp_float(scores[i * width + k] - scores[i * width]);
}

struct mining {
    struct detection_target *g;
    size_t images;
};

static void mine_images(void *context, int thread, int threads)
{
    const struct mining *m = context;
    struct detection_target *g = m->g;
    size_t end;
    for (size_t i = pool_share(m->images, thread, threads, &end); i < end; i++) {
        size_t at = i * g->anchors, positive = g->matched[i] ? g->matched[i] : 1;
        wrong_all(g->scores + at * (g->classes + 1), g->wrong + at, g->anchors, g->classes + 1);
        detection_mine(g->wrong + at, g->label + at, g->target + at, g->anchors, DETECTION_NEGATIVES * positive,
                       g->order + at);
    }
}

struct detection_losses detection_loss(struct detection_target *g, struct tape *t, struct detection_out out,
                                       size_t images, double matched)
{
    struct mining mining = {g, images};
    size_t rows = images * g->anchors;
    struct detection_losses loss = {out.scores, out.scores, out.scores};
    struct tensor *wanted, *weight;
    if (tape_failed(t))
        return loss;
    tape_read(t, out.scores, g->scores);
    pool_run(tape_pool(t), mine_images, &mining);
    wanted = tape_input(t, 2, (size_t[]){rows, 4}, g->offset);
    weight = tape_input(t, 1, (size_t[]){rows}, g->weight);
    loss.classes = op_cross_entropy(t, out.scores, tape_ints(t, g->target, rows), NULL, 1 / matched);
    loss.places = op_smooth_l1(t, out.offsets, wanted, weight, 1 / matched);
    loss.all = op_add(t, loss.classes, loss.places);
    return loss;
}
