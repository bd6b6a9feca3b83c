/* Object Detection: default boxes, suppression, average precision and the loss against an independent script and
 * PyTorch (tests/reference/detection.py) and by hand; slopes of whole networks against differences. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/algo/detection/detection.h"
#include "engine/algo/detection/feed.h"
#include "engine/algo/detection/find.h"
#include "engine/algo/detection/loss.h"
#include "engine/algo/detection/score.h"
#include "engine/algo/detection/start.h"
#include "tests/golden/detection.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static double wave(size_t i, size_t seed)
{
    return ((double)((i * 37 + seed * 101 + i * i * 11) % 61) - 30) / 16;
}

static void near(const char *what, size_t i, double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance * (1 + fabs(wanted))))
        fail_msg("%s %zu is %.9g, not %.9g", what, i, got, wanted);
}

static int design_of(const char *pairs, struct settings *out, struct detection_design *d, struct error *err)
{
    struct settings given = {0};
    char text[512], *save = NULL;
    snprintf(text, sizeof text, "num_classes=2 num_training_samples=10 image_shape=32 width=4 %s", pairs);
    for (char *pair = strtok_r(text, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
        char *value = strchr(pair, '=');
        *value++ = '\0';
        for (char *c = value; *c; c++)
            *c = *c == '_' && strncmp(pair, "lr_scheduler_step", 17) == 0 ? ' ' : *c;
        assert_int_equal(settings_set(&given, pair, value, err), 0);
    }
    return algorithm_resolve(&object_detection, &given, out, err) < 0 ? -1 : detection_design_read(d, out, err);
}

static struct detection_design designed(const char *pairs, struct settings *s)
{
    struct detection_design d;
    struct error err = {0};
    if (design_of(pairs, s, &d, &err) < 0)
        fail_msg("%s: %s", err.where, err.what);
    return d;
}

/* --- default boxes --------------------------------------------------------------------------------------------------
 */

static struct anchors golden_cells(void)
{
    struct anchors a;
    struct error err = {0};
    assert_int_equal(anchors_open(&a, (size_t[]){4, 2}, 2, 0.2, 0.9, &err), 0);
    assert_int_equal(a.count * 4, COUNT(golden_anchors));
    return a;
}

static size_t golden_box(struct box *boxes)
{
    const size_t count = COUNT(golden_boxes) / 5;
    for (size_t i = 0; i < count; i++) {
        const double *b = golden_boxes + 5 * i;
        boxes[i] = (struct box){(int32_t)b[0], (float)b[1], (float)b[2], (float)b[3], (float)b[4]};
    }
    return count;
}

static struct box corners(const struct anchors *a, size_t i)
{
    return (struct box){0, a->left[i], a->top[i], a->right[i], a->bottom[i]};
}

static void test_anchors(void **state)
{
    struct anchors a = golden_cells();
    (void)state;
    for (size_t i = 0; i < a.count; i++) {
        const double *wanted = golden_anchors + 4 * i;
        near("x", i, (double)a.x[i], wanted[0], 1e-6);
        near("y", i, (double)a.y[i], wanted[1], 1e-6);
        near("width", i, (double)a.width[i], wanted[2], 1e-6);
        near("height", i, (double)a.height[i], wanted[3], 1e-6);
    }
    anchors_close(&a);
}

static void test_overlap(void **state)
{
    static const struct {
        struct box a, b;
        float wanted;
    } cases[] = {
        {{0, 0, 0, 1, 1}, {0, 0, 0, 1, 1}, 1},
        {{0, 0, 0, 0.5F, 0.5F}, {0, 0.25F, 0, 0.75F, 0.5F}, 1.0F / 3}, /* 2 x 4 of 2 x (2 + 2 + 2) eighths */
        {{0, 0, 0, 0.5F, 0.5F}, {0, 0.5F, 0, 1, 0.5F}, 0},             /* side by side */
        {{0, 0, 0, 0.25F, 0.25F}, {0, 0.5F, 0.5F, 1, 1}, 0},           /* apart, both ways */
        {{0, 0, 0, 1, 1}, {0, 0.25F, 0.25F, 0.75F, 0.75F}, 0.25F},     /* inside */
        {{0, 0.5F, 0.5F, 0.5F, 0.5F}, {0, 0.5F, 0.5F, 0.5F, 0.5F}, 0}, /* nothing with nothing */
    };
    struct anchors a = golden_cells();
    struct box boxes[8];
    size_t count = golden_box(boxes);
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        near("case", i, (double)box_overlap(&cases[i].a, &cases[i].b), (double)cases[i].wanted, 1e-6);
        near("case turned", i, (double)box_overlap(&cases[i].b, &cases[i].a), (double)cases[i].wanted, 1e-6);
    }
    for (size_t i = 0; i < a.count * count; i++) {
        struct box b = corners(&a, i / count);
        near("overlap", i, (double)box_overlap(&b, &boxes[i % count]), golden_overlaps[i], 1e-6);
    }
    anchors_close(&a);
}

static void test_match(void **state)
{
    struct anchors a = golden_cells();
    struct box boxes[8];
    size_t count = golden_box(boxes), labels = 0;
    int32_t label[80], of[80];
    float offset[320], best[80];
    (void)state;
    for (int again = 0; again < 2; again++) /* leaves nothing behind */
        labels = anchors_match(&a, boxes, count, label, offset, best, of);
    for (size_t i = 0; i < a.count; i++) {
        labels -= label[i] > 0;
        assert_int_equal(label[i], golden_labels[i]);
        for (size_t k = 0; label[i] && k < 4; k++)
            near("offset", 4 * i + k, (double)offset[4 * i + k], golden_offsets[4 * i + k], 1e-5);
    }
    assert_int_equal(labels, 0);
    assert_int_equal(anchors_match(&a, boxes, 0, label, offset, best, of), 0);
    for (size_t i = 0; i < a.count; i++)
        assert_int_equal(label[i], 0);
    anchors_close(&a);
}

static void test_decode(void **state)
{
    struct anchors a = golden_cells();
    struct box b;
    (void)state;
    for (size_t i = 0; i < a.count; i++) {
        float offset[4], back[4];
        for (size_t k = 0; k < 4; k++)
            offset[k] = (float)wave(4 * i + k, 3);
        anchors_decode(&a, i, offset, &b);
        near("left", i, (double)b.left, golden_decoded[4 * i], 1e-6);
        near("top", i, (double)b.top, golden_decoded[4 * i + 1], 1e-6);
        near("right", i, (double)b.right, golden_decoded[4 * i + 2], 1e-6);
        near("bottom", i, (double)b.bottom, golden_decoded[4 * i + 3], 1e-6);
        anchors_encode(&a, i, &b, back);
        for (size_t k = 0; k < 4; k++)
            near("there and back", 4 * i + k, (double)back[k], (double)offset[k], 2e-4);
    }
    anchors_decode(&a, 0, (float[]){0, 0, 1e9F, -INFINITY}, &b); /* a network that went astray */
    assert_true(isfinite(b.left) && isfinite(b.right) && b.bottom > b.top);
    anchors_close(&a);
}

/* --- suppression and precision --------------------------------------------------------------------------------------
 */

static void test_suppress(void **state)
{
    struct found f[40];
    (void)state;
    for (size_t i = 0; i < 40; i++) {
        float left = (float)(i * 29 % 17) / 40, top = (float)(i * 13 % 19) / 40;
        f[39 - i] = (struct found){{0, left, top, left + 0.2F + (float)(i % 5) / 20, top + 0.15F + (float)(i % 7) / 20},
                                   1 - (float)i / 64};
    }
    found_sort(f, 40);
    assert_int_equal(suppress(f, 40, 0.45, 100), COUNT(golden_kept));
    for (size_t i = 0; i < COUNT(golden_kept); i++)
        near("kept", i, (double)f[i].score, 1 - (double)golden_kept[i] / 64, 0);
    assert_int_equal(suppress(f, COUNT(golden_kept), 0.45, 5), 5);
    assert_int_equal(suppress(f, 0, 0.45, 5), 0);
    /* Two halves of one box overlap it by 0.5: they go below that limit only. */
    f[0] = (struct found){{0, 0, 0, 1, 1}, 0.9F};
    f[1] = (struct found){{0, 0, 0, 0.5F, 1}, 0.8F};
    f[2] = (struct found){{0, 0.5F, 0, 1, 1}, 0.7F};
    assert_int_equal(suppress(f, 3, 0.49, 100), 1);
    assert_int_equal(suppress(f, 3, 0.51, 100), 3);
}

static double by_hand(const char *hits, size_t boxes)
{
    /* 'h' hits its own box, 'm' hits nothing, 'a' hits the first box again; each surer than the next. */
    struct box box[8] = {{0}};
    struct found f[16];
    struct score s;
    size_t used = 0, n = strlen(hits);
    double map;
    for (size_t i = 0; i < boxes; i++)
        box[i] = (struct box){0, (float)i / 8, 0, (float)i / 8 + 0.1F, 0.1F};
    for (size_t i = 0; i < n; i++) {
        f[i] = (struct found){hits[i] == 'h' ? box[used++] : box[0], 1 - (float)i / 32};
        if (hits[i] == 'm')
            f[i].box.top = 0.5F, f[i].box.bottom = 0.6F;
    }
    score_open(&s, 2, 0.5);
    score_add(&s, f, n, box, boxes);
    map = score_finish(&s);
    if (boxes) /* class 1 occurs nowhere */
        assert_true(isnan(s.curve[1].average_precision) && s.curve[0].boxes == boxes);
    score_close(&s);
    return map;
}

static void test_precision_by_hand(void **state)
{
    (void)state;
    near("all found", 0, by_hand("hhh", 3), 1, 1e-12);
    near("none found", 0, by_hand("", 3), 0, 1e-12);
    near("one of two", 0, by_hand("h", 2), 0.5, 1e-12);
    near("a miss first", 0, by_hand("mh", 1), 0.5, 1e-12);
    near("the same twice", 0, by_hand("ha", 1), 1, 1e-12);
    near("the same twice, then another", 0, by_hand("hah", 2), 0.5 + 0.5 * 2 / 3, 1e-12);
    /* Precision 1, 1/2, 2/3, 3/4: the best of larger recalls is 3/4 for the second and third box. */
    near("envelope", 0, by_hand("hmhh", 4), 0.25 * (1 + 0.75 + 0.75), 1e-12);
    assert_true(isnan(by_hand("mm", 0)));
}

static size_t scene(size_t i, struct box *truth)
{
    for (size_t j = 0; j < 3 + i; j++) {
        float x = 0.05F + 0.3F * (float)(j % 3), y = 0.05F + 0.3F * (float)(j / 3);
        truth[j] = (struct box){(int32_t)((i + j) % 2), x, y, x + 0.2F, y + 0.25F};
    }
    return 3 + i;
}

static void guesses(size_t i, const struct box *truth, size_t count, struct found *f)
{
    for (size_t j = 0; j < 30; j++) {
        struct box b = truth[j * 7 % count];
        float shift = ((float)((j * 37 + i * 11) % 23) - 11) / 90;
        b.class_id = j % 6 ? b.class_id : 1 - b.class_id;
        b = (struct box){b.class_id, b.left + shift, b.top - shift / 2, b.right + shift, b.bottom + shift / 3};
        f[j] = (struct found){b, (float)((i * 30 + j) * 71 % 127 + 1) / 128};
    }
    found_sort(f, 30);
}

static int score_share(void *context, struct comm *c, struct error *err)
{
    double *maps = context;
    struct score s;
    size_t end;
    int status;
    score_open(&s, 2, 0.5);
    for (size_t i = pool_share(4, comm_rank(c), comm_ranks(c), &end); i < end; i++) {
        struct box truth[8];
        struct found f[30];
        size_t count = scene(i, truth);
        guesses(i, truth, count, f);
        score_add(&s, f, 30, truth, count);
    }
    status = score_exchange(&s, c, err);
    maps[comm_rank(c)] = score_finish(&s);
    for (size_t k = 0; k < 2 && status == 0; k++)
        near("average precision", k, s.curve[k].average_precision, golden_average_precision[k], 1e-9);
    score_close(&s);
    return status;
}

static void test_precision(void **state)
{
    double maps[3], wanted = (golden_average_precision[0] + golden_average_precision[1]) / 2;
    struct error err = {0};
    (void)state;
    assert_int_equal(score_share(maps, NULL, &err), 0);
    near("mAP", 0, maps[0], wanted, 1e-9);
    assert_int_equal(comm_run_threads(3, score_share, maps, &err), 0);
    for (size_t i = 0; i < 3; i++)
        near("mAP of rank", i, maps[i], wanted, 1e-9);
}

/* --- the loss -------------------------------------------------------------------------------------------------------
 */

static void test_mine(void **state)
{
    const float wrong[] = {0.5F, 3, 1, 3, 2, 3, 0};
    const int32_t label[] = {0, 0, 2, 0, 0, 0, 0};
    int32_t target[7];
    float order[7];
    (void)state;
    detection_mine(wrong, label, target, 7, 2, order); /* of three equal ones the first two */
    assert_memory_equal(target, ((int32_t[]){-1, 0, 2, 0, -1, -1, -1}), sizeof target);
    detection_mine(wrong, label, target, 7, 4, order);
    assert_memory_equal(target, ((int32_t[]){-1, 0, 2, 0, 0, 0, -1}), sizeof target);
    detection_mine(wrong, label, target, 7, 100, order);
    assert_memory_equal(target, ((int32_t[]){0, 0, 2, 0, 0, 0, 0}), sizeof target);
    detection_mine(wrong, label, target, 7, 0, order);
    assert_memory_equal(target, ((int32_t[]){-1, -1, 2, -1, -1, -1, -1}), sizeof target);
    for (size_t n = 1; n <= 7; n++) { /* any order of the rest gives the n largest */
        size_t kept = 0;
        detection_mine(wrong, (int32_t[7]){0}, target, 7, n, order);
        for (size_t i = 0; i < 7; i++)
            kept += target[i] == 0;
        assert_int_equal(kept, n);
    }
}

/* A network is only asked for its sizes here. */
static struct detection_net boxes_of(const struct anchors *a, size_t classes)
{
    return (struct detection_net){.anchors = *a, .design = {.classes = classes}};
}

static void test_loss(void **state)
{
    struct anchors a = golden_cells();
    struct detection_net net = boxes_of(&a, 3);
    struct detection_target g;
    struct error err = {0};
    struct box boxes[8];
    size_t count = golden_box(boxes);
    struct tape *t = tape_open(&backend_ref64, 1, &err);
    struct detection_out out;
    struct detection_losses loss;
    (void)state;
    assert_int_equal(detection_target_open(&g, &net, 2, &err), 0);
    detection_target_match(&g, &a, 0, boxes, count);
    detection_target_match(&g, &a, 1, boxes, 0);
    tape_begin(t, true, 1);
    out.scores = tape_tensor(t, 2, (size_t[]){160, 4});
    out.offsets = tape_tensor(t, 2, (size_t[]){160, 4});
    for (size_t i = 0; i < 640; i++) {
        ((double *)out.scores->data)[i] = wave(i, 5) + (double)(i * i % 1009) * 1e-4;
        ((double *)out.offsets->data)[i] = wave(i, 7);
    }
    loss = detection_loss(&g, t, out, 2, (double)g.matched[0]);
    tape_backward(t, loss.all);
    near("classes", 0, tape_number(t, loss.classes), golden_loss[0], 1e-6);
    near("places", 0, tape_number(t, loss.places), golden_loss[1], 1e-6);
    near("loss", 0, tape_number(t, loss.all), golden_loss[0] + golden_loss[1], 1e-6);
    for (size_t i = 0; i < 80; i += 5)
        for (size_t k = 0; k < 4; k++) {
            near("slope of score", 4 * i + k, ((double *)out.scores->grad)[4 * i + k],
                 golden_score_slopes[4 * i / 5 + k], 1e-6);
            near("slope of offset", 4 * i + k, ((double *)out.offsets->grad)[4 * i + k],
                 golden_offset_slopes[4 * i / 5 + k], 1e-6);
        }
    assert_int_equal(tape_finish(t, &err), 0);
    detection_target_close(&g);
    anchors_close(&a);
    tape_close(t);
}

/* --- networks -------------------------------------------------------------------------------------------------------
 */

static float weight_at(const char *name, size_t i)
{
    size_t key = 0;
    const char *part = strrchr(name, '_');
    double value;
    for (const char *c = name; *c; c++)
        key += (unsigned char)*c;
    value = ((double)((i * 37 + key * 101) % 97) - 48) / 97;
    return (float)(strcmp(part, "_variance") == 0 || strcmp(part, "_gain") == 0 ? fabs(value) + 0.5 : value);
}

static void set_weights(struct detection_net *net)
{
    for (size_t p = 0; p < net->parameters.count; p++) {
        struct parameter *item = &net->parameters.items[p];
        size_t count = tensor_count(&item->tensor);
        float *values = malloc(count * sizeof *values);
        for (size_t i = 0; i < count; i++)
            values[i] = weight_at(item->name, i);
        parameters_set(&net->parameters, &item->tensor, values);
        free(values);
    }
}

static void check_network(const char *base, const double *golden, const struct backend *backend)
{
    struct settings s;
    struct detection_design d = designed(base, &s);
    struct detection_net net;
    struct detection_out out;
    struct error err = {0};
    struct tape *t = tape_open(backend, 2, &err);
    float pixels[32 * 32 * 3], scores[336 * 3], offsets[336 * 4];
    for (size_t i = 0; i < COUNT(pixels); i++)
        pixels[i] = (float)wave(i, 9);
    assert_int_equal(detection_net_open(&net, &d, backend, 1, &err), 0);
    assert_int_equal(net.anchors.count, 336);
    set_weights(&net);
    tape_begin(t, false, 0);
    out = detection_net_run(&net, t, tape_input(t, 4, (size_t[]){1, 32, 32, 3}, pixels), 1);
    tape_read(t, out.scores, scores);
    tape_read(t, out.offsets, offsets);
    assert_int_equal(tape_finish(t, &err), 0);
    for (size_t i = 0; i < 336; i += 9) {
        for (size_t k = 0; k < 3; k++)
            near(base, i, (double)scores[3 * i + k], golden[7 * i / 9 + k], 2e-4);
        for (size_t k = 0; k < 4; k++)
            near(base, i, (double)offsets[4 * i + k], golden[7 * i / 9 + 3 + k], 2e-4);
    }
    detection_net_close(&net);
    tape_close(t);
}

static void test_networks(void **state)
{
    (void)state;
    check_network("base_network=vgg-16", golden_vgg, &backend_ref64);
    check_network("base_network=vgg-16", golden_vgg, &backend_cpu);
    check_network("base_network=resnet-50", golden_resnet, &backend_ref64);
    check_network("base_network=resnet-50", golden_resnet, &backend_cpu);
}

/* The loss of two images, with the negatives that the first call chose. */
static double loss_of(struct detection_net *net, struct detection_target *g, struct tape *t, const float *pixels,
                      bool slopes)
{
    size_t rows = 2 * net->anchors.count;
    struct tensor *x, *weight, *wanted, *loss;
    struct detection_out out;
    tape_begin(t, true, 1);
    x = tape_input(t, 4, (size_t[]){2, 32, 32, 3}, pixels);
    out = detection_net_run(net, t, x, 2);
    if (slopes) {
        loss = detection_loss(g, t, out, 2, 9).all;
        tape_backward(t, loss);
    } else {
        weight = tape_input(t, 1, (size_t[]){rows}, g->weight);
        wanted = tape_input(t, 2, (size_t[]){rows, 4}, g->offset);
        loss = op_add(t, op_cross_entropy(t, out.scores, tape_ints(t, g->target, rows), NULL, 1.0 / 9),
                      op_smooth_l1(t, out.offsets, wanted, weight, 1.0 / 9));
    }
    return tape_number(t, loss);
}

/* Some numbers of each parameter are moved. Kinks (ReLU, smooth L1) are rare enough at this step. */
static void check_slopes(const char *settings)
{
    struct settings s;
    struct detection_design d = designed(settings, &s);
    struct detection_net net;
    struct detection_target g;
    struct error err = {0};
    struct tape *t = tape_open(&backend_ref64, 1, &err);
    float *pixels = malloc(2 * 32 * 32 * 3 * sizeof *pixels);
    struct box boxes[2] = {{0, 0.1F, 0.2F, 0.5F, 0.5F}, {1, 0.4F, 0.5F, 0.9F, 0.9F}};
    const double by = 1e-6;
    size_t wrong = 0, all = 0;
    assert_int_equal(detection_net_open(&net, &d, &backend_ref64, 3, &err), 0);
    assert_int_equal(detection_target_open(&g, &net, 2, &err), 0);
    for (size_t i = 0; i < 2 * 32 * 32 * 3; i++)
        pixels[i] = (float)wave(i * 7 + i / 31, i % 13);
    detection_target_match(&g, &net.anchors, 0, boxes, 2);
    detection_target_match(&g, &net.anchors, 1, boxes + 1, 1);
    loss_of(&net, &g, t, pixels, true);
    for (size_t p = 0; p < net.parameters.count; p++) {
        struct parameter *item = &net.parameters.items[p];
        size_t count = tensor_count(&item->tensor);
        for (size_t k = 0; !item->fixed && k < 3 && k < count; k++) {
            size_t i = (k * 7919 + p) % count;
            double *value = (double *)item->tensor.data + i, before = *value, up, down, slope;
            slope = item->tensor.grad_ready ? ((double *)item->tensor.grad)[i] : 0;
            *value = before + by;
            up = loss_of(&net, &g, t, pixels, false);
            *value = before - by;
            down = loss_of(&net, &g, t, pixels, false);
            *value = before;
            all++;
            wrong += fabs(slope - (up - down) / (2 * by)) > 1e-5 * (1 + fabs(slope));
        }
    }
    if (wrong * 50 > all)
        fail_msg("%s: %zu of %zu slopes are wrong", settings, wrong, all);
    free(pixels);
    detection_target_close(&g);
    detection_net_close(&net);
    tape_close(t);
}

static void test_slopes(void **state)
{
    (void)state;
    check_slopes("base_network=vgg-16");
    check_slopes("base_network=resnet-50");
    check_slopes("base_network=vgg-16 freeze_layer_pattern=.*_(mean|variance)");
}

static void test_frozen(void **state)
{
    static const struct {
        const char *settings, *name;
        bool fixed;
    } cases[] = {
        {"freeze_layer_pattern=^(conv1_|conv2_).*", "conv1_1_weight", true},
        {"freeze_layer_pattern=^(conv1_|conv2_).*", "conv2_1_gain", true},
        {"freeze_layer_pattern=^(conv1_|conv2_).*", "conv3_1_weight", false},
        {"freeze_layer_pattern=1_1", "conv1_1_weight", false}, /* not from the first letter on */
        {"freeze_layer_pattern=.*1_1.*", "conv1_1_bias", true},
        {"train_only_on_top_layer=true", "conv5_1_weight", true},
        {"train_only_on_top_layer=true", "head1_weight", false},
        {"base_network=resnet-50 freeze_layer_pattern=conv2_1b", "conv2_1b_weight", true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct settings s;
        struct detection_design d = designed(cases[i].settings, &s);
        struct detection_net net;
        struct error err = {0};
        const struct parameter *found = NULL;
        assert_int_equal(detection_net_open(&net, &d, &backend_cpu, 1, &err), 0);
        for (size_t k = 0; k < net.parameters.count; k++)
            if (strcmp(net.parameters.items[k].name, cases[i].name) == 0)
                found = &net.parameters.items[k];
        assert_non_null(found);
        assert_int_equal(found->fixed, cases[i].fixed);
        detection_net_close(&net);
    }
}

static void test_packed(void **state)
{
    struct settings s;
    struct detection_design d = designed("", &s);
    struct detection_net from, to;
    struct str bytes = {0};
    struct error err = {0};
    (void)state;
    assert_int_equal(detection_net_open(&from, &d, &backend_cpu, 1, &err), 0);
    assert_int_equal(detection_net_open(&to, &d, &backend_cpu, 2, &err), 0);
    assert_int_equal(start_pack(&from, &bytes, &err), 0);
    assert_int_equal(start_unpack(&to, bytes.data, bytes.len, "packed", &err), 0);
    for (size_t p = 0; p < from.parameters.count; p++) {
        const struct parameter *one = &from.parameters.items[p], *other = &to.parameters.items[p];
        const float *a = one->tensor.data, *b = other->tensor.data;
        bool stays = detection_name_of_head(one->name) || strncmp(one->name, "conv5", 5) == 0;
        float most = 0, off = 0;
        for (size_t i = 0; i < tensor_count(&one->tensor); i++) {
            most = fmaxf(most, fabsf(a[i]));
            off = fmaxf(off, fabsf(a[i] - b[i]));
        }
        if (stays)
            assert_true(one->tensor.rank == 1 || off > 0.1F * most); /* drawn by another seed */
        else
            assert_true(off <= most / 250);
    }
    for (size_t cut = 0; cut < bytes.len; cut += cut < 200 ? 1 : 997) {
        char *part = malloc(cut + 1); /* so that a sanitizer sees what is read beyond it */
        memcpy(part, bytes.data, cut);
        assert_int_equal(start_unpack(&to, part, cut, "packed", &err), -1);
        free(part);
    }
    str_free(&bytes);
    detection_net_close(&from);
    detection_net_close(&to);
}

/* --- settings -------------------------------------------------------------------------------------------------------
 */

static void test_rates(void **state)
{
    struct settings s;
    struct detection_design d = designed("learning_rate=0.5 lr_scheduler_step=2,__5 lr_scheduler_factor=0.1", &s);
    (void)state;
    near("rate", 0, detection_rate(&d, 0), 0.5, 1e-12);
    near("rate", 1, detection_rate(&d, 19), 0.5, 1e-12);
    near("rate", 2, detection_rate(&d, 20), 0.05, 1e-12); /* 2 epochs of 10 images */
    near("rate", 3, detection_rate(&d, 49), 0.05, 1e-12);
    near("rate", 4, detection_rate(&d, 50), 0.005, 1e-12);
    d = designed("", &s);
    near("rate", 5, detection_rate(&d, 1e9), 0.001, 1e-12);
}

static void test_settings_refused(void **state)
{
    static const struct {
        const char *settings, *where, *says;
    } cases[] = {
        {"image_shape=31", "image_shape", "out of range"},
        {"base_network=vgg-19", "base_network", "cannot be"},
        {"kv_store=dist_async", "kv_store", "take every step together"},
        {"optimizer=nesterov", "optimizer", "cannot be"},
        {"lr_scheduler_step=3,2", "lr_scheduler_step", "no list of epochs"},
        {"lr_scheduler_step=3,", "lr_scheduler_step", "no list of epochs"},
        {"lr_scheduler_step=3;5", "lr_scheduler_step", "no list of epochs"},
        {"lr_scheduler_step=0", "lr_scheduler_step", "no list of epochs"},
        {"lr_scheduler_step=1e3", "lr_scheduler_step", "no list of epochs"},
        {"freeze_layer_pattern=(", "freeze_layer_pattern", "no regular expression"},
        {"label_width=6", "label_width", "no room for one object"},
        {"optimizer=adam beta_1=1", "beta_1", "never forgets"},
        {"epsilon=1e-7", "epsilon", "cannot be set"},
        {"rho=0.95", "rho", "cannot be set"},
        {"initial_accumulator_value=0.1", "initial_accumulator_value", "cannot be set"},
        {"use_pretrained_model=2", "use_pretrained_model", "out of range"},
        {"mini_batch_size=4 batch_size=4", "mini_batch_size", "the same setting"},
        {"weight_decay=1", "weight_decay", "out of range"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct settings s;
        struct detection_design d;
        struct error err = {0};
        if (design_of(cases[i].settings, &s, &d, &err) == 0)
            fail_msg("%s was taken", cases[i].settings);
        assert_string_equal(err.where, cases[i].where);
        if (!strstr(err.what, cases[i].says) || !err.fix[0])
            fail_msg("%s: %s (%s)", cases[i].settings, err.what, err.fix);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_anchors),   cmocka_unit_test(test_overlap),  cmocka_unit_test(test_match),
        cmocka_unit_test(test_decode),    cmocka_unit_test(test_suppress), cmocka_unit_test(test_precision_by_hand),
        cmocka_unit_test(test_precision), cmocka_unit_test(test_mine),     cmocka_unit_test(test_loss),
        cmocka_unit_test(test_networks),  cmocka_unit_test(test_slopes),   cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_packed),    cmocka_unit_test(test_rates),    cmocka_unit_test(test_settings_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
