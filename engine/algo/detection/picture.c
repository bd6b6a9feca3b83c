#include "engine/algo/detection/picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/format/image.h"

#define EVERY 0.1 /* seconds between pictures */
#define QUALITY 80

static void put_base64(struct str *out, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        unsigned three = (unsigned)bytes[i] << 16 | (i + 1 < len ? (unsigned)bytes[i + 1] << 8 : 0) |
                         (i + 2 < len ? (unsigned)bytes[i + 2] : 0);
        str_putc(out, digits[three >> 18]);
        str_putc(out, digits[three >> 12 & 63]);
        str_putc(out, i + 1 < len ? digits[three >> 6 & 63] : '=');
        str_putc(out, i + 2 < len ? digits[three & 63] : '=');
    }
}

static void put_class_name(struct json *j, const char *key, const struct images *s, size_t class_id)
{
    char name[32];
    snprintf(name, sizeof name, "class %zu", class_id);
    json_string(j, key,
                s->class_name && class_id < s->classes && s->class_name[class_id] ? s->class_name[class_id] : name);
}

/* --- the images -----------------------------------------------------------------------------------------------------
 */

/* As a JPEG of at most PICTURE_SIDE pixels a side, of the image's own proportions. */
static int as_jpeg(const struct image *image, struct str *jpeg, uint32_t *width, uint32_t *height, struct error *err)
{
    uint32_t longest = image->width > image->height ? image->width : image->height;
    uint32_t side = longest < PICTURE_SIDE ? longest : PICTURE_SIDE;
    uint8_t *pixels = image_pixels(image, err), *small;
    int status = -1;
    if (!pixels)
        return -1;
    *width = (uint32_t)fmax(1, round((double)image->width * side / longest));
    *height = (uint32_t)fmax(1, round((double)image->height * side / longest));
    small = malloc((size_t)side * side * 3);
    if (!small)
        error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory for a picture");
    else /* a square that reaches beyond the shorter side; its rows and columns beyond the image are left out */
        status = image_rescale(pixels, image->width, image->height,
                               (struct image_part){0, 0, (float)side / (float)*width, (float)side / (float)*height}, 0,
                               small, side, err);
    for (uint32_t y = 1; status == 0 && y < *height; y++)
        memmove(small + (size_t)y * *width * 3, small + (size_t)y * side * 3, (size_t)*width * 3);
    if (status == 0)
        status = image_write_jpeg(small, *width, *height, QUALITY, jpeg, err);
    free(small);
    free(pixels);
    return status;
}

static void put_box(struct json *j, const struct box *b, const float *score)
{
    const float corners[] = {b->left, b->top, b->right, b->bottom};
    json_array(j, NULL);
    json_integer(j, NULL, b->class_id);
    if (score)
        json_float(j, NULL, (double)*score);
    for (size_t i = 0; i < sizeof corners / sizeof *corners; i++)
        json_float(j, NULL, (double)corners[i]);
    json_end(j);
}

static int put_image(struct json *j, const struct images *s, size_t i, struct error *err)
{
    const struct image *image = &s->item[i];
    struct str jpeg = {0}, text = {0};
    uint32_t width, height;
    int status = as_jpeg(image, &jpeg, &width, &height, err);
    if (status == 0) {
        put_base64(&text, (const unsigned char *)jpeg.data, jpeg.len);
        json_object(j, NULL);
        json_string(j, "name", image->name);
        json_integer(j, "width", width);
        json_integer(j, "height", height);
        json_string(j, "jpeg", str_text(&text));
        json_array(j, "truth");
        for (size_t k = 0; k < image->boxes; k++)
            put_box(j, &s->box[image->first + k], NULL);
        json_end(j);
        json_end(j);
    }
    str_free(&jpeg);
    str_free(&text);
    return status;
}

static int send_images(const struct picture *p, struct error *err)
{
    struct event e;
    int status = 0;
    event_begin(&e, p->sink, "picture");
    json_string(&e.json, "kind", "images");
    json_object(&e.json, "data");
    json_string(&e.json, "channel", p->channel);
    json_array(&e.json, "classes");
    for (size_t k = 0; k < p->images.classes; k++)
        put_class_name(&e.json, NULL, &p->images, k);
    json_end(&e.json);
    json_array(&e.json, "images");
    for (size_t i = 0; i < p->images.count && status == 0; i++)
        status = put_image(&e.json, &p->images, i, err);
    json_end(&e.json);
    json_end(&e.json);
    json_integer(&e.json, "step", 0);
    json_number(&e.json, "t", event_time(p->sink));
    if (status == 0)
        event_send(&e);
    else
        str_free(&e.text);
    return status;
}

/* --- what is found --------------------------------------------------------------------------------------------------
 */

int picture_open(struct picture *p, struct event_sink *sink, const struct images *part, const char *channel,
                 size_t side, struct error *err)
{
    size_t numbers = side * side * 3, count;
    struct box *boxes;
    int status = 0;
    *p = (struct picture){0};
    if (!part || sink->write == event_drop)
        return 0;
    *p = (struct picture){.sink = sink, .images = *part, .channel = channel};
    p->images.count = part->count < PICTURE_IMAGES ? part->count : PICTURE_IMAGES;
    p->pixels = malloc(p->images.count * numbers * sizeof *p->pixels);
    boxes = malloc(feed_most_boxes(&p->images) * sizeof *boxes);
    if (!p->pixels || !boxes)
        status = error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory for the pictures");
    if (status == 0)
        status = feed_open(&p->feed, &p->images, side, NULL, NULL, err);
    for (size_t i = 0; i < p->images.count && status == 0; i++)
        status = feed_take(&p->feed, 0, i, 0, p->pixels + i * numbers, boxes, &count, err);
    free(boxes);
    return status < 0 ? -1 : send_images(p, err);
}

void picture_close(struct picture *p)
{
    if (p->feed.images)
        feed_close(&p->feed);
    free(p->pixels);
    *p = (struct picture){0};
}

static void put_found(struct json *j, const struct finder *f, size_t images)
{
    json_array(j, "images");
    for (size_t i = 0; i < images; i++) {
        const struct found *found = f->found + i * FIND_IMAGE;
        json_array(j, NULL);
        for (size_t k = 0; k < f->count[i] && k < PICTURE_FOUND && (double)found[k].score >= PICTURE_FLOOR; k++)
            put_box(j, &found[k].box, &found[k].score);
        json_end(j);
    }
    json_end(j);
}

int picture_draw(struct picture *p, struct finder *f, long epoch, long step, bool now, struct error *err)
{
    struct event e;
    if (!p->sink || (!now && clock_seconds() - p->drawn < EVERY))
        return 0;
    if (finder_ask(f, p->pixels, p->images.count, err) < 0)
        return -1;
    event_begin(&e, p->sink, "picture");
    json_string(&e.json, "kind", "detections");
    json_object(&e.json, "data");
    json_integer(&e.json, "epoch", epoch);
    put_found(&e.json, f, p->images.count);
    json_end(&e.json);
    json_integer(&e.json, "step", step);
    json_number(&e.json, "t", event_time(p->sink));
    event_send(&e);
    p->drawn = clock_seconds();
    return 0;
}

/* --- precision over recall ------------------------------------------------------------------------------------------
 */

enum { PRECISION, RECALL, THRESHOLD };

/* One of the three along the curve: at PICTURE_POINTS of its detections, evenly, and the last. */
static void put_along(struct json *j, const char *key, const struct curve *c, int what)
{
    size_t stride = c->verdicts / PICTURE_POINTS + 1, hits = 0;
    json_array(j, key);
    for (size_t i = 0; i < c->verdicts; i++) {
        hits += c->verdict[i].hit != 0;
        if (i % stride != stride - 1 && i + 1 != c->verdicts)
            continue;
        json_float(j, NULL,
                   what == PRECISION ? (double)hits / (double)(i + 1)
                   : what == RECALL  ? (double)hits / (double)c->boxes
                                     : (double)c->verdict[i].score);
    }
    json_end(j);
}

void picture_precision(struct event_sink *sink, const struct score *s, const struct images *part, const char *channel,
                       double map, long epoch, long step)
{
    struct event e;
    event_begin(&e, sink, "picture");
    json_string(&e.json, "kind", "precision");
    json_object(&e.json, "data");
    json_integer(&e.json, "epoch", epoch);
    json_string(&e.json, "channel", channel);
    json_float(&e.json, "map", map);
    json_number(&e.json, "overlap", s->overlap);
    json_array(&e.json, "classes");
    for (size_t k = 0; k < s->classes; k++) {
        const struct curve *c = &s->curve[k];
        if (!c->boxes)
            continue;
        json_object(&e.json, NULL);
        put_class_name(&e.json, "name", part, k);
        json_float(&e.json, "ap", c->average_precision);
        json_integer(&e.json, "boxes", (long long)c->boxes);
        put_along(&e.json, "precision", c, PRECISION);
        put_along(&e.json, "recall", c, RECALL);
        put_along(&e.json, "threshold", c, THRESHOLD);
        json_end(&e.json);
    }
    json_end(&e.json);
    json_end(&e.json);
    json_integer(&e.json, "step", step);
    json_number(&e.json, "t", event_time(sink));
    event_send(&e);
}
