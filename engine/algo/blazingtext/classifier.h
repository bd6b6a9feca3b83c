/* A run of BlazingText's text classification (mode=supervised): the model of Joulin et al. 2017, trained as fastText
 * trains it: a step for each line, at a rate that falls evenly to 0. Only the lines' order is not that of the text but
 * drawn anew for each epoch: sorted text can be learned, too, and any is learned a little better.
 *
 *   classifier          text, epochs, saving
 *   classifier_score    metrics, early stopping
 *   classifier_lines    text as numbers of rows
 *   classifier_net      the weights and a step
 *   classifier_crew     threads
 *   classifier_picture  sentences and what their words add
 *
 * Opened once the text of the first epoch is there. */
#ifndef BLAZINGTEXT_CLASSIFIER_H
#define BLAZINGTEXT_CLASSIFIER_H

#include "engine/algo/algorithm.h"
#include "engine/algo/blazingtext/classifier_crew.h"
#include "engine/algo/blazingtext/classifier_picture.h"
#include "engine/algo/blazingtext/words_gpu.h"

struct classifier_design {
    size_t width;
    uint32_t buckets;
    int ngrams;
    uint64_t least; /* of a word */
    long epochs, min_epochs, patience;
    double rate;
    bool early_stopping, deterministic;
};

struct classifier_run {
    struct training *t;
    struct classifier_design design;
    struct dictionary dictionary;
    struct buckets buckets;
    struct classifier_words words;        /* of those two */
    struct classifier_lines lines[PARTS]; /* in Pipe mode those of the epoch */
    bool given[PARTS];
    uint32_t *order; /* of the training lines in this epoch */
    struct classifier_net net;
    struct classifier_crew *crew;
    struct words_gpu *gpu; /* the device that learns; NULL: the crew does */
    struct classifier_picture picture;
    long epoch, step; /* of which this is the first: 1 */
    bool ended, diverged;
    double best; /* validation accuracy */
    long best_epoch;
    float *kept_input, *kept_output; /* early stopping: weights of the best epoch */
    double read_seconds;             /* Pipe mode */
};

extern const char *const classifier_parts[PARTS];
int classifier_no_memory(struct error *err); /* -1 */

/* Metrics; the last of a run stays with it. */
void classifier_report(struct classifier_run *r, int part, const char *measure, double value, bool last);
/* What the model is worth on a part; `draw`: with the pictures of it, where there are not too many labels. */
int classifier_score(struct classifier_run *r, int part, bool draw, struct classifier_tally *sum, struct error *err);
double classifier_accuracy(const struct classifier_tally *sum);

/* Early stopping: keeps the weights when this accuracy is the best so far, ends the run when it was long ago. */
int classifier_watch(struct classifier_run *r, double accuracy, struct error *err);
void classifier_restore(struct classifier_run *r); /* those that were kept, if any were */

#endif
