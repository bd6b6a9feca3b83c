#include "engine/algo/deepar/deepar.h"

#include <math.h>

#include "engine/algo/deepar/deepar_plan.h"

#define ABOVE(low) .min = (low), .min_open = true, .max = INFINITY
#define BETWEEN(low, high) .min = (low), .max = (high)

static const struct hyperparameter hyperparameters[] = {
    {"time_freq", HYPER_TEXT, .required = true, .help = "how far apart the values are: M, W, D, H or min, 5min, 2W"},
    {"context_length", HYPER_INTEGER, BETWEEN(1, 100000), .required = true,
     .help = "values that the model sees before it forecasts"},
    {"prediction_length", HYPER_INTEGER, BETWEEN(1, 100000), .required = true,
     .help = "values that it forecasts; fixed once it is trained"},
    {"epochs", HYPER_INTEGER, BETWEEN(1, 1e6), .required = true, .help = "passes over the training data at most"},
    {"likelihood", HYPER_CHOICE, .choices = "student-T|gaussian|beta|negative-binomial|deterministic-L1",
     .fallback = "student-T",
     .help = "what values are like: real and bursty, real, from 0 to 1, counts; or a forecast of points only"},
    {"mini_batch_size", HYPER_INTEGER, BETWEEN(1, 1e6), .fallback = "128", .help = "windows per step"},
    {"learning_rate", HYPER_FLOAT, ABOVE(0), .fallback = "0.001", .help = "size of a step (Adam)"},
    {"num_cells", HYPER_INTEGER, BETWEEN(1, 8192), .fallback = "40", .help = "LSTM cells of a layer"},
    {"num_layers", HYPER_INTEGER, BETWEEN(1, 64), .fallback = "2", .help = "LSTM layers"},
    {"dropout_rate", HYPER_FLOAT, .min = 0, .max = 1, .max_open = true, .fallback = "0.1",
     .help = "zoneout: chance that a cell keeps its state of the step before, in training"},
    {"embedding_dimension", HYPER_INTEGER, BETWEEN(1, 4096), .fallback = "10",
     .help = "numbers that stand for a category"},
    {"cardinality", HYPER_TEXT, .takes_auto = true, .takes_empty = true, .fallback = "auto",
     .help = "categories of each feature in cat, [3, 12]; auto: as the data say; ignore or empty: cat is not used"},
    {"num_dynamic_feat", HYPER_INTEGER, BETWEEN(0, 100), .takes_auto = true, .takes_empty = true, .choices = "ignore",
     .fallback = "auto",
     .help = "lists in dynamic_feat; auto: as the data say; ignore or empty: dynamic_feat is not used"},
    {"early_stopping_patience", HYPER_INTEGER, BETWEEN(1, 1e6),
     .help = "stop after so many epochs without a lower loss, and keep the model of the lowest; not given: never"},
    {"num_eval_samples", HYPER_INTEGER, BETWEEN(1, 10000), .fallback = "100",
     .help = "sample paths of each test series"},
    {"test_quantiles", HYPER_TEXT, .fallback = "[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]",
     .help = "quantiles that the test loss is of"},
    {0},
};

static int check(const struct settings *s, struct error *err)
{
    struct deepar_plan p;
    double quantiles[DEEPAR_QUANTILES];
    return deepar_plan_settings(s, &p, err) < 0 ||
                   deepar_plan_cardinality(settings_get(s, "cardinality"), &p, err) < 0 ||
                   deepar_quantiles(settings_get(s, "test_quantiles"), quantiles, err) < 0
               ? -1
               : 0;
}

static const char *const content_types[] = {"application/jsonlines", "application/x-parquet", NULL};
static const char *const channels[] = {"train", "test", NULL};
static const char *const pictures[] = {"forecast", NULL};
static const char *const made_data[] = {"season_family", NULL};

const struct algorithm deepar = {
    .name = "deepar",
    .title = "DeepAR",
    .data = DATA_SERIES,
    .hyperparameters = hyperparameters,
    .content_types = content_types,
    .channels = channels,
    .pictures = pictures,
    .generators = made_data,
    .takes_gpu = true,
    .check = check,
    .train = deepar_train,
    .model_files = deepar_files,
    .load = deepar_load,
    .unload = deepar_unload,
    .invoke = deepar_invoke,
    .accepts = deepar_accepts,
};
