#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/algo/algorithm.h"
#include "engine/algo/blazingtext/blazingtext.h"
#include "engine/algo/deepar/deepar.h"
#include "engine/algo/detection/detection.h"
#include "engine/algo/linear/linear_learner.h"
#include "engine/algo/object2vec/object2vec.h"
#include "engine/algo/seq2seq/seq2seq.h"
#include "engine/algo/xgboost/xgboost.h"
#include "engine/base/clock.h"
#include "engine/suggest.h"

const struct algorithm *const algorithm_table[] = {
    &linear_learner, &xgboost, &seq2seq, &deepar, &blazingtext, &object2vec, &object_detection, NULL,
};

static void list_names(char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (const struct algorithm *const *a = algorithm_table; *a && used < size; a++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", (*a)->name);
}

const struct algorithm *algorithm_find(const char *name, struct error *err)
{
    struct suggestion near = {0};
    char names[200], fix[256];
    for (const struct algorithm *const *a = algorithm_table; *a; a++) {
        suggest_offer(&near, name, (*a)->name);
        if (strcmp((*a)->name, name) == 0)
            return *a;
    }
    list_names(names, sizeof names);
    if (near.name[0])
        snprintf(fix, sizeof fix, "did you mean %s?", near.name);
    else
        snprintf(fix, sizeof fix, "give one of %s", names);
    error_set(err, ERROR_INPUT, "algorithm", fix, "There is no algorithm '%.100s'", name);
    return NULL;
}

void training_data(struct training *t, const struct parts *parts, bool test)
{
    const struct dataset **tables[PARTS] = {&t->train, &t->validation, &t->test};
    for (int i = 0; i < (test ? PARTS : PART_TEST); i++) {
        bool there = parts_count(parts, i) > 0;
        *tables[i] = parts->kind == DATA_TABLE && (there || i == PART_TRAIN) ? &parts->table[i] : NULL;
        t->series[i] = parts->kind == DATA_SERIES && there ? &parts->series[i] : NULL;
        t->pairs[i] = parts->kind == DATA_PAIRS && there ? &parts->pairs[i] : NULL;
        t->text[i] = parts->kind == DATA_TEXT && there ? &parts->text[i] : NULL;
        t->images[i] = parts->kind == DATA_IMAGES && there ? &parts->images[i] : NULL;
    }
    for (int i = 0; i < 2; i++)
        t->vocabulary[i] = parts->vocabulary[i].size ? &parts->vocabulary[i] : NULL;
}

bool training_stopping(struct training *t)
{
    double stop = event_stopping(t->sink);
    struct error err;
    if (comm_ranks(t->comm) > 1 && comm_max_double(t->comm, &stop, 1, &err) < 0)
        return true; /* the next call to the others says why */
    if (stop > 0)
        t->sink->stopped = true;
    return stop > 0;
}

#define PACE_SLICE 0.05 /* seconds between looks at whether the run should stop */

void training_pace(const struct training *t)
{
    for (double left = t->pace; left > 0 && !event_stopping(t->sink); left -= PACE_SLICE)
        clock_sleep(fmin(left, PACE_SLICE));
}

/* --- final metrics --------------------------------------------------------------------------------------------------
 */

void training_metric(struct training *t, const char *name, double value)
{
    const int max = (int)(sizeof t->metrics / sizeof *t->metrics);
    int i = 0;
    while (i < t->metric_count && strcmp(t->metrics[i].name, name) != 0)
        i++;
    if (i == max)
        return;
    if (i == t->metric_count)
        t->metric_count++;
    snprintf(t->metrics[i].name, sizeof t->metrics[i].name, "%s", name);
    t->metrics[i].value = value;
}

double training_metric_value(const struct training *t, const char *name)
{
    for (int i = 0; i < t->metric_count; i++)
        if (strcmp(t->metrics[i].name, name) == 0)
            return t->metrics[i].value;
    return NAN;
}
