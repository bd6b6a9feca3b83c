#include "engine/job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "engine/data/generate.h"
#include "engine/device.h"
#include "engine/format/format.h"
#include "engine/format/images.h"
#include "engine/format/input.h"
#include "engine/format/sequence.h"
#include "engine/format/series.h"
#include "engine/format/text.h"
#include "engine/gpu.h"
#include "engine/model.h"
#include "engine/share.h"
#include "engine/tensor/blas.h"

/* --- reading --------------------------------------------------------------------------------------------------------
 */

static struct channel channel_of(const struct job *job, const struct algorithm *algorithm, const char *path)
{
    return (struct channel){.path = path,
                            .content_type = job->content_type,
                            .allowed = algorithm->content_types,
                            .weights = job->weights,
                            .float32 = algorithm->float32_only};
}

static const char *const part_names[PARTS] = {"train", "validation", "test"};

/* Rows get the columns of the training data; none are known in Pipe mode. */
static int read_table(const struct channel *channel, const struct algorithm *algorithm, struct parts *p, int part,
                      struct error *err)
{
    struct dataset *d = &p->table[part];
    size_t columns = p->table[PART_TRAIN].columns;
    if (format_read(channel, d, err) < 0 || (columns && dataset_widen(d, columns, part_names[part], err) < 0))
        return -1;
    return algorithm->takes_sparse ? 0 : dataset_dense(d, algorithm->missing, err);
}

static int read_part(const struct channel *channel, const char *annotation, const struct algorithm *algorithm,
                     struct parts *p, int part, struct error *err)
{
    if (p->kind == DATA_SERIES)
        return series_read(channel, &p->series[part], err);
    if (p->kind == DATA_PAIRS)
        return sequence_read(channel, &p->pairs[part], err);
    if (p->kind == DATA_TEXT)
        return text_read(channel, -1, &p->text[part], err);
    if (p->kind == DATA_IMAGES)
        return images_read(channel, annotation, -1, &p->images[part], err);
    return read_table(channel, algorithm, p, part, err);
}

/* The service's two files in the folder of the channel "vocab". */
static int read_vocabularies(const char *dir, struct parts *p, struct error *err)
{
    static const char *const names[] = {"vocab.src.json", "vocab.trg.json"};
    for (int i = 0; i < 2; i++) {
        char path[4200];
        struct str bytes = {0};
        int status = -1;
        snprintf(path, sizeof path, "%.4000s/%s", dir, names[i]);
        if (input_all(path, VOCABULARY_BYTES_MAX, &bytes, err) == 0)
            status = vocabulary_read(&p->vocabulary[i], str_text(&bytes), bytes.len, path, err);
        str_free(&bytes);
        if (status < 0)
            return -1;
    }
    return 0;
}

static int read_channels(const struct job *job, const struct algorithm *algorithm, struct parts *p, struct error *err)
{
    const char *const paths[PARTS] = {job->pipe ? NULL : job->train, job->validation, job->test};
    int inputs = job->pipe && job->train && strcmp(job->train, "-") == 0;
    p->kind = algorithm->data;
    for (int i = 0; i < PARTS; i++)
        inputs += paths[i] && strcmp(paths[i], "-") == 0;
    if (inputs > 1)
        return error_set(err, ERROR_INPUT, "-", "read the others from files",
                         "Standard input can feed one channel only");
    if (job->vocabulary && read_vocabularies(job->vocabulary, p, err) < 0)
        return -1;
    for (int i = 0; i < PARTS; i++) {
        const struct channel channel = channel_of(job, algorithm, paths[i]);
        if (paths[i] && read_part(&channel, i < PART_TEST ? job->annotation[i] : NULL, algorithm, p, i, err) < 0)
            return -1;
    }
    return 0;
}

static int make_data(const struct job *job, const struct algorithm *algorithm, struct parts *p, struct error *err)
{
    size_t len = strcspn(job->generate, ":");
    const struct generator *made = generator_find(job->generate);
    const char *const *name = algorithm->generators;
    while (*name && !(strlen(*name) == len && strncmp(*name, job->generate, len) == 0))
        name++;
    if (!*name && made)
        return error_set(err, ERROR_INPUT, job->generate, "flashlab-engine describe lists those that fit",
                         "%s does not train on the made data '%s'", algorithm->title, made->name);
    return generate_parts(job->generate, job->seed, p, err);
}

/* --- what was asked -------------------------------------------------------------------------------------------------
 */

static int check_spread(const struct job *job, struct error *err)
{
    if (job->spread && strcmp(job->spread, "threads") != 0 && strcmp(job->spread, "processes") != 0 &&
        strcmp(job->spread, "mpi") != 0)
        return error_set(err, ERROR_INPUT, "--spread", "use threads, processes or mpi",
                         "Training cannot be spread over '%.60s'", job->spread);
    if (job->spread && strcmp(job->spread, "mpi") == 0 && comm_mpi_ranks() == 0)
        return error_set(err, ERROR_INPUT, "--spread", "start it as mpirun -n 4 flashlab-engine train ...",
                         "This process was not started by mpirun");
    if (job->ranks > 1 && comm_mpi_ranks() > 0)
        return error_set(err, ERROR_INPUT, "--ranks", "leave --ranks out under mpirun",
                         "How many ranks there are is for mpirun to say");
    return 0;
}

static int check_pipe(const struct job *job, const struct algorithm *algorithm, struct error *err)
{
    if (!job->pipe)
        return 0;
    if (!algorithm->takes_pipe)
        return error_set(err, ERROR_INPUT, "--mode", "use --mode File",
                         "%s needs all rows at once: it has no Pipe mode", algorithm->title);
    if (job->generate)
        return error_set(err, ERROR_INPUT, "--mode", "leave it out", "Made data do not come through a pipe");
    if (job->ranks > 1 || comm_mpi_ranks() > 0)
        return error_set(err, ERROR_INPUT, "--mode", "use --mode File with several ranks",
                         "One pipe cannot be spread over several ranks");
    return 0;
}

/* A channel that the algorithm does not have is refused, as the service refuses it. */
static int check_channels(const struct job *job, const struct algorithm *algorithm, struct error *err)
{
    const struct {
        const char *name, *path;
    } given[] = {{"validation", job->validation},
                 {"test", job->test},
                 {"vocab", job->vocabulary},
                 {"auxiliary", job->auxiliary},
                 {"train_annotation", job->annotation[PART_TRAIN]},
                 {"validation_annotation", job->annotation[PART_VALIDATION]},
                 {"model", job->resume}};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        const char *const *channel = algorithm->channels;
        while (*channel && strcmp(*channel, given[i].name) != 0)
            channel++;
        if (given[i].path && !*channel)
            return error_set(err, ERROR_INPUT, given[i].name, "leave it out", "%s has no channel '%s'",
                             algorithm->title, given[i].name);
    }
    return 0;
}

/* Annotations are of images in a folder; a pipe sends both by itself. */
static int check_annotations(const struct job *job, struct error *err)
{
    const char *const images[] = {job->train, job->validation};
    static const char *const flags[] = {"--train-annotation", "--validation-annotation"};
    if (job->pipe && job->annotation[PART_TRAIN])
        return error_set(err, ERROR_INPUT, flags[PART_TRAIN], "leave it out, or use --mode File",
                         "A pipe sends images with their annotations");
    for (int i = 0; i < PART_TEST; i++)
        if (job->annotation[i] && !images[i])
            return error_set(err, ERROR_INPUT, flags[i], "leave it out, or give the folder of the images too",
                             "There are no images for the annotations in %.100s", job->annotation[i]);
    return 0;
}

static int check_job(const struct job *job, const struct algorithm *algorithm, struct error *err)
{
    if (job->generate && (job->train || job->validation || job->test))
        return error_set(err, ERROR_INPUT, "--generate", "give either a recipe or paths",
                         "Made data come with their own three parts, so paths cannot be given beside them");
    if (!job->generate && !job->train)
        return error_set(err, ERROR_INPUT, "--train", "add --train PATH or --generate RECIPE",
                         "There is nothing to train on");
    if (check_channels(job, algorithm, err) < 0 || check_pipe(job, algorithm, err) < 0 ||
        check_annotations(job, err) < 0)
        return -1;
    return check_spread(job, err);
}

int job_prepare(struct job *job, struct error *err)
{
    const struct algorithm *algorithm = job->model_dir ? algorithm_find(job->algorithm, err) : NULL;
    if (!job->model_dir)
        return 0;
    job->model = algorithm ? model_writer_open(job->model_dir, algorithm, err) : NULL;
    return job->model ? 0 : -1;
}

void job_end(struct job *job)
{
    model_writer_close(job->model);
    job->model = NULL;
}

static void quote(struct str *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,@%+-";
    str_putc(out, ' ');
    if (*word && !word[strspn(word, plain)]) {
        str_puts(out, word);
        return;
    }
    str_putc(out, '\'');
    for (; *word; word++)
        if (*word == '\'')
            str_puts(out, "'\\''");
        else
            str_putc(out, *word);
    str_putc(out, '\'');
}

static void flag(struct str *out, const char *name, const char *value)
{
    if (!value)
        return;
    str_putc(out, ' ');
    str_puts(out, name);
    quote(out, value);
}

/* The line that repeats the run. */
static void write_command(const struct job *job, bool gpu, struct str *out)
{
    str_puts(out, "flashlab-engine train");
    flag(out, "--algorithm", job->algorithm);
    flag(out, "--generate", job->generate);
    flag(out, "--train", job->train);
    flag(out, "--validation", job->validation);
    flag(out, "--test", job->test);
    flag(out, "--vocab", job->vocabulary);
    flag(out, "--auxiliary", job->auxiliary);
    flag(out, "--train-annotation", job->annotation[PART_TRAIN]);
    flag(out, "--validation-annotation", job->annotation[PART_VALIDATION]);
    flag(out, "--resume", job->resume);
    flag(out, "--content-type", job->content_type);
    for (int i = 0; i < job->settings.count; i++) {
        char pair[160];
        snprintf(pair, sizeof pair, "%s=%s", job->settings.items[i].name, job->settings.items[i].value);
        flag(out, "--set", pair);
    }
    if (job->pipe)
        flag(out, "--mode", "Pipe");
    if (gpu || (job->device && strcmp(job->device, "auto") != 0))
        flag(out, "--device", gpu ? "cuda" : job->device);
    if (job->ranks > 1)
        str_printf(out, " --ranks %d --spread %s", job->ranks, job->spread ? job->spread : "threads");
    str_printf(out, " --threads %d --seed %llu", job->threads, (unsigned long long)job->seed);
    if (job->pace > 0)
        str_printf(out, " --pace %g", job->pace);
}

/* --- what is said ---------------------------------------------------------------------------------------------------
 */

static void send_start(const struct job *job, const struct algorithm *algorithm, const struct parts *p,
                       const struct training *t)
{
    struct event e;
    char device[GPU_TEXT + 8] = "cpu";
    struct str command = {0};
    if (t->gpu)
        snprintf(device, sizeof device, "cuda: %s", gpu_name());
    event_begin(&e, t->sink, "start");
    json_string(&e.json, "algorithm", algorithm->name);
    json_object(&e.json, "hyperparameters");
    for (int i = 0; i < t->settings->count; i++)
        json_string(&e.json, t->settings->items[i].name, t->settings->items[i].value);
    json_end(&e.json);
    json_integer(&e.json, "seed", (long long)job->seed);
    json_integer(&e.json, "threads", job->threads);
    json_string(&e.json, "device", device);
    json_integer(&e.json, "ranks", comm_ranks(t->comm));
    json_object(&e.json, "data");
    json_string(&e.json, "name", t->pipe ? t->pipe->path : parts_name(p, PART_TRAIN));
    if (t->pipe) /* a pipe tells at its end */
        json_null(&e.json, "rows");
    else
        json_integer(&e.json, "rows", (long long)t->all_rows);
    if (t->train)
        json_integer(&e.json, "columns", (long long)t->train->columns);
    else
        json_null(&e.json, "columns");
    json_integer(&e.json, "validation_rows", (long long)parts_count(p, PART_VALIDATION));
    json_integer(&e.json, "test_rows", (long long)parts_count(p, PART_TEST));
    json_end(&e.json);
    write_command(job, t->gpu, &command);
    json_string(&e.json, "command", str_text(&command));
    str_free(&command);
    event_send(&e);
}

/* The service takes settings that a problem type does not read; it does not say so, we do. */
static void log_unread(const struct algorithm *algorithm, const struct training *t)
{
    for (const struct hyperparameter *h = algorithm->hyperparameters; h->name; h++)
        for (int i = 0; i < t->settings->count; i++)
            if (t->settings->items[i].given && strcmp(t->settings->items[i].name, h->name) == 0 &&
                !hyperparameter_applies(h, t->settings))
                event_log(t->sink, "%s has no effect here: it is read with %s only", h->name, h->when);
}

static void send_end(const struct training *t, uint64_t bytes_read)
{
    struct rusage usage = {0};
    struct event e;
    getrusage(RUSAGE_SELF, &usage);
    event_begin(&e, t->sink, "end");
    json_string(&e.json, "status", t->sink->stopped ? "stopped" : "done");
    json_number(&e.json, "t", event_time(t->sink));
    json_object(&e.json, "metrics");
    for (int i = 0; i < t->metric_count; i++)
        json_number(&e.json, t->metrics[i].name, t->metrics[i].value);
    json_end(&e.json);
    if (t->model)
        json_string(&e.json, "model", model_writer_dir(t->model));
    json_number(&e.json, "train_seconds", t->train_seconds);
    if (comm_ranks(t->comm) > 1) {
        json_integer(&e.json, "exchanged_bytes", (long long)t->comm->bytes);
        json_number(&e.json, "exchange_seconds", t->comm->seconds);
    }
    json_integer(&e.json, "peak_memory_bytes", (long long)usage.ru_maxrss * 1024);
    json_integer(&e.json, "bytes_read", (long long)bytes_read);
    if (t->step_seconds > 0)
        json_integer(&e.json, "rows_per_second", llround(t->rows_seen / t->step_seconds));
    else
        json_null(&e.json, "rows_per_second");
    event_send(&e);
}

/* --- the run --------------------------------------------------------------------------------------------------------
 */

int job_train(const struct algorithm *algorithm, struct training *t, struct error *err)
{
    t->metric_count = 0;
    t->rows_seen = t->step_seconds = 0;
    blas_threads(t->threads);
    return algorithm->train(t, err);
}

/* What every rank of a run is told. */
struct spread_run {
    const struct job *job;
    const struct algorithm *algorithm;
    const struct settings *settings;
    struct event_sink *sink;
};

static int read_data(const struct job *job, const struct algorithm *algorithm, struct comm *comm, struct parts *p,
                     struct training *t, struct error *err)
{
    if ((job->generate ? make_data(job, algorithm, p, err) : read_channels(job, algorithm, p, err)) < 0)
        return -1;
    t->all_rows = parts_count(p, PART_TRAIN);
    if (p->kind == DATA_TABLE && comm_ranks(comm) > 1 &&
        comm_share(comm, &p->table[PART_TRAIN], &t->first_row, &t->all_rows, err) < 0)
        return -1;
    training_data(t, p, true);
    t->auxiliary = job->auxiliary;
    t->resume = job->resume;
    if (job->pipe)
        t->train = NULL;
    return 0;
}

static void settle_dimension(struct settings *s, const struct dataset *train)
{
    char dimension[24];
    snprintf(dimension, sizeof dimension, "%zu", train ? train->columns : 0);
    if (train && settings_is(s, "feature_dim", "auto"))
        settings_settle(s, "feature_dim", dimension);
}

/* One rank's part of the run; rank 0 speaks for all. */
static int run_rank(void *context, struct comm *comm, struct error *err)
{
    const struct spread_run *run = context;
    const struct job *job = run->job;
    struct event_sink silent = {.write = event_drop, .started = run->sink->started, .stop = run->sink->stop};
    struct event_sink *sink = comm_rank(comm) == 0 ? run->sink : &silent;
    struct parts parts = {0};
    struct settings settings = *run->settings;
    const struct channel pipe = channel_of(job, run->algorithm, job->train);
    struct training t = {.settings = &settings,
                         .seed = job->seed,
                         .threads = job->threads,
                         .pace = job->pace,
                         .sink = sink,
                         .comm = comm,
                         .pipe = job->pipe ? &pipe : NULL,
                         .model = comm_rank(comm) == 0 ? job->model : NULL};
    int status = read_data(job, run->algorithm, comm, &parts, &t, err);
    if (status == 0)
        status = device_choose(job->device, run->algorithm, &t, err);
    if (status == 0) {
        settle_dimension(&settings, t.train);
        send_start(job, run->algorithm, &parts, &t);
        log_unread(run->algorithm, &t);
        status = job_train(run->algorithm, &t, err);
    }
    if (status == 0 && t.model)
        status = model_writer_finish(t.model, &settings, err);
    if (status == 0)
        send_end(&t, parts_bytes_read(&parts) + t.pipe_bytes);
    parts_free(&parts);
    return status;
}

int job_run(const struct job *asked, struct event_sink *sink, struct error *err)
{
    struct settings settings;
    struct job job = *asked;
    const struct algorithm *algorithm = algorithm_find(job.algorithm, err);
    struct spread_run run = {&job, algorithm, &settings, sink};
    if (!algorithm || check_job(&job, algorithm, err) < 0 ||
        algorithm_resolve(algorithm, &job.settings, &settings, err) < 0 ||
        device_check(job.device, algorithm, &settings, comm_mpi_ranks() > 0 ? comm_mpi_ranks() : job.ranks, err) < 0)
        return -1;
    job.weights = settings_is(&settings, "csv_weights", "1");
    if (comm_mpi_ranks() > 0)
        return comm_run_mpi(run_rank, &run, err);
    if (job.ranks <= 1)
        return run_rank(&run, NULL, err);
    return (job.spread && strcmp(job.spread, "processes") == 0 ? comm_run_processes
                                                               : comm_run_threads)(job.ranks, run_rank, &run, err);
}
