#include "engine/picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CURVE_POINTS 200
#define CLASSES_SHOWN 20
#define RESIDUALS_SHOWN 500

static void begin(struct event *e, struct event_sink *sink, const char *kind, const char *channel)
{
    event_begin(e, sink, "picture");
    json_string(&e->json, "kind", kind);
    json_object(&e->json, "data");
    json_string(&e->json, "channel", channel);
}

static void end(struct event *e, long step)
{
    json_end(&e->json);
    json_integer(&e->json, "step", step);
    json_number(&e->json, "t", event_time(e->sink));
    event_send(e);
}

/* --- how well scores rank -------------------------------------------------------------------------------------------
 */

struct scored {
    float score, label;
};

/* After all rows with at least this score count as positive. */
struct corner {
    double threshold;
    size_t true_positives, false_positives;
};

static int by_score(const void *a, const void *b)
{
    float x = ((const struct scored *)a)->score, y = ((const struct scored *)b)->score;
    return (x < y) - (x > y);
}

/* One corner for each different score; the first is before any. */
static size_t find_corners(struct scored *rows, size_t n, struct corner *corners)
{
    struct corner at = {.threshold = INFINITY};
    size_t count = 1;
    qsort(rows, n, sizeof *rows, by_score);
    corners[0] = at;
    for (size_t i = 0; i < n;) {
        at.threshold = (double)rows[i].score;
        for (; i < n && (double)rows[i].score == at.threshold; i++) {
            at.true_positives += rows[i].label > 0 ? 1u : 0u;
            at.false_positives += rows[i].label > 0 ? 0u : 1u;
        }
        corners[count++] = at;
    }
    return count;
}

/* Keeps about `most` corners, evenly spread along the curve, both ends among them. */
static size_t thin(struct corner *corners, size_t count, size_t most)
{
    size_t kept = 1, last = count - 1;
    double length = (double)(corners[last].true_positives + corners[last].false_positives), next = 0;
    if (count <= most)
        return count;
    for (size_t i = 1; i < count; i++) {
        double along = (double)(corners[i].true_positives + corners[i].false_positives);
        if (i < last && along < next)
            continue;
        corners[kept++] = corners[i];
        next = along + length / (double)most;
    }
    return kept;
}

static double share(size_t part, size_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

struct areas {
    double auc, average_precision;
};

static struct areas measure(const struct corner *corners, size_t count)
{
    const struct corner *last = &corners[count - 1];
    struct areas areas = {0};
    for (size_t i = 1; i < count; i++) {
        const struct corner *a = &corners[i - 1], *b = &corners[i];
        double recall = share(b->true_positives - a->true_positives, last->true_positives);
        areas.auc += share(b->false_positives - a->false_positives, last->false_positives) *
                     (share(a->true_positives, last->true_positives) + share(b->true_positives, last->true_positives)) /
                     2;
        areas.average_precision += recall * share(b->true_positives, b->true_positives + b->false_positives);
    }
    return areas;
}

enum axis { FPR, TPR, PRECISION, THRESHOLD };

static void write_axis(struct json *j, const char *key, enum axis axis, const struct corner *corners, size_t count)
{
    const struct corner *last = &corners[count - 1];
    json_array(j, key);
    for (size_t i = axis == PRECISION ? 1 : 0; i < count; i++) {
        const struct corner *c = &corners[i];
        double values[] = {[FPR] = share(c->false_positives, last->false_positives),
                           [TPR] = share(c->true_positives, last->true_positives),
                           [PRECISION] = share(c->true_positives, c->true_positives + c->false_positives),
                           [THRESHOLD] = c->threshold};
        json_float(j, NULL, values[axis]);
    }
    json_end(j);
}

static void write_recall(struct json *j, const struct corner *corners, size_t count)
{
    json_array(j, "recall");
    for (size_t i = 1; i < count; i++)
        json_float(j, NULL, share(corners[i].true_positives, corners[count - 1].true_positives));
    json_end(j);
}

void picture_ranking(struct event_sink *sink, const char *channel, const float *score, const float *label, size_t rows,
                     const struct picture_names *names, long step)
{
    struct scored *sorted = malloc((rows + 1) * sizeof *sorted);
    struct corner *corners = malloc((rows + 2) * sizeof *corners);
    struct areas areas;
    struct event e;
    size_t n = 0, count;
    for (size_t i = 0; sorted && i < rows; i++)
        if (!isnan(score[i]))
            sorted[n++] = (struct scored){score[i], label[i]};
    if (!sorted || !corners || n == 0)
        goto out;
    count = find_corners(sorted, n, corners);
    areas = measure(corners, count);
    count = thin(corners, count, CURVE_POINTS);
    begin(&e, sink, "ranking", channel);
    write_axis(&e.json, "fpr", FPR, corners, count);
    write_axis(&e.json, "tpr", TPR, corners, count);
    write_recall(&e.json, corners, count);
    write_axis(&e.json, "precision", PRECISION, corners, count);
    write_axis(&e.json, "threshold", THRESHOLD, corners, count);
    if (corners[count - 1].true_positives && corners[count - 1].false_positives)
        json_number(&e.json, "auc", areas.auc);
    else
        json_null(&e.json, "auc"); /* one class alone cannot be ranked against another */
    json_number(&e.json, "average_precision", areas.average_precision);
    if (names) {
        json_array(&e.json, "classes");
        for (size_t k = 0; k < 2; k++)
            names->write(&e.json, names->of, k);
        json_end(&e.json);
    }
    json_integer(&e.json, "positives", (long long)corners[count - 1].true_positives);
    json_integer(&e.json, "negatives", (long long)corners[count - 1].false_positives);
    end(&e, step);
out:
    free(sorted);
    free(corners);
}

/* --- what is taken for what -----------------------------------------------------------------------------------------
 */

struct class_count {
    size_t class, rows;
};

static int commonest(const void *a, const void *b)
{
    const struct class_count *x = a, *y = b;
    if (x->rows != y->rows)
        return x->rows < y->rows ? 1 : -1;
    return (x->class > y->class) - (x->class < y->class);
}

static int by_class(const void *a, const void *b)
{
    const struct class_count *x = a, *y = b;
    return (x->class > y->class) - (x->class < y->class);
}

static bool is_class(float value, size_t classes)
{
    return value >= 0 && value < (float)classes;
}

/* The classes shown, in their order; all others become `shown`. */
static size_t choose_classes(const float *label, size_t rows, size_t classes, struct class_count *counts, size_t *place)
{
    size_t shown = classes < CLASSES_SHOWN ? classes : CLASSES_SHOWN;
    for (size_t k = 0; k < classes; k++) {
        counts[k] = (struct class_count){k, 0};
        place[k] = shown;
    }
    for (size_t i = 0; i < rows; i++)
        if (is_class(label[i], classes))
            counts[(size_t)label[i]].rows++;
    qsort(counts, classes, sizeof *counts, commonest);
    qsort(counts, shown, sizeof *counts, by_class);
    for (size_t k = 0; k < shown; k++)
        place[counts[k].class] = k;
    return shown;
}

void picture_confusion(struct event_sink *sink, const char *channel, const float *predicted, const float *label,
                       size_t rows, size_t classes, const struct picture_names *names, long step)
{
    size_t table[CLASSES_SHOWN * CLASSES_SHOWN] = {0}, shown;
    struct class_count *counts = malloc((classes + 1) * sizeof *counts);
    size_t *place = malloc((classes + 1) * sizeof *place);
    struct event e;
    if (!counts || !place || classes == 0)
        goto out;
    shown = choose_classes(label, rows, classes, counts, place);
    for (size_t i = 0; i < rows; i++) {
        size_t row = is_class(label[i], classes) ? place[(size_t)label[i]] : shown;
        size_t column = is_class(predicted[i], classes) ? place[(size_t)predicted[i]] : shown;
        if (row < shown && column < shown)
            table[row * shown + column]++;
    }
    begin(&e, sink, "confusion", channel);
    json_array(&e.json, "classes");
    for (size_t k = 0; k < shown; k++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", counts[k].class);
        if (names)
            names->write(&e.json, names->of, counts[k].class);
        else
            json_string(&e.json, NULL, number);
    }
    json_end(&e.json);
    json_array(&e.json, "counts");
    for (size_t k = 0; k < shown; k++) {
        json_array(&e.json, NULL);
        for (size_t m = 0; m < shown; m++)
            json_integer(&e.json, NULL, (long long)table[k * shown + m]);
        json_end(&e.json);
    }
    json_end(&e.json);
    end(&e, step);
out:
    free(counts);
    free(place);
}

/* --- where values are off -------------------------------------------------------------------------------------------
 */

void picture_residuals(struct event_sink *sink, const char *channel, const float *predicted, const float *label,
                       size_t rows, long step)
{
    size_t shown = rows < RESIDUALS_SHOWN ? rows : RESIDUALS_SHOWN;
    struct event e;
    begin(&e, sink, "residuals", channel);
    for (int axis = 0; axis < 2; axis++) {
        json_array(&e.json, axis == 0 ? "predicted" : "residual");
        for (size_t k = 0; k < shown; k++) {
            size_t i = k * rows / shown;
            json_float(&e.json, NULL, axis == 0 ? (double)predicted[i] : (double)label[i] - (double)predicted[i]);
        }
        json_end(&e.json);
    }
    json_integer(&e.json, "rows", (long long)rows);
    end(&e, step);
}
