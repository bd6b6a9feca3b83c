/* What a watcher of XGBoost sees: the rows, what the model says along a curve or over a plane, the newest tree, which
 * features matter, and how good the scores are. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/xgboost/boost.h"
#include "engine/picture.h"

#define POINTS 500
#define GRID 60
#define NODES 63
#define FEATURES 30
#define MODELS 50 /* pictures of each kind that show the model */
#define SCORED 10 /* of each kind that show scores, */
#define FEW 3     /* where there are more rows than */
#define MANY 50000

static void begin(struct event *e, const struct boost *b, const char *kind)
{
    event_begin(e, b->t->sink, "picture");
    json_string(&e->json, "kind", kind);
    json_object(&e->json, "data");
}

static void end(struct event *e, const struct boost *b)
{
    json_end(&e->json);
    json_integer(&e->json, "step", b->round);
    json_number(&e->json, "t", event_time(b->t->sink));
    event_send(e);
}

static bool task_is(const struct boost *b, const char *task)
{
    return strcmp(b->forest.objective->task, task) == 0;
}

/* How many classes labels have; 0: they are numbers. */
static size_t classes_of(const struct boost *b)
{
    return task_is(b, "binary") ? 2 : task_is(b, "multiclass") ? b->forest.settings.classes : 0;
}

/* --- the grid -------------------------------------------------------------------------------------------------------
 */

/* Lowest and highest value of a column of the training rows, a little widened. */
static void range_of(const struct dataset *d, size_t column, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t i = 0; i < d->rows; i++) {
        double at = (double)d->x[i * d->columns + column];
        if (isfinite(at)) {
            *low = fmin(*low, at);
            *high = fmax(*high, at);
        }
    }
    if (*low > *high)
        *low = *high = 0;
    double room = *high > *low ? (*high - *low) * 0.05 : 1;
    *low -= room;
    *high += room;
}

int boost_picture_open(struct boost *b, struct error *err)
{
    const struct dataset *d = b->t->train;
    double low[2] = {0}, high[2] = {0};
    if (!d->x || d->columns > 2 || !b->speaks || classes_of(b) > 60)
        return 0;
    if (dataset_alloc(&b->grid, d->columns == 2 ? GRID * GRID : GRID * 5, d->columns) < 0)
        return error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory for pictures");
    for (size_t j = 0; j < d->columns; j++)
        range_of(d, j, &low[j], &high[j]);
    for (size_t i = 0; i < b->grid.rows; i++)
        if (d->columns == 2) {
            size_t across = i % GRID, up = i / GRID;
            b->grid.x[2 * i] = (float)(low[0] + (high[0] - low[0]) * (double)across / (GRID - 1));
            b->grid.x[2 * i + 1] = (float)(low[1] + (high[1] - low[1]) * (double)up / (GRID - 1));
        } else {
            b->grid.x[i] = (float)(low[0] + (high[0] - low[0]) * (double)i / (double)(b->grid.rows - 1));
        }
    return boost_follow(b, FOLLOW_GRID, NULL, &b->grid, err);
}

/* The class that a prediction of `width` numbers says, or that number. */
static double class_of(const struct boost *b, const float *prediction, size_t width)
{
    size_t best = 0;
    for (size_t k = 1; k < width; k++)
        if (prediction[k] > prediction[best])
            best = k;
    if (width > 1)
        return (double)best;
    if (!task_is(b, "binary"))
        return (double)prediction[0];
    return prediction[0] > (strcmp(b->forest.objective->name, "binary:logitraw") == 0 ? 0.0F : 0.5F);
}

/* What the grid shows of one of its points: probability of class 1, class, or value. */
static double shown(const struct boost *b, const float *prediction, size_t width)
{
    if (strcmp(b->forest.objective->name, "binary:logitraw") == 0)
        return 1 / (1 + exp(-(double)prediction[0]));
    return width > 1 ? class_of(b, prediction, width) : (double)prediction[0];
}

static void write_range(struct json *j, const char *key, double low, double high)
{
    json_object(j, key);
    json_float(j, "low", low);
    json_float(j, "high", high);
    json_end(j);
}

static void send_grid(const struct boost *b)
{
    const struct dataset *g = &b->grid;
    size_t width = objective_width(b->forest.objective, &b->forest.settings);
    bool plane = g->columns == 2;
    const float *last = g->x + (g->rows - 1) * g->columns;
    struct event e;
    boost_predict(b, b->follow[FOLLOW_GRID].margin, g->rows, b->prediction);
    begin(&e, b, plane ? "regions" : "curve");
    if (plane) {
        write_range(&e.json, "x", (double)g->x[0], (double)last[0]);
        write_range(&e.json, "y", (double)g->x[1], (double)last[1]);
        json_integer(&e.json, "grid", GRID);
        json_integer(&e.json, "classes", (long long)classes_of(b));
    } else {
        json_array(&e.json, "x");
        for (size_t i = 0; i < g->rows; i++)
            json_float(&e.json, NULL, (double)g->x[i]);
        json_end(&e.json);
    }
    json_array(&e.json, plane ? "values" : "y");
    for (size_t i = 0; i < g->rows; i++)
        json_float(&e.json, NULL, shown(b, b->prediction + i * width, width));
    json_end(&e.json);
    end(&e, b);
}

/* --- the model ------------------------------------------------------------------------------------------------------
 */

/* The first nodes of the tree level by level: order[] holds their numbers, place[] where each node stands. */
static int first_nodes(const struct tree *t, int *order, int *place)
{
    int count = 1;
    order[0] = 0;
    for (int i = 0; i < t->size; i++)
        place[i] = -1;
    place[0] = 0;
    for (int i = 0; i < count; i++) {
        int node = order[i];
        if (tree_is_leaf(t, node) || count + 2 > NODES)
            continue;
        order[count] = t->left[node];
        order[count + 1] = t->right[node];
        place[t->left[node]] = count;
        place[t->right[node]] = count + 1;
        count += 2;
    }
    return count;
}

static void write_node(struct json *j, const struct tree *t, int node, const int *place, double eta)
{
    bool inner = !tree_is_leaf(t, node) && place[t->left[node]] >= 0;
    json_object(j, NULL);
    json_integer(j, "left", inner ? place[t->left[node]] : -1);
    json_integer(j, "right", inner ? place[t->right[node]] : -1);
    if (inner) {
        json_integer(j, "feature", t->feature[node]);
        json_float(j, "threshold", (double)t->threshold[node]);
        json_bool(j, "missing_left", t->default_left[node]);
        json_float(j, "gain", (double)t->gain[node]);
    }
    json_float(j, "cover", (double)t->cover[node]);
    json_float(j, "value", tree_is_leaf(t, node) ? (double)t->value[node] : (double)t->weight[node] * eta);
    json_end(j);
}

/* The round's tree of one class; classes take turns. */
static void send_tree(const struct boost *b)
{
    const struct forest *f = &b->forest;
    int round = forest_rounds(f), first = round < 2 ? 0 : forest_round_end(f, round - 2);
    int shown_tree = first + (round > 0 ? round - 1 : 0) % (int)f->outputs * f->parallel, count, order[NODES + 2],
        *place;
    const struct tree *t;
    struct event e;
    if (shown_tree >= f->count)
        return;
    t = &f->trees[shown_tree];
    place = malloc((size_t)t->size * sizeof *place);
    if (!place)
        return; /* a picture less */
    count = first_nodes(t, order, place);
    begin(&e, b, "tree");
    json_integer(&e.json, "round", round);
    json_integer(&e.json, "class", f->group[shown_tree]);
    json_array(&e.json, "nodes");
    for (int i = 0; i < count; i++)
        write_node(&e.json, t, order[i], place, b->plan.grow.eta);
    json_end(&e.json);
    json_number(&e.json, "eta", b->plan.grow.eta);
    json_integer(&e.json, "size", t->size);
    if (count < t->size)
        json_bool(&e.json, "cut", true);
    end(&e, b);
    free(place);
}

static void write_column(struct json *j, const char *key, const struct importance *all, size_t count, int which)
{
    json_array(j, key);
    for (size_t i = 0; i < count; i++) {
        const double values[] = {(double)all[i].feature, all[i].weight, all[i].gain, all[i].cover, all[i].total_gain};
        json_float(j, NULL, values[which]);
    }
    json_end(j);
}

static void send_importance(const struct boost *b)
{
    static const char *const keys[] = {"features", "weight", "gain", "cover", "total_gain"};
    struct importance *all;
    size_t count;
    struct event e;
    if (forest_importance(&b->forest, &all, &count) < 0)
        return; /* a picture less */
    begin(&e, b, "importance");
    for (int i = 0; i < 5; i++)
        write_column(&e.json, keys[i], all, count < FEATURES ? count : FEATURES, i);
    json_integer(&e.json, "used", (long long)count);
    end(&e, b);
    free(all);
}

static void send_coefficients(const struct boost *b)
{
    const struct forest *f = &b->forest;
    struct event e;
    begin(&e, b, "coefficients");
    json_array(&e.json, "values");
    for (size_t k = 0; k < f->outputs && k < FEATURES; k++) {
        json_array(&e.json, NULL);
        for (size_t j = 0; j < f->columns && j < 2 * FEATURES; j++)
            json_float(&e.json, NULL, (double)f->weights[j * f->outputs + k]);
        json_end(&e.json);
    }
    json_end(&e.json);
    json_array(&e.json, "bias");
    for (size_t k = 0; k < f->outputs && k < FEATURES; k++)
        json_float(&e.json, NULL, (double)f->weights[f->columns * f->outputs + k]);
    json_end(&e.json);
    json_integer(&e.json, "columns", (long long)f->columns);
    end(&e, b);
}

static void send_model(const struct boost *b)
{
    if (b->follow[FOLLOW_GRID].data)
        send_grid(b);
    if (b->forest.booster == BOOSTER_LINEAR) {
        send_coefficients(b);
        return;
    }
    send_tree(b);
    send_importance(b);
}

/* --- the scores -----------------------------------------------------------------------------------------------------
 */

static const struct follow *scored_rows(const struct boost *b)
{
    return &b->follow[b->follow[FOLLOW_VALIDATION].data ? FOLLOW_VALIDATION : FOLLOW_TRAIN];
}

static void send_scores(const struct boost *b)
{
    const struct follow *w = scored_rows(b);
    size_t width = objective_width(b->forest.objective, &b->forest.settings), rows = w->data->rows;
    struct event_sink *sink = b->t->sink;
    float *p = b->prediction;
    if (b->diverged)
        return;
    boost_predict(b, w->margin, rows, p);
    if (task_is(b, "binary"))
        picture_ranking(sink, w->name, p, w->data->y, rows, NULL, b->round);
    if (classes_of(b)) {
        for (size_t i = 0; i < rows; i++)
            p[i] = (float)class_of(b, p + i * width, width);
        picture_confusion(sink, w->name, p, w->data->y, rows, classes_of(b), NULL, b->round);
    }
    if (task_is(b, "regression") || task_is(b, "count"))
        picture_residuals(sink, w->name, p, w->data->y, rows, b->round);
}

/* --- when -----------------------------------------------------------------------------------------------------------
 */

static void write_points(struct json *j, const char *key, const struct dataset *d, size_t column)
{
    size_t stride = (d->rows + POINTS - 1) / POINTS;
    json_array(j, key);
    for (size_t i = 0; i < d->rows; i += stride)
        json_float(j, NULL, (double)(column < d->columns ? d->x[i * d->columns + column] : d->y[i]));
    json_end(j);
}

void boost_picture_start(struct boost *b)
{
    const struct dataset *d = b->t->train;
    struct event e;
    if (!b->grid.rows || !b->speaks)
        return;
    begin(&e, b, "points");
    write_points(&e.json, "x", d, 0);
    write_points(&e.json, "y", d, d->columns == 2 ? 1 : d->columns);
    write_points(&e.json, "label", d, d->columns);
    end(&e, b);
}

static bool is_due(const struct boost *b, int most)
{
    int stride = (b->rounds + most - 1) / most;
    return b->speaks && (b->round == 1 || b->round % stride == 0);
}

void boost_picture_round(struct boost *b)
{
    if (b->round == b->rounds)
        return; /* the end shows it */
    if (is_due(b, MODELS - 2))
        send_model(b);
    if (is_due(b, scored_rows(b)->data->rows > MANY ? FEW : SCORED))
        send_scores(b);
}

void boost_picture_end(struct boost *b)
{
    if (!b->speaks || b->round == 0)
        return;
    send_model(b);
    send_scores(b);
}
