#include "engine/algo/xgboost/objective.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/algo/xgboost/objective_kinds.h"
#include "engine/suggest.h"
#include "engine/tensor/exp.h"

/* --- what labels may be ---------------------------------------------------------------------------------------------
 */

typedef bool label_fits(float label, const struct objective_settings *s);

static int check_labels(const struct objective_settings *s, const struct dataset *d, const char *channel,
                        label_fits *fits, const char *wanted, struct error *err)
{
    for (size_t i = 0; i < d->rows; i++)
        if (!isfinite(d->y[i]) || !fits(d->y[i], s)) {
            char where[128];
            snprintf(where, sizeof where, "%s, row %zu", channel, i + 1);
            return error_set(err, ERROR_INPUT, where, "correct the label, or choose another objective",
                             "The label %g of %s is not %s", (double)d->y[i], d->name, wanted);
        }
    return 0;
}

static bool any_number(float label, const struct objective_settings *s)
{
    (void)label, (void)s;
    return true;
}

static bool within_one(float label, const struct objective_settings *s)
{
    (void)s;
    return label >= 0 && label <= 1;
}

static bool zero_or_one(float label, const struct objective_settings *s)
{
    (void)s;
    return label == 0 || label == 1;
}

static bool above_minus_one(float label, const struct objective_settings *s)
{
    (void)s;
    return label > -1;
}

static bool above_zero(float label, const struct objective_settings *s)
{
    (void)s;
    return label > 0;
}

static bool not_negative(float label, const struct objective_settings *s)
{
    (void)s;
    return label >= 0;
}

static bool grade(float label, const struct objective_settings *s)
{
    (void)s;
    return label >= 0 && label <= 31 && label == floorf(label);
}

static bool class_number(float label, const struct objective_settings *s)
{
    return label >= 0 && label < (float)s->classes && label == floorf(label);
}

#define CHECK(name, fits, wanted)                                                                                      \
    static int name(const struct objective_settings *s, const struct dataset *d, const char *channel,                  \
                    struct error *err)                                                                                 \
    {                                                                                                                  \
        return check_labels(s, d, channel, fits, wanted, err);                                                         \
    }
CHECK(check_any, any_number, "a number")
CHECK(check_share, within_one, "between 0 and 1")
CHECK(check_binary, zero_or_one, "0 or 1")
CHECK(check_log, above_minus_one, "above -1")
CHECK(check_positive, above_zero, "above 0")
CHECK(check_count, not_negative, "0 or more")
CHECK(check_grade, grade, "a whole number from 0 to 31")

static int check_class(const struct objective_settings *s, const struct dataset *d, const char *channel,
                       struct error *err)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "a class from 0 to %zu (num_class - 1)", s->classes - 1);
    return check_labels(s, d, channel, class_number, wanted, err);
}

/* --- margins and predictions ----------------------------------------------------------------------------------------
 */

static double same(double base)
{
    return base;
}

static double logit(double base)
{
    return -log(1 / base - 1);
}

static void predict_same(const struct objective_settings *s, float *out, const float *margin, size_t rows)
{
    (void)s;
    if (out != margin)
        memcpy(out, margin, rows * sizeof *out);
}

static void predict_sigmoid(const struct objective_settings *s, float *out, const float *margin, size_t rows)
{
    (void)s;
    for (size_t i = 0; i < rows; i++)
        out[i] = sigmoid_float(margin[i]);
}

static void predict_exp(const struct objective_settings *s, float *out, const float *margin, size_t rows)
{
    (void)s;
    for (size_t i = 0; i < rows; i++)
        out[i] = expf(margin[i]);
}

static void predict_sign(const struct objective_settings *s, float *out, const float *margin, size_t rows)
{
    (void)s;
    for (size_t i = 0; i < rows; i++)
        out[i] = margin[i] > 0;
}

static int base_any(double base, struct error *err)
{
    (void)base, (void)err;
    return 0;
}

static int base_share(double base, struct error *err)
{
    if (base > 0 && base < 1)
        return 0;
    return error_set(err, ERROR_INPUT, "base_score", "give a probability, such as 0.5",
                     "With this objective base_score must be above 0 and below 1, not %g", base);
}

static int base_positive(double base, struct error *err)
{
    if (base > 0)
        return 0;
    return error_set(err, ERROR_INPUT, "base_score", "give a mean, such as 0.5",
                     "With this objective base_score must be above 0, not %g", base);
}

/* --- the table ------------------------------------------------------------------------------------------------------
 */

#define VALUE "regression", false, false
const struct objective objectives[] = {
    {"reg:squarederror", "rmse", VALUE, false, check_any, base_any, squared_gradient, same, predict_same},
    {"reg:squaredlogerror", "rmsle", VALUE, false, check_log, base_any, squared_log_gradient, same, predict_same},
    {"reg:logistic", "rmse", VALUE, false, check_share, base_share, logistic_gradient, logit, predict_sigmoid},
    {"reg:pseudohubererror", "mphe", VALUE, false, check_any, base_any, pseudo_huber_gradient, same, predict_same},
    {"reg:absoluteerror", "mae", VALUE, true, check_any, base_any, absolute_gradient, same, predict_same},
    {"reg:gamma", "gamma-nloglik", VALUE, false, check_positive, base_positive, gamma_gradient, log, predict_exp},
    {"reg:tweedie", "tweedie-nloglik", VALUE, false, check_count, base_positive, tweedie_gradient, log, predict_exp},
    {"count:poisson", "poisson-nloglik", "count", false, false, false, check_count, base_positive, poisson_gradient,
     log, predict_exp},
    {"binary:logistic", "logloss", "binary", false, false, false, check_binary, base_share, logistic_gradient, logit,
     predict_sigmoid},
    {"binary:logitraw", "logloss", "binary", false, false, false, check_binary, base_any, logistic_gradient, same,
     predict_same},
    {"binary:hinge", "error", "binary", false, false, false, check_binary, base_any, hinge_gradient, same,
     predict_sign},
    {"multi:softmax", "mlogloss", "multiclass", true, false, false, check_class, base_any, softmax_gradient, same,
     class_predict},
    {"multi:softprob", "mlogloss", "multiclass", true, false, false, check_class, base_any, softmax_gradient, same,
     softmax_predict},
    {"rank:pairwise", "map", "ranking", false, true, false, check_grade, base_any, pairwise_gradient, same,
     predict_same},
    {"rank:ndcg", "ndcg", "ranking", false, true, false, check_grade, base_any, ndcg_gradient, same, predict_same},
    {"rank:map", "map", "ranking", false, true, false, check_grade, base_any, map_gradient, same, predict_same},
    {"survival:aft", "aft-nloglik", "survival", false, false, false, check_positive, base_positive, aft_gradient, log,
     predict_exp},
    {"survival:cox", "cox-nloglik", "survival", false, true, false, check_any, base_positive, cox_gradient, log,
     predict_exp},
    {0},
};

const struct objective *objective_find(const char *name, struct error *err)
{
    struct suggestion near = {0};
    char fix[256];
    size_t used = (size_t)snprintf(fix, sizeof fix, "give one of");
    const char *wanted = strcmp(name, "reg:linear") == 0 ? "reg:squarederror" : name;
    for (const struct objective *o = objectives; o->name; o++) {
        if (strcmp(o->name, wanted) == 0)
            return o;
        suggest_offer(&near, name, o->name);
        if (used < sizeof fix)
            used += (size_t)snprintf(fix + used, sizeof fix - used, " %s", o->name);
    }
    if (near.name[0])
        snprintf(fix, sizeof fix, "did you mean %s?", near.name);
    error_set(err, ERROR_INPUT, "objective", fix, "There is no objective '%.60s'", name);
    return NULL;
}

size_t objective_outputs(const struct objective *o, const struct objective_settings *s)
{
    return o->many ? s->classes : 1;
}

size_t objective_width(const struct objective *o, const struct objective_settings *s)
{
    return o->predict == class_predict ? 1 : objective_outputs(o, s);
}
