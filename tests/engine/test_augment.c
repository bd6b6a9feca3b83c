/* Augmentation: what a box holds is in the box afterwards, boxes are never empty, the same numbers give the same
 * square, each switch does what it says and nothing else. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/algo/detection/augment.h"

enum { WIDTH = 90, HEIGHT = 60, SIDE = 64, OBJECTS = 2, RUNS = 400 };

/* Grey-blue noise with a red and a green rectangle. */
static const struct box truth[OBJECTS] = {{0, 10 / 90.f, 12 / 60.f, 34 / 90.f, 40 / 60.f},
                                          {1, 50 / 90.f, 20 / 60.f, 80 / 90.f, 50 / 60.f}};

static void draw(uint8_t *pixels)
{
    struct rng r;
    rng_init(&r, 3, 0);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            uint8_t *p = pixels + (y * WIDTH + x) * 3;
            p[0] = p[1] = (uint8_t)(90 + rng_below(&r, 30));
            p[2] = 140;
            if (x >= 10 && x < 34 && y >= 12 && y < 40)
                memcpy(p, (const uint8_t[]){210, 60, 60}, 3);
            if (x >= 50 && x < 80 && y >= 20 && y < 50)
                memcpy(p, (const uint8_t[]){60, 200, 60}, 3);
        }
}

static int channel_of(const uint8_t *p)
{
    int red = p[0] - (p[1] + p[2]) / 2, green = p[1] - (p[0] + p[2]) / 2;
    return red > 45 ? 0 : green > 45 ? 1 : -1;
}

/* Where the pixels of a colour are: their outermost columns and rows; 0 when there are none. */
static int find(const uint8_t *square, int colour, double *left, double *top, double *right, double *bottom)
{
    int count = 0;
    *left = *top = SIDE;
    *right = *bottom = 0;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            if (channel_of(square + (y * SIDE + x) * 3) != colour)
                continue;
            count++;
            *left = fmin(*left, x);
            *right = fmax(*right, x + 1);
            *top = fmin(*top, y);
            *bottom = fmax(*bottom, y + 1);
        }
    return count;
}

/* Pixels at the edges of the rectangle are mixed: a pixel more or less, and more where pixels grow. */
static void assert_follows(const uint8_t *square, const struct box *b)
{
    double left, top, right, bottom, slack = 3.5;
    assert_true(b->left >= 0 && b->left < b->right && b->right <= 1);
    assert_true(b->top >= 0 && b->top < b->bottom && b->bottom <= 1);
    if ((b->right - b->left) * SIDE < 6 || (b->bottom - b->top) * SIDE < 6)
        return;
    assert_true(find(square, b->class_id, &left, &top, &right, &bottom) > 0);
    assert_true(fabs(left - (double)b->left * SIDE) <= slack);
    assert_true(fabs(right - (double)b->right * SIDE) <= slack);
    assert_true(fabs(top - (double)b->top * SIDE) <= slack);
    assert_true(fabs(bottom - (double)b->bottom * SIDE) <= slack);
}

static size_t augment(const struct augment *a, struct rng *r, const uint8_t *pixels, uint8_t *square, struct box *boxes)
{
    size_t count = OBJECTS;
    struct error err;
    memcpy(boxes, truth, sizeof truth);
    assert_int_equal(augment_image(a, r, pixels, WIDTH, HEIGHT, square, SIDE, boxes, &count, &err), 0);
    return count;
}

static void boxes_hold_what_they_held(void **state)
{
    uint8_t pixels[WIDTH * HEIGHT * 3], square[SIDE * SIDE * 3];
    size_t lost = 0;
    (void)state;
    draw(pixels);
    for (unsigned k = 0; k < 16; k++) {
        const struct augment a = {.flip = k & 1, .rescale = k & 2, .jitter = k & 4, .crop = k & 8};
        struct rng r;
        rng_init(&r, 9, k);
        for (int i = 0; i < RUNS / 4; i++) {
            struct box boxes[OBJECTS];
            size_t count = augment(&a, &r, pixels, square, boxes);
            assert_in_range(count, 1, OBJECTS);
            lost += OBJECTS - count;
            if (!a.crop && !a.rescale)
                assert_int_equal(count, OBJECTS);
            for (size_t b = 0; b < count; b++)
                assert_follows(square, &boxes[b]);
        }
    }
    assert_true(lost > 0);
}

static void nothing_switched_on_changes_nothing(void **state)
{
    uint8_t pixels[WIDTH * HEIGHT * 3], square[SIDE * SIDE * 3], same[SIDE * SIDE * 3];
    const struct augment none = {0};
    struct box boxes[OBJECTS];
    struct error err;
    size_t count = OBJECTS;
    (void)state;
    draw(pixels);
    assert_int_equal(augment(&none, NULL, pixels, square, boxes), OBJECTS);
    assert_memory_equal(boxes, truth, sizeof truth);
    memcpy(same, square, sizeof same);
    assert_int_equal(augment_image(&none, NULL, same, SIDE, SIDE, square, SIDE, boxes, &count, &err), 0);
    assert_memory_equal(same, square, sizeof same);
}

/* Left and right change places about every second time, and then exactly. */
static void flip_mirrors(void **state)
{
    uint8_t pixels[WIDTH * HEIGHT * 3], plain[SIDE * SIDE * 3], square[SIDE * SIDE * 3];
    const struct augment none = {0}, flip = {.flip = true};
    struct box boxes[OBJECTS];
    struct rng r;
    int mirrored = 0;
    (void)state;
    draw(pixels);
    augment(&none, NULL, pixels, plain, boxes);
    rng_init(&r, 1, 1);
    for (int i = 0; i < RUNS; i++) {
        bool now;
        assert_int_equal(augment(&flip, &r, pixels, square, boxes), OBJECTS);
        now = memcmp(plain, square, sizeof plain) != 0;
        mirrored += now;
        for (size_t y = 0; now && y < SIDE; y++)
            for (size_t x = 0; x < SIDE; x++)
                for (size_t c = 0; c < 3; c++)
                    assert_in_range(square[(y * SIDE + x) * 3 + c] + 1, plain[(y * SIDE + SIDE - 1 - x) * 3 + c],
                                    plain[(y * SIDE + SIDE - 1 - x) * 3 + c] + 2);
        assert_true(boxes[0].left == (now ? 1 - truth[0].right : truth[0].left));
        assert_true(boxes[0].top == truth[0].top);
    }
    assert_in_range(mirrored, RUNS * 2 / 5, RUNS * 3 / 5);
}

/* Objects grow and shrink, and some views show what lies around the image. */
static void rescale_makes_objects_larger_and_smaller(void **state)
{
    uint8_t pixels[WIDTH * HEIGHT * 3], square[SIDE * SIDE * 3];
    const struct augment a = {.rescale = true};
    float least = 1, most = 0;
    int around = 0;
    struct rng r;
    (void)state;
    draw(pixels);
    rng_init(&r, 2, 2);
    for (int i = 0; i < RUNS; i++) {
        struct box boxes[OBJECTS];
        float share;
        augment(&a, &r, pixels, square, boxes);
        share = (boxes[0].bottom - boxes[0].top) / (truth[0].bottom - truth[0].top);
        if (boxes[0].class_id == 0 && boxes[0].top > 0 && boxes[0].bottom < 1) {
            least = fminf(least, share);
            most = fmaxf(most, share);
        }
        around += memcmp(square, (const uint8_t[]){AUGMENT_FILL, AUGMENT_FILL, AUGMENT_FILL}, 3) == 0;
    }
    assert_true(least < 0.65f && least > 0.55f);
    assert_true(most > 1.4f && most < 1.7f);
    assert_in_range(around, 1, RUNS - 1);
}

static void jitter_moves_colours_only(void **state)
{
    uint8_t pixels[WIDTH * HEIGHT * 3], square[SIDE * SIDE * 3];
    const struct augment a = {.jitter = true};
    int darkest = 255, brightest = 0;
    struct rng r;
    (void)state;
    draw(pixels);
    rng_init(&r, 2, 2);
    for (int i = 0; i < RUNS; i++) {
        struct box boxes[OBJECTS];
        assert_int_equal(augment(&a, &r, pixels, square, boxes), OBJECTS);
        assert_memory_equal(boxes, truth, sizeof truth);
        darkest = square[2] < darkest ? square[2] : darkest;
        brightest = square[2] > brightest ? square[2] : brightest;
    }
    assert_true(darkest < 115 && brightest > 165);
}

static void the_same_numbers_give_the_same_square(void **state)
{
    uint8_t pixels[WIDTH * HEIGHT * 3], one[SIDE * SIDE * 3], two[SIDE * SIDE * 3];
    const struct augment a = {true, true, true, true};
    struct box first[OBJECTS], second[OBJECTS];
    struct rng r, s;
    (void)state;
    draw(pixels);
    rng_init(&r, 5, 7);
    rng_init(&s, 5, 7);
    for (int i = 0; i < 50; i++) {
        size_t count = augment(&a, &r, pixels, one, first);
        assert_int_equal(augment(&a, &s, pixels, two, second), count);
        assert_memory_equal(one, two, sizeof one);
        assert_memory_equal(first, second, count * sizeof *first);
    }
}

/* Boxes of all sizes, those at the edges and those of a thousandth too. */
static void no_box_is_ever_empty(void **state)
{
    uint8_t pixels[24 * 24 * 3] = {0}, square[16 * 16 * 3];
    const struct augment a = {true, true, false, true};
    struct rng r;
    (void)state;
    rng_init(&r, 11, 0);
    for (int i = 0; i < 4000; i++) {
        struct box boxes[8];
        struct error err;
        size_t given = rng_below(&r, 9), count = given;
        for (size_t k = 0; k < given; k++) {
            double size = k % 2 ? 0.001 : 0.7, left = (1 - size) * (k % 3 ? rng_uniform(&r) : 1);
            boxes[k] = (struct box){(int32_t)k, (float)left, (float)left, (float)(left + size), (float)(left + size)};
        }
        assert_int_equal(augment_image(&a, &r, pixels, 24, 24, square, 16, boxes, &count, &err), 0);
        assert_true(count <= given && (count > 0) == (given > 0));
        for (size_t k = 0; k < count; k++)
            assert_true(boxes[k].left >= 0 && boxes[k].left < boxes[k].right && boxes[k].right <= 1 &&
                        boxes[k].top >= 0 && boxes[k].top < boxes[k].bottom && boxes[k].bottom <= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(boxes_hold_what_they_held),
                                       cmocka_unit_test(nothing_switched_on_changes_nothing),
                                       cmocka_unit_test(flip_mirrors),
                                       cmocka_unit_test(rescale_makes_objects_larger_and_smaller),
                                       cmocka_unit_test(jitter_moves_colours_only),
                                       cmocka_unit_test(the_same_numbers_give_the_same_square),
                                       cmocka_unit_test(no_box_is_ever_empty)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
