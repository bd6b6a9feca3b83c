/* Small made data with planted truth (the catalogue's generators). A recipe is NAME[:parameter=value,...]:
 * "gauss2:n=2000,noise=0.2". Same recipe and seed, same bytes, on every machine: nothing here asks the C library for
 * a sine, logarithm or power.
 *
 * n counts the training rows; validation has half as many (200 to 4,000), test always has GENERATE_TEST_ROWS, because
 * many rows cost nothing here and make small effects visible. Labels of classes are 0, 1, 2, ... */
#ifndef DATA_GENERATE_H
#define DATA_GENERATE_H

#include <stdbool.h>

#include "engine/base/error.h"
#include "engine/base/json.h"
#include "engine/data/parts.h"

#define GENERATE_TEST_ROWS 4000
#define GENERATE_VALUES_MAX 20000000 /* training rows x columns: 80 MB */

struct generator_parameter {
    const char *name;
    double fallback, min, max;
    bool whole; /* only whole numbers make sense */
    const char *help;
};

#define GENERATOR_PARAMETERS 16

struct generator {
    const char *name, *title, *help;
    const char *task; /* what its labels are for: "binary", "multiclass", "regression"; "forecast", "translation" */
    struct generator_parameter parameters[GENERATOR_PARAMETERS]; /* ends at name == NULL */
};

const struct generator *generator_at(size_t i); /* NULL after the last */
enum data_kind generator_kind(const struct generator *g);
const struct generator *generator_find(const char *recipe); /* by the name that begins it; NULL: none */
double generator_value(const struct generator *g, const double *values, const char *name); /* NaN: has none */

/* What the generator planted, for scoring; only the fields that the generator has are set. The best guess is
 * weights . (x / scales) + bias: a value, or class 1 when above 0; with more classes the most likely centre; where
 * `shape` is set, generator_best(): a value, or class 1 when above 0. */
struct planted;
struct generator_truth {
    float *weights, *scales; /* columns each, or NULL */
    float *centres, *shares; /* gauss_mix: classes x columns, and each class's share of the rows; or NULL */
    size_t classes;          /* 0 for regression */
    double bias, bayes;      /* best reachable accuracy or mean squared error; NaN when not known */
    struct planted *shape;   /* of sources that are not linear: what they were planted with; or NULL */
};

/* Three independent parts from one source: the planted truth is drawn once, then train, validation and test rows.
 * `truth` may be NULL. Unknown names and values out of range are ERROR_INPUT and say what would be right. */
int generate(const char *recipe, uint64_t seed, struct dataset *train, struct dataset *validation, struct dataset *test,
             struct generator_truth *truth, struct error *err);

/* The same for data of any kind, made.h's too; on -1 nothing is left to free. */
int generate_parts(const char *recipe, uint64_t seed, struct parts *parts, struct error *err);

double generator_best(const struct generator_truth *truth, const float *x); /* of a row, where `shape` is set */
void generator_truth_free(struct generator_truth *truth);

void generator_describe(struct json *j,
                        const struct generator *g); /* {"name","title","help","task","parameters":[..]} */

#endif
