// clang-format off
/* What a run says: one JSON object per line, told apart by "event". The browser, the tests and a person with jq read
 * the same lines; standard output carries nothing else.
 *
 *   start    algorithm, hyperparameters {name: resolved value as text}, seed, threads, device ("cpu", "cuda: NAME"),
 *            ranks, data {name, rows, columns}, command (the line that repeats the run); an experiment adds experiment,
 *            claim, arms, band, seeds
 *   metric   name (the service's: "train:objective_loss", "validation:rmse"), value, step, epoch, t
 *   picture  kind, data, step, t (kinds and their data: below)
 *   log      text
 *   verdict  (experiments) verdict, mean, low, high, confidence, seeds, text
 *   end      status ("done", "stopped"), t, metrics {name: value}, peak_memory_bytes, bytes_read, rows_per_second
 *            (rows times epochs over the seconds spent in training steps), train_seconds; model (folder) when saved
 *            (convert) status, t, rows, columns, bytes_read; of text: pairs, dropped, source and target {words,
 *            unknown, made}, bytes_read
 *   error    what, where, fix                   the last line of a run that failed
 *
 * Inside an experiment every metric and picture also carries "arm" (its name) and "seed". t is seconds since the start.
 *
 * Pictures of any table with 1 or 2 features:
 *   points       {"x":[..],"y":[..],"label":[..]}   at most 500 training rows, once (1 feature: y is the label)
 *   regions      {"x":{"low","high"},"y":{"low","high"},"grid":n,"values":[n*n],"classes":K}   2 features: what the model
 *                says at each point of a grid, row after row from low y: the probability of class 1 (K 2), the class
 *                (K > 2), the value (K 0)
 *   curve        {"x":[..],"y":[..]}   1 feature: what the model says along it
 * Pictures of scores, of the validation rows (without them, of the training rows), every now and then and at the end:
 *   ranking      {"channel","fpr":[..],"tpr":[..],"recall":[..],"precision":[..],"threshold":[..] (of the ROC points),
 *                "auc","average_precision","positives","negatives"}   two classes; of
 *                named ones also "classes":[names], the second is the positive one
 *   confusion    {"channel","classes":[names],"counts":[[..]..] (row: label, column: predicted)}
 *   residuals    {"channel","predicted":[..],"residual":[..] (label - predicted),"rows"}   regression
 * Linear Learner:
 *   boundary     {"predictor_type":..,"weights":[[w..]..],"bias":[..]}   one row per class (one for binary and regressor),
 *                in the units of the raw features, so that score = w.x + b; when there are at most 2 features
 *   weights      {"names":[..]|null,"values":[[..]..]}   in normalised units, one row per class; with more features
 *   models       {"models":[{"learning_rate","l1","wd","optimizer","loss" (validation; null before)}..],"best":i}
 *   l1_path      {"l1":[..],"columns":[..],"weights":[[one per l1]..],"chosen":i}   when models differ in l1: each of at
 *                most 30 features along them, the largest first
 * XGBoost:
 *   tree         {"round","class","nodes":[{"left","right" (-1: leaf),"feature","threshold","missing_left","gain",
 *                "cover","value"}..],"eta"}   the newest tree, node 0 is the root; at most 63 nodes, "cut":true when there
 *                are more
 *   importance   {"features":[..],"weight":[..],"gain":[..],"cover":[..]}   at most 30, most total gain first
 *   coefficients {"values":[[..]..]}   gblinear: one row per class
 * DeepAR, after every epoch and at the end:
 *   forecast     {"epoch","freq","levels":["0.1",..],"series":[{"name","start" (of history),"history":[.. null: missing],
 *                "truth":[..]|null,"mean":[..],"quantiles":{"0.1":[..]..},"wql","inside" (share of the truth between the
 *                outer quantiles; null without truth),"feature":[..] (the first dynamic one; may be absent)}..]}   at most 6
 * Seq2Seq:
 *   translations {"update","rows":[{"source":[words],"target":[words],"output":[words]}..]}   at most 8, always the same
 *   attention    {"update","source":[words],"output":[words],"weights":[[one per source word] per output word]}
 * Object2Vec, after every epoch; and BlazingText's Word2Vec, several times (side "words"; group: topics of made text):
 *   embedding    {"epoch","side","x":[..],"y":[..],"name":[..],"group":[..]|null,"neighbours":[[5 indices]..],
 *                "explained" (share of the variance along the two axes),"purity" (share of neighbours of the same group;
 *                null without groups)}   at most 400 objects
 * BlazingText:
 *   sentences    {"epoch","classes":[labels],"rows":[{"label":[true labels],"probability":[of each class],"pieces":
 *                [{"text","share":[of each class]}..]}..]}   text classification: at most 8 sentences, always the same, and
 *                at most 10 classes; text: a word or n-gram, share: what it adds to the class's score, sums to it
 * Object Detection:
 *   images       {"channel","classes":[names],"images":[{"name","width","height","jpeg":base64,"truth":[[class, left, top,
 *                right, bottom]..]}..]}   once, at most 12, boxes in fractions
 *   detections   {"epoch","images":[[[class, score, left, top, right, bottom]..]..]}   of those images, after every epoch:
 *                scores from 0.05, the 40 best of an image
 *   precision    {"epoch","channel","map","overlap","classes":[{"name","ap","boxes","precision":[..],"recall":[..],
 *                "threshold":[..]}..]}   after every epoch that is scored; at most 60 points of a class */
// clang-format on
#ifndef ENGINE_EVENT_H
#define ENGINE_EVENT_H

#include <signal.h>

#include "engine/base/json.h"
#include "engine/base/str.h"

/* Where lines go. `write` gets one whole line without the newline; returns false when the reader wants the run to
 * stop. The sink of the commands writes to standard output and flushes; an experiment's sink adds arm and seed. */
struct event_sink {
    bool (*write)(void *context, const char *line, size_t len);
    void *context;
    double started;                    /* clock_seconds() at the start: t counts from here */
    const char *arm;                   /* added to metric and picture lines unless NULL */
    long long seed;                    /* added together with arm */
    bool stopped;                      /* a write returned false, or `stop` was seen */
    const volatile sig_atomic_t *stop; /* set by a signal handler; NULL: none */
};

/* Builds one line: `event_begin(&line, sink, "metric")` opens the object and writes event (and arm, seed); the caller
 * adds fields with json_*; `event_send` closes, writes and frees. */
struct event {
    struct str text;
    struct json json;
    struct event_sink *sink;
};

bool event_drop(void *context, const char *line, size_t len); /* a `write` that nobody hears */

void event_begin(struct event *e, struct event_sink *sink, const char *name);
void event_send(struct event *e);

bool event_stopping(struct event_sink *sink);     /* asked after every step: should the run end now? */
double event_time(const struct event_sink *sink); /* t of a line written now */

void event_metric(struct event_sink *sink, const char *name, double value, long step, int epoch);
void event_log(struct event_sink *sink, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
