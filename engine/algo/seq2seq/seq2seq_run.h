/* A training run of Seq2Seq, as its parts see it: seq2seq_train.c goes through it, seq2seq_look.c looks at pairs that
 * are not trained on and tells the watchers. */
#ifndef SEQ2SEQ_RUN_H
#define SEQ2SEQ_RUN_H

#include "engine/algo/seq2seq/batches.h"
#include "engine/algo/seq2seq/course.h"
#include "engine/algo/seq2seq/search.h"
#include "engine/nn/trainer.h"

#define SEQ2SEQ_SHOWN 8 /* pairs whose translations watchers see */

/* What is measured of pairs; bleu NaN: not asked for. */
struct seq2seq_score {
    double perplexity, accuracy, bleu;
};

struct seq2seq_run {
    struct training *t;
    struct network network;
    struct tape *tape;
    struct trainer trainer;
    struct search search;
    struct batches batches[PARTS]; /* test: only where there are such pairs */
    struct batch batch;
    struct course course;
    struct snapshot best;
    struct seq2seq_score best_score;
    bool kept; /* is the best in the snapshot? else it is what the network holds */
    long update, last_metric, last_picture, diverged;
    long epoch;
    uint64_t parts;            /* that went through the network */
    double sum, right, tokens; /* since the last metric: losses, likeliest tokens that are right, tokens */
    double all_tokens;         /* trained on */
};

/* One forward pass; the loss is divided by the tokens of all ranks. NULL rows give nothing. */
struct tensor *seq2seq_forward(struct seq2seq_run *r, const struct batch *b, double scale, struct tensor **right);

/* Of a part, all ranks together. */
int seq2seq_score(struct seq2seq_run *r, int part, struct seq2seq_score *score, struct error *err);
double seq2seq_optimised(const struct seq2seq_run *r, const struct seq2seq_score *score);
void seq2seq_say(struct seq2seq_run *r, const char *channel, const struct seq2seq_score *score);
void seq2seq_settle_metrics(struct seq2seq_run *r, const char *channel, const struct seq2seq_score *score);
int seq2seq_picture(struct seq2seq_run *r, struct error *err);

#endif
