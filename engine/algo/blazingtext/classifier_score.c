#include "engine/algo/blazingtext/classifier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/picture.h"

/* --- scores ---------------------------------------------------------------------------------------------------------
 */

void classifier_report(struct classifier_run *r, int part, const char *measure, double value, bool last)
{
    char name[64];
    snprintf(name, sizeof name, "%s:%s", classifier_parts[part], measure);
    event_metric(r->t->sink, name, value, r->step, (int)r->epoch);
    if (last)
        training_metric(r->t, name, value);
}

static void draw_scores(struct classifier_run *r, const struct classifier_lines *l, const int32_t *guess,
                        const float *probability)
{
    const struct picture_names names = {classifier_write_label, &r->dictionary};
    size_t labels = r->dictionary.labels, n = 0;
    float *said = malloc(l->lines * sizeof *said), *score = malloc(l->lines * sizeof *score),
          *label = malloc(l->lines * sizeof *label);
    bool ok = said && score && label;
    for (size_t i = 0; ok && i < l->lines; i++) {
        size_t count;
        const int32_t *known = classifier_line_labels(l, i, &count);
        if (count == 0)
            continue;
        said[n] = (float)guess[i];
        score[n] = probability[i * labels + labels - 1];
        label[n] = (float)known[0];
        for (size_t k = 1; k < count; k++) /* any of them is right */
            label[n] = known[k] == guess[i] ? said[n] : label[n];
        n++;
    }
    if (n > 0) {
        picture_confusion(r->t->sink, "validation", said, label, n, labels, &names, r->step);
        if (labels == 2)
            picture_ranking(r->t->sink, "validation", score, label, n, &names, r->step);
    }
    free(said);
    free(score);
    free(label);
}

int classifier_score(struct classifier_run *r, int part, bool draw, struct classifier_tally *sum, struct error *err)
{
    const struct classifier_lines *l = &r->lines[part];
    size_t numbers;
    int32_t *guess = malloc(l->lines * sizeof *guess);
    float *probability = NULL;
    *sum = (struct classifier_tally){0};
    draw = draw && !__builtin_mul_overflow(l->lines, r->dictionary.labels, &numbers) && numbers < 1u << 24;
    if (draw)
        probability = malloc(numbers * sizeof *probability);
    if (!guess || (draw && !probability)) {
        free(guess);
        free(probability);
        return classifier_no_memory(err);
    }
    classifier_crew_ask(r->crew, l, guess, probability, sum);
    if (draw)
        draw_scores(r, l, guess, probability);
    free(guess);
    free(probability);
    return 0;
}

double classifier_accuracy(const struct classifier_tally *sum)
{
    return sum->lines ? (double)sum->hits / (double)sum->lines : 0;
}

/* --- early stopping -------------------------------------------------------------------------------------------------
 */

static int keep(struct classifier_run *r, struct error *err)
{
    size_t inputs = r->net.inputs * r->net.stride * sizeof(float),
           outputs = r->net.labels * r->net.stride * sizeof(float);
    if (!r->kept_input)
        r->kept_input = malloc(inputs);
    if (!r->kept_output)
        r->kept_output = malloc(outputs);
    if (!r->kept_input || !r->kept_output)
        return classifier_no_memory(err);
    memcpy(r->kept_input, r->net.input, inputs);
    memcpy(r->kept_output, r->net.output, outputs);
    return 0;
}

void classifier_restore(struct classifier_run *r)
{
    if (!r->kept_input)
        return;
    memcpy(r->net.input, r->kept_input, r->net.inputs * r->net.stride * sizeof(float));
    memcpy(r->net.output, r->kept_output, r->net.labels * r->net.stride * sizeof(float));
}

int classifier_watch(struct classifier_run *r, double value, struct error *err)
{
    if (!r->design.early_stopping)
        return 0;
    if (r->best_epoch == 0 || value > r->best) {
        r->best = value;
        r->best_epoch = r->epoch;
        return keep(r, err);
    }
    if (r->epoch >= r->design.min_epochs && r->epoch - r->best_epoch >= r->design.patience &&
        r->epoch < r->design.epochs) {
        event_log(r->t->sink, "stopped after epoch %ld: the validation accuracy was best after epoch %ld", r->epoch,
                  r->best_epoch);
        r->ended = true;
    }
    return 0;
}
