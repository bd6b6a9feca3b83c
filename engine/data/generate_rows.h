/* Inside the generators: how each one plants its truth and draws a row. Only generate.c includes this. */
#ifndef DATA_GENERATE_ROWS_H
#define DATA_GENERATE_ROWS_H

#include "engine/base/rng.h"
#include "engine/data/generate.h"

struct planted {
    const struct generator *about;
    const double *values; /* of the parameters, in the order of the table */
    size_t columns, classes;
    double noise, bias, bayes;
    double *weights, *scales;      /* columns each: zeroed, scales 1, before plant() */
    double *centres, *shares;      /* classes x columns, classes; NULL when the source has no classes */
    bool has_weights, has_centres; /* out: what the truth tells */
    double (*best)(const struct planted *p, const float *x); /* out: the best guess where it is not linear */
    size_t row, rows;                                        /* the row that is drawn, and of how many */
};

struct source {
    struct generator about;
    size_t columns, classes; /* 0: the parameters d and classes; classes stays 0 for regression */
    void (*plant)(struct planted *p, struct rng *r);
    void (*row)(const struct planted *p, struct rng *r, float *x, float *y);
};

extern const struct source generate_sources[]; /* ends at about.name == NULL */

/* The value of a parameter that the generator has. */
double planted_value(const struct planted *p, const char *name);

/* In generate_shapes.c. */
void plant_bumps(struct planted *p, struct rng *r);
void row_bumps(const struct planted *p, struct rng *r, float *x, float *y);
void plant_friedman(struct planted *p, struct rng *r);
void row_friedman(const struct planted *p, struct rng *r, float *x, float *y);
void plant_imb(struct planted *p, struct rng *r);
void row_imb(const struct planted *p, struct rng *r, float *x, float *y);
void plant_curve(struct planted *p, struct rng *r);
void row_curve(const struct planted *p, struct rng *r, float *x, float *y);
void plant_table(struct planted *p, struct rng *r);
void row_table(const struct planted *p, struct rng *r, float *x, float *y);

/* e^x and 10^x by plain arithmetic, the same bits everywhere; |x| up to 700 and 300. */
double plain_exp(double x);
double plain_power10(double x);

#endif
