#include "engine/metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int metric_tally_init(struct metric_tally *m, enum metric_task task, size_t classes, size_t rows)
{
    *m = (struct metric_tally){.task = task, .classes = classes, .capacity = rows, .top_k = 3, .beta = 1};
    if (task == METRIC_BINARY) {
        m->scored = malloc((rows ? rows : 1) * sizeof *m->scored);
        return m->scored ? 0 : -1;
    }
    if (task == METRIC_MULTICLASS) {
        m->hits = calloc(classes * 3, sizeof *m->hits);
        if (!m->hits)
            return -1;
        m->predicted = m->hits + classes;
        m->labelled = m->hits + 2 * classes;
    }
    return 0;
}

void metric_tally_free(struct metric_tally *m)
{
    free(m->scored);
    free(m->hits);
    *m = (struct metric_tally){0};
}

void metric_tally_reset(struct metric_tally *m)
{
    m->rows = m->correct = m->in_top_k = 0;
    m->absolute = m->squared = m->dcg = 0;
    if (m->hits)
        memset(m->hits, 0, m->classes * 3 * sizeof *m->hits);
}

/* --- gathering ------------------------------------------------------------------------------------------------------
 */

static void add_regression(struct metric_tally *m, const float *score, const float *label, size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        double error = (double)score[i] - (double)label[i];
        m->absolute += fabs(error);
        m->squared += error * error;
    }
}

static void add_binary(struct metric_tally *m, const float *score, const float *label, size_t rows)
{
    for (size_t i = 0; i < rows && m->rows + i < m->capacity; i++)
        m->scored[m->rows + i] = (struct metric_scored){score[i], label[i]};
}

static void add_class_row(struct metric_tally *m, const float *score, size_t label)
{
    size_t best = 0, rank = 1;
    for (size_t k = 0; k < m->classes; k++) {
        if (score[k] > score[best])
            best = k;
        rank += score[k] > score[label] || (k < label && score[k] == score[label]);
    }
    m->hits[label] += best == label;
    m->predicted[best]++;
    m->labelled[label]++;
    m->correct += best == label;
    m->in_top_k += rank <= m->top_k;
    m->dcg += 1 / log2(1 + (double)rank);
}

void metric_tally_add(struct metric_tally *m, const float *score, const float *label, size_t rows)
{
    switch (m->task) {
    case METRIC_REGRESSION:
        add_regression(m, score, label, rows);
        break;
    case METRIC_BINARY:
        add_binary(m, score, label, rows);
        break;
    case METRIC_MULTICLASS:
        for (size_t i = 0; i < rows; i++)
            add_class_row(m, score + i * m->classes, (size_t)label[i]);
        break;
    }
    m->rows += rows;
}

/* --- reading --------------------------------------------------------------------------------------------------------
 */

static double ratio(double above, double below)
{
    return below > 0 ? above / below : 0;
}

static double f_score(double precision, double recall, double beta)
{
    return ratio((1 + beta * beta) * precision * recall, beta * beta * precision + recall);
}

/* Order by score; NaN, which a model that diverged gives, comes first. */
static int by_score(const void *a, const void *b)
{
    float x = ((const struct metric_scored *)a)->score, y = ((const struct metric_scored *)b)->score;
    if (isnan(x) || isnan(y))
        return isnan(y) - isnan(x);
    return (x > y) - (x < y);
}

#define DIGIT_BITS 11
#define DIGITS (1u << DIGIT_BITS)
#define FEW 64 /* rows that are sorted as quickly by comparing */

/* A whole number that rises with the score; no number comes first. */
static uint32_t key_of(float score)
{
    uint32_t bits;
    memcpy(&bits, &score, sizeof bits);
    if (isnan(score))
        return 0;
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

/* Digit by digit from the lowest: three passes, whatever the order was. Without memory for a copy, by comparing. */
static void sort_by_score(struct metric_scored *s, size_t rows)
{
    struct metric_scored *copy = rows > FEW ? malloc(rows * sizeof *copy) : NULL, *from = s, *to = copy;
    if (!copy) {
        qsort(s, rows, sizeof *s, by_score);
        return;
    }
    for (unsigned shift = 0; shift < 32; shift += DIGIT_BITS) {
        size_t place[DIGITS] = {0}, sum = 0;
        struct metric_scored *swap = from;
        for (size_t i = 0; i < rows; i++)
            place[key_of(from[i].score) >> shift & (DIGITS - 1)]++;
        for (size_t k = 0; k < DIGITS; k++) {
            size_t count = place[k];
            place[k] = sum;
            sum += count;
        }
        for (size_t i = 0; i < rows; i++)
            to[place[key_of(from[i].score) >> shift & (DIGITS - 1)]++] = from[i];
        from = to;
        to = swap;
    }
    memcpy(s, from, rows * sizeof *s); /* three passes end in the copy */
    free(copy);
}

/* Mann and Whitney's U from ranks: equal scores share the middle of their ranks. `scored` is in order. */
static double roc_auc(const struct metric_scored *scored, size_t n)
{
    double rank_sum = 0, positives = 0, negatives;
    for (size_t i = 0, next; i < n; i = next) {
        double in_tie = 0;
        for (next = i; next < n && scored[next].score == scored[i].score; next++)
            in_tie += scored[next].label > 0;
        if (next == i)
            return NAN;
        rank_sum += in_tie * ((double)(i + next + 1) / 2);
        positives += in_tie;
    }
    negatives = (double)n - positives;
    if (positives == 0 || negatives == 0)
        return NAN;
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives);
}

static size_t finish_binary(struct metric_tally *m, struct metric_value *v)
{
    double hit = 0, predicted = 0, positives = 0, correct = 0, precision, recall;
    for (size_t i = 0; i < m->rows; i++) {
        bool says = (double)m->scored[i].score > m->threshold, is = m->scored[i].label > 0;
        hit += says && is;
        predicted += says;
        positives += is;
        correct += says == is;
    }
    precision = ratio(hit, predicted);
    recall = ratio(hit, positives);
    sort_by_score(m->scored, m->rows);
    v[0] = (struct metric_value){"binary_classification_accuracy", correct / (double)m->rows};
    v[1] = (struct metric_value){"binary_f_beta", f_score(precision, recall, m->beta)};
    v[2] = (struct metric_value){"precision", precision};
    v[3] = (struct metric_value){"recall", recall};
    v[4] = (struct metric_value){"roc_auc_score", roc_auc(m->scored, m->rows)};
    return 5;
}

static size_t finish_multiclass(struct metric_tally *m, struct metric_value *v)
{
    double precisions = 0, recalls = 0, f_scores = 0, rows = (double)m->rows;
    size_t present = 0;
    for (size_t k = 0; k < m->classes; k++) {
        double precision = ratio((double)m->hits[k], (double)m->predicted[k]);
        double recall = ratio((double)m->hits[k], (double)m->labelled[k]);
        if (!m->predicted[k] && !m->labelled[k])
            continue;
        present++;
        precisions += precision;
        recalls += recall;
        f_scores += f_score(precision, recall, m->beta);
    }
    v[0] = (struct metric_value){"multiclass_accuracy", (double)m->correct / rows};
    v[1] = (struct metric_value){"multiclass_top_k_accuracy", (double)m->in_top_k / rows};
    v[2] = (struct metric_value){"macro_f_beta", f_scores / (double)present};
    v[3] = (struct metric_value){"macro_precision", precisions / (double)present};
    v[4] = (struct metric_value){"macro_recall", recalls / (double)present};
    v[5] = (struct metric_value){"dcg", m->dcg / rows};
    return 6;
}

size_t metric_tally_finish(struct metric_tally *m, struct metric_value values[METRIC_VALUES_MAX])
{
    double rows = (double)m->rows;
    if (m->rows == 0)
        return 0;
    if (m->task == METRIC_BINARY)
        return finish_binary(m, values);
    if (m->task == METRIC_MULTICLASS)
        return finish_multiclass(m, values);
    values[0] = (struct metric_value){"absolute_loss", m->absolute / rows};
    values[1] = (struct metric_value){"mse", m->squared / rows};
    values[2] = (struct metric_value){"rmse", sqrt(m->squared / rows)};
    return 3;
}

/* --- calibrating ----------------------------------------------------------------------------------------------------
 */

/* How good a threshold is, larger is better. Reaching the target comes first: 1 + the other measure; below it, the
 * measure that should reach it. */
static double merit(const struct metric_tally *m, enum metric_criterion criterion, double target, double hit,
                    double predicted, double positives)
{
    double precision = ratio(hit, predicted), recall = ratio(hit, positives);
    switch (criterion) {
    case METRIC_ACCURACY:
        return (hit + (double)m->rows - predicted - positives + hit) / (double)m->rows;
    case METRIC_F_BETA:
        return f_score(precision, recall, m->beta);
    case METRIC_PRECISION_AT_RECALL:
        return recall >= target ? 1 + precision : recall;
    default:
        return precision >= target ? 1 + recall : precision;
    }
}

double metric_calibrate(struct metric_tally *m, enum metric_criterion criterion, double target, double fallback)
{
    double positives = 0, hit = 0, predicted = 0, best = fallback, best_merit;
    struct metric_scored *s = m->scored;
    sort_by_score(s, m->rows);
    for (size_t i = 0; i < m->rows; i++) {
        positives += s[i].label > 0;
        hit += (double)s[i].score > fallback && s[i].label > 0;
        predicted += (double)s[i].score > fallback;
    }
    best_merit = merit(m, criterion, target, hit, predicted, positives);
    hit = predicted = 0;
    for (size_t i = m->rows; i-- > 1;) {
        double merit_here;
        predicted++;
        hit += s[i].label > 0;
        if (!(s[i - 1].score < s[i].score))
            continue;
        merit_here = merit(m, criterion, target, hit, predicted, positives);
        if (merit_here > best_merit) {
            best_merit = merit_here;
            best = ((double)s[i - 1].score + (double)s[i].score) / 2;
        }
    }
    return best;
}
