/* How a run goes from checkpoint to checkpoint: the learning rate of each update, which checkpoint is the best by the
 * optimised metric, and when it has been enough.
 *
 *   plateau_reduce          the rate falls by `factor` after `plateau` checkpoints without improvement, and again
 *   fixed_rate_inv_t        rate / (1 + t), t: updates over half_life checkpoints of them
 *   fixed_rate_inv_sqrt_t   rate / sqrt(1 + 3 t): half at t = 1 too
 *
 * After `patience` checkpoints without improvement, not before `least_epochs`, the run ends; with `most_epochs` only
 * there. */
#ifndef SEQ2SEQ_COURSE_H
#define SEQ2SEQ_COURSE_H

#include "engine/algo/algorithm.h"

enum course_kind { COURSE_PLATEAU, COURSE_INVERSE, COURSE_INVERSE_ROOT };

struct course {
    enum course_kind kind;
    bool larger_is_better;
    double rate, factor;                            /* plateau: the rate as it is now */
    double half_life, interval;                     /* in checkpoints; updates between two of them */
    double plateau, patience;                       /* checkpoints */
    double least_epochs, most_epochs, most_updates; /* INFINITY: none */
    double best;
    long checkpoints, best_update;
    double bad, bad_since_cut; /* checkpoints in a row without improvement; since the rate fell last */
};

void course_begin(struct course *c, const struct settings *s);
double course_rate(const struct course *c, long updates_done);
bool course_due(const struct course *c, long updates_done);          /* is it time for a checkpoint? */
bool course_checkpoint(struct course *c, double value, long update); /* is it the best so far? */
/* Why the run is over after so many whole epochs, or NULL. */
const char *course_over(const struct course *c, long updates_done, double epochs_done);

#endif
