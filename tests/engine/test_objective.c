/* Objectives against the real XGBoost (tests/reference/xgboost_objective.py), against differences of their losses where
 * XGBoost draws lots or keeps the gradient to itself, and labels that they refuse. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/algo/xgboost/objective.h"
#include "engine/tensor/exp.h"

struct objective_case {
    const char *name;
    struct objective_settings settings;
    size_t rows, predictions;
    const float *margin, *label, *weight, *g, *h, *prediction;
};
#include "tests/golden/xgboost_objective.h"

static const struct objective_settings plain = {.classes = 1,
                                                .scale_pos_weight = 1,
                                                .tweedie_variance_power = 1.5,
                                                .huber_slope = 1,
                                                .aft_scale = 1,
                                                .max_delta_step = 0.7};

static void near(double is, double wanted, double share, double least, const char *what, size_t at)
{
    if (!(fabs(is - wanted) <= share * fabs(wanted) + least))
        fail_msg("%s, %zu: %.9g, wanted %.9g", what, at, is, wanted);
}

static void agrees_with_xgboost(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof objective_cases / sizeof *objective_cases; c++) {
        const struct objective_case *want = &objective_cases[c];
        const struct objective *o = objective_find(want->name, NULL);
        size_t cells = want->rows * want->settings.classes;
        struct dataset d = {.rows = want->rows, .y = (float *)want->label, .weight = (float *)want->weight};
        struct gradient *out = calloc(cells, sizeof *out);
        float *prediction = calloc(cells, sizeof *prediction);
        struct error err;
        assert_non_null(o);
        assert_int_equal(o->check(&want->settings, &d, "train", &err), 0);
        o->gradient(&want->settings, &d, want->margin, 0, 17, out); /* in two parts, as threads do */
        o->gradient(&want->settings, &d, want->margin, 17, want->rows, out);
        for (size_t i = 0; i < cells; i++) {
            near((double)out[i].g, (double)want->g[i], 3e-5, 2e-6, want->name, i);
            near((double)out[i].h, (double)want->h[i], 3e-5, 2e-6, want->name, i);
        }
        assert_int_equal(want->predictions, want->rows * objective_width(o, &want->settings));
        o->predict(&want->settings, prediction, want->margin, want->rows);
        for (size_t i = 0; i < want->predictions; i++)
            near((double)prediction[i], (double)want->prediction[i], 2e-6, 1e-30, want->name, i);
        free(out);
        free(prediction);
    }
}

/* --- ranking: pairs counted anew ------------------------------------------------------------------------------------
 */

enum { LIST = 7 };
static const float list_margin[] = {0.5f, -1, 2, 0.25f, 1.5f, 3, -2}, list_label[] = {2, 0, 1, 3, 0, 1, 2};
static const uint32_t list_group[] = {4, 4, 4, 4, 4, 9, 9};

static size_t place_of(size_t row)
{
    size_t place = 0;
    for (size_t i = 0; i < LIST; i++)
        place += list_group[i] == list_group[row] && list_margin[i] > list_margin[row];
    return place;
}

/* DCG over its best, or average precision, of the query of row a when rows a and b have changed places. */
static double list_quality(const char *name, size_t a, size_t b, bool swapped)
{
    double at_place[LIST] = {0}, best[LIST] = {0}, sum = 0, ideal = 0, hits = 0;
    size_t n = 0;
    for (size_t i = 0; i < LIST; i++) {
        size_t from = swapped && i == a ? b : swapped && i == b ? a : i;
        if (list_group[i] != list_group[a])
            continue;
        at_place[place_of(from)] = (double)list_label[i];
        best[n++] = (double)list_label[i];
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            if (best[j] > best[i]) {
                double t = best[i];
                best[i] = best[j];
                best[j] = t;
            }
    for (size_t i = 0; i < n; i++) {
        if (strcmp(name, "rank:ndcg") == 0) {
            sum += (exp2(at_place[i]) - 1) / log2((double)i + 2);
            ideal += (exp2(best[i]) - 1) / log2((double)i + 2);
        } else if (at_place[i] > 0) {
            sum += ++hits / (double)(i + 1);
            ideal++;
        }
    }
    return ideal > 0 ? sum / ideal : 0;
}

static double partners(size_t row)
{
    double n = 0;
    for (size_t i = 0; i < LIST; i++)
        n += list_group[i] == list_group[row] && list_label[i] != list_label[row];
    return n;
}

static void ranks_by_every_pair(void **state)
{
    static const char *const names[] = {"rank:pairwise", "rank:ndcg", "rank:map"};
    struct dataset d = {.rows = LIST,
                        .y = (float *)list_label,
                        .group = (uint32_t *)list_group,
                        .weight = (float[]){2, 2, 2, 2, 2, 3, 3}};
    (void)state;
    for (size_t n = 0; n < 3; n++) {
        struct gradient out[LIST];
        double g[LIST] = {0}, h[LIST] = {0}, sum = 0;
        const struct objective *o = objective_find(names[n], NULL);
        assert_true(o->whole);
        o->gradient(&plain, &d, list_margin, 0, LIST, out);
        for (size_t low = 0; low < LIST; low++)
            for (size_t high = 0; high < LIST; high++) {
                double p = 1 / (1 + exp((double)list_margin[low] - (double)list_margin[high])), w;
                if (list_group[high] != list_group[low] || list_label[high] <= list_label[low])
                    continue;
                w = (double)d.weight[low] * 2 / 5 * (1 / partners(low) + 1 / partners(high));
                if (n > 0)
                    w *= fabs(list_quality(names[n], low, high, true) - list_quality(names[n], low, high, false));
                g[high] -= (1 - p) * w;
                g[low] += (1 - p) * w;
                h[high] += 2 * p * (1 - p) * w;
                h[low] += 2 * p * (1 - p) * w;
            }
        for (size_t i = 0; i < LIST; i++) {
            near((double)out[i].g, g[i], 1e-5, 1e-6, names[n], i);
            near((double)out[i].h, h[i], 1e-5, 1e-6, names[n], i);
            sum += (double)out[i].h;
        }
        near(sum, (double)ranking_h[n], 0.03, 0, names[n], LIST); /* the mean of XGBoost's draws */
    }
}

static void rows_without_groups_are_one_list(void **state)
{
    uint32_t one[LIST] = {0};
    struct dataset d = {.rows = LIST, .y = (float *)list_label, .group = one};
    struct gradient with[LIST], without[LIST];
    const struct objective *o = objective_find("rank:ndcg", NULL);
    (void)state;
    o->gradient(&plain, &d, list_margin, 0, LIST, with);
    d.group = NULL;
    o->gradient(&plain, &d, list_margin, 0, LIST, without);
    assert_memory_equal(with, without, sizeof with);
}

/* --- survival: differences of Cox's partial likelihood --------------------------------------------------------------
 */

enum { TIMES = 8 };
static const float times[TIMES] = {3, -2, 5, 4, 6, -7, 1, 8}, risk[TIMES] = {0.5f, -1, 0, 2, 1, -0.5f, 0.25f, -3};

static double cox_loss(const double *margin)
{
    double loss = 0;
    for (size_t i = 0; i < TIMES; i++) {
        double at_risk = 0;
        for (size_t j = 0; j < TIMES; j++)
            at_risk += fabs((double)times[j]) >= fabs((double)times[i]) ? exp(margin[j]) : 0;
        loss += times[i] > 0 ? log(at_risk) - margin[i] : 0;
    }
    return loss;
}

static void cox_follows_its_likelihood(void **state)
{
    const double step = 1e-4;
    struct dataset d = {.rows = TIMES, .y = (float *)times};
    struct gradient out[TIMES];
    double margin[TIMES];
    (void)state;
    objective_find("survival:cox", NULL)->gradient(&plain, &d, risk, 0, TIMES, out);
    for (size_t i = 0; i < TIMES; i++)
        margin[i] = (double)risk[i];
    for (size_t i = 0; i < TIMES; i++) {
        double at = cox_loss(margin), above, below;
        margin[i] += step;
        above = cox_loss(margin);
        margin[i] -= 2 * step;
        below = cox_loss(margin);
        margin[i] += step;
        near((double)out[i].g, (above - below) / (2 * step), 1e-5, 1e-6, "cox g", i);
        near((double)out[i].h, (above - 2 * at + below) / (step * step), 1e-4, 1e-5, "cox h", i);
    }
}

/* With ties, which XGBoost takes one after another. */
static void cox_agrees_with_xgboost(void **state)
{
    enum { ROWS = sizeof cox_label / sizeof *cox_label };
    struct dataset d = {.rows = ROWS, .y = (float *)cox_label, .weight = (float *)cox_weight};
    struct gradient out[ROWS];
    (void)state;
    objective_find("survival:cox", NULL)->gradient(&plain, &d, cox_margin, 0, ROWS, out);
    for (size_t i = 0; i < ROWS; i++) {
        near((double)out[i].g, (double)cox_g[i], 1e-4, 1, "cox g", i);
        near((double)out[i].h, (double)cox_h[i], 1e-4, 1, "cox h", i);
    }
}

/* --- bad input ------------------------------------------------------------------------------------------------------
 */

static void labels_out_of_range_are_refused(void **state)
{
    static const struct {
        const char *objective;
        float label;
        bool fits;
    } cases[] = {
        {"reg:squarederror", NAN, false},
        {"reg:squarederror", INFINITY, false},
        {"reg:squarederror", -1e30f, true},
        {"reg:absoluteerror", NAN, false},
        {"reg:pseudohubererror", NAN, false},
        {"reg:squaredlogerror", -1, false},
        {"reg:squaredlogerror", -0.9f, true},
        {"reg:logistic", 1.01f, false},
        {"reg:logistic", 0.5f, true},
        {"reg:gamma", 0, false},
        {"reg:gamma", -1, false},
        {"reg:tweedie", -0.1f, false},
        {"reg:tweedie", 0, true},
        {"count:poisson", -1, false},
        {"count:poisson", 0, true},
        {"binary:logistic", 2, false},
        {"binary:logistic", -1, false},
        {"binary:logistic", NAN, false},
        {"binary:logitraw", 3, false},
        {"binary:hinge", -1, false},
        {"multi:softmax", 3, false},
        {"multi:softprob", -1, false},
        {"multi:softprob", 1.5f, false},
        {"multi:softprob", 2, true},
        {"multi:softprob", NAN, false},
        {"rank:pairwise", -1, false},
        {"rank:ndcg", 32, false},
        {"rank:map", 0.5f, false},
        {"survival:aft", 0, false},
        {"survival:aft", -2, false},
        {"survival:cox", -4, true},
        {"survival:cox", NAN, false},
    };
    struct objective_settings three = plain;
    (void)state;
    three.classes = 3;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float label[] = {1, cases[i].label};
        struct dataset d = {.rows = 2, .y = label, .name = "made.csv"};
        struct error err = {0};
        const struct objective *o = objective_find(cases[i].objective, &err);
        int said = o->check(&three, &d, "validation", &err);
        if ((said == 0) != cases[i].fits)
            fail_msg("%s takes label %g: %d", cases[i].objective, (double)cases[i].label, said);
        if (said < 0) {
            assert_non_null(strstr(err.where, "validation, row 2"));
            assert_non_null(strstr(err.what, "made.csv"));
        }
    }
}

static void nothing_and_extremes_are_defined(void **state)
{
    (void)state;
    for (const struct objective *o = objectives; o->name; o++) {
        struct dataset none = {0}, d = {.rows = 3, .y = (float[]){1, 1, 1}};
        struct objective_settings two = plain;
        struct gradient out[6];
        float margin[6] = {-100, 100, 0, 80, -80, 1};
        struct error err;
        two.classes = 2;
        assert_int_equal(o->check(&two, &none, "train", &err), 0);
        o->gradient(&two, &none, margin, 0, 0, out);
        assert_int_equal(o->check(&two, &d, "train", &err), 0);
        o->gradient(&two, &d, margin, 0, 3, out);
        for (size_t i = 0; i < 3 * objective_outputs(o, &two); i++)
            if (isnan(out[i].g) || isnan(out[i].h) || out[i].h < 0)
                fail_msg("%s: g %g h %g", o->name, (double)out[i].g, (double)out[i].h);
    }
}

static void names_and_bases_are_checked(void **state)
{
    struct error err = {0};
    (void)state;
    assert_string_equal(objective_find("reg:linear", &err)->name, "reg:squarederror");
    assert_null(objective_find("binary:logistics", &err));
    assert_non_null(strstr(err.fix, "binary:logistic"));
    assert_null(objective_find("", &err));
    assert_int_equal(objective_find("binary:logistic", &err)->check_base(1, &err), -1);
    assert_int_equal(objective_find("count:poisson", &err)->check_base(0, &err), -1);
    near(objective_find("binary:logistic", &err)->to_margin(0.75), log(3), 1e-12, 0, "logit", 0);
}

static void exp_is_within_two_units(void **state)
{
    (void)state;
    for (double x = -87.2; x < 88.2; x += 0.000731) {
        float is = exp_float((float)x);
        double wanted = exp((double)(float)x);
        double unit = (double)(nextafterf((float)wanted, INFINITY) - (float)wanted);
        if (!(fabs((double)is - wanted) <= 2 * unit))
            fail_msg("exp(%.9g) is %.9g, wanted %.9g", x, (double)is, wanted);
    }
    assert_true(exp_float(-1000) > 0 && exp_float(-1000) < 2e-38f);
    assert_true(exp_float(1000) < INFINITY && exp_float(1000) > 1e38f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_xgboost),
        cmocka_unit_test(ranks_by_every_pair),
        cmocka_unit_test(rows_without_groups_are_one_list),
        cmocka_unit_test(cox_follows_its_likelihood),
        cmocka_unit_test(cox_agrees_with_xgboost),
        cmocka_unit_test(labels_out_of_range_are_refused),
        cmocka_unit_test(nothing_and_extremes_are_defined),
        cmocka_unit_test(names_and_bases_are_checked),
        cmocka_unit_test(exp_is_within_two_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
