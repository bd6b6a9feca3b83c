#include "engine/algo/xgboost/xgboost.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define OBJECTIVES                                                                                                     \
    "reg:squarederror|reg:linear|reg:logistic|reg:gamma|reg:pseudohubererror|reg:squaredlogerror|reg:absoluteerror|"   \
    "reg:tweedie|binary:logistic|binary:logitraw|binary:hinge|count:poisson|multi:softmax|multi:softprob|"             \
    "rank:pairwise|rank:ndcg|rank:map|survival:aft|survival:cox"

#define TREES "booster=gbtree|dart"
#define DART "booster=dart"
#define LINEAR "booster=gblinear"
#define AFT "objective=survival:aft"

/* Ranges: [low, high], or open at an end; no upper end. */
#define ABOVE(low) .min = (low), .min_open = true, .max = INFINITY
#define FROM(low) .min = (low), .max = INFINITY
#define BETWEEN(low, high) .min = (low), .max = (high)
#define SHARE .min = 0, .min_open = true, .max = 1

/* Ranges are those the service's container enforces, which are at places narrower than its page. */
static const struct hyperparameter hyperparameters[] = {
    {"num_round", HYPER_INTEGER, BETWEEN(1, 1e6), .required = true, .help = "rounds of boosting at most"},
    {"objective", HYPER_CHOICE, .choices = OBJECTIVES, .fallback = "reg:squarederror", .help = "the kind of problem"},
    {"num_class", HYPER_INTEGER, BETWEEN(2, 1e5), .required = true, .when = "objective=multi:softmax|multi:softprob",
     .help = "number of classes"},
    {"booster", HYPER_CHOICE, .choices = "gbtree|gblinear|dart", .fallback = "gbtree",
     .help = "trees, a linear model, or trees of which some are left out in each round"},
    {"eta", HYPER_FLOAT, BETWEEN(0, 1), .fallback = "0.3", .alias = "learning_rate",
     .help = "what each round's correction is multiplied by; gblinear: 0.5 when not given, as XGBoost does"},
    {"max_depth", HYPER_INTEGER, BETWEEN(0, 1000), .fallback = "6", .when = TREES,
     .help = "levels of a tree at most; 0: no limit, for lossguide or together with max_leaves"},
    {"min_child_weight", HYPER_FLOAT, FROM(0), .fallback = "1", .when = TREES,
     .help = "least sum of second derivatives (rows, for squared error) on each side of a split"},
    {"gamma", HYPER_FLOAT, FROM(0), .fallback = "0", .when = TREES, .alias = "min_split_loss",
     .help = "what a split must take off the loss"},
    {"subsample", HYPER_FLOAT, SHARE, .fallback = "1", .when = TREES, .help = "share of rows that each tree sees"},
    {"sampling_method", HYPER_CHOICE, .choices = "uniform|gradient_based", .fallback = "uniform", .when = TREES,
     .help = "rows are drawn alike, or those with large gradients are likelier"},
    {"colsample_bytree", HYPER_FLOAT, SHARE, .fallback = "1", .when = TREES, .help = "share of columns per tree"},
    {"colsample_bylevel", HYPER_FLOAT, SHARE, .fallback = "1", .when = TREES,
     .help = "share of the tree's columns per level"},
    {"colsample_bynode", HYPER_FLOAT, SHARE, .fallback = "1", .when = TREES,
     .help = "share of the level's columns per node"},
    {"lambda", HYPER_FLOAT, FROM(0), .fallback = "1", .alias = "reg_lambda",
     .help = "L2 on leaf values or weights; gblinear: 0 when not given, as XGBoost does"},
    {"alpha", HYPER_FLOAT, FROM(0), .fallback = "0", .alias = "reg_alpha", .help = "L1 on leaf values or weights"},
    {"lambda_bias", HYPER_FLOAT, BETWEEN(0, 1), .fallback = "0", .when = LINEAR, .alias = "reg_lambda_bias",
     .help = "L2 on the bias"},
    {"max_delta_step", HYPER_FLOAT, FROM(0), .fallback = "0",
     .help = "largest leaf value before eta; 0: no limit (count:poisson: 0.7)"},
    {"scale_pos_weight", HYPER_FLOAT, ABOVE(0), .fallback = "1", .help = "weight of rows with label 1"},
    {"base_score", HYPER_FLOAT, FROM(0), .fallback = "0.5",
     .help = "prediction before the first round; reg:absoluteerror: the median of the labels when not given"},
    {"eval_metric", HYPER_TEXT, .help = "metrics, separated by commas; the last one decides early stopping"},
    {"early_stopping_rounds", HYPER_INTEGER, BETWEEN(1, 1e6),
     .help = "rounds without improvement before training ends; the model is then that of the best round"},
    {"tree_method", HYPER_CHOICE, .choices = "auto|exact|approx|hist|gpu_hist", .fallback = "auto", .when = TREES,
     .help =
         "how splits are found; auto: exact up to 4,194,304 rows, else approx; hist where only that can do it, or on "
         "a GPU; gpu_hist: hist on a GPU"},
    {"updater", HYPER_TEXT, .fallback = "grow_colmaker,prune",
     .help = "what builds and changes the model: grow_colmaker, grow_histmaker or grow_quantile_histmaker, then prune; "
             "gblinear: shotgun or coord_descent. When not given: by tree_method"},
    {"grow_policy", HYPER_CHOICE, .choices = "depthwise|lossguide", .fallback = "depthwise", .when = TREES,
     .help = "level by level, or where the loss falls most (approx and hist)"},
    {"max_leaves", HYPER_INTEGER, BETWEEN(0, 1e6), .fallback = "0", .when = TREES,
     .help = "leaves of a tree at most; 0: no limit (approx and hist)"},
    {"max_bin", HYPER_INTEGER, BETWEEN(2, 65535), .fallback = "256", .when = TREES, .help = "bins per column (hist)"},
    {"sketch_eps", HYPER_FLOAT, .min = 0, .min_open = true, .max = 1, .max_open = true, .fallback = "0.03",
     .when = "tree_method=approx|auto", .help = "approx: about 1 / sketch_eps bins per column"},
    {"monotone_constraints", HYPER_TEXT, .when = TREES,
     .help = "direction per column, (1,0,-1): predictions may only rise, do as they like, only fall"},
    {"interaction_constraints", HYPER_TEXT, .when = TREES,
     .help = "columns that may follow each other in a tree, [[0,1],[2,3]]"},
    {"num_parallel_tree", HYPER_INTEGER, BETWEEN(1, 10000), .fallback = "1", .when = TREES,
     .help = "trees grown side by side per round: a forest when above 1"},
    {"sample_type", HYPER_CHOICE, .choices = "uniform|weighted", .fallback = "uniform", .when = DART,
     .help = "trees are dropped alike, or by their weight"},
    {"normalize_type", HYPER_CHOICE, .choices = "tree|forest", .fallback = "tree", .when = DART,
     .help = "a new tree weighs as much as one dropped tree, or as all of them together"},
    {"rate_drop", HYPER_FLOAT, BETWEEN(0, 1), .fallback = "0", .when = DART,
     .help = "share of trees dropped per round"},
    {"one_drop", HYPER_CHOICE, .choices = "0|1", .fallback = "0", .when = DART,
     .help = "1: at least one tree is dropped"},
    {"skip_drop", HYPER_FLOAT, BETWEEN(0, 1), .fallback = "0", .when = DART,
     .help = "chance that a round drops nothing"},
    {"tweedie_variance_power", HYPER_FLOAT, .min = 1, .min_open = true, .max = 2, .max_open = true, .fallback = "1.5",
     .when = "objective=reg:tweedie", .help = "near 1: like Poisson, near 2: like gamma"},
    {"huber_slope", HYPER_FLOAT, ABOVE(0), .fallback = "1", .when = "objective=reg:pseudohubererror",
     .help = "error from which the loss grows linearly"},
    {"aft_loss_distribution", HYPER_CHOICE, .choices = "normal|logistic|extreme", .fallback = "normal", .when = AFT,
     .help = "of the logarithm of survival times"},
    {"aft_loss_distribution_scale", HYPER_FLOAT, ABOVE(0), .fallback = "1", .when = AFT,
     .help = "scale of that distribution"},
    {"csv_weights", HYPER_CHOICE, .choices = "0|1", .fallback = "0",
     .help = "1: the second CSV column is a row's weight"},
    {"seed", HYPER_INTEGER, BETWEEN(0, 0x7FFFFFFF), .fallback = "0", .help = "of random draws; goes before --seed"},
    {"nthread", HYPER_INTEGER, BETWEEN(1, 1024), .help = "threads; goes before --threads; not given: as many as there"},
    {"verbosity", HYPER_INTEGER, BETWEEN(0, 3), .fallback = "1",
     .help = "log lines: 0 none, 1 warnings, 2 also what is done, 3 also each tree"},
    {"save_model_on_termination", HYPER_BOOLEAN, .fallback = "false",
     .help = "a run that is stopped saves the rounds it has done; here it always does"},
    {"_tuning_objective_metric", HYPER_TEXT,
     .help = "validation:NAME, what a tuning job looks at: NAME is added to eval_metric as the last"},
    {"deterministic_histogram", HYPER_BOOLEAN, .fallback = "true",
     .not_yet = "histograms are sums of whole numbers here, the same in any order, so they are always deterministic",
     .help = "histograms do not depend on the order of threads"},
    {"single_precision_histogram", HYPER_BOOLEAN, .fallback = "false",
     .not_yet = "histograms hold whole numbers here, neither single nor double precision; the service's container does "
                "not take it either",
     .help = "histograms of single precision"},
    {"use_dask_gpu_training", HYPER_BOOLEAN, .fallback = "false",
     .not_yet = "Dask spreads training over the service's GPUs; here --ranks spreads it over processes",
     .help = "distributed training on GPUs"},
    {"process_type", HYPER_CHOICE, .choices = "default|update", .fallback = "default",
     .not_yet = "an update changes an earlier model, and the service's XGBoost has no channel that brings one",
     .help = "grow new trees, or update those of an earlier model"},
    {"refresh_leaf", HYPER_CHOICE, .choices = "0|1", .fallback = "1", .when = "process_type=update",
     .help = "an update also sets leaf values"},
    {"predictor", HYPER_CHOICE, .choices = "auto|cpu_predictor|gpu_predictor", .fallback = "auto", .when = TREES,
     .help = "what evaluates trees: the CPU"},
    {"dsplit", HYPER_CHOICE, .choices = "row|col", .fallback = "row",
     .not_yet = "training is spread by rows; columns were split by versions before 1.0",
     .help = "how data are split among machines"},
    {"prob_buffer_row", HYPER_FLOAT, SHARE, .fallback = "1",
     .not_yet = "it sized a buffer of an updater that XGBoost dropped in 1.0", .help = "no longer read by any version"},
    {"_kfold", HYPER_INTEGER, FROM(2),
     .not_yet = "cross-validation is k runs: give each its own --train and --validation",
     .help = "parts of a cross-validation"},
    {"_num_cv_round", HYPER_INTEGER, FROM(1), .not_yet = "there is no cross-validation within one run (see _kfold)",
     .help = "repetitions of a cross-validation"},
    {0},
};

static void unless_given(struct settings *s, const char *name, const char *value)
{
    if (!settings_given(s, name))
        settings_settle(s, name, value);
}

/* XGBoost's linear booster has defaults of its own; a poisson step is capped. An updater that was named decides the
 * method, and the other way round. */
static void settle(struct settings *s)
{
    static const struct {
        const char *method, *updater;
    } pairs[] = {{"exact", "grow_colmaker,prune"},
                 {"approx", "grow_histmaker,prune"},
                 {"hist", "grow_quantile_histmaker"},
                 {"gpu_hist", "grow_gpu_hist"}};
    bool named = settings_given(s, "updater");
    if (settings_is(s, "booster", "gblinear")) {
        unless_given(s, "eta", "0.5");
        unless_given(s, "lambda", "0");
        unless_given(s, "updater", "shotgun");
        return;
    }
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const char *updater = settings_get(s, "updater");
        size_t len = strcspn(pairs[i].updater, ",");
        if (named && settings_is(s, "tree_method", "auto") && strncmp(updater, pairs[i].updater, len) == 0 &&
            (updater[len] == ',' || !updater[len]))
            settings_settle(s, "tree_method", pairs[i].method);
        if (!named && settings_is(s, "tree_method", pairs[i].method))
            settings_settle(s, "updater", pairs[i].updater);
    }
    if (!named && settings_is(s, "tree_method", "auto"))
        settings_settle(s, "updater", "auto");
    if (settings_is(s, "objective", "count:poisson"))
        unless_given(s, "max_delta_step", "0.7");
}

/* Pairs of tree settings that make no sense together. */
static int check_trees(const struct settings *s, struct error *err)
{
    bool exact = settings_is(s, "tree_method", "exact"), lossguide = settings_is(s, "grow_policy", "lossguide");
    double leaves = settings_number(s, "max_leaves"), depth = settings_number(s, "max_depth");
    if (depth == 0 && leaves == 0 && !lossguide)
        return error_set(err, ERROR_INPUT, "max_depth", "give max_depth from 1, max_leaves, or grow_policy=lossguide",
                         "max_depth = 0: a tree that grows level by level needs a limit");
    if (exact && depth == 0)
        return error_set(err, ERROR_INPUT, "max_depth", "give max_depth from 1",
                         "tree_method = exact cannot grow trees of any depth");
    if (exact && (lossguide || leaves > 0))
        return error_set(err, ERROR_INPUT, lossguide ? "grow_policy" : "max_leaves", "use tree_method=hist or approx",
                         "tree_method = exact grows level by level and counts no leaves");
    if (settings_is(s, "sampling_method", "gradient_based") && exact)
        return error_set(err, ERROR_INPUT, "sampling_method", "use tree_method=hist or approx",
                         "tree_method = exact draws rows uniformly only");
    return 0;
}

static int check_constraints(const struct settings *s, struct error *err)
{
    const char *monotone = settings_get(s, "monotone_constraints");
    const char *interactions = settings_get(s, "interaction_constraints");
    signed char *signs = NULL;
    uint64_t *allowed = NULL;
    size_t groups;
    return (monotone && xgboost_monotone(monotone, 0, &signs, err) < 0) ||
                   (interactions && xgboost_interactions(interactions, 0, &allowed, &groups, err) < 0)
               ? -1
               : 0;
}

static int check(const struct settings *s, struct error *err)
{
    struct score scores[XGBOOST_SCORES];
    const struct objective *objective = objective_find(settings_get(s, "objective"), err);
    int count;
    if (!objective || xgboost_scores(s, objective, scores, &count, err) < 0 || xgboost_check_updater(s, err) < 0)
        return -1;
    if (objective->check_base && objective->check_base(settings_number(s, "base_score"), err) < 0)
        return -1;
    if (objective->adaptive && settings_is(s, "booster", "gblinear"))
        return error_set(err, ERROR_INPUT, "booster", "use gbtree, dart, or reg:pseudohubererror",
                         "%s sets the leaves of trees, and gblinear has none", objective->name);
    if (settings_given(s, "save_model_on_termination") && !settings_true(s, "save_model_on_termination"))
        return error_set(
            err, ERROR_INPUT, "save_model_on_termination", "leave it out, or leave --model out",
            "save_model_on_termination = false: a run that is stopped always saves the rounds it has done");
    if (settings_is(s, "booster", "gblinear"))
        return 0;
    return check_trees(s, err) < 0 || check_constraints(s, err) < 0 ? -1 : 0;
}

static const char *const content_types[] = {"text/libsvm", "text/csv", "application/x-parquet",
                                            "application/x-recordio-protobuf", NULL};
static const char *const channels[] = {"train", "validation", "test", NULL};
static const char *const pictures[] = {"points",  "regions",   "curve",     "tree",         "importance",
                                       "ranking", "confusion", "residuals", "coefficients", NULL};
static const char *const model_files[] = {XGBOOST_FILE, NULL};
static const char *const made_data[] = {"bumps_clf", "friedman1",  "imb_gauss", "curve1",    "moons2",
                                        "xor2",      "gauss2",     "gauss_mix", "logit_lin", "gauss_lin",
                                        "line1",     "sparse_lin", "table_mix", NULL};

const struct algorithm xgboost = {
    .name = "xgboost",
    .title = "XGBoost",
    .hyperparameters = hyperparameters,
    .content_types = content_types,
    .channels = channels,
    .pictures = pictures,
    .generators = made_data,
    .takes_sparse = true,
    .takes_gpu = true,
    .wants_gpu = xgboost_wants_gpu,
    .check_gpu = xgboost_check_gpu,
    .missing = DATASET_NAN,
    .settle = settle,
    .check = check,
    .train = xgboost_train,
    .model_files = model_files,
    .load = xgboost_load,
    .unload = xgboost_unload,
    .invoke = xgboost_invoke,
    .accepts = xgboost_accepts,
};
