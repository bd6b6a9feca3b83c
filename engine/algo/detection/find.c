#include "engine/algo/detection/find.h"

#include <stdlib.h>
#include <string.h>

#include "engine/tensor/exp.h"

/* A default box that may hold an object of the class. */
struct candidate {
    uint32_t score; /* its bits: as it is more than 0, they rise as it does */
    uint32_t anchor;
};

#define WORK (FIND_IMAGE + FIND_CANDIDATES) /* what a thread finds in an image */

int finder_open(struct finder *f, const struct detection_net *net, struct tape *tape, size_t room, double floor,
                struct error *err)
{
    size_t rows = room * net->anchors.count, threads = (size_t)pool_threads(tape_pool(tape));
    *f = (struct finder){.net = net, .tape = tape, .room = room, .floor = floor};
    f->scores = malloc(rows * (net->design.classes + 1) * sizeof *f->scores);
    f->offsets = malloc(rows * 4 * sizeof *f->offsets);
    f->found = malloc(room * FIND_IMAGE * sizeof *f->found);
    f->count = calloc(room, sizeof *f->count);
    f->work = malloc(threads * WORK * sizeof *f->work);
    f->candidates = malloc(2 * threads * net->anchors.count * sizeof *f->candidates);
    if (f->scores && f->offsets && f->found && f->count && f->work && f->candidates)
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
    free(f->candidates);
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

static float within(float x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

/* By score, the surest first and of equals the first: by the bits of a positive float, a byte at a time, from c to `to`
 * and back. Some hundreds are sorted for each class of each image: comparing them would be a quarter of a look. */
static void sort_candidates(struct candidate *c, struct candidate *to, size_t n)
{
    for (unsigned shift = 0; shift < 32; shift += 8) {
        struct candidate *other = c;
        size_t place[256] = {0}, sum = 0;
        for (size_t i = 0; i < n; i++)
            place[255 - (c[i].score >> shift & 255)]++;
        for (size_t k = 0; k < 256; k++) {
            size_t count = place[k];
            place[k] = sum;
            sum += count;
        }
        for (size_t i = 0; i < n; i++)
            to[place[255 - (c[i].score >> shift & 255)]++] = c[i];
        c = to;
        to = other;
    }
}

static size_t find_candidates(const struct finder *f, size_t image, size_t class_id, struct candidate *c)
{
    size_t anchors = f->net->anchors.count, width = f->net->design.classes + 1, n = 0;
    const float *scores = f->scores + image * anchors * width + class_id + 1;
    float floor = (float)f->floor;
    for (size_t i = 0; i < anchors; i++)
        if (scores[i * width] > floor) {
            memcpy(&c[n].score, &scores[i * width], sizeof c[n].score);
            c[n++].anchor = (uint32_t)i;
        }
    sort_candidates(c, c + anchors, n);
    return n < FIND_CANDIDATES ? n : FIND_CANDIDATES;
}

/* The objects of one class, to out[FIND_CANDIDATES]; returns how many. */
static size_t find_class(const struct finder *f, size_t image, size_t class_id, struct candidate *c, struct found *out)
{
    const float *offsets = f->offsets + image * f->net->anchors.count * 4;
    size_t n = find_candidates(f, image, class_id, c);
    for (size_t i = 0; i < n; i++) {
        struct box b;
        anchors_decode(&f->net->anchors, c[i].anchor, offsets + 4 * c[i].anchor, &b);
        out[i] =
            (struct found){{(int32_t)class_id, within(b.left), within(b.top), within(b.right), within(b.bottom)}, 0};
        memcpy(&out[i].score, &c[i].score, sizeof out[i].score);
    }
    return suppress(out, n, f->net->design.nms, FIND_CLASS);
}

/* Classes are joined a few at a time, so that room for FIND_IMAGE + FIND_CANDIDATES is enough. */
static size_t find_image(const struct finder *f, size_t image, struct candidate *c, struct found *all)
{
    size_t n = 0;
    for (size_t k = 0; k < f->net->design.classes; k++) {
        n += find_class(f, image, k, c, all + n);
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
        f->count[i] = find_image(f, i, f->candidates + 2 * (size_t)thread * anchors, f->work + (size_t)thread * WORK);
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
