#include "engine/algo/detection/find.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/tensor/exp.h"

static size_t work_room(const struct finder *f)
{
    return f->net->anchors.count + FIND_IMAGE + FIND_CLASS;
}

int finder_open(struct finder *f, const struct detection_net *net, struct tape *tape, size_t room, double floor,
                struct error *err)
{
    size_t rows = room * net->anchors.count, threads = (size_t)pool_threads(tape_pool(tape));
    *f = (struct finder){.net = net, .tape = tape, .room = room, .floor = floor};
    f->scores = malloc(rows * (net->design.classes + 1) * sizeof *f->scores);
    f->offsets = malloc(rows * 4 * sizeof *f->offsets);
    f->found = malloc(room * FIND_IMAGE * sizeof *f->found);
    f->count = calloc(room, sizeof *f->count);
    f->work = malloc(threads * work_room(f) * sizeof *f->work);
    if (f->scores && f->offsets && f->found && f->count && f->work)
        return 0;
    finder_close(f);
    return error_set(err, ERROR_SYSTEM, NULL, "give a smaller image_shape or mini_batch_size",
                     "There is not enough memory to look for objects");
}

void finder_close(struct finder *f)
{
    free(f->scores);
    free(f->offsets);
    free(f->found);
    free(f->count);
    free(f->work);
    *f = (struct finder){0};
}

/* Scores to probabilities, in place. */
VECTORISED static void probabilities(float *scores, size_t rows, size_t width)
{
    for (size_t i = 0; i < rows; i++) {
        float *row = scores + i * width, most = row[0], sum = 0;
        for (size_t k = 1; k < width; k++)
            most = row[k] > most ? row[k] : most;
        for (size_t k = 0; k < width; k++) {
            row[k] = exp_float(row[k] - most);
            sum += row[k];
        }
        for (size_t k = 0; k < width; k++)
            row[k] /= sum;
    }
}

/* To what the image shows. */
static void clip(struct box *b)
{
    b->left = fminf(fmaxf(b->left, 0), 1);
    b->top = fminf(fmaxf(b->top, 0), 1);
    b->right = fminf(fmaxf(b->right, 0), 1);
    b->bottom = fminf(fmaxf(b->bottom, 0), 1);
}

/* The objects of one class, to out[FIND_CLASS]; returns how many. */
static size_t find_class(const struct finder *f, size_t image, size_t class_id, struct found *work, struct found *out)
{
    size_t anchors = f->net->anchors.count, width = f->net->design.classes + 1, n = 0;
    const float *scores = f->scores + image * anchors * width + class_id + 1;
    const float *offsets = f->offsets + image * anchors * 4;
    for (size_t i = 0; i < anchors; i++)
        if ((double)scores[i * width] > f->floor) {
            anchors_decode(&f->net->anchors, i, offsets + 4 * i, &work[n].box);
            clip(&work[n].box);
            work[n].box.class_id = (int32_t)class_id;
            work[n++].score = scores[i * width];
        }
    found_sort(work, n);
    n = suppress(work, n < FIND_CANDIDATES ? n : FIND_CANDIDATES, f->net->design.nms, FIND_CLASS);
    memcpy(out, work, n * sizeof *out);
    return n;
}

/* Classes are joined a few at a time, so that room for FIND_IMAGE + FIND_CLASS is enough. */
static size_t find_image(const struct finder *f, size_t image, struct found *work)
{
    size_t n = 0, anchors = f->net->anchors.count;
    struct found *all = work + anchors;
    for (size_t k = 0; k < f->net->design.classes; k++) {
        n += find_class(f, image, k, work, all + n);
        if (n > FIND_IMAGE) {
            found_sort(all, n);
            n = FIND_IMAGE;
        }
    }
    found_sort(all, n);
    memcpy(f->found + image * FIND_IMAGE, all, n * sizeof *all);
    return n;
}

struct asked {
    struct finder *f;
    size_t images;
};

static void find_images(void *context, int thread, int threads)
{
    const struct asked *a = context;
    struct finder *f = a->f;
    size_t end, anchors = f->net->anchors.count, width = f->net->design.classes + 1;
    for (size_t i = pool_share(a->images, thread, threads, &end); i < end; i++) {
        probabilities(f->scores + i * anchors * width, anchors, width);
        f->count[i] = find_image(f, i, f->work + (size_t)thread * work_room(f));
    }
}

int finder_ask(struct finder *f, const float *pixels, size_t images, struct error *err)
{
    struct asked asked = {f, images};
    struct detection_out out;
    size_t side = f->net->design.side;
    tape_begin(f->tape, false, 0);
    out = detection_net_run(f->net, f->tape, tape_input(f->tape, 4, (size_t[]){images, side, side, 3}, pixels), images);
    if (!tape_failed(f->tape)) {
        tape_read(f->tape, out.scores, f->scores);
        tape_read(f->tape, out.offsets, f->offsets);
    }
    if (tape_finish(f->tape, err) < 0)
        return -1;
    pool_run(tape_pool(f->tape), find_images, &asked);
    return 0;
}
