/* shapes40: what is painted is where the boxes say and of the class they say, and each parameter does what its help
 * says and leaves the rest as it was. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/data/generate.h"

static struct parts made(const char *recipe, uint64_t seed)
{
    struct parts p;
    struct error err;
    if (generate_parts(recipe, seed, &p, &err) < 0)
        fail_msg("%s: %s", recipe, err.what);
    assert_int_equal(p.kind, DATA_IMAGES);
    return p;
}

static void refused(const char *recipe, const char *what)
{
    struct parts p;
    struct error err;
    assert_int_equal(generate_parts(recipe, 1, &p, &err), -1);
    assert_non_null(strstr(err.what, what));
}

static const uint8_t *at(const struct image *image, long x, long y)
{
    return image->bytes + ((size_t)y * image->width + (size_t)x) * 3;
}

static int apart(const uint8_t *a, const uint8_t *b)
{
    return abs(a[0] - b[0]) + abs(a[1] - b[1]) + abs(a[2] - b[2]);
}

static void parts_have_their_sizes(void **state)
{
    struct parts p = made("shapes40:n=150,side=24,high=12,classes=4", 3);
    static const char *const names[] = {"square", "disc", "triangle", "cross"};
    (void)state;
    assert_int_equal(p.images[PART_TRAIN].count, 150);
    assert_int_equal(p.images[PART_VALIDATION].count, 75);
    assert_int_equal(p.images[PART_TEST].count, 200);
    for (int part = 0; part < PARTS; part++) {
        const struct images *s = &p.images[part];
        size_t by_count[4] = {0}, by_class[4] = {0};
        assert_int_equal(s->classes, 4);
        for (size_t k = 0; k < 4; k++)
            assert_string_equal(s->class_name[k], names[k]);
        for (size_t i = 0; i < s->count; i++) {
            assert_int_equal(s->item[i].width, 24);
            assert_int_equal(s->item[i].len, 24 * 24 * 3);
            assert_in_range(s->item[i].boxes, 1, 3);
            by_count[s->item[i].boxes]++;
        }
        for (size_t i = 0; i < s->boxes; i++)
            by_class[s->box[i].class_id]++;
        for (size_t k = 0; k < 4; k++)
            assert_true(by_class[k] > s->boxes / 8);
        assert_true(by_count[1] > s->count / 5 && by_count[2] > s->count / 8 && by_count[3] > 0);
    }
    parts_free(&p);
}

/* Without noise: the middle of each side of the box touches the shape, what lies beyond it does not, and the corners
 * tell which shape it is. */
static void check_shape(const struct image *image, const struct box *b, const uint8_t *back)
{
    long side = image->width, left = lroundf(b->left * (float)side), right = lroundf(b->right * (float)side),
         top = lroundf(b->top * (float)side), bottom = lroundf(b->bottom * (float)side), x = (left + right) / 2,
         y = (top + bottom) / 2;
    const uint8_t *middle = at(image, x, y);
    assert_int_equal(right - left, bottom - top);
    assert_in_range(right - left, 10, 20);
    assert_true(apart(middle, back) > 90);
    assert_true(apart(at(image, x, bottom - 1), middle) < 60);
    if (left > 0)
        assert_true(apart(at(image, left - 1, y), middle) > 60);
    if (bottom < side)
        assert_true(apart(at(image, x, bottom), middle) > 60);
    assert_true((apart(at(image, left, top), middle) < 60) == (b->class_id == 0));
    assert_true((apart(at(image, left + 1, bottom - 1), middle) < 60) == (b->class_id == 0 || b->class_id == 2));
}

static void shapes_fill_their_boxes(void **state)
{
    struct parts p = made("shapes40:n=300,side=60,low=10,high=20,noise=0", 5);
    const struct images *s = &p.images[PART_TRAIN];
    (void)state;
    for (size_t i = 0; i < s->count; i++) {
        const struct image *image = &s->item[i];
        for (size_t k = image->first; k < image->first + image->boxes; k++) {
            const struct box *b = &s->box[k];
            long x = b->left > 0.05f ? (long)(b->left * 60) - 1 : (long)(b->right * 60 + 0.5f);
            check_shape(image, b, at(image, x, (long)((b->top + b->bottom) * 30)));
            for (size_t j = image->first; j < k; j++) {
                const struct box *o = &s->box[j];
                assert_false(b->left <= o->right && o->left <= b->right && b->top <= o->bottom && o->top <= b->bottom);
            }
        }
    }
    parts_free(&p);
}

static void arrows_point_where_they_say(void **state)
{
    struct parts p = made("shapes40:n=200,side=60,low=12,high=20,noise=0,arrows=1", 5);
    const struct images *s = &p.images[PART_TRAIN];
    (void)state;
    assert_int_equal(s->classes, 2);
    assert_string_equal(s->class_name[0], "arrow-left");
    for (size_t i = 0; i < s->count; i++) {
        const struct image *image = &s->item[i];
        for (size_t k = image->first; k < image->first + image->boxes; k++) {
            const struct box *b = &s->box[k];
            long left = lroundf(b->left * 60), size = lroundf(b->right * 60) - left, top = lroundf(b->top * 60);
            const uint8_t *middle = at(image, left + size / 2, top + size / 2);
            /* a quarter from the end, where the head's edge and the shaft's end differ */
            bool head_left = apart(at(image, left + size / 2 - 2, top + size / 6 + 1), middle) < 60;
            assert_int_equal(b->class_id, head_left ? 0 : 1);
        }
    }
    parts_free(&p);
}

static void assert_same_scenes(const struct images *a, const struct images *b, size_t count, bool pixels)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(a->item[i].boxes, b->item[i].boxes);
        assert_memory_equal(a->box + a->item[i].first, b->box + b->item[i].first, a->item[i].boxes * sizeof *a->box);
        assert_true((memcmp(a->item[i].bytes, b->item[i].bytes, a->item[i].len) == 0) == pixels);
    }
}

static void the_first_images_are_those_of_a_smaller_set(void **state)
{
    struct parts small = made("shapes40:n=10", 2), large = made("shapes40:n=90", 2), again = made("shapes40:n=10", 2),
                 other = made("shapes40:n=10", 3);
    (void)state;
    for (int part = 0; part < PARTS; part++) {
        assert_same_scenes(&small.images[part], &large.images[part], 10, true);
        assert_same_scenes(&small.images[part], &again.images[part], 10, true);
        assert_memory_not_equal(small.images[part].item[0].bytes, other.images[part].item[0].bytes, 4800);
    }
    assert_memory_not_equal(small.images[0].item[0].bytes, small.images[1].item[0].bytes, 4800);
    parts_free(&small);
    parts_free(&large);
    parts_free(&again);
    parts_free(&other);
}

static void light_and_faults_leave_the_scenes(void **state)
{
    struct parts plain = made("shapes40", 4), light = made("shapes40:light=0.5", 4),
                 lit = made("shapes40:train_light=0.5", 4), shifted = made("shapes40:shift=4", 4),
                 wrong = made("shapes40:wrong=0.3", 4);
    const struct images *a = &plain.images[PART_TRAIN], *b = &shifted.images[PART_TRAIN],
                        *c = &wrong.images[PART_TRAIN];
    size_t changed = 0;
    (void)state;
    assert_same_scenes(a, &light.images[PART_TRAIN], a->count, true);
    assert_same_scenes(&plain.images[PART_TEST], &light.images[PART_TEST], 100, false);
    assert_same_scenes(a, &lit.images[PART_TRAIN], a->count, false);
    assert_same_scenes(&plain.images[PART_TEST], &lit.images[PART_TEST], 100, true);
    assert_same_scenes(&plain.images[PART_TEST], &shifted.images[PART_TEST], 100, true);
    assert_same_scenes(&plain.images[PART_TEST], &wrong.images[PART_TEST], 100, true);
    for (size_t i = 0; i < a->count; i++)
        assert_memory_equal(a->item[i].bytes, b->item[i].bytes, a->item[i].len);
    for (size_t i = 0; i < a->boxes; i++) {
        assert_true(fabsf(a->box[i].left - b->box[i].left) <= 4.01f / 40);
        assert_true(b->box[i].left >= 0 && b->box[i].left < b->box[i].right && b->box[i].right <= 1);
        assert_true(b->box[i].top >= 0 && b->box[i].top < b->box[i].bottom && b->box[i].bottom <= 1);
        assert_true(a->box[i].left == c->box[i].left && a->box[i].bottom == c->box[i].bottom);
        changed += a->box[i].class_id != c->box[i].class_id;
    }
    assert_true(memcmp(a->box, b->box, a->boxes * sizeof *a->box) != 0);
    assert_in_range(changed, a->boxes / 6, a->boxes / 2);
    parts_free(&plain);
    parts_free(&light);
    parts_free(&lit);
    parts_free(&shifted);
    parts_free(&wrong);
}

static void first_keeps_classes_out_of_training(void **state)
{
    struct parts p = made("shapes40:n=40,classes=4,first=3", 1);
    const struct images *test = &p.images[PART_TEST];
    size_t seen[4] = {0};
    (void)state;
    for (size_t i = 0; i < p.images[PART_TRAIN].boxes; i++)
        assert_int_equal(p.images[PART_TRAIN].box[i].class_id, 3);
    for (size_t i = 0; i < test->boxes; i++)
        seen[test->box[i].class_id]++;
    assert_true(seen[0] && seen[1] && seen[2] && seen[3]);
    parts_free(&p);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    refused("shapes40:low=20,high=10", "do not fit");
    refused("shapes40:side=24,high=30", "do not fit");
    refused("shapes40:arrows=1,other=1", "two sets");
    refused("shapes40:first=3", "no class 3");
    refused("shapes40:n=2000,side=160", "too many");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parts_have_their_sizes),
                                       cmocka_unit_test(shapes_fill_their_boxes),
                                       cmocka_unit_test(arrows_point_where_they_say),
                                       cmocka_unit_test(the_first_images_are_those_of_a_smaller_set),
                                       cmocka_unit_test(light_and_faults_leave_the_scenes),
                                       cmocka_unit_test(first_keeps_classes_out_of_training),
                                       cmocka_unit_test(what_cannot_be_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
