/* DeepAR's parts: frequencies, what is refused, windows, the network beside PyTorch, forecasts and their score. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/algo/deepar/deepar.h"
#include "engine/algo/deepar/deepar_mean.h"
#include "engine/algo/deepar/deepar_score.h"
#include "engine/data/generate.h"
#include "engine/data/parts.h"
#include "tests/golden/deepar.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- frequencies ------------------------------------------------------------------------------------------------ */

/* As the open library GluonTS publishes them: the last seven, and places of earlier seasons with their neighbours. */
static const struct {
    const char *freq;
    int lags[FREQUENCY_LAGS];
} lag_cases[] = {
    {"H", {1,   2,   3,   4,   5,   6,   7,   23,  24,  25,  47,  48,  49,  71,  72,  73,  95,  96,  97,  119,
           120, 121, 143, 144, 145, 167, 168, 169, 335, 336, 337, 503, 504, 505, 671, 672, 673, 719, 720, 721}},
    {"D", {1,  2,  3,  4,  5,  6,  7,   8,   13,  14,  15,  20,  21,   22,   27,
           28, 29, 30, 31, 56, 84, 363, 364, 365, 727, 728, 729, 1091, 1092, 1093}},
    {"W", {1, 2, 3, 4, 5, 6, 7, 8, 12, 51, 52, 53, 103, 104, 105, 155, 156, 157}},
    {"M", {1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 23, 24, 25, 35, 36, 37}},
    {"3M", {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13}},
    {"min", {1, 2, 3, 4, 5, 6, 7, 58, 59, 60, 61, 62, 118, 119, 120, 121, 122, 178, 179, 180, 181, 182}},
    {"5min", {1,  2,  3,  4,  5,  6,   7,   10,  11,  12,  13,  14,  22,  23,  24,   25,   26,
              34, 35, 36, 37, 38, 287, 288, 289, 575, 576, 577, 863, 864, 865, 1151, 1152, 1153}},
};

static void lags(void **state)
{
    struct error err;
    (void)state;
    for (size_t i = 0; i < COUNT(lag_cases); i++) {
        struct frequency f;
        int got[FREQUENCY_LAGS];
        size_t count, wanted = 0;
        assert_int_equal(frequency_read(lag_cases[i].freq, &f, &err), 0);
        count = frequency_lags(&f, got);
        while (wanted < FREQUENCY_LAGS && lag_cases[i].lags[wanted])
            wanted++;
        assert_int_equal(count, wanted);
        assert_memory_equal(got, lag_cases[i].lags, count * sizeof *got);
    }
}

static void no_frequency(void **state)
{
    static const char *const bad[] = {"",     "h", "Q", "0H", "-1H", "1.5H", "H5", "100001D", "99999999999999999999H",
                                      "5 min"};
    struct frequency f;
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct error err = {0};
        assert_int_equal(frequency_read(bad[i], &f, &err), -1);
        assert_string_equal(err.where, "time_freq");
        assert_true(strlen(err.what) > 12 && err.fix[0]);
    }
}

/* 2024-02-29 was a Thursday; the 60th day of the year. */
static void calendar(void **state)
{
    static const struct {
        const char *freq;
        int64_t step;
        size_t count;
        double wanted[FREQUENCY_FEATURES];
    } cases[] = {
        {"H", 0, 4, {23.0 / 23, 3.0 / 6, 28.0 / 30, 59.0 / 365}},
        {"H", 1, 4, {0, 4.0 / 6, 0, 60.0 / 365}},
        {"H", -24, 4, {1, 2.0 / 6, 27.0 / 30, 58.0 / 365}},
        {"5min", 1, 5, {35.0 / 59, 1, 3.0 / 6, 28.0 / 30, 59.0 / 365}},
        {"D", 1, 3, {4.0 / 6, 0, 60.0 / 365}},
        {"W", 1, 2, {6.0 / 30, 9.0 / 52}},
        {"M", 1, 1, {2.0 / 11}},
        {"M", -2, 1, {11.0 / 11}},
        {"12M", 3, 1, {1.0 / 11}},
    };
    int64_t start = moment_seconds(2024, 2, 29, 23, 30, 0);
    struct error err;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct frequency f;
        float got[2 * FREQUENCY_FEATURES];
        assert_int_equal(frequency_read(cases[i].freq, &f, &err), 0);
        assert_int_equal(frequency_features(&f), cases[i].count);
        frequency_describe(&f, start, cases[i].step - 1, 2, got, FREQUENCY_FEATURES); /* the second of two steps */
        for (size_t k = 0; k < cases[i].count; k++)
            assert_float_equal(got[FREQUENCY_FEATURES + k], (float)cases[i].wanted[k] - 0.5F, 1e-6F);
    }
}

/* Two months of hours hold neither two months nor two years. */
static void covered(void **state)
{
    static const struct {
        const char *freq;
        int days;
        size_t wanted;
    } cases[] = {{"H", 1, 0},   {"H", 2, 1},   {"H", 61, 2},  {"H", 62, 3}, {"H", 800, 4},
                 {"min", 1, 1}, {"D", 100, 2}, {"M", 731, 0}, {"M", 732, 1}};
    struct error err;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct frequency f;
        assert_int_equal(frequency_read(cases[i].freq, &f, &err), 0);
        frequency_cover(&f, cases[i].days * (int64_t)86400);
        assert_int_equal(frequency_features(&f), cases[i].wanted);
    }
    struct frequency f = {FREQUENCY_HOUR, 1, 1}; /* without the hour: the weekday comes first */
    float got[3];
    frequency_describe(&f, moment_seconds(2024, 1, 7, 5, 0, 0), 0, 1, got, 3);
    assert_float_equal(got[0], 0.5F, 1e-6F);
}

static void months(void **state)
{
    const struct frequency f = {FREQUENCY_MONTH, 1, 0};
    (void)state;
    assert_int_equal(frequency_time(&f, moment_seconds(2024, 1, 31, 12, 0, 0), 1),
                     moment_seconds(2024, 2, 29, 12, 0, 0));
    assert_int_equal(frequency_time(&f, moment_seconds(2024, 1, 31, 0, 0, 0), 12),
                     moment_seconds(2025, 1, 31, 0, 0, 0));
    assert_int_equal(frequency_time(&f, moment_seconds(2024, 1, 31, 0, 0, 0), -2),
                     moment_seconds(2023, 11, 30, 0, 0, 0));
}

/* --- series and plans ------------------------------------------------------------------------------------------- */

static struct series *add(struct series_set *set, size_t length, size_t feature_length)
{
    struct series *s = series_append(set, length, feature_length);
    assert_non_null(s);
    s->line = set->count;
    s->start = moment_seconds(2024, 1, 1, 0, 0, 0);
    for (size_t t = 0; t < length; t++)
        s->target[t] = (float)(10 * set->count + t % 7);
    set->observations += length;
    return s;
}

static bool silent(void *context, const char *line, size_t len)
{
    struct str *said = context;
    str_append(said, line, len);
    return true;
}

/* As a run would resolve them. */
static void resolve(struct settings *out, const char *pairs)
{
    struct settings given = {0};
    struct error err = {0};
    char text[512], *save = NULL;
    snprintf(text, sizeof text, "%s", pairs);
    for (char *pair = strtok_r(text, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
        char *equals = strchr(pair, '=');
        *equals = '\0';
        assert_int_equal(settings_set(&given, pair, equals + 1, &err), 0);
    }
    if (algorithm_resolve(&deepar, &given, out, &err) < 0)
        fail_msg("%s", err.what);
}

#define BASE "time_freq=D context_length=4 prediction_length=3 epochs=1"

static int plan(const char *more, const struct series_set *set, struct deepar_plan *p, struct str *said,
                struct error *err)
{
    struct settings s;
    struct event_sink sink = {.write = silent, .context = said};
    char pairs[512];
    snprintf(pairs, sizeof pairs, BASE " %s", more);
    resolve(&s, pairs);
    return deepar_plan_make(&s, set, &sink, p, err);
}

static void plan_of_data(void **state)
{
    struct series_set set = {.categories = 2, .features = 1, .name = "made"};
    struct deepar_plan p;
    struct error err = {0};
    struct str said = {0};
    struct series *s = add(&set, 200, 200);
    (void)state;
    s->category[0] = 4;
    s->target[5] = NAN;
    for (size_t t = 0; t < 200; t++)
        s->feature[t] = t % 2 ? 3 : 1;
    add(&set, 200, 203)->category[1] = 1;
    for (size_t t = 0; t < 200; t++)
        set.items[1].feature[t] = t % 2 ? 3 : 1;
    add(&set, 2, 2);
    set.items[2].feature[0] = 1, set.items[2].feature[1] = 3;
    assert_int_equal(plan("", &set, &p, &said, &err), 0);
    assert_non_null(strstr(str_text(&said), "1 of 3 training series are shorter"));
    assert_int_equal(p.categories, 2);
    assert_int_equal(p.cardinality[0], 5);
    assert_int_equal(p.cardinality[1], 2);
    assert_int_equal(p.features, 1);
    assert_float_equal(p.feature_mean[0], 2, 1e-6);
    assert_float_equal(p.feature_factor[0], 1, 1e-6);
    assert_true(p.gaps);
    assert_int_equal(p.lag[p.lags - 1], 84); /* no series is long enough for a year */
    assert_int_equal(deepar_plan_inputs(&p), p.lags + 1 + 2 + 1 + 1);
    assert_int_equal(plan("cardinality=ignore num_dynamic_feat=ignore", &set, &p, &said, &err), 0);
    assert_int_equal(p.categories + p.features, 0);
    assert_int_equal(plan("cardinality= num_dynamic_feat=", &set, &p, &said, &err), 0);
    assert_int_equal(p.categories + p.features, 0);
    assert_int_equal(plan("cardinality=[9,2] num_dynamic_feat=1", &set, &p, &said, &err), 0);
    assert_int_equal(p.cardinality[0], 9);
    str_free(&said);
    series_free(&set);
}

/* --- what is refused -------------------------------------------------------------------------------------------- */

static void no_values(struct series_set *set)
{
    for (size_t t = 0; t < set->items[1].length; t++)
        set->items[1].target[t] = NAN;
}

static void half(struct series_set *set)
{
    set->items[1].target[3] = 0.5F;
}

static void negative(struct series_set *set)
{
    set->items[0].target[0] = -1;
}

static void few(struct series_set *set)
{
    set->observations = 299;
}

static void high_category(struct series_set *set)
{
    set->items[1].category[0] = 7;
}

static void lost_feature(struct series_set *set)
{
    set->items[0].feature[9] = NAN;
}

static const struct {
    const char *settings;
    void (*spoil)(struct series_set *set);
    const char *what, *where;
} refused[] = {
    {"", no_values, "All values of the series are missing", "series 2"},
    {"likelihood=beta", NULL, "beta is for values from 0 to 1", "series 1"},
    {"likelihood=negative-binomial", half, "Value 4 is 0.5", "series 2"},
    {"likelihood=negative-binomial", negative, "Value 1 is -1", "series 1"},
    {"", few, "at least 300", "made"},
    {"prediction_length=500", NULL, "Every training series is shorter", "prediction_length"},
    {"cardinality=[3]", high_category, "Category 7 of feature 1 is not below its cardinality, 3", "series 2"},
    {"cardinality=[3,3]", NULL, "names 2 features, but the training series have 1", "cardinality"},
    {"num_dynamic_feat=2", NULL, "num_dynamic_feat = 2, but the training series have 1", "num_dynamic_feat"},
    {"", lost_feature, "dynamic_feat is missing", "series 1"},
};

static void refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct series_set set = {.categories = 1, .features = 1, .name = "made"};
        struct deepar_plan p;
        struct str said = {0};
        struct error err = {0};
        char more[200];
        add(&set, 200, 200);
        add(&set, 200, 200);
        if (refused[i].spoil)
            refused[i].spoil(&set);
        snprintf(more, sizeof more, "%s", refused[i].settings);
        if (strncmp(more, "prediction_length", 17) == 0) {
            struct settings s;
            struct event_sink sink = {.write = silent, .context = &said};
            resolve(&s, "time_freq=D context_length=4 prediction_length=500 epochs=1");
            assert_int_equal(deepar_plan_make(&s, &set, &sink, &p, &err), -1);
        } else {
            assert_int_equal(plan(more, &set, &p, &said, &err), -1);
        }
        if (!strstr(err.what, refused[i].what) || !strstr(err.where, refused[i].where) || !err.fix[0])
            fail_msg("%zu: %s | %s | %s", i, err.what, err.where, err.fix);
        str_free(&said);
        series_free(&set);
    }
}

/* --- windows ---------------------------------------------------------------------------------------------------- */

static struct deepar_plan small_plan(void)
{
    return (struct deepar_plan){.frequency = {FREQUENCY_DAY, 1, 0},
                                .context = 4,
                                .prediction = 3,
                                .lags = 2,
                                .lag = {1, 3},
                                .gaps = true,
                                .level_factor = 1,
                                .likelihood = LIKELIHOOD_L1,
                                .cells = 5,
                                .layers = 2,
                                .embedding = 2,
                                .zoneout = 0.3};
}

static void windows(void **state)
{
    struct deepar_plan p = small_plan();
    struct series_set set = {0};
    struct series *s = add(&set, 8, 8);
    struct histories h;
    struct deepar_batch b;
    struct error err;
    float values[] = {2, NAN, 4, -6, 8, 1, 1, 5};
    size_t inputs = deepar_plan_inputs(&p);
    (void)state;
    memcpy(s->target, values, sizeof values);
    assert_int_equal(histories_open(&h, &set, &err), 0);
    assert_int_equal(deepar_batch_open(&b, &p, 7, 2, &err), 0);
    /* one has only two values before it, the other a whole context */
    assert_int_equal(deepar_batch_fill(&b, &p, (struct window[]){{&h.items[0], 2}, {&h.items[0], 5}}, 2, NULL), 4 + 6);
    assert_float_equal(b.scale[0], 2, 1e-6);
    assert_float_equal(b.scale[1], 6, 1e-6); /* of 4, 6, 8; the gap does not count */
    assert_float_equal(b.level[2], logf(6), 1e-6);
    assert_float_equal(b.middle[0], 1, 1e-6);
    assert_float_equal(b.middle[1], 2.0F / 6, 1e-6); /* the mean of 4, -6 and 8 */
    for (size_t t = 0; t < 7; t++)
        for (size_t row = 0; row < 2; row++) {
            int at = (int)t + (row ? 1 : -2), one = at - 1, three = at - 3;
            const float *x = b.x + (t * 2 + row) * inputs;
            float filled[] = {2, 2, 4, -6, 8, 1, 1, 5};
            assert_float_equal(x[0], one >= 0 ? filled[one] / b.scale[row] - b.middle[row] : 0, 1e-6);
            three = three >= 0 ? three : (three + 7) % 7 < at ? three + 7 : -1; /* the first season's */
            assert_float_equal(x[1], three >= 0 ? filled[three] / b.scale[row] - b.middle[row] : 0, 1e-6);
            assert_float_equal(x[2], one >= 0 && one != 1, 0);
            assert_float_equal(b.weight[t * 2 + row], at >= 0 && at != 1, 0);
            assert_float_equal(b.y[t * 2 + row], at >= 0 ? filled[at] : 0, 0);
        }
    deepar_batch_close(&b);
    histories_close(&h);
    series_free(&set);
}

/* Drawn windows have whole contexts where the series are long enough, and every place is drawn. */
static void drawing(void **state)
{
    struct deepar_plan p = small_plan();
    struct series_set set = {0};
    struct histories h;
    struct sampler s;
    struct error err;
    size_t seen[20] = {0};
    (void)state;
    add(&set, 12, 12);
    add(&set, 2, 2);
    add(&set, 5, 5);
    assert_int_equal(histories_open(&h, &set, &err), 0);
    assert_int_equal(sampler_open(&s, &p, &h, 3, &err), 0);
    assert_int_equal(s.usable, 2);
    assert_int_equal(s.values, 17);
    for (int i = 0; i < 2000; i++) {
        struct window w = sampler_draw(&s);
        assert_true(w.history == &h.items[0] || w.history == &h.items[2]);
        if (w.history == &h.items[2])
            assert_int_equal(w.at, 2);
        else
            seen[w.at]++;
    }
    for (size_t at = 0; at < 20; at++)
        assert_true(at >= 4 && at <= 9 ? seen[at] > 50 : seen[at] == 0);
    sampler_close(&s);
    histories_close(&h);
    series_free(&set);
}

/* --- the network ------------------------------------------------------------------------------------------------ */

static void made(float *to, int number, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (float)(0.5 * sin(1 + 17 * number + 0.37 * (double)i));
}

/* Every parameter in the order in which the network has them, as tests/reference/deepar.py. */
static void set_weights(struct deepar_net *n)
{
    float values[256];
    for (size_t i = 0; i < n->parameters.count; i++) {
        struct tensor *w = &n->parameters.items[i].tensor;
        assert_true(tensor_count(w) <= COUNT(values));
        made(values, (int)i, tensor_count(w));
        parameters_set(&n->parameters, w, values);
    }
}

static void beside_torch(void **state)
{
    struct deepar_plan p = small_plan();
    struct deepar_net n;
    struct deepar_state after[2];
    struct deepar_batch b;
    struct error err;
    struct tape *t = tape_open(&backend_cpu, 1, &err);
    float got[45];
    size_t weights = 0;
    (void)state;
    p.gaps = false;
    p.categories = 1;
    p.cardinality[0] = 3;
    p.likelihood = LIKELIHOOD_STUDENT_T;
    p.zoneout = 0;
    assert_int_equal(deepar_net_open(&n, &p, &backend_cpu, 1, &err), 0);
    for (size_t i = 0; i < n.parameters.count; i++)
        weights += tensor_count(&n.parameters.items[i].tensor);
    assert_int_equal(weights, deepar_net_weights(&p));
    set_weights(&n);
    assert_int_equal(deepar_batch_open(&b, &p, 5, 3, &err), 0);
    made(b.x, 20, 90);
    made(b.level, 21, 6);
    memcpy(b.category, (int32_t[]){2, 0, 1}, 3 * sizeof *b.category);
    tape_begin(t, false, 0);
    tape_read(t, deepar_net_run(&n, t, &b, NULL, after), got);
    assert_int_equal(tape_finish(t, &err), 0);
    for (size_t i = 0; i < 45; i++)
        assert_float_equal(got[i], golden_raw[i], 1e-5);
    tape_read(t, after[1].h, got);
    for (size_t i = 0; i < 15; i++)
        assert_float_equal(got[i], golden_last_h[i], 1e-5);
    tape_read(t, after[0].c, got);
    for (size_t i = 0; i < 15; i++)
        assert_float_equal(got[i], golden_last_c[i], 1e-5);
    deepar_batch_close(&b);
    deepar_net_close(&n);
    tape_close(t);
}

/* Of 1, 2 and 3: 1, then 6/7 of the way to 2, then 6/8 of the way to 3. An exchange gives it and takes it back. */
static void mean_of_weights(void **state)
{
    struct deepar_plan p = small_plan();
    struct deepar_net n;
    struct weights_mean m;
    struct error err;
    float values[256], wanted = 1 + 6.0F / 7 + 0.75F * (2 - 6.0F / 7);
    (void)state;
    assert_int_equal(deepar_net_open(&n, &p, &backend_cpu, 1, &err), 0);
    assert_int_equal(weights_mean_open(&m, &n.parameters, &err), 0);
    weights_mean_exchange(&m, &n.parameters); /* nothing to give yet */
    for (int sample = 1; sample <= 3; sample++) {
        for (size_t i = 0; i < COUNT(values); i++)
            values[i] = (float)sample;
        for (size_t i = 0; i < n.parameters.count; i++)
            parameters_set(&n.parameters, &n.parameters.items[i].tensor, values);
        weights_mean_add(&m, &n.parameters);
    }
    for (int turn = 0; turn < 2; turn++) {
        weights_mean_exchange(&m, &n.parameters);
        for (size_t i = 0; i < n.parameters.count; i++) {
            parameters_get(&n.parameters, &n.parameters.items[i].tensor, values);
            assert_float_equal(values[0], turn == 0 ? wanted : 3, 1e-6);
            assert_float_equal(values[tensor_count(&n.parameters.items[i].tensor) - 1], turn == 0 ? wanted : 3, 1e-6);
        }
    }
    weights_mean_close(&m);
    deepar_net_close(&n);
}

/* A forecast goes on as the whole window would when it is read at once, with the forecast as its values. */
static void forecast_is_the_window(void **state)
{
    struct deepar_plan p = small_plan();
    struct series_set set = {.categories = 1, .features = 1};
    struct deepar_net n;
    struct deepar_batch b;
    struct histories h;
    struct error err;
    struct tape *t = tape_open(&backend_cpu, 1, &err);
    float paths[2 * 4 * 3], raw[7 * 2];
    (void)state;
    p.categories = p.features = 1;
    p.cardinality[0] = 3;
    p.feature_factor[0] = 1;
    for (size_t i = 0; i < 2; i++) {
        struct series *s = add(&set, 9 + 4 * i, 16);
        s->category[0] = (int32_t)i;
        s->target[s->length - 4] = NAN; /* the value before the forecast */
        for (size_t k = 0; k < 16; k++)
            s->feature[k] = (float)(k % 3);
    }
    assert_int_equal(deepar_net_open(&n, &p, &backend_cpu, 1, &err), 0);
    set_weights(&n);
    assert_int_equal(histories_open(&h, &set, &err), 0);
    struct window w[] = {{&h.items[0], 6}, {&h.items[1], 10}};
    assert_int_equal(deepar_forecast(&n, t, w, 2, 0, 4, 1, paths, &err), 0);
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < 4; k++) /* L1 says points: all paths are the same */
            assert_memory_equal(paths + (i * 4 + k) * 3, paths + i * 12, 3 * sizeof *paths);
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < 3; k++)
            set.items[i].target[w[i].at + k] = h.items[i].own[w[i].at + k] = paths[i * 12 + k];
    assert_int_equal(deepar_batch_open(&b, &p, 7, 2, &err), 0);
    deepar_batch_fill(&b, &p, w, 2, NULL);
    tape_begin(t, false, 0);
    tape_read(t, deepar_net_run(&n, t, &b, NULL, NULL), raw);
    assert_int_equal(tape_finish(t, &err), 0);
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < 3; k++)
            assert_float_equal(raw[(4 + k) * 2 + i] * b.scale[i], paths[i * 12 + k], 1e-4);
    deepar_batch_close(&b);
    histories_close(&h);
    deepar_net_close(&n);
    tape_close(t);
    series_free(&set);
}

/* The same seed gives the same paths whatever the threads and however windows are cut into calls. */
static void forecast_repeats(void **state)
{
    struct deepar_plan p = small_plan();
    struct series_set set = {0};
    struct deepar_net n;
    struct histories h;
    struct error err;
    struct window w[40];
    enum { SAMPLES = 30, ALL = 40 * SAMPLES * 3 };
    static float one[ALL], other[ALL], another[ALL];
    (void)state;
    p.likelihood = LIKELIHOOD_STUDENT_T;
    for (size_t i = 0; i < 40; i++)
        add(&set, 9, 9);
    assert_int_equal(histories_open(&h, &set, &err), 0);
    for (size_t i = 0; i < 40; i++)
        w[i] = (struct window){&h.items[i], 9};
    assert_int_equal(deepar_net_open(&n, &p, &backend_cpu, 1, &err), 0);
    struct tape *a = tape_open(&backend_cpu, 1, &err), *b = tape_open(&backend_cpu, 3, &err);
    assert_int_equal(deepar_forecast(&n, a, w, 40, 0, SAMPLES, 7, one, &err), 0);
    assert_int_equal(deepar_forecast(&n, b, w, 7, 0, SAMPLES, 7, other, &err), 0);
    assert_int_equal(deepar_forecast(&n, b, w + 7, 33, 7, SAMPLES, 7, other + 7 * SAMPLES * 3, &err), 0);
    assert_int_equal(deepar_forecast(&n, a, w, 40, 0, SAMPLES, 8, another, &err), 0);
    for (size_t i = 0; i < ALL; i++)
        assert_float_equal(one[i], other[i], 1e-3F * (1 + fabsf(one[i])));
    assert_memory_not_equal(one, another, sizeof one);
    tape_close(a);
    tape_close(b);
    deepar_net_close(&n);
    histories_close(&h);
    series_free(&set);
}

/* --- the score -------------------------------------------------------------------------------------------------- */

static void score(void **state)
{
    struct deepar_score s = {.levels = 3};
    float paths[44], sorted[11];
    double mean = 0;
    (void)state;
    for (size_t i = 0; i < 44; i++)
        paths[i] = (float)golden_paths[i];
    memcpy(s.level, golden_levels, sizeof golden_levels);
    for (size_t step = 0; step < 4; step++) {
        deepar_sort_step(paths, 11, 4, step, sorted);
        for (size_t k = 0; k < 3; k++)
            assert_float_equal(deepar_quantile(sorted, 11, golden_levels[k]), golden_quantiles[k * 4 + step], 1e-5);
        deepar_score_step(&s, golden_truth[step], sorted, 11);
    }
    for (int k = 0; k < 3; k++) {
        assert_float_equal(deepar_score_loss(&s, k), golden_loss[k], 1e-5);
        mean += golden_loss[k] / 3;
    }
    assert_float_equal(deepar_score_mean_loss(&s), mean, 1e-5);
    assert_float_equal(deepar_score_rmse(&s), golden_rmse, 1e-5);
}

static void quantile_of_one(void **state)
{
    (void)state;
    assert_float_equal(deepar_quantile((float[]){4}, 1, 0.9), 4, 0);
    assert_float_equal(deepar_quantile((float[]){1, 2}, 2, 0.5), 1.5, 0);
}

/* --- season_family ---------------------------------------------------------------------------------------------- */

static void make_family(const char *recipe, struct parts *parts)
{
    struct error err = {0};
    *parts = (struct parts){0};
    if (generate_parts(recipe, 3, parts, &err) < 0)
        fail_msg("%s", err.what);
}

/* Validation goes on where training ends, test where validation does; a larger family begins with the smaller one. */
static void family_grows(void **state)
{
    struct parts small, large;
    (void)state;
    make_family("season_family:n=5,length=50,horizon=6", &small);
    make_family("season_family:n=9,length=50,horizon=6", &large);
    assert_int_equal(large.series[PART_TRAIN].count, 9);
    for (size_t i = 0; i < 5; i++) {
        const struct series *a = &small.series[PART_TRAIN].items[i], *b = &large.series[PART_TEST].items[i];
        const struct series *c = &small.series[PART_VALIDATION].items[i];
        assert_int_equal(a->length, 50);
        assert_int_equal(c->length, 56);
        assert_int_equal(b->length, 62);
        assert_memory_equal(a->target, b->target, 50 * sizeof *a->target);
        assert_memory_equal(c->target, b->target, 56 * sizeof *a->target);
        assert_true(a->start == b->start);
        assert_int_equal(a->category[0], i % 2);
    }
    parts_free(&small);
    parts_free(&large);
}

/* Without noise and drift: the season repeats exactly, promotions double, and gaps are as many as asked for. */
static void family_has_its_truth(void **state)
{
    struct parts p;
    double gaps = 0, values = 0;
    (void)state;
    make_family("season_family:n=20,length=200,noise=0,drift=0,promo=0.2,lift=1,gaps=0.1,shapes=3", &p);
    for (size_t i = 0; i < 20; i++) {
        const struct series *s = &p.series[PART_TRAIN].items[i];
        for (size_t t = 0; t + 7 < s->length; t++) {
            values++;
            gaps += isnan(s->target[t]) ? 1 : 0;
            if (!isnan(s->target[t]) && !isnan(s->target[t + 7]))
                assert_float_equal(s->target[t] / (1 + s->feature[t]), s->target[t + 7] / (1 + s->feature[t + 7]),
                                   1e-4F * s->target[t]);
        }
    }
    assert_true(gaps / values > 0.08 && gaps / values < 0.12);
    parts_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lags),
        cmocka_unit_test(no_frequency),
        cmocka_unit_test(calendar),
        cmocka_unit_test(months),
        cmocka_unit_test(covered),
        cmocka_unit_test(plan_of_data),
        cmocka_unit_test(refusals),
        cmocka_unit_test(windows),
        cmocka_unit_test(drawing),
        cmocka_unit_test(beside_torch),
        cmocka_unit_test(mean_of_weights),
        cmocka_unit_test(forecast_is_the_window),
        cmocka_unit_test(forecast_repeats),
        cmocka_unit_test(score),
        cmocka_unit_test(quantile_of_one),
        cmocka_unit_test(family_grows),
        cmocka_unit_test(family_has_its_truth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
