/* One const table per algorithm says what it takes; validation, `describe`, the web form and the check that a card's
 * stated default is right all come from it. Adding an algorithm: its file, one line in table.c, its experiments file.
 */
#ifndef ALGO_ALGORITHM_H
#define ALGO_ALGORITHM_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/comm.h"
#include "engine/data/parts.h"
#include "engine/event.h"
#include "engine/format/format.h"
#include "engine/format/payload.h"

struct model_writer;
struct gpu;

enum hyper_type { HYPER_INTEGER, HYPER_FLOAT, HYPER_BOOLEAN, HYPER_CHOICE, HYPER_TEXT };

struct hyperparameter {
    const char *name; /* the service's spelling */
    enum hyper_type type;
    bool takes_auto, takes_empty; /* the word auto; no text at all */
    bool min_open, max_open;      /* the bound itself is not allowed */
    double min, max;              /* of numbers; +-INFINITY for none */
    const char *choices;          /* "uniform|normal"; of a number: words it takes besides; else NULL */
    const char *fallback;         /* the documented default, as text; NULL: none */
    bool required;
    const char *when;    /* read only then: "predictor_type=multiclass_classifier"; NULL: always */
    const char *not_yet; /* sentence: why any value but the default is refused; NULL: effective */
    const char *help;    /* one line */
    const char *alias;   /* another name that means the same; NULL: none */
};

/* Name = value pairs as given, then as resolved. Small: looked up by a linear search. */
#define SETTINGS_MAX 96
struct setting {
    char name[48];
    char value[512];
    bool given;
};
struct settings {
    struct setting items[SETTINGS_MAX];
    int count;
};

/* Adds or replaces; -1 when the name or value is too long or the table is full. */
int settings_set(struct settings *s, const char *name, const char *value, struct error *err);
void settings_settle(struct settings *s, const char *name, const char *value); /* replaces; `given` stays */
const char *settings_get(const struct settings *s, const char *name);          /* NULL when absent */
double settings_number(const struct settings *s, const char *name);            /* NaN when absent or "auto" */
bool settings_true(const struct settings *s, const char *name);
bool settings_is(const struct settings *s, const char *name, const char *value);
bool settings_given(const struct settings *s, const char *name); /* by the user, not a default */

/* Everything a training run needs. The learner reports through `sink` and leaves its final metrics in `metrics`. */
struct final_metric {
    char name[64]; /* "test:binary_classification_accuracy" */
    double value;
};

/* A look inside a linear model while it trains, in the units the optimiser works in:
 * score = weights . ((x - shift) * factor) + bias, of the first class. */
struct trace {
    const float *weights, *shift, *factor; /* columns each */
    size_t columns;
    float bias;
    long step; /* 0: before the first step */
};

struct training {
    const struct settings *settings;                 /* resolved and checked */
    const struct dataset *train, *validation, *test; /* DATA_TABLE; the last two may be NULL */
    const struct series_set *series[PARTS];          /* DATA_SERIES; NULL: not given */
    const struct pairs *pairs[PARTS];                /* DATA_PAIRS; NULL: not given */
    const struct text *text[PARTS];                  /* DATA_TEXT; NULL: not given */
    const struct images *images[PARTS];              /* DATA_IMAGES; NULL: not given */
    const struct vocabulary *vocabulary[2];          /* channel "vocab", of sides 0 and 1; NULL: not given */
    const char *auxiliary;                           /* channel "auxiliary": a folder; NULL: not given */
    const char *resume;                              /* channel "model": the folder of an earlier model of the same
                                                        algorithm to go on from; NULL: not given */
    const struct channel *pipe;                      /* Pipe mode: where training data stream from; then train is NULL;
                                                        of text and images a whole epoch is read at a time */
    struct comm *comm;                               /* NULL: this process alone */
    uint64_t first_row;    /* with comm: train is this rank's share and begins at this row; series and pairs are
                              whole on every rank, which takes its part of each mini-batch */
    uint64_t all_rows;     /* of all ranks; train->rows without comm */
    const struct gpu *gpu; /* train on it (engine/gpu.h); NULL: on the CPU. A network asks nn/placement.h */
    bool gpu_asked;        /* by --device or a setting: no other device will do */
    uint64_t seed;
    int threads;
    double pace; /* seconds slept after each step so that people can watch; 0: full speed */
    struct event_sink *sink;
    void (*trace)(void *context, const struct trace *at); /* called before the first and after every step; or NULL */
    void *trace_context;
    struct final_metric metrics[48]; /* out */
    int metric_count;
    struct model_writer *model; /* where to save (engine/model.h), or NULL */
    double train_seconds;       /* out: from the first look at the data to the last step, without pace and reading */
    uint64_t pipe_bytes;        /* out: read in Pipe mode */
    double rows_seen;           /* out: training rows times epochs */
    double step_seconds;        /* out: time spent in training steps, without pace and evaluation */
};

/* Lets the run learn from the parts that are there; from the test part only with `test`. */
void training_data(struct training *t, const struct parts *parts, bool test);

/* Should the run end now? All ranks get the same answer, so that none waits for another; ask after every step. */
bool training_stopping(struct training *t);
void training_pace(const struct training *t); /* sleeps as long as `pace` asks, or until the run should end */

/* Adds or replaces a final metric. */
void training_metric(struct training *t, const char *name, double value);
double training_metric_value(const struct training *t, const char *name); /* NaN when absent */

struct algorithm {
    const char *name, *title;
    enum data_kind data;
    const struct hyperparameter *hyperparameters; /* ends at name == NULL */
    const char *const *content_types;             /* of training data; ends at NULL */
    const char *const *channels;                  /* the first is required; ends at NULL */
    const char *const *pictures;                  /* kinds it emits; ends at NULL */
    const char *const *generators;                /* made data it can train on; ends at NULL */
    bool takes_sparse;                            /* sparse data come as they are; else they are made dense first */
    bool takes_pipe;                              /* Pipe mode: training rows may be streamed */
    bool takes_gpu;
    const char *(*wants_gpu)(const struct settings *s); /* the setting that asks for a GPU, or NULL. NULL: none can */
    /* Why a GPU does not take this training, whose data are there; 0 when it does. NULL: it takes any. */
    int (*check_gpu)(const struct training *t, struct error *err);
    bool float32_only;            /* of records: tensors of other numbers are refused, as the service does */
    enum dataset_missing missing; /* what an absent entry of sparse data means to it */
    /* Writes the value that will be used in place of each "auto" that is known before the data. NULL: none has one. */
    void (*settle)(struct settings *s);
    /* Checks what a table cannot say (pairs that make no sense), after settle. NULL: nothing more to check. */
    int (*check)(const struct settings *s, struct error *err);
    /* Returns 0 also when the sink asked to stop (sink->stopped). Divergence is a result, not an error. */
    int (*train)(struct training *t, struct error *err);
    const char *const *model_files; /* what train saves by model_writer_put; ends at NULL */
    /* What train saved to a folder, ready to answer; the caller unloads. `settings` as the model was trained with. */
    void *(*load)(const char *dir, const struct settings *settings, struct error *err);
    void (*unload)(void *model);
    /* Answers one request (engine/format/payload.h): bytes in, bytes out, the service's content types. */
    int (*invoke)(const void *model, const struct request *in, struct answer *out, struct error *err);
    const char *const *accepts; /* content types of answers, the first is the default; ends at NULL */
};

/* The seven, in the order of the notes; ends at NULL. */
extern const struct algorithm *const algorithm_table[];

/* NULL and an error that lists the names. */
const struct algorithm *algorithm_find(const char *name, struct error *err);

/* Is it read at all with these settings? (its `when`) */
bool hyperparameter_applies(const struct hyperparameter *h, const struct settings *s);

/* Checks `given` against the table and writes every hyperparameter, resolved, to `out`. */
int algorithm_resolve(const struct algorithm *a, const struct settings *given, struct settings *out, struct error *err);

#endif
