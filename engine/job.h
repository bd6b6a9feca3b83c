/* From a description (names, paths, settings) to a finished run. The commands and the experiments both come through
 * here, so that what a page ran is what the printed command repeats. */
#ifndef ENGINE_JOB_H
#define ENGINE_JOB_H

#include "engine/algo/algorithm.h"

struct job {
    const char *algorithm;
    const char *train, *validation, *test; /* paths: file, folder, "-"; NULL when not given */
    const char *vocabulary, *auxiliary;    /* channels of some algorithms: folders; NULL when not given */
    const char *annotation[2];             /* channels "train_annotation" and "validation_annotation": folders */
    const char *resume;                    /* channel "model": the folder of an earlier model to go on from */
    const char *content_type;              /* NULL: told from the file's name */
    const char *generate;                  /* recipe instead of paths, see data/generate.h */
    bool pipe;                             /* training rows stream (Pipe mode) */
    bool weights;                          /* set by job_run: the second CSV column holds weights */
    const char *model_dir;                 /* where to save; NULL: nowhere */
    struct model_writer *model;            /* set by job_prepare */
    struct settings settings;              /* as given */
    uint64_t seed;
    int threads;
    int ranks;          /* parts that the training rows are spread over */
    const char *spread; /* "threads", "processes", "mpi"; NULL: threads, and mpi where mpirun started us */
    const char *device; /* "auto", "cpu", "cuda" */
    double pace;        /* seconds slept per step */
};

/* Opens what will be written, before the process is confined. job_end gives it back. */
int job_prepare(struct job *job, struct error *err);
void job_end(struct job *job);

/* Runs the whole job: resolve, read, start event, train, end event. On -1 the caller reports `err`. */
int job_run(const struct job *job, struct event_sink *sink, struct error *err);

/* The inner part, for experiments: trains on data that is there already, says no start or end. Fills t->metrics. */
int job_train(const struct algorithm *algorithm, struct training *t, struct error *err);

#endif
