/* From slopes to the next weights: clipping, the optimiser over all parameters, and what it takes to stop and go on.
 *
 *     trainer_open(&tr, &parameters, &(struct trainer_settings){...}, &err);
 *     for each step: tape ... tape_backward; trainer_step(&tr, tape, rate, &err);       slopes are 0 again after it
 *     trainer_close(&tr);
 */
#ifndef NN_TRAINER_H
#define NN_TRAINER_H

#include "engine/comm.h"
#include "engine/nn/optimiser.h"
#include "engine/nn/parameters.h"
#include "engine/tensor/tape.h"

enum clip { CLIP_NONE, CLIP_NORM, CLIP_VALUE };

struct trainer_settings {
    enum optimiser_kind optimiser;
    float momentum, beta_1, beta_2; /* 0: the kind's own default */
    double decay;                   /* L2 added to the slopes */
    enum clip clip;
    double limit;          /* of the norm of all slopes, or of each */
    const char *clip_name; /* the setting that clips, for errors; NULL: there is none */
    bool lazy;             /* tables: only touched rows take a step (row_sparse): adam, adagrad or sgd, on the CPU */
    struct comm *comm;     /* slopes are summed over the ranks first; NULL: this process alone */
};

struct piece;

struct trainer {
    struct parameters *parameters;
    struct trainer_settings settings;
    struct optimiser optimiser;
    void *state;          /* the optimiser's, on the device */
    struct piece *pieces; /* the numbers of a step, shared out over threads */
    size_t piece_count;
    uint8_t *awake; /* of each row of each table: may its state be other than 0? */
    float *packed;  /* rows of a table on their way to the other ranks */
    size_t packed_room;
    uint64_t steps;
};

int trainer_open(struct trainer *tr, struct parameters *p, const struct trainer_settings *s, struct error *err);
void trainer_close(struct trainer *tr);

/* One step at this learning rate. Slopes that are not finite are an error that names the step and says what to set. The
 * pool of `tape` shares the work. */
int trainer_step(struct trainer *tr, struct tape *tape, double rate, struct error *err);

/* Weights, optimiser and step count as bytes; a run that goes on from them gives the same numbers as one that never
 * stopped. */
int trainer_save(const struct trainer *tr, struct str *out, struct error *err);
int trainer_resume(struct trainer *tr, const void *bytes, size_t len, const char *name, struct error *err);

#endif
