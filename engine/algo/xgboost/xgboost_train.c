/* The loop over rounds: gradients, trees, margins, metrics, early stopping, and what is said of the model that is kept.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/xgboost/boost.h"
#include "engine/base/clock.h"

#define METRICS 200    /* rounds whose metrics are said, at most, */
#define LOOKS 8e6      /* and so many training rows are looked at for them, about, */
#define LEAST_LOOKS 20 /* but this often at least */
#define THREADS 1024   /* at most */

enum { SAY_WARNING = 1, SAY_WORK, SAY_TREE };

static bool says(const struct boost *b, int level)
{
    return b->speaks && b->verbosity >= level;
}

static bool is_linear(const struct boost *b)
{
    return b->forest.booster == BOOSTER_LINEAR;
}

/* --- before ---------------------------------------------------------------------------------------------------------
 */

/* Infinities have no bin and no place in a sum; a missing value is NaN. */
static int check_features(const struct dataset *d, const char *channel, struct error *err)
{
    size_t n = d->x ? d->rows * d->columns : d->rows ? d->start[d->rows] : 0, row = 0;
    const float *values = d->x ? d->x : d->value;
    for (size_t i = 0; i < n; i++) {
        if (!isinf(values[i]))
            continue;
        while (!d->x && d->start[row + 1] <= i)
            row++;
        return error_set(err, ERROR_INPUT, channel, "leave the cell empty where the value is missing",
                         "%s, row %zu, feature %zu: the value is infinite", d->name, (d->x ? i / d->columns : row) + 1,
                         d->x ? i % d->columns : (size_t)d->index[i]);
    }
    return 0;
}

static int check_channel(const struct boost *b, const struct dataset *d, const char *channel, struct error *err)
{
    const struct objective *o = b->forest.objective;
    if (!d)
        return 0;
    if (d->columns > b->t->train->columns)
        return error_set(err, ERROR_INPUT, channel, "give every channel the same columns",
                         "%s has %zu features, the training data have %zu", d->name, d->columns, b->t->train->columns);
    if (check_features(d, channel, err) < 0)
        return -1;
    return o->check ? o->check(&b->forest.settings, d, channel, err) : 0;
}

static int check_data(const struct boost *b, struct error *err)
{
    const struct training *t = b->t;
    const struct objective *o = b->forest.objective;
    if (t->train->rows == 0 || t->train->rows > UINT32_MAX)
        return error_set(err, ERROR_LIMIT, t->train->name, "give between 1 and 4,294,967,295 rows",
                         "The training data have %zu rows", t->train->rows);
    if (t->train->columns == 0)
        return error_set(err, ERROR_INPUT, t->train->name, "give at least one feature beside the label",
                         "The training data have no features");
    if (o->whole && comm_ranks(t->comm) > 1)
        return error_set(err, ERROR_INPUT, "objective", "use one rank with more threads",
                         "%s compares rows with each other, so they cannot be spread over %d ranks", o->name,
                         comm_ranks(t->comm));
    return check_channel(b, t->train, "train", err) < 0 || check_channel(b, t->validation, "validation", err) < 0 ||
                   check_channel(b, t->test, "test", err) < 0
               ? -1
               : 0;
}

static int start_score(const struct boost *b, double *score, struct error *err)
{
    const struct settings *s = b->t->settings;
    *score = settings_number(s, "base_score");
    if (b->forest.objective->adaptive && !settings_given(s, "base_score"))
        return boost_median_label(b->t, score, err);
    return 0;
}

static int open_forest(struct boost *b, struct error *err)
{
    const struct settings *s = b->t->settings;
    const struct objective *o = objective_find(settings_get(s, "objective"), err);
    struct objective_settings os;
    enum booster booster = settings_is(s, "booster", "dart")       ? BOOSTER_DART
                           : settings_is(s, "booster", "gblinear") ? BOOSTER_LINEAR
                                                                   : BOOSTER_TREE;
    double score;
    if (!o)
        return -1;
    xgboost_objective_settings(s, o, &os);
    b->forest.objective = o; /* for the checks, which come before anything is allocated by the data's size */
    b->forest.settings = os;
    if (check_data(b, err) < 0 || start_score(b, &score, err) < 0)
        return -1;
    if (forest_init(&b->forest, booster, o, &os, b->t->train->columns, score) < 0)
        return error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory for the model");
    b->forest.parallel = booster == BOOSTER_LINEAR ? 1 : (int)settings_number(s, "num_parallel_tree");
    return xgboost_scores(s, o, b->scores, &b->score_count, err);
}

/* With several ranks: the labels and weights of all of them, in the order of ranks. */
static int gather_labels(struct boost *b, struct error *err)
{
    const struct dataset *d = b->t->train;
    size_t *sizes = calloc((size_t)comm_ranks(b->t->comm), sizeof *sizes);
    void *labels = NULL, *weights = NULL;
    double weighted = d->weight != NULL;
    int status = sizes ? 0 : error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory");
    if (status == 0)
        status = comm_max_double(b->t->comm, &weighted, 1, err);
    if (status == 0)
        status = comm_gather(b->t->comm, d->y, d->rows * sizeof *d->y, &labels, sizes, err);
    if (status == 0 && weighted > 0)
        status = comm_gather(b->t->comm, d->weight, d->weight ? d->rows * sizeof *d->weight : 0, &weights, sizes, err);
    b->all = (struct dataset){.rows = b->t->all_rows, .columns = d->columns, .y = labels, .weight = weights};
    snprintf(b->all.name, sizeof b->all.name, "%s", d->name);
    free(sizes);
    return status;
}

int boost_follow(struct boost *b, int which, const char *name, const struct dataset *data, struct error *err)
{
    struct follow *w = &b->follow[which];
    *w = (struct follow){.name = name, .data = data};
    w->margin = malloc((data->rows * boost_outputs(b) + 1) * sizeof *w->margin);
    if (!w->margin)
        return error_set(err, ERROR_SYSTEM, NULL, "give fewer rows", "There is not enough memory for the scores");
    forest_start(&b->forest, data->rows, w->margin);
    return 0;
}

static int open_follows(struct boost *b, struct error *err)
{
    const struct training *t = b->t;
    size_t outputs = boost_outputs(b), rows = t->comm ? (size_t)t->all_rows : t->train->rows;
    if (boost_follow(b, FOLLOW_TRAIN, "train", t->train, err) < 0 ||
        (t->validation && boost_follow(b, FOLLOW_VALIDATION, "validation", t->validation, err) < 0) ||
        boost_picture_open(b, err) < 0 || (comm_ranks(t->comm) > 1 && gather_labels(b, err) < 0))
        return -1;
    for (int i = 0; i < FOLLOW_COUNT; i++)
        if (b->follow[i].data && b->follow[i].data->rows > rows)
            rows = b->follow[i].data->rows;
    if (t->test && t->test->rows > rows)
        rows = t->test->rows;
    b->prediction = malloc((rows * objective_width(b->forest.objective, &b->forest.settings) + 1) * sizeof(float));
    b->gradients = malloc((t->train->rows * outputs + 1) * sizeof *b->gradients);
    if (!b->prediction || !b->gradients)
        return error_set(err, ERROR_SYSTEM, NULL, "give fewer rows", "There is not enough memory for the gradients");
    return 0;
}

static int open_booster(struct boost *b, struct error *err)
{
    double started = clock_seconds();
    if (is_linear(b)) {
        if (linear_open(b, err) < 0)
            return -1;
    } else {
        if (xgboost_grow_plan(b->t, b->seed, &b->plan, err) < 0)
            return -1;
        b->grower = grower_new(&b->plan.grow, b->t->train, b->t->first_row, b->t->comm, b->pool, err);
        if (!b->grower || (b->forest.booster == BOOSTER_DART && dart_open(b, err) < 0))
            return -1;
    }
    b->t->train_seconds = clock_seconds() - started;
    if (says(b, SAY_WORK) && b->grower)
        event_log(b->t->sink, "tree_method %s; binned data and histograms take %zu bytes",
                  xgboost_method_name(b->plan.grow.method), grower_bytes(b->grower));
    return 0;
}

static int open_run(struct boost *b, struct error *err)
{
    const struct settings *s = b->t->settings;
    int threads = settings_given(s, "nthread") ? (int)settings_number(s, "nthread") : b->t->threads;
    double patience = settings_number(s, "early_stopping_rounds");
    b->seed = settings_given(s, "seed") ? (uint64_t)settings_number(s, "seed") : b->t->seed;
    b->rounds = (int)settings_number(s, "num_round");
    b->patience = isnan(patience) ? 0 : (int)patience;
    b->verbosity = (int)settings_number(s, "verbosity");
    b->speaks = comm_rank(b->t->comm) == 0;
    b->pool = pool_open(threads < THREADS ? threads : THREADS);
    if (!b->pool)
        return error_set(err, ERROR_SYSTEM, "nthread", "use fewer threads", "%d threads could not be started", threads);
    return open_forest(b, err) < 0 || open_follows(b, err) < 0 ? -1 : open_booster(b, err);
}

static void close_booster(struct boost *b)
{
    grower_free(b->grower);
    b->grower = NULL;
    dart_close(b);
    linear_close(b);
    free(b->gradients);
    b->gradients = NULL;
}

static void close_run(struct boost *b)
{
    close_booster(b);
    for (int i = 0; i < FOLLOW_COUNT; i++) {
        free(b->follow[i].margin);
        free(b->follow[i].dropped);
    }
    dataset_free(&b->grid);
    dataset_free(&b->all);
    xgboost_grow_plan_free(&b->plan);
    forest_free(&b->forest);
    free(b->prediction);
    free(b->best_weights);
    pool_close(b->pool);
}

/* What a reader of the metrics should know about the data. */
static void warn(const struct boost *b)
{
    const struct dataset *d = b->t->train;
    size_t same = 1;
    if (!says(b, SAY_WARNING))
        return;
    while (same < d->rows && d->y[same] == d->y[0])
        same++;
    if (same == d->rows && comm_ranks(b->t->comm) == 1)
        event_log(b->t->sink, "every training row has the label %g: there is nothing to tell apart", (double)d->y[0]);
}

/* --- a round --------------------------------------------------------------------------------------------------------
 */

struct row_work {
    const struct boost *b;
    const float *margin;
    float *prediction;
    size_t rows;
    bool bad[THREADS]; /* by thread: a margin that is no number */
};

static void predict_rows(void *context, int thread, int threads)
{
    struct row_work *w = context;
    const struct forest *f = &w->b->forest;
    size_t end, first = pool_share(w->rows, thread, threads, &end);
    size_t width = objective_width(f->objective, &f->settings);
    f->objective->predict(&f->settings, w->prediction + first * width, w->margin + first * f->outputs, end - first);
}

void boost_predict(const struct boost *b, const float *margin, size_t rows, float *prediction)
{
    struct row_work w = {.b = b, .margin = margin, .prediction = prediction, .rows = rows};
    pool_run(b->pool, predict_rows, &w);
}

static void gradient_rows(void *context, int thread, int threads)
{
    struct row_work *w = context;
    const struct boost *b = w->b;
    const struct forest *f = &b->forest;
    size_t end, first = pool_share(w->rows, thread, threads, &end);
    float zero = 0;
    for (size_t i = first * f->outputs; i < end * f->outputs; i++)
        zero += w->margin[i] * 0.0F; /* NaN as soon as one is not finite */
    w->bad[thread] = zero != 0 || isnan(zero);
    if (!f->objective->whole)
        f->objective->gradient(&f->settings, b->t->train, w->margin, first, end, b->gradients);
}

/* Also tells whether the scores so far still are numbers. */
static bool make_gradients(struct boost *b)
{
    const struct dataset *d = b->t->train;
    struct row_work w = {.b = b, .margin = b->follow[FOLLOW_TRAIN].margin, .rows = d->rows};
    pool_run(b->pool, gradient_rows, &w);
    for (size_t i = 0; i < sizeof w.bad; i++)
        if (w.bad[i])
            return false;
    if (b->forest.objective->whole)
        b->forest.objective->gradient(&b->forest.settings, d, w.margin, 0, d->rows, b->gradients);
    return true;
}

static int grow_one(struct boost *b, size_t class, struct error *err)
{
    const struct dataset *d = b->t->train;
    size_t outputs = boost_outputs(b);
    float *margin = b->follow[FOLLOW_TRAIN].margin + class;
    bool add = !dart_dropped(b);
    struct tree tree;
    tree_init(&tree);
    if (grower_grow(b->grower, b->gradients + class * d->rows, b->trees++, &tree, err) < 0)
        goto failed;
    if (b->forest.objective->adaptive && boost_adapt(b, &tree, margin, add, err) < 0)
        goto failed;
    if (add && !b->forest.objective->adaptive)
        grower_add(b->grower, margin, outputs);
    if (says(b, SAY_TREE))
        event_log(b->t->sink, "round %d, class %zu: %d leaves, depth %d", b->round, class, tree_leaves(&tree),
                  tree_depth(&tree));
    if (forest_append(&b->forest, &tree, (int)class) == 0)
        return 0;
    error_set(err, ERROR_SYSTEM, NULL, "use fewer rounds", "There is not enough memory for the trees");
failed:
    tree_free(&tree);
    return -1;
}

static int tree_round(struct boost *b, struct error *err)
{
    for (size_t k = 0; k < boost_outputs(b); k++)
        for (int i = 0; i < b->forest.parallel; i++)
            if (grow_one(b, k, err) < 0)
                return -1;
    return 0;
}

/* 0: done; 1: the scores are no numbers any more; -1: err. */
static int one_round(struct boost *b, struct error *err)
{
    int first = b->forest.count;
    double now = clock_seconds(), diverged;
    int status = b->dart ? dart_drop(b, err) : 0;
    if (status < 0)
        return -1;
    diverged = !make_gradients(b);
    if (comm_max_double(b->t->comm, &diverged, 1, err) < 0)
        return -1;
    if (diverged > 0)
        return 1;
    if ((is_linear(b) ? linear_round(b, err) : tree_round(b, err)) < 0)
        return -1;
    if (b->dart)
        dart_restore(b, first);
    b->t->step_seconds += clock_seconds() - now;
    for (int i = FOLLOW_VALIDATION; !b->dart && !is_linear(b) && i < FOLLOW_COUNT; i++)
        if (b->follow[i].data)
            forest_add(&b->forest, first, b->forest.count, b->follow[i].data, b->follow[i].margin, b->pool);
    b->t->rows_seen += (double)b->t->train->rows;
    return 0;
}

/* --- metrics --------------------------------------------------------------------------------------------------------
 */

/* Of rows whose margins are here. */
static void score_rows(const struct boost *b, const struct dataset *d, const float *margin, double *values)
{
    const struct forest *f = &b->forest;
    boost_predict(b, margin, d->rows, b->prediction);
    for (int i = 0; i < b->score_count; i++)
        values[i] =
            b->diverged ? NAN : score_value(&b->scores[i], f->objective, &f->settings, d, margin, b->prediction);
}

/* Of all ranks' training rows. */
static int score_train(struct boost *b, const float *margin, double *values, struct error *err)
{
    const struct dataset *d = b->t->train;
    size_t *sizes;
    void *all = NULL;
    int status;
    if (comm_ranks(b->t->comm) == 1) {
        score_rows(b, d, margin, values);
        return 0;
    }
    sizes = calloc((size_t)comm_ranks(b->t->comm), sizeof *sizes);
    if (!sizes)
        return error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory");
    status = comm_gather(b->t->comm, margin, d->rows * boost_outputs(b) * sizeof *margin, &all, sizes, err);
    if (status == 0)
        score_rows(b, &b->all, all, values);
    free(sizes);
    free(all);
    return status;
}

static void say_scores(const struct boost *b, const char *channel, const double *values, int round)
{
    for (int i = 0; b->speaks && i < b->score_count; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s:%s", channel, b->scores[i].name);
        event_metric(b->t->sink, name, values[i], round, round);
    }
}

/* Remembers the model of the best round where it is not just the first trees. */
static int keep_best(struct boost *b, struct error *err)
{
    const struct forest *f = &b->forest;
    size_t n = is_linear(b) ? (f->columns + 1) * f->outputs : f->scale ? (size_t)f->count : 0;
    float *kept;
    if (!n || !b->patience)
        return 0;
    kept = realloc(b->best_weights, n * sizeof *kept);
    if (!kept)
        return error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory for the best round's model");
    b->best_weights = kept;
    memcpy(kept, is_linear(b) ? f->weights : f->scale, n * sizeof *kept);
    return 0;
}

/* Is this round better than the best so far, by the last metric of the last channel? */
static int judge(struct boost *b, const double *values, struct error *err)
{
    const struct score *s = &b->scores[b->score_count - 1];
    double value = values[b->score_count - 1];
    if (b->best_round && !(s->larger_is_better ? value > b->best_value : value < b->best_value))
        return 0;
    b->best_round = b->round;
    b->best_value = value;
    memcpy(b->best_values, values, sizeof b->best_values);
    return keep_best(b, err);
}

/* Is something due that shall come `times` in the run, at its first and last round among them? */
static bool is_due(const struct boost *b, double times)
{
    int stride = (int)fmax(1, ceil(b->rounds / times));
    return b->round == 1 || b->round == b->rounds || b->round % stride == 0;
}

static int after_round(struct boost *b, struct error *err)
{
    struct follow *train = &b->follow[FOLLOW_TRAIN], *validation = &b->follow[FOLLOW_VALIDATION];
    double rows = (double)(comm_ranks(b->t->comm) > 1 ? b->all.rows : b->t->train->rows);
    bool said = is_due(b, METRICS), look = is_due(b, fmin(METRICS, fmax(LEAST_LOOKS, LOOKS / rows)));
    if (look || (!validation->data && b->patience))
        if (score_train(b, train->margin, train->value, err) < 0)
            return -1;
    if (validation->data)
        score_rows(b, validation->data, validation->margin, validation->value);
    if (look)
        say_scores(b, "train", train->value, b->round);
    if (said && validation->data)
        say_scores(b, "validation", validation->value, b->round);
    if (validation->data ? said : look)
        b->said_round = b->round;
    if (validation->data || b->patience)
        return judge(b, validation->data ? validation->value : train->value, err);
    return 0;
}

/* --- the loop -------------------------------------------------------------------------------------------------------
 */

static void say_diverged(struct boost *b)
{
    b->diverged = true;
    training_metric(b->t, "diverged_at_step", b->round);
    if (!b->speaks)
        return;
    for (int i = 0; i < FOLLOW_GRID; i++)
        if (b->follow[i].data) {
            for (int k = 0; k < b->score_count; k++)
                b->follow[i].value[k] = NAN;
            say_scores(b, b->follow[i].name, b->follow[i].value, b->round);
        }
    if (says(b, SAY_WARNING))
        event_log(b->t->sink, "diverged at round %d: a score is not a finite number. Lower eta (now %s).", b->round,
                  settings_get(b->t->settings, "eta"));
}

static int rounds(struct boost *b, struct error *err)
{
    while (b->round < b->rounds) {
        int status;
        b->round++;
        status = one_round(b, err);
        if (status > 0)
            say_diverged(b);
        if (status != 0)
            return status < 0 ? -1 : 0;
        if (after_round(b, err) < 0)
            return -1;
        if (b->patience && b->round - b->best_round >= b->patience) {
            if (says(b, SAY_WARNING))
                event_log(b->t->sink,
                          "stopped early after round %d: %d rounds did not improve %s:%s; best was round %d", b->round,
                          b->patience, b->follow[FOLLOW_VALIDATION].data ? "validation" : "train",
                          b->scores[b->score_count - 1].name, b->best_round);
            return 0;
        }
        boost_picture_round(b);
        if (b->speaks)
            training_pace(b->t);
        if (training_stopping(b->t))
            return 0;
    }
    return 0;
}

/* --- after ----------------------------------------------------------------------------------------------------------
 */

/* With early stopping the model is that of the best round: later trees go, so that whoever reads it predicts by it. */
static void go_back_to_best(struct boost *b)
{
    struct forest *f = &b->forest;
    int end;
    if (!b->patience || !b->best_round || b->diverged)
        return;
    if (is_linear(b)) {
        f->linear_rounds = b->best_round;
        memcpy(f->weights, b->best_weights, (f->columns + 1) * f->outputs * sizeof *f->weights);
        return;
    }
    end = forest_round_end(f, b->best_round - 1);
    while (f->count > end)
        tree_free(&f->trees[--f->count]);
    if (b->best_weights)
        memcpy(f->scale, b->best_weights, (size_t)end * sizeof *f->scale);
}

static void final_scores(struct boost *b, const char *channel, const double *values)
{
    char name[64];
    for (int i = 0; i < b->score_count; i++) {
        snprintf(name, sizeof name, "%s:%s", channel, b->scores[i].name);
        training_metric(b->t, name, values[i]);
    }
}

/* The scores of the kept model on one channel; `margin` has room for its rows. */
static int finish_channel(struct boost *b, const char *channel, const struct dataset *d, float *margin, bool said,
                          struct error *err)
{
    double values[XGBOOST_SCORES] = {0};
    forest_margin(&b->forest, d, margin, b->pool);
    if (d == b->t->train) {
        if (score_train(b, margin, values, err) < 0)
            return -1;
    } else {
        score_rows(b, d, margin, values);
    }
    final_scores(b, channel, values);
    if (said)
        say_scores(b, channel, values, b->round);
    return 0;
}

/* Without early stopping the model has all rounds; how it would have done at its best round is told beside it. */
static void finish_best(struct boost *b, float *margin)
{
    struct forest *f = &b->forest;
    double values[XGBOOST_SCORES] = {0};
    if (b->patience || !b->best_round || !b->t->validation || b->diverged || is_linear(b) || f->scale)
        return;
    final_scores(b, "best:validation", b->best_values);
    f->best_round = b->best_round - 1;
    forest_margin(f, b->t->test, margin, b->pool);
    f->best_round = -1;
    score_rows(b, b->t->test, margin, values);
    final_scores(b, "best:test", values);
}

static void finish_counts(struct boost *b)
{
    const struct forest *f = &b->forest;
    double leaves = 0, size = 0;
    if (b->best_round)
        training_metric(b->t, "best_round", b->best_round);
    training_metric(b->t, "rounds", b->round);
    if (is_linear(b))
        return;
    for (int i = 0; i < f->count; i++)
        for (int node = 0; node < f->trees[i].size; node++)
            if (tree_is_leaf(&f->trees[i], node)) {
                leaves++;
                size += fabs((double)f->trees[i].value[node]);
            }
    training_metric(b->t, "trees", f->count);
    training_metric(b->t, "leaves", leaves);
    training_metric(b->t, "mean_leaf_size", leaves > 0 ? size / leaves : 0);
}

static int finish(struct boost *b, struct error *err)
{
    struct training *t = b->t;
    struct follow *train = &b->follow[FOLLOW_TRAIN], *validation = &b->follow[FOLLOW_VALIDATION];
    float *margin;
    t->train_seconds += t->step_seconds;
    close_booster(b);
    go_back_to_best(b);
    if (finish_channel(b, "train", t->train, train->margin, false, err) < 0)
        return -1;
    if (validation->data && finish_channel(b, "validation", validation->data, validation->margin, false, err) < 0)
        return -1;
    if (b->best_round && b->best_round != b->said_round && !b->diverged)
        say_scores(b, validation->data ? "validation" : "train", b->best_values, b->best_round);
    boost_picture_end(b);
    if (t->test) {
        margin = malloc((t->test->rows * boost_outputs(b) + 1) * sizeof *margin);
        if (!margin)
            return error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory for the scores");
        finish_channel(b, "test", t->test, margin, true, err);
        finish_best(b, margin);
        free(margin);
    }
    finish_counts(b);
    return t->model ? xgboost_save(&b->forest, t->model, err) : 0;
}

int xgboost_train(struct training *t, struct error *err)
{
    struct boost b = {.t = t};
    int status = open_run(&b, err);
    if (status == 0) {
        warn(&b);
        boost_picture_start(&b);
        status = rounds(&b, err);
    }
    if (status == 0)
        status = finish(&b, err);
    close_run(&b);
    return status;
}
