/* XGBoost: trees (gbtree, dart) or linear weights (gblinear) added one after another, each against the gradient of what
 * the ones before left.
 *
 * xgboost.c is what it takes (the table), xgboost_train.c the loop over rounds, booster_dart.c and booster_linear.c
 * what those boosters do differently, xgboost_picture.c what a watcher sees, xgboost_model.c saving and answering. */
#ifndef XGBOOST_XGBOOST_H
#define XGBOOST_XGBOOST_H

#include "engine/algo/algorithm.h"
#include "engine/algo/xgboost/forest.h"
#include "engine/algo/xgboost/score.h"

#define XGBOOST_SCORES 10            /* metrics of one run at most */
#define XGBOOST_FILE "xgboost-model" /* the service's name of the saved model */

extern const struct algorithm xgboost;

int xgboost_train(struct training *t, struct error *err);

/* --- from settings to numbers; xgboost_setup.c ----------------------------------------------------------------------
 */

/* What the objective reads. Also the place where num_class is checked against the objective. */
void xgboost_objective_settings(const struct settings *s, const struct objective *o, struct objective_settings *out);
/* The metrics in the order of eval_metric, without repeats; the objective's own when it names none. */
int xgboost_scores(const struct settings *s, const struct objective *o, struct score *scores, int *count,
                   struct error *err);
/* Is `updater` a list that can be run with these settings? */
int xgboost_check_updater(const struct settings *s, struct error *err);
/* "(1,0,-1)": one sign per column, the rest 0. columns 0: only the spelling is checked, *signs stays NULL. */
int xgboost_monotone(const char *text, size_t columns, signed char **signs, struct error *err);
/* "[[0,1],[2,3]]": see grow_settings. columns 0 as above. */
int xgboost_interactions(const char *text, size_t columns, uint64_t **allowed, size_t *groups, struct error *err);

/* tree_method=gpu_hist does; gblinear and exact are not for a GPU. */
const char *xgboost_wants_gpu(const struct settings *s);
int xgboost_check_gpu(const struct training *t, struct error *err);

struct grow_plan {
    struct grow_settings grow;
    signed char *monotone;
    uint64_t *allowed;
};
/* `rows` of all ranks: tree_method=auto is settled by them. The plan owns what its pointers point to. */
int xgboost_grow_plan(const struct training *t, uint64_t seed, struct grow_plan *plan, struct error *err);
void xgboost_grow_plan_free(struct grow_plan *plan);
const char *xgboost_method_name(enum grow_method method);

/* --- saved models; xgboost_model.c ----------------------------------------------------------------------------------
 */

int xgboost_save(const struct forest *f, struct model_writer *to, struct error *err);
void *xgboost_load(const char *dir, const struct settings *settings, struct error *err);
void xgboost_unload(void *model);
int xgboost_invoke(const void *model, const struct request *in, struct answer *out, struct error *err);
extern const char *const xgboost_accepts[];

#endif
