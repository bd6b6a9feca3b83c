/* One run of boosting: the model so far, the rows whose scores are followed, and what each booster does in a round.
 * Inside XGBoost only.
 *
 * Invariant after a round: each followed margin is what the model of all rounds says of its rows. */
#ifndef XGBOOST_BOOST_H
#define XGBOOST_BOOST_H

#include "engine/algo/xgboost/xgboost.h"
#include "engine/base/rng.h"

/* Rows whose scores are followed from round to round. */
struct follow {
    const char *name;           /* of the channel; of a picture's grid NULL */
    const struct dataset *data; /* NULL: nothing is followed */
    float *margin;              /* rows x outputs */
    float *dropped;             /* dart: what the dropped trees say of the rows; NULL until some are */
    double value[XGBOOST_SCORES];
};

enum { FOLLOW_TRAIN, FOLLOW_VALIDATION, FOLLOW_GRID, FOLLOW_COUNT };

struct dart;
struct linear_columns;

struct boost {
    struct training *t;
    struct forest forest;
    struct score scores[XGBOOST_SCORES];
    int score_count;
    struct pool *pool;
    struct follow follow[FOLLOW_COUNT];
    struct dataset grid;        /* of the picture of a model of 1 or 2 features */
    struct dataset all;         /* with comm: labels and weights of all ranks' rows, for the metrics of training */
    float *prediction;          /* room for that of the longest channel */
    struct gradient *gradients; /* outputs x rows */
    struct grow_plan plan;
    struct grower *grower; /* NULL: gblinear */
    struct dart *dart;     /* NULL: another booster */
    struct linear_columns *linear;
    uint64_t seed, trees; /* grown so far */
    int round, rounds;    /* now, from 1; at most */
    int patience;         /* early_stopping_rounds; 0: none */
    int best_round;       /* by the last metric of the last channel, from 1; 0: none yet */
    double best_value;
    double best_values[XGBOOST_SCORES];
    float *best_weights; /* gblinear, or dart's scales, at the best round */
    int said_round;      /* the last whose metrics went out */
    int verbosity;
    bool speaks; /* this rank says events */
    bool diverged;
};

static inline size_t boost_outputs(const struct boost *b)
{
    return b->forest.outputs;
}

/* Starts to follow rows: their margins are those of the model so far. */
int boost_follow(struct boost *b, int which, const char *name, const struct dataset *data, struct error *err);
/* Margins to predictions, by all threads. */
void boost_predict(const struct boost *b, const float *margin, size_t rows, float *prediction);

/* reg:absoluteerror: leaves of a tree to the median of what is left in them, times eta. */
int boost_adapt(struct boost *b, struct tree *tree, float *margin, bool add, struct error *err);
/* The median of all ranks' labels, where such an objective starts. */
int boost_median_label(const struct training *t, double *median, struct error *err);

/* --- booster_dart.c: trees are left out while the next ones are grown ----------------------------------------------
 */

int dart_open(struct boost *b, struct error *err);
void dart_close(struct boost *b);
int dart_drop(struct boost *b, struct error *err); /* before the gradients */
bool dart_dropped(const struct boost *b);          /* are some left out now? */
void dart_restore(struct boost *b, int first);     /* after trees first .. count - 1 were grown */

/* --- booster_linear.c: coordinate descent ---------------------------------------------------------------------------
 */

int linear_open(struct boost *b, struct error *err);
void linear_close(struct boost *b);
int linear_round(struct boost *b, struct error *err); /* from gradients to better weights */

/* --- xgboost_picture.c ----------------------------------------------------------------------------------------------
 */

/* Makes b->grid where the data have 1 or 2 features. */
int boost_picture_open(struct boost *b, struct error *err);
void boost_picture_start(struct boost *b);
void boost_picture_round(struct boost *b); /* what is due after this round */
void boost_picture_end(struct boost *b);

#endif
