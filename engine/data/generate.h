/* Small made data with planted truth (the catalogue's generators). A recipe is NAME[:parameter=value,...]:
 * "gauss2:n=2000,noise=0.2". Same recipe and seed, same bytes, on every machine. */
#ifndef DATA_GENERATE_H
#define DATA_GENERATE_H

#include "engine/base/error.h"
#include "engine/base/json.h"
#include "engine/data/dataset.h"

struct generator_parameter {
    const char *name;
    double fallback, min, max;
    const char *help;
};

struct generator {
    const char *name, *title, *help;
    const char *task; /* "binary", "multiclass", "regression": what its labels are for */
    struct generator_parameter parameters[8]; /* ends at name == NULL */
};

extern const struct generator *const generators[]; /* ends at NULL */

/* What the generator planted, for scoring; only the fields that the generator has are set. */
struct generator_truth {
    float *weights, *scales; /* columns each, or NULL */
    double bias, bayes;      /* best reachable accuracy or loss; NaN when not known */
};

/* Three independent parts from one source: the planted truth is drawn once, then train, validation and test rows.
 * `truth` may be NULL. Unknown names and values out of range are ERROR_INPUT and say what would be right. */
int generate(const char *recipe, uint64_t seed, struct dataset *train, struct dataset *validation, struct dataset *test,
             struct generator_truth *truth, struct error *err);
void generator_truth_free(struct generator_truth *truth);

void generator_describe(struct json *j, const struct generator *g); /* {"name","title","help","task","parameters":[..]} */

#endif
