#include "engine/algo/linear/linear_learner.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/algo/linear/linear_gpu.h"
#include "engine/algo/linear/linear_saved.h"

#define PREDICTORS "binary_classifier|multiclass_classifier|regressor"
#define LOSSES                                                                                                         \
    "auto|squared_loss|absolute_loss|eps_insensitive_squared_loss|eps_insensitive_absolute_loss|quantile_loss|"        \
    "huber_loss|logistic|hinge_loss|softmax_loss"
#define CRITERIA "accuracy|f_beta|precision_at_target_recall|recall_at_target_precision|loss_function"

#define BINARY "predictor_type=binary_classifier"
#define MULTICLASS "predictor_type=multiclass_classifier"
#define REGRESSOR "predictor_type=regressor"
#define SCHEDULED "use_lr_scheduler=true"

/* Ranges: [low, high], or open at an end; no upper end. */
#define ABOVE(low) .min = (low), .min_open = true, .max = INFINITY
#define FROM(low) .min = (low), .max = INFINITY
#define BETWEEN(low, high) .min = (low), .max = (high)
#define ANY .min = -INFINITY, .max = INFINITY

static const struct hyperparameter hyperparameters[] = {
    {"predictor_type", HYPER_CHOICE, .choices = PREDICTORS, .required = true, .help = "the kind of problem"},
    {"num_classes", HYPER_INTEGER, BETWEEN(3, 1e6), .required = true, .when = MULTICLASS, .help = "number of classes"},
    {"loss", HYPER_CHOICE, .takes_auto = true, .choices = LOSSES, .fallback = "auto",
     .help = "what training makes small; auto: squared_loss, logistic or softmax_loss"},
    {"optimizer", HYPER_CHOICE, .takes_auto = true, .choices = "auto|sgd|adam|rmsprop", .fallback = "auto",
     .help = "how a gradient becomes a step; auto: adam"},
    {"learning_rate", HYPER_FLOAT, .takes_auto = true, ABOVE(0), .fallback = "auto",
     .help = "size of a step; auto depends on the optimiser"},
    {"mini_batch_size", HYPER_INTEGER, FROM(1), .fallback = "1000", .help = "rows per step"},
    {"epochs", HYPER_INTEGER, FROM(1), .fallback = "15", .help = "passes over the training data at most"},
    {"wd", HYPER_FLOAT, .takes_auto = true, FROM(0), .fallback = "auto", .help = "strength of L2; auto: 0"},
    {"l1", HYPER_FLOAT, .takes_auto = true, FROM(0), .fallback = "auto", .help = "strength of L1; auto: 0"},
    {"use_bias", HYPER_BOOLEAN, .fallback = "true", .help = "the model has an intercept"},
    {"normalize_data", HYPER_BOOLEAN, .takes_auto = true, .fallback = "true",
     .help = "features to standard deviation 1, and mean 0 unless unbias_data is false"},
    {"normalize_label", HYPER_BOOLEAN, .takes_auto = true, .fallback = "auto",
     .help = "label to standard deviation 1; auto: yes for a regressor, classifiers never do"},
    {"unbias_data", HYPER_BOOLEAN, .takes_auto = true, .fallback = "auto",
     .help = "features to mean 0; auto: as normalize_data"},
    {"unbias_label", HYPER_BOOLEAN, .takes_auto = true, .fallback = "auto",
     .help = "label to mean 0; auto: as normalize_label; only a regressor with bias does"},
    {"num_point_for_scaler", HYPER_INTEGER, FROM(1), .fallback = "10000",
     .help = "rows that means and deviations are learned from"},
    {"momentum", HYPER_FLOAT, .takes_auto = true, BETWEEN(0, 1), .max_open = true, .fallback = "auto",
     .when = "optimizer=sgd", .help = "share of the last step in the next; auto: 0"},
    {"beta_1", HYPER_FLOAT, .takes_auto = true, BETWEEN(0, 1), .max_open = true, .fallback = "auto",
     .when = "optimizer=adam", .help = "decay of the mean gradient; auto: 0.9"},
    {"beta_2", HYPER_FLOAT, .takes_auto = true, BETWEEN(0, 1), .max_open = true, .fallback = "auto",
     .when = "optimizer=adam", .help = "decay of the mean squared gradient; auto: 0.999"},
    {"bias_lr_mult", HYPER_FLOAT, .takes_auto = true, ABOVE(0), .fallback = "auto",
     .help = "learning rate of the bias is learning_rate times this; auto: 10"},
    {"bias_wd_mult", HYPER_FLOAT, .takes_auto = true, FROM(0), .fallback = "auto",
     .help = "L2 of the bias is wd times this; auto: 0"},
    {"use_lr_scheduler", HYPER_BOOLEAN, .fallback = "true", .help = "the learning rate shrinks as training goes on"},
    {"lr_scheduler_step", HYPER_INTEGER, .takes_auto = true, FROM(1), .fallback = "auto", .when = SCHEDULED,
     .help = "steps from one decrease to the next; auto: 100"},
    {"lr_scheduler_factor", HYPER_FLOAT, .takes_auto = true, BETWEEN(0, 1), .fallback = "auto", .when = SCHEDULED,
     .help = "what a decrease multiplies by; auto: 0.99"},
    {"lr_scheduler_minimum_lr", HYPER_FLOAT, .takes_auto = true, ABOVE(0), .fallback = "auto", .when = SCHEDULED,
     .help = "no decrease goes below; auto: 0.00001"},
    {"init_method", HYPER_CHOICE, .choices = "uniform|normal", .fallback = "uniform", .help = "how weights start"},
    {"init_scale", HYPER_FLOAT, ABOVE(0), .fallback = "0.07", .when = "init_method=uniform",
     .help = "weights start within plus or minus this"},
    {"init_sigma", HYPER_FLOAT, ABOVE(0), .fallback = "0.01", .when = "init_method=normal",
     .help = "standard deviation of the first weights"},
    {"init_bias", HYPER_FLOAT, ANY, .fallback = "0", .when = "use_bias=true", .help = "first value of the bias"},
    {"early_stopping_patience", HYPER_INTEGER, FROM(1), .fallback = "3",
     .help = "epochs in a row without improvement before training ends"},
    {"early_stopping_tolerance", HYPER_FLOAT, ABOVE(0), .fallback = "0.001",
     .help = "a relative improvement below this is none"},
    {"huber_delta", HYPER_FLOAT, ABOVE(0), .fallback = "1.0", .when = "loss=huber_loss",
     .help = "error, in units of the label, from which huber_loss grows linearly"},
    {"quantile", HYPER_FLOAT, BETWEEN(0, 1), .min_open = true, .max_open = true, .fallback = "0.5",
     .when = "loss=quantile_loss", .help = "which quantile quantile_loss aims at"},
    {"loss_insensitivity", HYPER_FLOAT, ABOVE(0), .fallback = "0.01",
     .when = "loss=eps_insensitive_squared_loss|eps_insensitive_absolute_loss",
     .help = "errors below this, in units of the label, cost nothing"},
    {"margin", HYPER_FLOAT, ABOVE(0), .fallback = "1.0", .when = "loss=hinge_loss",
     .help = "how far on the right side a score must be to cost nothing"},
    {"positive_example_weight_mult", HYPER_FLOAT, .takes_auto = true, ABOVE(0), .choices = "balanced",
     .fallback = "1.0", .when = BINARY,
     .help = "weight of positive rows, negative ones weigh 1; balanced: both sides together weigh the same; auto: 1"},
    {"balance_multiclass_weights", HYPER_BOOLEAN, .fallback = "false", .when = MULTICLASS,
     .help = "rows weighted so that each class counts the same in the loss"},
    {"accuracy_top_k", HYPER_INTEGER, FROM(1), .fallback = "3", .when = MULTICLASS,
     .help = "k of multiclass_top_k_accuracy"},
    {"f_beta", HYPER_FLOAT, ABOVE(0), .fallback = "1.0",
     .when = "predictor_type=binary_classifier|multiclass_classifier",
     .help = "beta of the F score: above 1 recall weighs more"},
    {"binary_classifier_model_selection_criteria", HYPER_CHOICE, .choices = CRITERIA, .fallback = "accuracy",
     .when = BINARY, .help = "what the threshold is calibrated for; loss_function: not calibrated"},
    {"num_calibration_samples", HYPER_INTEGER, .takes_auto = true, FROM(1), .fallback = "auto", .when = BINARY,
     .help = "validation rows that calibrate the threshold; auto: all"},
    {"target_precision", HYPER_FLOAT, BETWEEN(0, 1), .fallback = "0.8",
     .when = "binary_classifier_model_selection_criteria=recall_at_target_precision",
     .help = "precision to hold while recall is made large"},
    {"target_recall", HYPER_FLOAT, BETWEEN(0, 1), .fallback = "0.8",
     .when = "binary_classifier_model_selection_criteria=precision_at_target_recall",
     .help = "recall to hold while precision is made large"},
    {"feature_dim", HYPER_INTEGER, .takes_auto = true, FROM(1), .fallback = "auto",
     .help = "number of features, checked against the data; auto: as the data have"},
    {"num_models", HYPER_INTEGER, .takes_auto = true, BETWEEN(1, 1024), .fallback = "auto",
     .help = "models trained side by side in one pass: the first as set, the others near it; auto: 1"},
    {0},
};

/* What "auto" stands for, unless it depends on other settings (then: settle below). The numbers are the service's
 * documented ones of 2017; today's pages leave them open. The learning rates are ours, chosen on the validation parts
 * of seven public tables with everything else at its default. */
static const struct {
    const char *name, *value;
} autos[] = {
    {"optimizer", "adam"},
    {"wd", "0"},
    {"l1", "0"},
    {"momentum", "0"},
    {"beta_1", "0.9"},
    {"beta_2", "0.999"},
    {"bias_lr_mult", "10"},
    {"bias_wd_mult", "0"},
    {"lr_scheduler_step", "100"},
    {"lr_scheduler_factor", "0.99"},
    {"lr_scheduler_minimum_lr", "0.00001"},
    {"positive_example_weight_mult", "1"},
    {"normalize_data", "true"},
    {"num_models", "1"},
};

static const struct {
    const char *optimizer, *rate;
} learning_rates[] = {{"adam", "0.02"}, {"sgd", "0.1"}, {"rmsprop", "0.01"}};

/* Losses by predictor; the first of each is what auto means. */
static const struct {
    const char *predictor, *losses;
} losses_of[] = {
    {"regressor", "squared_loss|absolute_loss|eps_insensitive_squared_loss|eps_insensitive_absolute_loss|"
                  "quantile_loss|huber_loss"},
    {"binary_classifier", "logistic|hinge_loss"},
    {"multiclass_classifier", "softmax_loss"},
};

static void replace_auto(struct settings *s, const char *name, const char *value)
{
    for (int i = 0; i < s->count; i++)
        if (strcmp(s->items[i].name, name) == 0 && strcmp(s->items[i].value, "auto") == 0)
            s->items[i].given = false; /* left to us: models may vary it */
    if (settings_is(s, name, "auto"))
        settings_settle(s, name, value);
}

static const char *losses_for(const struct settings *s)
{
    for (size_t i = 0; i < sizeof losses_of / sizeof *losses_of; i++)
        if (settings_is(s, "predictor_type", losses_of[i].predictor))
            return losses_of[i].losses;
    return "";
}

static void settle(struct settings *s)
{
    char loss[48];
    const char *losses = losses_for(s);
    bool regressor = settings_is(s, "predictor_type", "regressor");
    for (size_t i = 0; i < sizeof autos / sizeof *autos; i++)
        replace_auto(s, autos[i].name, autos[i].value);
    for (size_t i = 0; i < sizeof learning_rates / sizeof *learning_rates; i++)
        if (settings_is(s, "optimizer", learning_rates[i].optimizer))
            replace_auto(s, "learning_rate", learning_rates[i].rate);
    snprintf(loss, sizeof loss, "%.*s", (int)strcspn(losses, "|"), losses);
    replace_auto(s, "loss", loss);
    replace_auto(s, "unbias_data", settings_get(s, "normalize_data"));
    replace_auto(s, "normalize_label", "true");
    if (!regressor)
        settings_settle(s, "normalize_label", "false");
    replace_auto(s, "unbias_label", settings_get(s, "normalize_label"));
    if (!regressor || !settings_true(s, "use_bias"))
        settings_settle(s, "unbias_label", "false");
}

static int check(const struct settings *s, struct error *err)
{
    const char *loss = settings_get(s, "loss"), *losses = losses_for(s), *at = strstr(losses, loss);
    char fix[256];
    size_t len = strlen(loss);
    while (at && !((at == losses || at[-1] == '|') && (at[len] == '|' || !at[len])))
        at = strstr(at + 1, loss);
    if (at)
        return 0;
    snprintf(fix, sizeof fix, "give one of %s", losses);
    return error_set(err, ERROR_INPUT, "loss", fix, "A %s cannot be trained with %s", settings_get(s, "predictor_type"),
                     loss);
}

static const char *const content_types[] = {"text/csv", "application/x-recordio-protobuf", NULL};
static const char *const channels[] = {"train", "validation", "test", NULL};
static const char *const pictures[] = {"points",  "regions", "curve",     "boundary",  "weights", "models",
                                       "l1_path", "ranking", "confusion", "residuals", NULL};
static const char *const made_data[] = {"gauss2",     "xor2",      "moons2", "gauss_mix", "logit_lin",
                                        "scaled_lin", "gauss_lin", "line1",  NULL};

const struct algorithm linear_learner = {
    .name = "linear-learner",
    .title = "Linear Learner",
    .hyperparameters = hyperparameters,
    .content_types = content_types,
    .channels = channels,
    .pictures = pictures,
    .generators = made_data,
    .takes_sparse = true,
    .takes_pipe = true,
    .takes_gpu = true,
    .check_gpu = linear_check_gpu,
    .float32_only = true,
    .missing = DATASET_ZERO,
    .settle = settle,
    .check = check,
    .train = linear_train,
    .model_files = linear_files,
    .load = linear_load,
    .unload = linear_unload,
    .invoke = linear_invoke,
    .accepts = linear_accepts,
};
