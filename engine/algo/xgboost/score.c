#include "engine/algo/xgboost/score.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/xgboost/score_kinds.h"
#include "engine/suggest.h"

/* Tasks that a metric fits, by the first letters of objective->task. */
#define VALUES "regression count survival"
#define BINARY "binary"
#define CLASSES "binary multiclass"

/* --- means over rows ------------------------------------------------------------------------------------------------
 */

typedef double row_loss(const struct scored *s, size_t row);

static double mean(const struct scored *s, row_loss *loss)
{
    double sum = 0, weights = 0;
    for (size_t i = 0; i < s->data->rows; i++) {
        double w = s->data->weight ? (double)s->data->weight[i] : 1;
        sum += w * loss(s, i);
        weights += w;
    }
    return weights > 0 ? sum / weights : NAN;
}

static double off(const struct scored *s, size_t i)
{
    return (double)s->prediction[i] - (double)s->data->y[i];
}

static double squared(const struct scored *s, size_t i)
{
    return off(s, i) * off(s, i);
}

static double squared_log(const struct scored *s, size_t i)
{
    double d = log1p((double)s->prediction[i]) - log1p((double)s->data->y[i]);
    return d * d;
}

static double absolute(const struct scored *s, size_t i)
{
    return fabs(off(s, i));
}

static double absolute_share(const struct scored *s, size_t i)
{
    return fabs(off(s, i) / (double)s->data->y[i]);
}

static double pseudo_huber(const struct scored *s, size_t i)
{
    double slope = s->settings->huber_slope, z = off(s, i) / slope;
    return slope * slope * (sqrt(1 + z * z) - 1);
}

static double log_loss(const struct scored *s, size_t i)
{
    double p = score_probability(s, i), y = (double)s->data->y[i];
    return -y * log(fmax(p, SCORE_SMALLEST)) - (1 - y) * log(fmax(1 - p, SCORE_SMALLEST));
}

static double wrong_side(const struct scored *s, size_t i)
{
    double y = (double)s->data->y[i], threshold = isnan(s->parameter) ? 0.5 : s->parameter;
    return score_probability(s, i) > threshold ? 1 - y : y;
}

static double poisson(const struct scored *s, size_t i)
{
    double p = fmax((double)s->prediction[i], SCORE_SMALLEST), y = (double)s->data->y[i];
    return lgamma(y + 1) + p - log(p) * y;
}

static double gamma_likelihood(const struct scored *s, size_t i)
{
    double p = fmax((double)s->prediction[i], SCORE_SMALLEST);
    return (double)s->data->y[i] / p + log(p);
}

static double gamma_deviance(const struct scored *s, size_t i)
{
    double p = (double)s->prediction[i] + 1e-6, y = (double)s->data->y[i] + 1e-6;
    return 2 * (log(p / y) + y / p - 1);
}

static double tweedie(const struct scored *s, size_t i)
{
    double rho = isnan(s->parameter) ? s->settings->tweedie_variance_power : s->parameter;
    double p = log(fmax((double)s->prediction[i], SCORE_SMALLEST)), y = (double)s->data->y[i];
    return -y * exp((1 - rho) * p) / (1 - rho) + exp((2 - rho) * p) / (2 - rho);
}

static double wrong_class(const struct scored *s, size_t i)
{
    return score_class(s, i) != (size_t)s->data->y[i];
}

static double class_log_loss(const struct scored *s, size_t i)
{
    size_t classes = s->settings->classes;
    const float *m = s->margin + i * classes;
    double top = (double)m[0], sum = 0;
    for (size_t k = 1; k < classes; k++)
        top = fmax(top, (double)m[k]);
    for (size_t k = 0; k < classes; k++)
        sum += exp((double)m[k] - top);
    return -log(fmax(exp((double)m[(size_t)s->data->y[i]] - top) / sum, SCORE_SMALLEST));
}

/* -log of the density of the time that was seen. */
static double aft(const struct scored *s, size_t i)
{
    double t = (double)s->data->y[i], scale = s->settings->aft_scale;
    double z = (log(t) - (double)s->margin[i]) / scale, density;
    if (s->settings->aft_distribution == AFT_NORMAL)
        density = exp(-z * z / 2) / sqrt(2 * M_PI);
    else if (s->settings->aft_distribution == AFT_LOGISTIC)
        density = exp(-fabs(z)) / pow(1 + exp(-fabs(z)), 2);
    else
        density = exp(z - exp(fmin(z, 700)));
    return -log(fmax(density / (scale * t), 1e-12));
}

static double hits_interval(const struct scored *s, size_t i)
{
    return s->prediction[i] == s->data->y[i]; /* a time that was seen is an interval of no width */
}

#define MEAN(name, loss)                                                                                               \
    static double name(const struct scored *s)                                                                         \
    {                                                                                                                  \
        return mean(s, loss);                                                                                          \
    }
MEAN(score_mse, squared)
MEAN(score_mae, absolute)
MEAN(score_mape, absolute_share)
MEAN(score_mphe, pseudo_huber)
MEAN(score_logloss, log_loss)
MEAN(score_error, wrong_side)
MEAN(score_poisson, poisson)
MEAN(score_gamma, gamma_likelihood)
MEAN(score_gamma_deviance, gamma_deviance)
MEAN(score_tweedie, tweedie)
MEAN(score_merror, wrong_class)
MEAN(score_mlogloss, class_log_loss)
MEAN(score_aft, aft)
MEAN(score_interval, hits_interval)

static double score_rmse(const struct scored *s)
{
    return sqrt(mean(s, squared));
}

static double score_rmsle(const struct scored *s)
{
    return sqrt(mean(s, squared_log));
}

static double score_r2(const struct scored *s)
{
    double average = 0, around = 0, rest = 0;
    size_t n = s->data->rows;
    for (size_t i = 0; i < n; i++)
        average += (double)s->data->y[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        around += ((double)s->data->y[i] - average) * ((double)s->data->y[i] - average);
        rest += squared(s, i);
    }
    return around > 0 ? 1 - rest / around : NAN;
}

/* --- the table ------------------------------------------------------------------------------------------------------
 */

struct score_kind {
    const char *name;
    const char *tasks;
    bool larger_is_better;
    const char *parameter; /* what may stand behind an @; NULL: nothing */
    double (*value)(const struct scored *s);
};

static const struct score_kind kinds[] = {
    {"rmse", VALUES " " BINARY, false, NULL, score_rmse},
    {"mse", VALUES, false, NULL, score_mse},
    {"mae", VALUES, false, NULL, score_mae},
    {"mape", VALUES, false, NULL, score_mape},
    {"mphe", VALUES, false, NULL, score_mphe},
    {"rmsle", VALUES, false, NULL, score_rmsle},
    {"r2", VALUES, true, NULL, score_r2},
    {"logloss", BINARY " regression", false, NULL, score_logloss},
    {"error", BINARY, false, "a threshold", score_error},
    {"auc", BINARY " ranking", true, NULL, score_auc},
    {"aucpr", BINARY, true, NULL, score_aucpr},
    {"map", "ranking " BINARY, true, "a number of rows", score_map},
    {"ndcg", "ranking " BINARY, true, "a number of rows", score_ndcg},
    {"merror", "multiclass", false, NULL, score_merror},
    {"mlogloss", "multiclass", false, NULL, score_mlogloss},
    {"accuracy", CLASSES, true, NULL, score_accuracy},
    {"balanced_accuracy", CLASSES, true, NULL, score_balanced_accuracy},
    {"f1", CLASSES, true, NULL, score_f1_macro},
    {"f1_binary", BINARY, true, NULL, score_f1_binary},
    {"f1_macro", CLASSES, true, NULL, score_f1_macro},
    {"precision", BINARY, true, NULL, score_precision},
    {"precision_macro", CLASSES, true, NULL, score_precision_macro},
    {"precision_micro", CLASSES, true, NULL, score_accuracy},
    {"recall", BINARY, true, NULL, score_recall},
    {"recall_macro", CLASSES, true, NULL, score_recall_macro},
    {"recall_micro", CLASSES, true, NULL, score_accuracy},
    {"poisson-nloglik", "count", false, NULL, score_poisson},
    {"gamma-nloglik", "regression", false, NULL, score_gamma},
    {"gamma-deviance", "regression", false, NULL, score_gamma_deviance},
    {"tweedie-nloglik", "regression", false, "a power", score_tweedie},
    {"aft-nloglik", "survival", false, NULL, score_aft},
    {"interval-regression-accuracy", "survival", true, NULL, score_interval},
    {"cox-nloglik", "survival", false, NULL, score_cox},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Is `word` one of those in `list`? */
static bool holds(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += len)
        if ((at == list || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
            return true;
    return false;
}

static int check_fit(const struct score_kind *kind, const struct objective *o, struct error *err)
{
    char fix[256];
    size_t used = (size_t)snprintf(fix, sizeof fix, "with %s use", o->name);
    if (holds(kind->tasks, o->task))
        return 0;
    for (int i = 0; i < KINDS && used < sizeof fix; i++)
        if (holds(kinds[i].tasks, o->task))
            used += (size_t)snprintf(fix + used, sizeof fix - used, " %s", kinds[i].name);
    return error_set(err, ERROR_INPUT, "eval_metric", fix, "The metric %s does not fit the objective %s", kind->name,
                     o->name);
}

static int read_parameter(const char *text, const struct score_kind *kind, struct score *out, struct error *err)
{
    char *end;
    out->parameter = strtod(text, &end);
    if (kind->parameter && (isdigit((unsigned char)*text) || *text == '.') && !*end && isfinite(out->parameter))
        return 0;
    return error_set(err, ERROR_INPUT, "eval_metric", kind->parameter ? "write a number behind the @" : "leave it out",
                     kind->parameter ? "Behind %s@ stands %s, not '%.40s'" : "%s takes no @%s", kind->name,
                     kind->parameter ? kind->parameter : text, text);
}

int score_find(const char *name, const struct objective *o, struct score *out, struct error *err)
{
    struct suggestion near = {0};
    char fix[160] = "see the metrics of XGBoost";
    size_t len = strcspn(name, "@");
    *out = (struct score){.parameter = NAN};
    for (int i = 0; i < KINDS; i++) {
        const struct score_kind *kind = &kinds[i];
        suggest_offer(&near, name, kind->name);
        if (strlen(kind->name) != len || strncmp(kind->name, name, len) != 0)
            continue;
        out->kind = kind;
        out->larger_is_better = kind->larger_is_better;
        snprintf(out->name, sizeof out->name, "%s", name);
        if (name[len] == '@' && read_parameter(name + len + 1, kind, out, err) < 0)
            return -1;
        return check_fit(kind, o, err);
    }
    if (near.name[0])
        snprintf(fix, sizeof fix, "did you mean %s?", near.name);
    return error_set(err, ERROR_INPUT, "eval_metric", fix, "There is no metric '%.60s'", name);
}

double score_value(const struct score *s, const struct objective *o, const struct objective_settings *settings,
                   const struct dataset *d, const float *margin, const float *prediction)
{
    const struct scored scored = {.objective = o,
                                  .settings = settings,
                                  .data = d,
                                  .margin = margin,
                                  .prediction = prediction,
                                  .parameter = s->parameter};
    return d->rows ? s->kind->value(&scored) : NAN;
}
