/* shapes40: small colour images of one to three shapes that do not touch, with their exact boxes; the class is the
 * shape, or which way an arrow points.
 *
 * An image is drawn from a stream of its own: the first ten of forty images are those of a set of ten, and light, noise
 * and faults of the labels leave the scenes as they are. Faults are in the training part only. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/rng.h"
#include "engine/data/made.h"
#include "engine/data/parts.h"

enum {
    N,
    SIDE,
    CLASSES,
    LOW,
    HIGH,
    OBJECTS,
    NOISE,
    LIGHT,
    TRAIN_LIGHT,
    ARROWS,
    OTHER,
    FIRST,
    SHIFT,
    WRONG,
    PARAMETERS
};
enum { STREAM_SCENE = 0x53000000, STREAM_LIGHT = 0x54000000, STREAM_FAULT = 0x55000000, STREAM_PART = 0x400000 };

#define TEST_IMAGES 200
#define OBJECTS_MAX 3
#define SIDE_MAX 160
#define TRIES 60
#define FINE 4           /* points in a pixel, each way, that tell how much of it a shape covers */
#define CONTRAST 160     /* levels between a shape and what is behind it, all channels together */
#define COLOUR_TRIES 200 /* then the shape's colour is turned around */

/* --- shapes ---------------------------------------------------------------------------------------------------------
 *
 * Each fills its box: x from -1 to 1 from the left, y from the top. */

static bool in_square(double x, double y)
{
    (void)x;
    (void)y;
    return true;
}

static bool in_disc(double x, double y)
{
    return x * x + y * y <= 1;
}

static bool in_triangle(double x, double y)
{
    return fabs(x) <= (y + 1) / 2;
}

static bool in_cross(double x, double y)
{
    return fabs(x) <= 0.34 || fabs(y) <= 0.34;
}

static bool in_ring(double x, double y)
{
    return in_disc(x, y) && x * x + y * y >= 0.3;
}

static bool in_diamond(double x, double y)
{
    return fabs(x) + fabs(y) <= 1;
}

static bool in_frame(double x, double y)
{
    return fabs(x) >= 0.55 || fabs(y) >= 0.55;
}

static bool in_bow(double x, double y)
{
    return fabs(y) <= fabs(x);
}

static bool in_left(double x, double y)
{
    return x <= 0 ? fabs(y) <= x + 1 : fabs(y) <= 0.4;
}

static bool in_right(double x, double y)
{
    return in_left(-x, y);
}

static const struct shape {
    const char *name;
    bool (*in)(double x, double y);
} plain[] = {{"square", in_square}, {"disc", in_disc}, {"triangle", in_triangle}, {"cross", in_cross}},
  other[] = {{"ring", in_ring}, {"diamond", in_diamond}, {"bow", in_bow}, {"frame", in_frame}},
  arrows[] = {{"arrow-left", in_left}, {"arrow-right", in_right}};

struct source {
    const double *values;
    uint64_t seed;
    const struct shape *shapes;
    size_t classes, side;
};

/* --- scenes ---------------------------------------------------------------------------------------------------------
 */

struct object {
    size_t class_id, left, top, size;
    uint8_t colour[3];
};

struct scene {
    uint8_t back[2][3]; /* at the left and at the right */
    struct object object[OBJECTS_MAX];
    size_t objects;
};

static bool touches(const struct scene *s, const struct object *o)
{
    for (size_t i = 0; i < s->objects; i++) {
        const struct object *other_one = &s->object[i];
        if (o->left <= other_one->left + other_one->size && other_one->left <= o->left + o->size &&
            o->top <= other_one->top + other_one->size && other_one->top <= o->top + o->size)
            return true;
    }
    return false;
}

static int far_apart(const uint8_t *a, const uint8_t *b)
{
    int sum = 0;
    for (int c = 0; c < 3; c++)
        sum += abs(a[c] - b[c]);
    return sum >= CONTRAST;
}

static void draw_colour(struct rng *r, uint8_t *colour)
{
    for (int c = 0; c < 3; c++)
        colour[c] = (uint8_t)(20 + rng_below(r, 216));
}

static void draw_object(const struct source *from, struct rng *r, size_t first, struct scene *s)
{
    const double *v = from->values;
    struct object o;
    o.class_id = first + rng_below(r, from->classes - first);
    o.size = (size_t)v[LOW] + rng_below(r, (uint64_t)(v[HIGH] - v[LOW]) + 1);
    for (int i = 0; i < TRIES; i++) {
        o.left = rng_below(r, from->side - o.size + 1);
        o.top = rng_below(r, from->side - o.size + 1);
        if (!touches(s, &o))
            break;
    }
    draw_colour(r, o.colour);
    for (int i = 0; i < COLOUR_TRIES && !(far_apart(o.colour, s->back[0]) && far_apart(o.colour, s->back[1])); i++)
        draw_colour(r, o.colour);
    if (!touches(s, &o))
        s->object[s->objects++] = o;
}

static struct scene draw_scene(const struct source *from, struct rng *r, size_t first)
{
    struct scene s = {0};
    size_t wanted = 1 + rng_below(r, (uint64_t)from->values[OBJECTS]);
    draw_colour(r, s.back[0]);
    for (int c = 0; c < 3; c++)
        s.back[1][c] = (uint8_t)(s.back[0][c] * 3 / 4 + (int)rng_below(r, 60));
    for (size_t i = 0; i < wanted; i++)
        draw_object(from, r, first, &s);
    return s;
}

/* --- pixels ---------------------------------------------------------------------------------------------------------
 */

/* How much of a pixel the shape covers, of FINE x FINE points. */
static int cover(const struct shape *shape, const struct object *o, size_t x, size_t y)
{
    double half = (double)o->size / 2;
    int covered = 0;
    for (int j = 0; j < FINE; j++)
        for (int i = 0; i < FINE; i++)
            covered += shape->in(((double)(x - o->left) + (i + 0.5) / FINE) / half - 1,
                                 ((double)(y - o->top) + (j + 0.5) / FINE) / half - 1);
    return covered;
}

static void paint_object(const struct source *from, const struct object *o, float *pixels)
{
    for (size_t y = o->top; y < o->top + o->size; y++)
        for (size_t x = o->left; x < o->left + o->size; x++) {
            float *pixel = pixels + (y * from->side + x) * 3;
            float share = (float)cover(&from->shapes[o->class_id], o, x, y) / (FINE * FINE);
            for (int c = 0; c < 3; c++)
                pixel[c] += share * ((float)o->colour[c] - pixel[c]);
        }
}

static void paint(const struct source *from, const struct scene *s, float *pixels)
{
    for (size_t y = 0; y < from->side; y++)
        for (size_t x = 0; x < from->side; x++)
            for (size_t c = 0; c < 3; c++) {
                float at = (float)x / (float)from->side;
                pixels[(y * from->side + x) * 3 + c] = (1 - at) * (float)s->back[0][c] + at * (float)s->back[1][c];
            }
    for (size_t i = 0; i < s->objects; i++)
        paint_object(from, &s->object[i], pixels);
}

/* Light is a factor for the whole image and a little of it for each channel, noise is uniform. */
static void expose(struct rng *r, double light, double noise, const float *pixels, uint8_t *bytes, size_t count)
{
    float gain[3], all = (float)(1 + light * (2 * rng_uniform(r) - 1)), reach = (float)(noise * 255 / 128);
    uint64_t bits = 0;
    for (int c = 0; c < 3; c++)
        gain[c] = all * (float)(1 + light / 3 * (2 * rng_uniform(r) - 1));
    for (size_t i = 0; i < count; i++) {
        float level;
        bits = i % 8 == 0 ? rng_next(r) : bits >> 8;
        level = gain[i % 3] * pixels[i] + reach * ((float)(bits & 0xFF) - 127.5f) + 0.5f;
        bytes[i] = (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
    }
}

/* --- boxes ----------------------------------------------------------------------------------------------------------
 */

static float moved(float edge, double by, double low, double high)
{
    double to = (double)edge + by;
    return (float)(to < low ? low : to > high ? high : to);
}

/* Boxes beside their objects, and wrong classes. */
static void spoil(const struct source *from, struct rng *r, struct box *b)
{
    double shift = from->values[SHIFT] / (double)from->side, pixel = 1 / (double)from->side;
    double across = shift * (2 * rng_uniform(r) - 1), down = shift * (2 * rng_uniform(r) - 1);
    bool wrong = rng_uniform(r) < from->values[WRONG];
    size_t step = 1 + rng_below(r, from->classes - 1);
    b->left = moved(b->left, across, 0, 1 - pixel);
    b->right = moved(b->right, across, (double)b->left + pixel, 1);
    b->top = moved(b->top, down, 0, 1 - pixel);
    b->bottom = moved(b->bottom, down, (double)b->top + pixel, 1);
    if (wrong)
        b->class_id = (int32_t)(((size_t)b->class_id + step) % from->classes);
}

static void tell_boxes(const struct source *from, const struct scene *s, struct box *boxes)
{
    for (size_t i = 0; i < s->objects; i++) {
        const struct object *o = &s->object[i];
        float side = (float)from->side;
        boxes[i] = (struct box){(int32_t)o->class_id, (float)o->left / side, (float)o->top / side,
                                (float)(o->left + o->size) / side, (float)(o->top + o->size) / side};
    }
}

/* --- parts ----------------------------------------------------------------------------------------------------------
 */

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, "shapes40", "lower n or side", "There is not enough memory for the images");
}

static int add_image(const struct source *from, int part, size_t i, float *pixels, struct images *set)
{
    const double *v = from->values;
    size_t count = from->side * from->side * 3, first = part == PART_TRAIN ? (size_t)v[FIRST] : 0;
    uint64_t stream = (uint64_t)part * STREAM_PART + i;
    struct box boxes[OBJECTS_MAX];
    struct scene scene;
    struct rng r;
    uint8_t *bytes = malloc(count);
    char name[48];
    if (!bytes)
        return -1;
    rng_init(&r, from->seed, STREAM_SCENE + stream);
    scene = draw_scene(from, &r, first);
    paint(from, &scene, pixels);
    rng_init(&r, from->seed, STREAM_LIGHT + stream);
    expose(&r, v[part == PART_TRAIN ? TRAIN_LIGHT : LIGHT], v[NOISE], pixels, bytes, count);
    tell_boxes(from, &scene, boxes);
    rng_init(&r, from->seed, STREAM_FAULT + stream);
    for (size_t k = 0; part == PART_TRAIN && k < scene.objects; k++)
        spoil(from, &r, &boxes[k]);
    snprintf(name, sizeof name, "image %zu", i + 1);
    return images_append(set, IMAGE_RGB, bytes, count, (uint32_t)from->side, (uint32_t)from->side, boxes, scene.objects,
                         name);
}

static size_t part_size(size_t train, int part)
{
    size_t half = train / 2;
    return part == PART_TRAIN ? train : part == PART_TEST ? TEST_IMAGES : half < 60 ? 60 : half > 120 ? 120 : half;
}

static int fill(const struct source *from, struct parts *parts, float *pixels, struct error *err)
{
    static const char *const names[PARTS] = {"train", "validation", "test"};
    for (int part = 0; part < PARTS; part++) {
        struct images *set = &parts->images[part];
        snprintf(set->name, sizeof set->name, "shapes40 (%s)", names[part]);
        for (size_t k = 0; k < from->classes; k++)
            if (images_name_class(set, k, from->shapes[k].name) < 0)
                return no_memory(err);
        for (size_t i = 0; i < part_size((size_t)from->values[N], part); i++)
            if (add_image(from, part, i, pixels, set) < 0)
                return no_memory(err);
    }
    return 0;
}

static int check(const double *v, struct error *err)
{
    if (v[LOW] > v[HIGH] || v[HIGH] > v[SIDE])
        return error_set(err, ERROR_INPUT, "shapes40", "low <= high <= side",
                         "Shapes of %.0f to %.0f pixels do not fit into images of %.0f", v[LOW], v[HIGH], v[SIDE]);
    if (v[ARROWS] != 0 && v[OTHER] != 0)
        return error_set(err, ERROR_INPUT, "shapes40", "leave arrows or other out",
                         "Arrows and the other shapes are two sets of classes");
    if (v[FIRST] >= (v[ARROWS] != 0 ? 2 : v[CLASSES]))
        return error_set(err, ERROR_INPUT, "shapes40", "lower first", "There is no class %.0f", v[FIRST]);
    if (v[N] * v[SIDE] * v[SIDE] * 3 > 4.0 * GENERATE_VALUES_MAX)
        return error_set(err, ERROR_LIMIT, "shapes40", "lower n or side", "%.0f images of %.0f pixels are too many",
                         v[N], v[SIDE] * v[SIDE]);
    return 0;
}

static int make(const double *values, uint64_t seed, struct parts *parts, struct error *err)
{
    struct source from = {.values = values,
                          .seed = seed,
                          .shapes = values[ARROWS] != 0  ? arrows
                                    : values[OTHER] != 0 ? other
                                                         : plain,
                          .classes = values[ARROWS] != 0 ? 2 : (size_t)values[CLASSES],
                          .side = (size_t)values[SIDE]};
    float *pixels;
    int status;
    if (check(values, err) < 0)
        return -1;
    pixels = calloc(from.side * from.side * 3, sizeof *pixels);
    status = pixels ? fill(&from, parts, pixels, err) : no_memory(err);
    free(pixels);
    return status;
}

const struct made made_shapes40 = {
    .about = {.name = "shapes40",
              .title = "Shapes in small scenes",
              .help = "colour images of one to three shapes that do not touch; the boxes are exact, the class is the "
                      "shape: square, disc, triangle, cross",
              .task = "detection",
              .parameters = {[N] = {"n", 40, 10, 2000, true, "training images"},
                             [SIDE] = {"side", 40, 24, SIDE_MAX, true, "pixels of an image's side"},
                             [CLASSES] = {"classes", 3, 2, 4, true, "shapes; arrows are always two"},
                             [LOW] = {"low", 8, 4, SIDE_MAX, true, "pixels of the smallest shape's side"},
                             [HIGH] = {"high", 17, 4, SIDE_MAX, true, "pixels of the largest shape's side"},
                             [OBJECTS] = {"objects", 3, 1, OBJECTS_MAX, true, "shapes of an image, at most"},
                             [NOISE] = {"noise", 0.06, 0, 0.5, false, "largest noise of a pixel, share of white"},
                             [LIGHT] = {"light", 0, 0, 0.8, false, "how much the light differs between test images"},
                             [TRAIN_LIGHT] = {"train_light", 0, 0, 0.8, false, "the same between training images"},
                             [ARROWS] = {"arrows", 0, 0, 1, true,
                                         "1: the class is whether an arrow points left or "
                                         "right"},
                             [OTHER] = {"other", 0, 0, 1, true, "1: other shapes: ring, diamond, bow, frame"},
                             [FIRST] = {"first", 0, 0, 3, true, "training images show the classes from this one on"},
                             [SHIFT] = {"shift", 0, 0, 20, false, "pixels that training boxes are moved by, at most"},
                             [WRONG] = {"wrong", 0, 0, 1, false, "share of training boxes with a wrong class"}}},
    .kind = DATA_IMAGES,
    .make = make,
};
