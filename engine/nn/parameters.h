/* The weights of a network: all in one array and their slopes in another, so that a step of the optimiser, the
 * clipping, the exchange between ranks and a saved file each see one array.
 *
 *     struct parameters p;
 *     parameters_open(&p, &backend_cpu);
 *     w = parameters_add(&p, "encoder.w", 2, (size_t[]){40, 160}, (struct init){INIT_XAVIER, ...});   keep the pointer
 *     parameters_settle(&p, seed, &err);           allocates and draws; from here on tensors have data and grad
 *     parameters_close(&p);
 */
#ifndef NN_PARAMETERS_H
#define NN_PARAMETERS_H

#include "engine/base/error.h"
#include "engine/base/str.h"
#include "engine/tensor/backend.h"

enum init_kind {
    INIT_CONSTANT, /* scale */
    INIT_UNIFORM,  /* in (-scale, scale) */
    INIT_NORMAL,   /* standard deviation scale */
    INIT_XAVIER,   /* uniform in (-r, r), r = sqrt(scale / n); n by `factor` */
};
enum init_factor { FACTOR_AVG, FACTOR_IN, FACTOR_OUT }; /* n: (fan in + fan out) / 2, fan in, fan out */

struct init {
    enum init_kind kind;
    double scale;
    enum init_factor factor;
    size_t fan_in, fan_out; /* 0: the first and last dimension */
};

#define PARAMETERS_MAX 256
#define PARAMETER_NAME 48

struct parameter {
    char name[PARAMETER_NAME];
    struct tensor tensor;
    struct init init;
    size_t offset; /* in the arrays */
    bool table;    /* looked up by row: on a host it keeps touched rows, so that clearing need not see all */
    bool fixed;    /* no slope, no step: running means, frozen tables */
};

struct parameters {
    const struct backend *backend;
    struct parameter *items;
    size_t count;
    void *data, *grad; /* `numbers` each, on the backend's device; fixed ones come last */
    size_t numbers;    /* all */
    size_t learned;    /* of them: these get slopes and steps; tables come last of these */
    size_t dense;      /* of the learned: not of tables */
};

void parameters_open(struct parameters *p, const struct backend *backend);
void parameters_close(struct parameters *p);

/* Pointers stay good until parameters_close. NULL: no memory, or too many. */
struct tensor *parameters_add(struct parameters *p, const char *name, int rank, const size_t *shape, struct init init);
struct tensor *parameters_add_table(struct parameters *p, const char *name, size_t rows, size_t width,
                                    struct init init);
struct tensor *parameters_add_fixed(struct parameters *p, const char *name, int rank, const size_t *shape,
                                    struct init init);

/* Each parameter draws from a stream of its own: two networks that share a name and a seed start it alike. */
int parameters_settle(struct parameters *p, uint64_t seed, struct error *err);

/* Slopes to 0: what the tape has not added to counts as 0 (tensor.h), and of tables only touched rows are cleared. */
void parameters_clear(struct parameters *p);

/* Numbers of one parameter as floats, from or to the device; they wait. */
void parameters_get(const struct parameters *p, const struct tensor *w, float *values);
void parameters_set(struct parameters *p, struct tensor *w, const float *values);

/* A copy of all numbers, to go back to the best epoch. */
struct snapshot {
    void *data;
};
int parameters_keep(const struct parameters *p, struct snapshot *s, struct error *err);
void parameters_restore(struct parameters *p, const struct snapshot *s);
void snapshot_free(const struct parameters *p, struct snapshot *s);

/* As bytes: name, shape and float32 of each. Reading wants the same names and shapes, and says what differs: a file
 * that is cut short, one of another network, numbers that are NaN. */
int parameters_write(const struct parameters *p, struct str *out, struct error *err);
int parameters_read(struct parameters *p, const void *bytes, size_t len, const char *name, struct error *err);

#endif
