/* A trained model on disk, and its answers: the objects of one image. */
#include "engine/algo/detection/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/algo/detection/detection.h"
#include "engine/algo/detection/feed.h"
#include "engine/algo/detection/find.h"
#include "engine/base/json.h"
#include "engine/format/image.h"
#include "engine/model.h"
#include "engine/nn/weights.h"

#define NAME "request"
#define FLOOR 0.01 /* scores below it are not answered */

const char *const detection_accepts[] = {"application/json", "application/json;annotation=1", NULL};

/* --- disk -----------------------------------------------------------------------------------------------------------
 */

struct asked {
    struct settings settings; /* resolved; the design's texts point here */
    struct detection_net net;
};

const struct detection_net *detection_model_net(const void *model)
{
    return &((const struct asked *)model)->net;
}

static int read_model(struct asked *m, const char *dir, const struct settings *settings, struct error *err)
{
    struct detection_design d;
    int status;
    if (algorithm_resolve(&object_detection, settings, &m->settings, err) < 0 ||
        detection_design_read(&d, &m->settings, err) < 0)
        return -1;
    status = detection_net_open(&m->net, &d, &backend_cpu, 0, err);
    if (status == 0)
        status = weights_load(&m->net.parameters, dir, DETECTION_FILE, err);
    return status;
}

void *detection_load(const char *dir, const struct settings *settings, struct error *err)
{
    struct asked *m = calloc(1, sizeof *m);
    if (!m) {
        error_set(err, ERROR_SYSTEM, dir, NULL, "There is not enough memory for the model");
        return NULL;
    }
    if (read_model(m, dir, settings, err) == 0)
        return m;
    detection_unload(m);
    return NULL;
}

void detection_unload(void *model)
{
    struct asked *m = model;
    if (m)
        detection_net_close(&m->net);
    free(m);
}

/* --- a request ------------------------------------------------------------------------------------------------------
 */

static bool is_type(const char *type, const char *name)
{
    size_t len = strcspn(type, "; ");
    return len == strlen(name) && strncasecmp(type, name, len) == 0;
}

/* The image of a request, borrowed from it. */
static int read_request(const struct request *in, struct image *image, struct error *err)
{
    static char name[] = NAME;
    const char *type = in->content_type && *in->content_type ? in->content_type : "application/x-image";
    if (!is_type(type, "image/jpeg") && !is_type(type, "image/png") && !is_type(type, "application/x-image"))
        return error_set(err, ERROR_INPUT, "Content-Type", "send image/jpeg, image/png or application/x-image",
                         "Object Detection does not read '%.100s'", type);
    if (in->len > PAYLOAD_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, NAME, "send a smaller image", "A request may have %u MiB at most",
                         PAYLOAD_BYTES_MAX >> 20);
    *image = (struct image){.len = in->len, .name = name};
    if (image_look(in->bytes, in->len, NAME, &image->coding, &image->width, &image->height, err) < 0)
        return -1;
    image->bytes = (uint8_t *)(uintptr_t)in->bytes; /* only read */
    return 0;
}

/* "application/json;annotation=1", with or without blanks. */
static bool wants_annotation(const char *type)
{
    return strcmp(type, detection_accepts[1]) == 0;
}

/* payload_type compares what stands before a semicolon, so the parameter is looked for here. */
static const char *answer_type(const struct request *in, struct error *err)
{
    static const char *const plain[] = {"application/json", NULL};
    const char *accept = in->accept ? in->accept : "", *at = strchr(accept, ';');
    if (!payload_type(in->accept, plain, err))
        return NULL;
    for (; at; at = strchr(at + 1, ';'))
        if (strncasecmp(at + 1 + strspn(at + 1, " "), "annotation=1", strlen("annotation=1")) == 0)
            return detection_accepts[1];
    return detection_accepts[0];
}

/* --- an answer ------------------------------------------------------------------------------------------------------
 */

static void put_prediction(struct json *j, const struct found *found, size_t n)
{
    json_array(j, "prediction");
    for (size_t i = 0; i < n; i++) {
        const struct box *b = &found[i].box;
        const float values[] = {found[i].score, b->left, b->top, b->right, b->bottom};
        json_array(j, NULL);
        json_integer(j, NULL, b->class_id);
        for (size_t k = 0; k < sizeof values / sizeof *values; k++)
            json_float(j, NULL, (double)values[k]);
        json_end(j);
    }
    json_end(j);
}

static void put_pixels(struct json *j, const char *key, float share, uint32_t size)
{
    json_integer(j, key, lrintf(share * (float)size));
}

static void put_annotations(struct json *j, const struct image *image, const struct found *found, size_t n)
{
    json_array(j, "image_size");
    json_object(j, NULL);
    json_integer(j, "width", image->width);
    json_integer(j, "height", image->height);
    json_integer(j, "depth", 3);
    json_end(j);
    json_end(j);
    json_array(j, "annotations");
    for (size_t i = 0; i < n; i++) {
        const struct box *b = &found[i].box;
        json_object(j, NULL);
        json_integer(j, "class_id", b->class_id);
        json_float(j, "score", (double)found[i].score);
        put_pixels(j, "left", b->left, image->width);
        put_pixels(j, "top", b->top, image->height);
        put_pixels(j, "width", b->right - b->left, image->width);
        put_pixels(j, "height", b->bottom - b->top, image->height);
        json_end(j);
    }
    json_end(j);
}

static int find_objects(const struct asked *m, const struct image *image, struct tape *tape, struct finder *f,
                        struct error *err)
{
    size_t side = m->net.design.side, count;
    struct image item = *image;
    const struct images one = {.count = 1, .item = &item};
    struct feed feed = {0};
    struct box none[1];
    float *pixels = malloc(side * side * 3 * sizeof *pixels);
    int status = pixels ? feed_open(&feed, &one, side, NULL, NULL, err)
                        : error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory for the image");
    if (status == 0)
        status = feed_take(&feed, 0, 0, 0, pixels, none, &count, err);
    if (status == 0)
        status = finder_open(f, &m->net, tape, 1, FLOOR, err);
    if (status == 0)
        status = finder_ask(f, pixels, 1, err);
    if (feed.images)
        feed_close(&feed);
    free(pixels);
    return status;
}

static int write_answer(const struct image *image, const struct finder *f, const char *type, struct answer *out,
                        struct error *err)
{
    struct json j = json_begin(&out->bytes);
    json_object(&j, NULL);
    if (wants_annotation(type))
        put_annotations(&j, image, f->found, f->count[0]);
    else
        put_prediction(&j, f->found, f->count[0]);
    json_end(&j);
    snprintf(out->content_type, sizeof out->content_type, "%s", detection_accepts[0]);
    return out->bytes.failed ? error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory for the answer")
                             : 0;
}

int detection_invoke(const void *model, const struct request *in, struct answer *out, struct error *err)
{
    const char *type = answer_type(in, err);
    struct image image = {0};
    struct finder f = {0};
    struct tape *tape;
    int status;
    if (!type || read_request(in, &image, err) < 0)
        return -1;
    tape = tape_open(&backend_cpu, 1, err);
    if (!tape)
        return -1;
    status = find_objects(model, &image, tape, &f, err);
    if (status == 0)
        status = write_answer(&image, &f, type, out, err);
    finder_close(&f);
    tape_close(tape);
    return status;
}
