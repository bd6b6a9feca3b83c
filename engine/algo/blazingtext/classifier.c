#include "engine/algo/blazingtext/classifier.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/blazingtext/blazingtext.h"
#include "engine/algo/blazingtext/word_model.h"
#include "engine/base/clock.h"
#include "engine/base/rng.h"
#include "engine/format/text.h"

enum {
    PIECES = 20,          /* steps of an epoch */
    PIECE_LINES = 4096,   /* of a step, at most */
    PIECE_LEAST = 64,     /* of a step, where the epoch has so many */
    PIECE_WORK = 1 << 26, /* lines x numbers of all labels in a step, so that a run with many labels can be stopped */
    METRICS = 200,        /* of the loss while training, about */
};

const char *const classifier_parts[PARTS] = {"train", "validation", "test"};

int classifier_no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "give less text, a smaller vector_dim or fewer word_ngrams",
                     "There is not enough memory for text classification");
}

static struct classifier_design read_design(const struct settings *s)
{
    return (struct classifier_design){
        .width = (size_t)settings_number(s, "vector_dim"),
        .buckets = (uint32_t)settings_number(s, "buckets"),
        .ngrams = (int)settings_number(s, "word_ngrams"),
        .least = (uint64_t)settings_number(s, "min_count"),
        .epochs = (long)settings_number(s, "epochs"),
        .min_epochs = settings_true(s, "early_stopping") ? (long)settings_number(s, "min_epochs") : 0,
        .patience = settings_true(s, "early_stopping") ? (long)settings_number(s, "patience") : 0,
        .rate = settings_number(s, "learning_rate"),
        .early_stopping = settings_true(s, "early_stopping"),
        .deterministic = settings_true(s, "deterministic"),
    };
}

/* --- text -----------------------------------------------------------------------------------------------------------
 */

/* What the text taught nothing about, in words. */
static void log_lines(const struct classifier_run *r, int part)
{
    const struct classifier_lines *l = &r->lines[part];
    struct event_sink *sink = r->t->sink;
    if (l->unlabelled)
        event_log(sink, "%s: %zu lines without a label are left out", classifier_parts[part], l->unlabelled);
    if (l->unknown && part != PART_TRAIN)
        event_log(sink, "%s: %zu lines have no label that the training text has; they count as wrong",
                  classifier_parts[part], l->unknown);
    if (l->wordless)
        event_log(sink,
                  part == PART_TRAIN ? "%s: %zu lines without a known word are left out"
                                     : "%s: %zu lines have no known word; the guess is the commonest label",
                  classifier_parts[part], l->wordless);
}

static int nothing_labelled(const char *where, const char *what, struct error *err)
{
    return error_set(err, ERROR_INPUT, where, "begin words that are labels with " TEXT_LABEL_PREFIX, "%s", what);
}

static int read_lines(struct classifier_run *r, const struct text *t, int part, struct error *err)
{
    struct classifier_lines *l = &r->lines[part];
    classifier_lines_free(l);
    if ((part == PART_TRAIN && r->epoch <= 1 ? classifier_lines_learn : classifier_lines_ask)(l, t, &r->words) < 0)
        return classifier_no_memory(err);
    r->given[part] = l->lines > 0;
    if (l->lines == 0)
        return nothing_labelled(t->name, "No line can be used: each has no label, or no word that is known", err);
    return 0;
}

static int check_labels(const struct classifier_run *r, const struct text *t, struct error *err)
{
    const struct dictionary *d = &r->dictionary;
    size_t len;
    const char *only;
    if (d->labels == 0)
        return nothing_labelled(t->name, "mode=supervised learns labels, but no line has one", err);
    if (d->labels > 1)
        return 0;
    only = dictionary_spelling(d, (int32_t)d->words, &len);
    return error_set(err, ERROR_INPUT, t->name, "give text with at least two different labels",
                     "There is one label only, %.*s, so that nothing is to be told apart", (int)(len < 100 ? len : 100),
                     only);
}

/* The end of a line alone tells nothing; n-grams go over dropped words, too. */
static int check_words(const struct classifier_run *r, const struct text *t, struct error *err)
{
    const struct dictionary *d = &r->dictionary;
    if (r->design.ngrams > 1 || d->words > 1 || dictionary_find(d, DICTIONARY_END, sizeof DICTIONARY_END - 1) != 0)
        return 0;
    return error_set(err, ERROR_INPUT, t->name, "lower min_count or give more text",
                     "No word stands in the text %llu times, so that min_count leaves none",
                     (unsigned long long)r->design.least);
}

static int open_words(struct classifier_run *r, const struct text *t, struct error *err)
{
    if (dictionary_build(&r->dictionary, t, r->design.least, true, err) < 0 || check_labels(r, t, err) < 0 ||
        check_words(r, t, err) < 0)
        return -1;
    r->words = (struct classifier_words){&r->dictionary, NULL, r->design.ngrams};
    if (r->design.ngrams == 1)
        return 0;
    if (buckets_open(&r->buckets, r->design.buckets) < 0)
        return classifier_no_memory(err);
    r->words.buckets = &r->buckets;
    return 0;
}

static int open_picture(struct classifier_run *r, const struct text *train, struct error *err)
{
    const struct text *shown = r->given[PART_VALIDATION] ? r->t->text[PART_VALIDATION] : train;
    return classifier_picture_open(&r->picture, shown, &r->words) < 0 ? classifier_no_memory(err) : 0;
}

/* Those that stand in one line of so many, and are in the way of threads. */
static size_t common_words(const struct classifier_run *r)
{
    enum { LINES = 8, MOST = 1024 };
    const struct dictionary *d = &r->dictionary;
    size_t common = 0;
    while (common < d->words && common < MOST && d->count[common] >= r->lines[PART_TRAIN].lines / LINES)
        common++;
    return common;
}

/* The crew asks the model also where a GPU learns. */
static int open_gpu(struct classifier_run *r, struct error *err)
{
    const struct classifier_lines *l = &r->lines[PART_TRAIN];
    if (!r->t->gpu)
        return 0;
    r->gpu = words_gpu_open_labels(r->t, l, &r->net, r->design.epochs, r->design.rate, err);
    return r->gpu ? 0 : -1;
}

/* With the text of the first epoch. */
static int prepare(struct classifier_run *r, const struct text *train, struct error *err)
{
    if (open_words(r, train, err) < 0 || read_lines(r, train, PART_TRAIN, err) < 0)
        return -1;
    log_lines(r, PART_TRAIN);
    for (int part = PART_VALIDATION; part < PARTS; part++)
        if (r->t->text[part] && r->t->text[part]->lines > 0) {
            if (read_lines(r, r->t->text[part], part, err) < 0)
                return -1;
            log_lines(r, part);
        }
    if (r->design.early_stopping && !r->given[PART_VALIDATION])
        return error_set(err, ERROR_INPUT, "early_stopping", "give a validation channel, or set early_stopping=false",
                         "Early stopping watches the validation accuracy, but there are no validation data");
    if (open_picture(r, train, err) < 0)
        return -1;
    if (!r->t->pipe)
        buckets_settle(&r->buckets);
    if (classifier_net_open(&r->net, r->design.width, r->dictionary.words + r->buckets.seen, r->dictionary.labels,
                            r->t->seed, err) < 0)
        return -1;
    r->crew = classifier_crew_open(&r->net, common_words(r), r->t->threads, r->design.deterministic);
    return r->crew ? open_gpu(r, err) : classifier_no_memory(err);
}

/* --- epochs ---------------------------------------------------------------------------------------------------------
 */

static size_t piece_lines(const struct classifier_run *r)
{
    size_t lines = (r->lines[PART_TRAIN].lines + PIECES - 1) / PIECES;
    size_t most = PIECE_WORK / (r->net.labels * r->net.stride);
    most = most < PIECE_LEAST ? PIECE_LEAST : most < PIECE_LINES ? most : PIECE_LINES;
    return lines < most ? lines : most;
}

/* The rate falls evenly over all epochs, as far as they are planned. */
static double rate_at(const struct classifier_run *r, size_t line)
{
    double done = (double)(r->epoch - 1) + (double)line / (double)r->lines[PART_TRAIN].lines;
    return r->design.rate * (1 - done / (double)r->design.epochs);
}

/* On a GPU, whose rate falls line by line as the crew's. */
static int learn_on_gpu(struct classifier_run *r, size_t begin, size_t end, struct classifier_tally *sum,
                        struct error *err)
{
    struct gpu_words_tally tally;
    words_gpu_learn(r->gpu, r->epoch - 1, begin, end);
    if (words_gpu_tally(r->gpu, &tally, err) < 0)
        return -1;
    *sum = (struct classifier_tally){.loss = tally.loss, .hits = (size_t)tally.hits, .lines = (size_t)tally.count};
    return 0;
}

static int learn_piece(struct classifier_run *r, size_t begin, size_t end, struct classifier_tally *epoch,
                       struct error *err)
{
    const struct classifier_piece piece = {.lines = &r->lines[PART_TRAIN],
                                           .order = r->order,
                                           .begin = begin,
                                           .end = end,
                                           .rate = rate_at(r, begin),
                                           .rate_after = rate_at(r, end),
                                           .key = (r->t->seed + 1) * 0x9e3779b97f4a7c15u +
                                                  (uint64_t)r->epoch * 0xd1342543de82ef95u};
    struct classifier_tally sum = {0};
    size_t lines = piece_lines(r), steps = (piece.lines->lines + lines - 1) / lines;
    long stride = (long)((double)steps * (double)r->design.epochs / METRICS) + 1;
    double began = clock_seconds();
    if (r->gpu && learn_on_gpu(r, begin, end, &sum, err) < 0)
        return -1;
    if (!r->gpu)
        classifier_crew_learn(r->crew, &piece, &sum);
    r->t->step_seconds += clock_seconds() - began;
    r->step++;
    epoch->loss += sum.loss;
    epoch->hits += sum.hits;
    epoch->lines += sum.lines;
    r->t->rows_seen += (double)sum.lines;
    if (!isfinite(sum.loss)) {
        event_log(r->t->sink, "diverged in epoch %ld: the loss is no number any more; lower learning_rate", r->epoch);
        r->diverged = r->ended = true;
    }
    if (r->step % stride == 0)
        classifier_report(r, PART_TRAIN, "loss", sum.loss / (double)sum.lines, false);
    training_pace(r->t);
    r->ended |= training_stopping(r->t);
    return 0;
}

static int end_epoch(struct classifier_run *r, const struct classifier_tally *epoch, struct error *err)
{
    bool last = r->ended || r->epoch == r->design.epochs;
    struct classifier_tally sum;
    classifier_report(r, PART_TRAIN, "loss", epoch->loss / (double)epoch->lines, true);
    classifier_report(r, PART_TRAIN, "accuracy", classifier_accuracy(epoch), true);
    if (r->given[PART_VALIDATION] && !r->diverged) {
        bool draw = last || clock_seconds() - r->picture.drawn > 0.25;
        if (classifier_score(r, PART_VALIDATION, draw, &sum, err) < 0)
            return -1;
        classifier_report(r, PART_VALIDATION, "accuracy", classifier_accuracy(&sum), true);
        if (classifier_watch(r, classifier_accuracy(&sum), err) < 0)
            return -1;
    }
    if (!r->diverged)
        classifier_picture_draw(&r->picture, &r->net, r->t->sink, r->epoch, r->step, last || r->ended);
    return 0;
}

static int draw_order(struct classifier_run *r, struct error *err)
{
    size_t lines = r->lines[PART_TRAIN].lines;
    uint32_t *order = lines <= UINT32_MAX ? reallocarray(r->order, lines, sizeof *order) : NULL;
    struct rng rng;
    if (!order)
        return classifier_no_memory(err);
    r->order = order;
    for (size_t i = 0; i < lines; i++)
        order[i] = (uint32_t)i;
    rng_init(&rng, r->t->seed, 100 + (uint64_t)r->epoch);
    rng_shuffle(&rng, order, lines);
    return 0;
}

static int run_epoch(struct classifier_run *r, struct error *err)
{
    const struct classifier_lines *l = &r->lines[PART_TRAIN];
    struct classifier_tally epoch = {0};
    size_t lines = piece_lines(r);
    if (draw_order(r, err) < 0)
        return -1;
    for (size_t begin = 0; begin < l->lines && !r->ended; begin += lines)
        if (learn_piece(r, begin, begin + lines < l->lines ? begin + lines : l->lines, &epoch, err) < 0)
            return -1;
    if (r->gpu && words_gpu_read(r->gpu, err) < 0)
        return -1;
    return end_epoch(r, &epoch, err);
}

static int run_files(struct classifier_run *r, struct error *err)
{
    const struct text *train = r->t->text[PART_TRAIN];
    if (!train || train->lines == 0)
        return error_set(err, ERROR_INPUT, "train", "give at least one line", "There is no training text");
    r->epoch = 1;
    if (prepare(r, train, err) < 0)
        return -1;
    classifier_picture_draw(&r->picture, &r->net, r->t->sink, 0, 0, true);
    for (; run_epoch(r, err) == 0; r->epoch++)
        if (r->ended || r->epoch == r->design.epochs)
            return 0;
    return -1;
}

/* --- Pipe mode ------------------------------------------------------------------------------------------------------
 */

static int check_pipe(const struct classifier_run *r, struct error *err)
{
    const char *path = r->t->pipe->path;
    if (strcmp(path, "-") == 0 && r->design.epochs > 1)
        return error_set(err, ERROR_INPUT, "epochs", "set epochs=1, or give a FIFO that is written anew for each epoch",
                         "Standard input can be read once, but %ld epochs are asked for", r->design.epochs);
    event_log(r->t->sink,
              "every epoch reads %s anew: it must be written %ld times, or there must be %s_0, %s_1, ...; words "
              "and n-grams are those of the first epoch",
              path, r->design.epochs, path, path);
    return 0;
}

static int pipe_epoch(struct classifier_run *r, struct error *err)
{
    struct channel pipe = *r->t->pipe;
    struct text text = {0};
    double began = clock_seconds();
    int status = text_read(&pipe, (int)(r->epoch - 1), &text, err);
    r->read_seconds += clock_seconds() - began;
    if (!pipe.bytes_read)
        r->t->pipe_bytes += text.bytes_read;
    if (status == 0)
        status = r->epoch == 1 ? prepare(r, &text, err) : read_lines(r, &text, PART_TRAIN, err);
    text_free(&text);
    if (status == 0 && r->epoch == 1)
        classifier_picture_draw(&r->picture, &r->net, r->t->sink, 0, 0, true);
    return status == 0 ? run_epoch(r, err) : -1;
}

static int run_pipe(struct classifier_run *r, struct error *err)
{
    if (check_pipe(r, err) < 0)
        return -1;
    for (r->epoch = 1; pipe_epoch(r, err) == 0; r->epoch++)
        if (r->ended || r->epoch == r->design.epochs)
            return 0;
    return -1;
}

/* --- after ----------------------------------------------------------------------------------------------------------
 */

static float *pack_output(struct classifier_run *r)
{
    struct classifier_net view = {
        .width = r->net.width, .stride = r->net.stride, .inputs = r->net.labels, .input = r->net.output};
    r->net.output = NULL;
    return classifier_net_pack(&view);
}

/* The model takes over what the run learned. */
static int save(struct classifier_run *r, struct error *err)
{
    struct word_model m = {.classifier = true,
                           .dictionary = r->dictionary,
                           .buckets = r->buckets,
                           .width = r->design.width,
                           .word_ngrams = r->design.ngrams,
                           .whole = true,
                           .epochs = (int)r->design.epochs,
                           .least = (int)r->design.least,
                           .rate = r->design.rate,
                           .mode = "supervised"};
    int status;
    m.vectors = classifier_net_pack(&r->net);
    m.labels = pack_output(r);
    r->dictionary = (struct dictionary){0};
    r->buckets = (struct buckets){0};
    status = word_model_save(&m, r->t->model, err);
    word_model_free(&m);
    return status;
}

/* All but what is saved. */
static void free_learning(struct classifier_run *r)
{
    words_gpu_close(r->gpu);
    classifier_crew_close(r->crew);
    r->gpu = NULL;
    r->crew = NULL;
    classifier_picture_close(&r->picture);
    for (int part = 0; part < PARTS; part++)
        classifier_lines_free(&r->lines[part]);
    free(r->order);
    free(r->kept_input);
    free(r->kept_output);
    r->kept_input = r->kept_output = NULL;
    r->order = NULL;
}

static int finish(struct classifier_run *r, struct error *err)
{
    struct classifier_tally sum;
    classifier_restore(r);
    for (int part = PART_VALIDATION; part < PARTS; part++) {
        if (!r->given[part])
            continue;
        if (classifier_score(r, part, false, &sum, err) < 0)
            return -1;
        classifier_report(r, part, "accuracy", classifier_accuracy(&sum), true);
    }
    free_learning(r);
    return r->t->model ? save(r, err) : 0;
}

static void close_run(struct classifier_run *r)
{
    free_learning(r);
    classifier_net_close(&r->net);
    buckets_free(&r->buckets);
    dictionary_free(&r->dictionary);
}

static int run_all(struct classifier_run *r, struct error *err)
{
    double began = clock_seconds();
    if (comm_ranks(r->t->comm) > 1)
        return error_set(err, ERROR_INPUT, "--ranks", "use one rank and more threads",
                         "mode=supervised learns on one machine, as the service's does");
    if ((r->t->pipe ? run_pipe : run_files)(r, err) < 0)
        return -1;
    r->t->train_seconds = fmax(clock_seconds() - began - r->read_seconds - r->t->pace * (double)r->step, 0);
    return finish(r, err);
}

int classifier_train(struct training *t, struct error *err)
{
    struct classifier_run r = {.t = t, .design = read_design(t->settings)};
    int status = run_all(&r, err);
    close_run(&r);
    return status;
}
