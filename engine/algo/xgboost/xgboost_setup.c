/* From settings, which are text, to what the objective, the metrics and the grower read. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/xgboost/xgboost.h"

#define EXACT_ROWS 4194304u /* tree_method=auto: exact up to here, as XGBoost 1.7 */
#define LIST_WORD 48

/* --- objective and metrics ------------------------------------------------------------------------------------------
 */

void xgboost_objective_settings(const struct settings *s, const struct objective *o, struct objective_settings *out)
{
    *out = (struct objective_settings){
        .classes = o->many ? (size_t)settings_number(s, "num_class") : 1,
        .scale_pos_weight = settings_number(s, "scale_pos_weight"),
        .tweedie_variance_power = settings_number(s, "tweedie_variance_power"),
        .huber_slope = settings_number(s, "huber_slope"),
        .aft_scale = settings_number(s, "aft_loss_distribution_scale"),
        .max_delta_step = settings_number(s, "max_delta_step"),
        .aft_distribution = settings_is(s, "aft_loss_distribution", "normal")     ? AFT_NORMAL
                            : settings_is(s, "aft_loss_distribution", "logistic") ? AFT_LOGISTIC
                                                                                  : AFT_EXTREME,
    };
}

/* The next word of a comma list without spaces around it, also of the forms ['a','b'] that Python prints; false at the
 * end. A word that is too long is cut, and then known to nobody. */
static bool next_word(const char **at, char word[LIST_WORD])
{
    static const char around[] = " \t[]'\"";
    size_t len;
    *at += strspn(*at, " \t[]'\",");
    len = strcspn(*at, ",");
    if (!len)
        return false;
    snprintf(word, LIST_WORD, "%.*s", (int)(len < LIST_WORD ? len : LIST_WORD), *at);
    *at += len;
    for (len = strlen(word); len && strchr(around, word[len - 1]); len--)
        word[len - 1] = '\0';
    return true;
}

/* A metric named twice moves to the end: the last one decides early stopping. */
static int add_score(const char *name, const struct objective *o, struct score *scores, int *count, struct error *err)
{
    struct score found;
    if (score_find(name, o, &found, err) < 0)
        return -1;
    for (int i = 0; i < *count; i++)
        if (strcmp(scores[i].name, found.name) == 0) {
            memmove(&scores[i], &scores[i + 1], (size_t)(*count - i - 1) * sizeof *scores);
            (*count)--;
        }
    if (*count == XGBOOST_SCORES)
        return error_set(err, ERROR_LIMIT, "eval_metric", "name fewer", "More than %d metrics were named",
                         XGBOOST_SCORES);
    scores[(*count)++] = found;
    return 0;
}

int xgboost_scores(const struct settings *s, const struct objective *o, struct score *scores, int *count,
                   struct error *err)
{
    const char *list = settings_get(s, "eval_metric"), *tuned = settings_get(s, "_tuning_objective_metric");
    char name[LIST_WORD];
    *count = 0;
    while (list && next_word(&list, name))
        if (add_score(name, o, scores, count, err) < 0)
            return -1;
    if (tuned) {
        const char *colon = strchr(tuned, ':');
        if (add_score(colon ? colon + 1 : tuned, o, scores, count, err) < 0)
            return -1;
    }
    return *count ? 0 : add_score(o->metric, o, scores, count, err);
}

/* --- updaters -------------------------------------------------------------------------------------------------------
 */

enum updater_role { GROWS, FOLLOWS, MOVES_WEIGHTS, REFUSED };

static const struct {
    const char *name;
    enum updater_role role;
    const char *method; /* of those that grow */
    const char *why;    /* of those refused */
} updaters[] = {
    {"grow_colmaker", GROWS, "exact", NULL},
    {"grow_histmaker", GROWS, "approx", NULL},
    {"grow_quantile_histmaker", GROWS, "hist", NULL},
    {"grow_gpu_hist", GROWS, "gpu_hist", NULL},
    {"prune", FOLLOWS, NULL, NULL},
    {"sync", FOLLOWS, NULL, NULL},
    {"shotgun", MOVES_WEIGHTS, NULL, NULL},
    {"coord_descent", MOVES_WEIGHTS, NULL, NULL},
    {"gpu_coord_descent", REFUSED, NULL, "linear weights are fitted on the CPU"},
    {"refresh", REFUSED, NULL, "it changes an earlier model, and the service's XGBoost has no channel that brings one"},
    {"grow_local_histmaker", REFUSED, NULL, "XGBoost dropped it in 1.6"},
    {"grow_skmaker", REFUSED, NULL, "XGBoost dropped it in 1.6"},
    {"distcol", REFUSED, NULL, "XGBoost dropped it in 1.0"},
};

#define UPDATER_COUNT (sizeof updaters / sizeof *updaters)

static int updater_find(const char *name, size_t *at, struct error *err)
{
    for (*at = 0; *at < UPDATER_COUNT; ++*at)
        if (strcmp(updaters[*at].name, name) == 0)
            break;
    if (*at == UPDATER_COUNT)
        return error_set(err, ERROR_INPUT, "updater",
                         "use grow_colmaker, grow_histmaker, grow_quantile_histmaker or grow_gpu_hist, then prune; "
                         "with gblinear shotgun or coord_descent",
                         "There is no updater '%s'", name);
    if (updaters[*at].role == REFUSED)
        return error_set(err, ERROR_INPUT, "updater", "leave it out", "updater %s: %s", name, updaters[*at].why);
    return 0;
}

int xgboost_check_updater(const struct settings *s, struct error *err)
{
    const char *list = settings_get(s, "updater"), *method = settings_get(s, "tree_method");
    bool linear = settings_is(s, "booster", "gblinear"), pruned = false;
    size_t at, grower = UPDATER_COUNT;
    char name[LIST_WORD];
    int place = 0;
    if (!settings_given(s, "updater"))
        return 0;
    for (; next_word(&list, name); place++) {
        if (updater_find(name, &at, err) < 0)
            return -1;
        if ((updaters[at].role == MOVES_WEIGHTS) != linear)
            return error_set(err, ERROR_INPUT, "updater", linear ? "use shotgun or coord_descent" : "see tree_method",
                             "updater %s does not fit booster %s", name, settings_get(s, "booster"));
        if ((updaters[at].role == FOLLOWS) != (place > 0))
            return error_set(err, ERROR_INPUT, "updater", "name what grows or moves first, and once, then prune",
                             "updater %s cannot stand at place %d", name, place + 1);
        if (updaters[at].role == GROWS)
            grower = at;
        pruned |= strcmp(name, "prune") == 0;
    }
    if (!place)
        return error_set(err, ERROR_INPUT, "updater", "name one, or leave it out", "updater names nothing");
    if (grower < UPDATER_COUNT && strcmp(updaters[grower].method, method) != 0 && strcmp(method, "auto") != 0)
        return error_set(err, ERROR_INPUT, "updater", "give one of the two", "updater %s is tree_method %s, not %s",
                         updaters[grower].name, updaters[grower].method, method);
    if (grower < UPDATER_COUNT && !strcmp(updaters[grower].method, "exact") && !pruned &&
        settings_number(s, "gamma") > 0)
        return error_set(err, ERROR_INPUT, "updater", "use grow_colmaker,prune",
                         "gamma is applied by prune, which updater does not name");
    return 0;
}

/* --- constraints ----------------------------------------------------------------------------------------------------
 */

static void skip_spaces(const char **at)
{
    *at += strspn(*at, " \t");
}

/* Takes `c` if it comes next. */
static bool take(const char **at, char c)
{
    skip_spaces(at);
    if (**at != c)
        return false;
    ++*at;
    return true;
}

static bool take_whole(const char **at, long *value)
{
    char *end;
    skip_spaces(at);
    if (!**at || !strchr("+-0123456789", **at))
        return false;
    *value = strtol(*at, &end, 10);
    if (end == *at)
        return false;
    *at = end;
    return true;
}

static bool at_end(const char **at)
{
    skip_spaces(at);
    return !**at;
}

static int refuse_monotone(const char *text, struct error *err)
{
    return error_set(err, ERROR_INPUT, "monotone_constraints", "write one of -1, 0, 1 per column: (1,0,-1)",
                     "monotone_constraints cannot be '%.60s'", text);
}

int xgboost_monotone(const char *text, size_t columns, signed char **signs, struct error *err)
{
    const char *at = text;
    size_t count = 0;
    char close = take(&at, '(') ? ')' : take(&at, '[') ? ']' : '\0';
    *signs = columns ? calloc(columns, 1) : NULL;
    if (columns && !*signs)
        return error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory");
    do {
        long sign;
        if (count && at[0] == close)
            break; /* (1,) as Python writes a tuple of one */
        if (!take_whole(&at, &sign) || sign < -1 || sign > 1)
            return refuse_monotone(text, err);
        if (columns && count == columns)
            return error_set(err, ERROR_INPUT, "monotone_constraints", "give one per column at most",
                             "monotone_constraints names more columns than the %zu of the data", columns);
        if (*signs)
            (*signs)[count] = (signed char)sign;
        count++;
    } while (take(&at, ','));
    return (close && !take(&at, close)) || !at_end(&at) ? refuse_monotone(text, err) : 0;
}

static int refuse_interactions(const char *text, struct error *err)
{
    return error_set(err, ERROR_INPUT, "interaction_constraints", "write groups of column numbers: [[0,1],[2,3]]",
                     "interaction_constraints cannot be '%.60s'", text);
}

static int read_group(const char **at, const char *text, size_t columns, uint64_t *bits, struct error *err)
{
    if (!take(at, '['))
        return refuse_interactions(text, err);
    do {
        long column;
        if (!take_whole(at, &column) || column < 0)
            return refuse_interactions(text, err);
        if (columns && (size_t)column >= columns)
            return error_set(err, ERROR_INPUT, "interaction_constraints", "columns count from 0",
                             "interaction_constraints names column %ld, the data have %zu", column, columns);
        if (bits)
            bits[column / 64] |= (uint64_t)1 << (column % 64);
    } while (take(at, ','));
    return take(at, ']') ? 0 : refuse_interactions(text, err);
}

int xgboost_interactions(const char *text, size_t columns, uint64_t **allowed, size_t *groups, struct error *err)
{
    const char *at = text;
    size_t most = 0, words = grow_words(columns);
    for (const char *c = text; *c; c++)
        most += *c == '[';
    *groups = 0;
    *allowed = columns ? calloc(most + 1, words * sizeof **allowed) : NULL;
    if (columns && !*allowed)
        return error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory");
    if (!take(&at, '['))
        return refuse_interactions(text, err);
    do {
        if (read_group(&at, text, columns, *allowed ? *allowed + *groups * words : NULL, err) < 0)
            return -1;
        ++*groups;
    } while (take(&at, ','));
    return !take(&at, ']') || !at_end(&at) ? refuse_interactions(text, err) : 0;
}

/* --- growing --------------------------------------------------------------------------------------------------------
 */

static const char *const method_names[] = {[GROW_EXACT] = "exact", [GROW_APPROX] = "approx", [GROW_HIST] = "hist"};

const char *xgboost_method_name(enum grow_method method)
{
    return method_names[method];
}

static enum grow_method method_of(const struct training *t)
{
    const struct settings *s = t->settings;
    uint64_t rows = t->comm ? t->all_rows : t->train->rows;
    if (settings_is(s, "tree_method", "gpu_hist"))
        return GROW_HIST;
    for (int m = GROW_EXACT; m <= GROW_HIST; m++)
        if (settings_is(s, "tree_method", method_names[m]))
            return (enum grow_method)m;
    if (settings_is(s, "grow_policy", "lossguide") || settings_number(s, "max_leaves") > 0 || t->gpu ||
        settings_is(s, "sampling_method", "gradient_based"))
        return GROW_HIST;
    return rows > EXACT_ROWS || comm_ranks(t->comm) > 1 ? GROW_APPROX : GROW_EXACT;
}

static int check_method(const struct training *t, enum grow_method method, struct error *err)
{
    if (settings_is(t->settings, "tree_method", "gpu_hist") && !t->gpu)
        return error_set(err, ERROR_INPUT, "tree_method", "use tree_method=hist, or --device cuda where there is a GPU",
                         "tree_method = gpu_hist needs a GPU, and this run has none");
    if (settings_is(t->settings, "predictor", "gpu_predictor"))
        return error_set(err, ERROR_INPUT, "predictor", "use predictor=auto",
                         "predictor = gpu_predictor: a GPU grows trees here, the CPU evaluates them");
    if (method == GROW_EXACT && comm_ranks(t->comm) > 1)
        return error_set(err, ERROR_INPUT, "tree_method", "use hist or approx",
                         "tree_method = exact needs all rows in one place, and this run spreads over %d ranks",
                         comm_ranks(t->comm));
    return 0;
}

const char *xgboost_wants_gpu(const struct settings *s)
{
    return settings_is(s, "tree_method", "gpu_hist") ? "tree_method" : NULL;
}

int xgboost_check_gpu(const struct training *t, struct error *err)
{
    if (settings_is(t->settings, "booster", "gblinear"))
        return error_set(err, ERROR_INPUT, "booster", "use gbtree or dart, or --device cpu",
                         "booster = gblinear fits its weights on the CPU");
    if (settings_is(t->settings, "tree_method", "exact"))
        return error_set(err, ERROR_INPUT, "tree_method", "use hist or approx, or --device cpu",
                         "tree_method = exact gives every value a bin of its own: too many for a GPU");
    return 0;
}

int xgboost_grow_plan(const struct training *t, uint64_t seed, struct grow_plan *plan, struct error *err)
{
    const struct settings *s = t->settings;
    const char *monotone = settings_get(s, "monotone_constraints");
    const char *interactions = settings_get(s, "interaction_constraints");
    size_t columns = t->train->columns;
    struct grow_settings *g = &plan->grow;
    if (comm_ranks(t->comm) > 1 && settings_is(s, "tree_method", "auto") && method_of(t) == GROW_APPROX)
        event_log(t->sink,
                  "tree_method = auto is approx over several ranks, where one rank takes exact for few rows; hist "
                  "gives the same trees for any number of ranks");
    *plan = (struct grow_plan){.grow = {
                                   .method = method_of(t),
                                   .lossguide = settings_is(s, "grow_policy", "lossguide"),
                                   .max_depth = (int)settings_number(s, "max_depth"),
                                   .max_leaves = (int)settings_number(s, "max_leaves"),
                                   .max_bin = (int)settings_number(s, "max_bin"),
                                   .sketch_eps = settings_number(s, "sketch_eps"),
                                   .eta = settings_number(s, "eta") / settings_number(s, "num_parallel_tree"),
                                   .lambda = settings_number(s, "lambda"),
                                   .alpha = settings_number(s, "alpha"),
                                   .gamma = settings_number(s, "gamma"),
                                   .min_child_weight = settings_number(s, "min_child_weight"),
                                   .max_delta_step = settings_number(s, "max_delta_step"),
                                   .subsample = settings_number(s, "subsample"),
                                   .sample_by_gradient = settings_is(s, "sampling_method", "gradient_based"),
                                   .colsample_bytree = settings_number(s, "colsample_bytree"),
                                   .colsample_bylevel = settings_number(s, "colsample_bylevel"),
                                   .colsample_bynode = settings_number(s, "colsample_bynode"),
                                   .seed = seed,
                               }};
    if (check_method(t, g->method, err) < 0 ||
        (monotone && xgboost_monotone(monotone, columns, &plan->monotone, err) < 0) ||
        (interactions && xgboost_interactions(interactions, columns, &plan->allowed, &g->allowed_groups, err) < 0))
        return -1;
    g->gpu = t->gpu;
    g->monotone = plan->monotone;
    g->allowed = plan->allowed;
    return 0;
}

void xgboost_grow_plan_free(struct grow_plan *plan)
{
    free(plan->monotone);
    free(plan->allowed);
    *plan = (struct grow_plan){0};
}
