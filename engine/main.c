/* The commands: what stands on the command line becomes a job, an experiment or a description. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/confine.h"
#include "engine/convert.h"
#include "engine/convert_images.h"
#include "engine/convert_text.h"
#include "engine/data/vocabulary.h"
#include "engine/describe.h"
#include "engine/experiment.h"
#include "engine/job.h"
#include "engine/predict.h"
#include "engine/root.h"
#include "engine/suggest.h"

#define THREADS_MAX 256
#define PACE_MAX 60
#define OPERANDS_MAX 3

struct arguments {
    struct job job;
    const char *operands[OPERANDS_MAX]; /* what is no flag: an algorithm's name, an experiment's ID, paths */
    int operand_count;
    struct root root; /* what --root names */
    struct prediction prediction;
    const char *from, *to, *mode, *root_dir, *listen;
    const char *confine;
    uint64_t words, least; /* of a vocabulary; 0: as usual */
    bool flip, help, json, csv_weights;
};

/* --- flags ----------------------------------------------------------------------------------------------------------
 */

enum command_bit { TRAIN = 1, EXPERIMENT = 2, DESCRIBE = 4, CONVERT = 8, PREDICT = 16, SERVE = 32, ANY_COMMAND = 63 };

enum flag_kind { FLAG_TEXT, FLAG_SWITCH, FLAG_SETTING, FLAG_SEED, FLAG_COUNT, FLAG_PACE, FLAG_WORDS };

static const struct flag {
    const char *name, *value, *help;
    unsigned commands;
    enum flag_kind kind;
    size_t offset; /* of its field in struct arguments */
} flags[] = {
    {"--algorithm", "NAME", "linear-learner; describe lists all", TRAIN, FLAG_TEXT,
     offsetof(struct arguments, job.algorithm)},
    {"--train", "PATH", "training data: a file, a folder of files, or - for standard input", TRAIN, FLAG_TEXT,
     offsetof(struct arguments, job.train)},
    {"--validation", "PATH", "data that epochs are compared on", TRAIN, FLAG_TEXT,
     offsetof(struct arguments, job.validation)},
    {"--test", "PATH", "data that the final model is scored on", TRAIN, FLAG_TEXT,
     offsetof(struct arguments, job.test)},
    {"--content-type", "TYPE", "of the data, such as text/csv; else told from the name", TRAIN | PREDICT, FLAG_TEXT,
     offsetof(struct arguments, job.content_type)},
    {"--vocab", "DIR",
     "folder of vocab.src.json and vocab.trg.json (seq2seq); converting text makes them if they are not there",
     TRAIN | CONVERT, FLAG_TEXT, offsetof(struct arguments, job.vocabulary)},
    {"--auxiliary", "DIR", "folder of pretrained embeddings (object2vec), of word-similarity sets (blazingtext)", TRAIN,
     FLAG_TEXT, offsetof(struct arguments, job.auxiliary)},
    {"--train-annotation", "DIR", "one JSON per training image, its boxes (object-detection)", TRAIN, FLAG_TEXT,
     offsetof(struct arguments, job.annotation[PART_TRAIN])},
    {"--validation-annotation", "DIR", "the same of the validation images", TRAIN, FLAG_TEXT,
     offsetof(struct arguments, job.annotation[PART_VALIDATION])},
    {"--resume", "DIR", "an earlier model to go on from (object-detection)", TRAIN, FLAG_TEXT,
     offsetof(struct arguments, job.resume)},
    {"--generate", "RECIPE", "made data instead of paths, such as gauss2:n=2000,noise=0.2", TRAIN, FLAG_TEXT,
     offsetof(struct arguments, job.generate)},
    {"--set", "NAME=VALUE", "a hyperparameter; may be given many times", TRAIN, FLAG_SETTING, 0},
    {"--mode", "File|Pipe", "Pipe: training rows are streamed, every epoch anew", TRAIN, FLAG_TEXT,
     offsetof(struct arguments, mode)},
    {"--root", "DIR",
     "the service's folders: settings and channels are found in DIR/input, the model goes to DIR/model", TRAIN | SERVE,
     FLAG_TEXT, offsetof(struct arguments, root_dir)},
    {"--model", "DIR", "where the model is saved to, or is", TRAIN | PREDICT | SERVE, FLAG_TEXT,
     offsetof(struct arguments, job.model_dir)},
    {"--input", "PATH", "rows to answer, or - for standard input", PREDICT, FLAG_TEXT,
     offsetof(struct arguments, prediction.input)},
    {"--accept", "TYPE", "of the answer, such as application/json", PREDICT, FLAG_TEXT,
     offsetof(struct arguments, prediction.accept)},
    {"--listen", "ADDRESS", "where to answer (127.0.0.1:8080)", SERVE, FLAG_TEXT, offsetof(struct arguments, listen)},
    {"--threads", "N", "processor threads (1)", TRAIN | SERVE, FLAG_COUNT, offsetof(struct arguments, job.threads)},
    {"--ranks", "N", "parts that training is spread over (1)", TRAIN, FLAG_COUNT,
     offsetof(struct arguments, job.ranks)},
    {"--spread", "threads|processes|mpi", "what a rank is; under mpirun always mpi", TRAIN, FLAG_TEXT,
     offsetof(struct arguments, job.spread)},
    {"--device", "auto|cpu|cuda", "where to compute", TRAIN, FLAG_TEXT, offsetof(struct arguments, job.device)},
    {"--seed", "N", "same seed, same result (1)", TRAIN | EXPERIMENT, FLAG_SEED, offsetof(struct arguments, job.seed)},
    {"--pace", "SECONDS", "sleep after each step, so that people can watch", TRAIN | EXPERIMENT, FLAG_PACE,
     offsetof(struct arguments, job.pace)},
    {"--flip", NULL, "run the twin of the experiment, in which the claim should fail", EXPERIMENT, FLAG_SWITCH,
     offsetof(struct arguments, flip)},
    {"--confine", "SECONDS:MIB", "limit processor time and memory, forbid files, sockets and processes",
     TRAIN | EXPERIMENT | PREDICT, FLAG_TEXT, offsetof(struct arguments, confine)},
    {"--from", "TYPE", "of the data to convert; else told from the name", CONVERT, FLAG_TEXT,
     offsetof(struct arguments, from)},
    {"--to", "TYPE", "to convert into, such as application/x-recordio-protobuf; else told from the name", CONVERT,
     FLAG_TEXT, offsetof(struct arguments, to)},
    {"--csv-weights", NULL, "the second column of CSV is the weight of its row", CONVERT, FLAG_SWITCH,
     offsetof(struct arguments, csv_weights)},
    {"--words", "N", "of text: at most so many words in a vocabulary that is made (50000)", CONVERT, FLAG_WORDS,
     offsetof(struct arguments, words)},
    {"--min-count", "N", "of text: only words seen so often come into a vocabulary that is made (1)", CONVERT,
     FLAG_WORDS, offsetof(struct arguments, least)},
    {"--json", NULL, "as JSON, which it always is", DESCRIBE, FLAG_SWITCH, offsetof(struct arguments, json)},
    {"--help", NULL, "this text", ANY_COMMAND, FLAG_SWITCH, offsetof(struct arguments, help)},
};
enum { FLAGS = sizeof flags / sizeof *flags };

static int read_setting(struct arguments *a, const char *pair, struct error *err)
{
    const char *equals = strchr(pair, '=');
    char name[sizeof a->job.settings.items[0].name];
    if (!equals || equals == pair || (size_t)(equals - pair) >= sizeof name)
        return error_set(err, ERROR_INPUT, "--set", "write --set NAME=VALUE", "'%.80s' is not a setting", pair);
    snprintf(name, sizeof name, "%.*s", (int)(equals - pair), pair);
    return settings_set(&a->job.settings, name, equals + 1, err);
}

static int read_whole(const char *flag, const char *text, unsigned long long max, unsigned long long *out,
                      struct error *err)
{
    char fix[80], *end;
    errno = 0;
    *out = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno && *out <= max)
        return 0;
    snprintf(fix, sizeof fix, "give a whole number up to %llu", max);
    return error_set(err, ERROR_INPUT, flag, fix, "%s takes a whole number, not '%.40s'", flag, text);
}

static int read_pace(const char *text, double *pace, struct error *err)
{
    char *end;
    *pace = strtod(text, &end);
    if (end != text && !*end && *pace >= 0 && *pace <= PACE_MAX)
        return 0;
    return error_set(err, ERROR_INPUT, "--pace", "give seconds from 0 to 60, such as 0.01",
                     "--pace takes seconds, not '%.40s'", text);
}

static int read_flag(const struct flag *f, const char *value, struct arguments *a, struct error *err)
{
    void *field = (char *)a + f->offset;
    unsigned long long number = 0;
    switch (f->kind) {
    case FLAG_TEXT:
        *(const char **)field = value;
        return 0;
    case FLAG_SWITCH:
        *(bool *)field = true;
        return 0;
    case FLAG_SETTING:
        return read_setting(a, value, err);
    case FLAG_PACE:
        return read_pace(value, field, err);
    case FLAG_SEED:
        if (read_whole(f->name, value, INT64_MAX, &number, err) < 0)
            return -1;
        *(uint64_t *)field = number;
        return 0;
    case FLAG_WORDS:
        if (read_whole(f->name, value, VOCABULARY_WORDS_MAX, &number, err) < 0)
            return -1;
        *(uint64_t *)field = number;
        return 0;
    case FLAG_COUNT:
        if (read_whole(f->name, value, THREADS_MAX, &number, err) < 0)
            return -1;
        if (number == 0)
            return error_set(err, ERROR_INPUT, f->name, "give 1 or more, or leave it out", "%s cannot be 0", f->name);
        *(int *)field = (int)number;
        return 0;
    }
    return 0;
}

static int unknown_flag(const char *word, unsigned command, struct error *err)
{
    struct suggestion near = {0};
    char fix[128];
    for (int i = 0; i < FLAGS; i++)
        if (flags[i].commands & command)
            suggest_offer(&near, word, flags[i].name);
    if (near.name[0])
        snprintf(fix, sizeof fix, "did you mean %s?", near.name);
    else
        snprintf(fix, sizeof fix, "flashlab-engine --help lists the flags");
    return error_set(err, ERROR_INPUT, word, fix, "This command has no flag %.80s", word);
}

static int read_operand(const char *word, int most, struct arguments *a, struct error *err)
{
    if (a->operand_count == most)
        return error_set(err, ERROR_INPUT, word, "flashlab-engine --help shows the form",
                         "'%.80s' is one word too many", word);
    a->operands[a->operand_count++] = word;
    return 0;
}

/* Takes "--name value" and "--name=value". */
static int read_arguments(int argc, char **argv, unsigned command, int operands, struct arguments *a, struct error *err)
{
    for (int i = 2; i < argc; i++) {
        const char *word = argv[i], *equals = strchr(word, '='), *value = "";
        size_t len = equals ? (size_t)(equals - word) : strlen(word);
        const struct flag *f = flags;
        if (word[0] != '-' || !word[1]) {
            if (read_operand(word, operands, a, err) < 0)
                return -1;
            continue;
        }
        while (f < flags + FLAGS &&
               !((f->commands & command) && strlen(f->name) == len && strncmp(f->name, word, len) == 0))
            f++;
        if (f == flags + FLAGS)
            return unknown_flag(word, command, err);
        if (f->value) {
            value = equals ? equals + 1 : ++i < argc ? argv[i] : NULL;
            if (!value)
                return error_set(err, ERROR_INPUT, f->name, f->help, "%s needs a value: %s", f->name, f->value);
        } else if (equals) {
            return error_set(err, ERROR_INPUT, f->name, "write it alone", "%s takes no value", f->name);
        }
        if (read_flag(f, value, a, err) < 0)
            return -1;
    }
    return 0;
}

/* --- commands -------------------------------------------------------------------------------------------------------
 */

static volatile sig_atomic_t stop_asked;

static void ask_to_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

/* False when nobody reads any more. */
static bool write_line(void *context, const char *line, size_t len)
{
    FILE *out = context;
    fwrite(line, 1, len, out);
    putc('\n', out);
    fflush(out);
    return !ferror(out);
}

static int confine_as_asked(const char *limits, struct error *err)
{
    char *end = NULL;
    double seconds;
    long mib = 0;
    if (!limits)
        return 0;
    seconds = strtod(limits, &end);
    if (end != limits && *end == ':') {
        const char *text = end + 1;
        mib = strtol(text, &end, 10);
        if (end != text && !*end && mib > 0 && seconds > 0 && isfinite(seconds))
            return confine(seconds, mib, err);
    }
    return error_set(err, ERROR_INPUT, "--confine", "write SECONDS:MIB, such as 120:2048", "'%.60s' is not a limit",
                     limits);
}

static int train_command(struct arguments *a, struct event_sink *sink, struct error *err)
{
    return job_run(&a->job, sink, err);
}

static int predict_command(struct arguments *a, struct event_sink *sink, struct error *err)
{
    (void)sink; /* standard output is the answer */
    a->prediction.model = a->job.model_dir;
    a->prediction.content_type = a->job.content_type;
    if (!a->prediction.model || !a->prediction.input)
        return error_set(err, ERROR_INPUT, a->prediction.model ? "--input" : "--model",
                         "write flashlab-engine predict --model DIR --input PATH", "A model and an input are needed");
    return predict(&a->prediction, err);
}

static int serve_command(struct arguments *a, struct event_sink *sink, struct error *err)
{
    char dir[4200];
    snprintf(dir, sizeof dir, "%.4000s/model", a->root_dir ? a->root_dir : "");
    if (!a->job.model_dir && !a->root_dir)
        return error_set(err, ERROR_INPUT, "--model", "add --model DIR", "No model is named");
    return serve(a->job.model_dir ? a->job.model_dir : dir, a->listen ? a->listen : "127.0.0.1:8080", a->job.threads,
                 sink, err);
}

/* What must be there before the process is confined. */
static int prepare(struct arguments *a, enum command_bit command, struct error *err)
{
    bool pipe = a->mode && strcmp(a->mode, "Pipe") == 0;
    if (command != TRAIN)
        return 0;
    if (a->mode && !pipe && strcmp(a->mode, "File") != 0)
        return error_set(err, ERROR_INPUT, "--mode", "use File or Pipe", "There is no input mode '%.60s'", a->mode);
    if (!a->job.algorithm)
        return error_set(err, ERROR_INPUT, "--algorithm", "add --algorithm linear-learner", "No algorithm is named");
    if (a->root_dir && root_read(&a->root, a->root_dir, &a->job, err) < 0)
        return -1;
    if (a->mode)
        a->job.pipe = pipe;
    if (a->confine && strcmp(a->job.device, "cuda") == 0)
        return error_set(err, ERROR_INPUT, "--confine", "leave it out, or use --device cpu",
                         "A confined process may not talk to a GPU");
    if (a->confine)
        a->job.device = "cpu";
    return job_prepare(&a->job, err);
}

static int experiment_command(struct arguments *a, struct event_sink *sink, struct error *err)
{
    if (a->operand_count == 0)
        return error_set(err, ERROR_INPUT, "experiment", "give its ID, such as LL-14, or a file",
                         "No experiment is named");
    return experiment_run(a->operands[0], a->flip, a->job.seed, a->job.pace, sink, err);
}

static int describe_command(struct arguments *a, struct event_sink *sink, struct error *err)
{
    struct str text = {0};
    int status = describe(a->operands[0], &text, err);
    if (status == 0)
        sink->write(sink->context, text.data, text.len);
    str_free(&text);
    return status;
}

static int convert_text_command(struct arguments *a, struct event_sink *sink, struct error *err)
{
    const struct text_conversion c = {.text = {a->operands[0], a->operands[1]},
                                      .out = a->operands[2],
                                      .vocabulary = a->job.vocabulary,
                                      .words = a->words,
                                      .least = a->least};
    if (a->operand_count < 3 || !a->job.vocabulary || a->csv_weights ||
        (a->to && strcmp(a->to, "application/x-recordio-protobuf") != 0))
        return error_set(err, ERROR_INPUT, "convert",
                         "write flashlab-engine convert --from text/plain SOURCE.txt TARGET.txt OUT.rec --vocab DIR",
                         "Parallel text becomes records, of type application/x-recordio-protobuf, and vocabularies");
    return convert_text(&c, sink, err);
}

static bool is_image_type(const char *type)
{
    return strcmp(type, "application/x-image") == 0 || strcmp(type, "image/jpeg") == 0 ||
           strcmp(type, "image/png") == 0;
}

static int convert_images_command(struct arguments *a, struct event_sink *sink, struct error *err)
{
    const struct image_conversion c = {
        .images = a->operands[0], .annotations = a->operands[1], .type = a->from, .out = a->operands[2]};
    if (a->operand_count < 3 || a->job.vocabulary || a->csv_weights || a->words || a->least ||
        (a->to && strcmp(a->to, "application/x-recordio") != 0))
        return error_set(err, ERROR_INPUT, "convert",
                         "write flashlab-engine convert --from application/x-image IMAGES ANNOTATIONS OUT.rec",
                         "Two folders, images and their JSON, become records, of type application/x-recordio");
    return convert_images(&c, sink, err);
}

static int convert_command(struct arguments *a, struct event_sink *sink, struct error *err)
{
    const struct conversion c = {
        .in = a->operands[0], .from = a->from, .out = a->operands[1], .to = a->to, .weights = a->csv_weights};
    if (a->from && strcmp(a->from, "text/plain") == 0)
        return convert_text_command(a, sink, err);
    if (a->from && is_image_type(a->from))
        return convert_images_command(a, sink, err);
    if (a->operand_count != 2 || a->job.vocabulary || a->words || a->least)
        return error_set(err, ERROR_INPUT, "convert", "write flashlab-engine convert IN OUT",
                         "Two paths are needed, and no flag of text");
    return convert(&c, sink, err);
}

static const struct command {
    const char *name, *form, *help;
    enum command_bit bit;
    int operands;                                                                /* at most */
    int (*run)(struct arguments *a, struct event_sink *sink, struct error *err); /* NULL: comes later */
} commands[] = {
    {"train", "train --algorithm NAME (--train PATH | --generate RECIPE) [--set NAME=VALUE]...", "train a model", TRAIN,
     0, train_command},
    {"experiment", "experiment ID|FILE [--flip]", "test what a card claims", EXPERIMENT, 1, experiment_command},
    {"describe", "describe [ALGORITHM] --json", "say what the algorithms take", DESCRIBE, 1, describe_command},
    {"convert", "convert [--from TYPE] [--to TYPE] IN OUT",
     "write data in another format; with - as OUT the data go to standard output, an error to standard error;"
     " --from text/plain SOURCE TARGET OUT --vocab DIR turns parallel text into tokens;"
     " --from application/x-image IMAGES ANNOTATIONS OUT.rec packs images and their JSON into records",
     CONVERT, 3, convert_command},
    {"predict", "predict --model DIR --input PATH [--content-type TYPE] [--accept TYPE]",
     "ask a saved model; the answer goes to standard output, an error to standard error", PREDICT, 0, predict_command},
    {"serve", "serve --model DIR [--listen ADDRESS]", "answer GET /ping and POST /invocations over HTTP", SERVE, 0,
     serve_command},
    {"bench", NULL, NULL, 0, 0, NULL},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static int print_help(void)
{
    printf("flashlab-engine trains the demos of Flashlab. Standard output is one JSON object per line.\n\n");
    for (int i = 0; i < COMMANDS; i++)
        if (commands[i].run)
            printf("  flashlab-engine %s\n      %s\n", commands[i].form, commands[i].help);
    printf("\nFlags:\n");
    for (int i = 0; i < FLAGS; i++)
        printf("  %s%s%-*s %s\n", flags[i].name, flags[i].value ? " " : "",
               (int)(28 - strlen(flags[i].name) - (flags[i].value != NULL)), flags[i].value ? flags[i].value : "",
               flags[i].help);
    printf("\nExit status: 0 done, 1 the input or the settings are at fault, 2 a fault of the program or machine.\n");
    return 0;
}

static const struct command *find_command(const char *name, struct error *err)
{
    struct suggestion near = {0};
    char fix[128];
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            if (commands[i].run)
                return &commands[i];
            error_set(err, ERROR_INPUT, name, "this build has train, predict, serve, experiment, describe and convert",
                      "The command %s comes with a later version", name);
            return NULL;
        }
        suggest_offer(&near, name, commands[i].name);
    }
    if (near.name[0])
        snprintf(fix, sizeof fix, "did you mean %s?", near.name);
    else
        snprintf(fix, sizeof fix, "use train, predict, serve, experiment, describe or convert");
    error_set(err, ERROR_INPUT, NULL, fix, "There is no command '%.80s'", name);
    return NULL;
}

static void send_error(struct event_sink *sink, const struct error *err)
{
    struct event e;
    event_begin(&e, sink, "error");
    json_string(&e.json, "what", err->what);
    json_string(&e.json, "where", err->where);
    json_string(&e.json, "fix", err->fix);
    event_send(&e);
}

static void catch_signals(void)
{
    struct sigaction stop = {.sa_handler = ask_to_stop}, ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL); /* a reader that went away is seen by the write that fails */
}

static bool data_on_stdout(const struct arguments *a, enum command_bit command)
{
    return command == PREDICT || (command == CONVERT && a->operand_count == 2 && strcmp(a->operands[1], "-") == 0);
}

int main(int argc, char **argv)
{
    static struct arguments a = {.job = {.seed = 1, .threads = 1, .ranks = 1, .device = "auto"}};
    struct event_sink sink = {.write = write_line, .context = stdout, .started = clock_seconds(), .stop = &stop_asked};
    struct error err = {0};
    const struct command *command;
    int status = -1;
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return print_help();
    catch_signals();
    command = find_command(argv[1], &err);
    if (command && read_arguments(argc, argv, command->bit, command->operands, &a, &err) == 0) {
        if (a.help)
            return print_help();
        if (prepare(&a, command->bit, &err) == 0 && confine_as_asked(a.confine, &err) == 0)
            status = command->run(&a, &sink, &err);
        job_end(&a.job);
    }
    if (status == 0)
        return 0;
    if (a.root_dir && command && command->bit == TRAIN)
        root_failure(a.root_dir, &err);
    if (command && data_on_stdout(&a, command->bit))
        sink.context = stderr;
    send_error(&sink, &err);
    return error_exit_status(&err);
}
