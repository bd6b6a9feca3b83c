#include "engine/algo/blazingtext/words_gpu.h"

#include <stdlib.h>

#define MUCH 50000000u   /* tokens of all epochs from which a GPU is worth its start */
#define LINE_MOST 1000u  /* words of a line for vectors of words */
#define MOST_BLOCKS 4096 /* warps that a large device has at work */
#define LABEL_BLOCKS 64  /* a classifier's few rows of labels are written by every line */
#define WORDS_A_BLOCK 8

struct words_gpu {
    const struct gpu *gpu;
    struct gpu_words *device;
    float *input, *output;
    size_t lines;
};

static double words_in_all(const struct training *t)
{
    const struct text *text = t->text[PART_TRAIN];
    return text && text->lines ? (double)text->start[text->lines] * settings_number(t->settings, "epochs") : 0;
}

int words_gpu_check(const struct training *t, struct error *err)
{
    const struct settings *s = t->settings;
    double width = settings_number(s, "vector_dim");
    if (settings_is(s, "mode", "batch_skipgram"))
        return error_set(err, ERROR_INPUT, "mode", "use --device cpu, or mode=skipgram",
                         "batch_skipgram trains on the CPU only");
    if (settings_true(s, "deterministic"))
        return error_set(err, ERROR_INPUT, "deterministic", "use --device cpu, or deterministic=false",
                         "On a GPU lines are learned at once: no two runs give the same bits");
    if (width > GPU_WORDS_WIDTH)
        return error_set(err, ERROR_INPUT, "vector_dim", "use --device cpu, or shorter vectors",
                         "On a GPU vectors have at most %d numbers, not %.0f", GPU_WORDS_WIDTH, width);
    if (t->pipe)
        return error_set(err, ERROR_INPUT, "--mode", "use --mode File, or --device cpu",
                         "In Pipe mode BlazingText trains on the CPU: its lines come and go");
    if (!t->gpu_asked && words_in_all(t) < MUCH)
        return error_set(err, ERROR_INPUT, "--device", "use --device cuda", "%.3g words are not worth a GPU's start",
                         words_in_all(t));
    return 0;
}

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory");
}

/* --- the text as the device reads it --------------------------------------------------------------------------------
 */

/* Of the plan's text: words in place of tokens, without those dropped, and lines that a warp each can take. */
struct words_text {
    int32_t *token;
    size_t *start;
    size_t lines;
    uint32_t *keep; /* of each word */
};

static void words_text_free(struct words_text *w)
{
    free(w->token);
    free(w->start);
    free(w->keep);
}

/* Lines of words, of at most LINE_MOST. */
static void cut_lines(struct words_text *w, const struct word_text *from)
{
    const struct text *t = from->text;
    size_t used = 0;
    w->start[0] = 0;
    for (size_t i = 0; i < t->lines; i++) {
        for (size_t k = t->start[i]; k < t->start[i + 1]; k++) {
            int32_t id = from->token[t->token[k]].id;
            if (id < 0)
                continue;
            w->token[used++] = id;
            if (used - w->start[w->lines] == LINE_MOST)
                w->start[++w->lines] = used;
        }
        if (used > w->start[w->lines])
            w->start[++w->lines] = used;
    }
}

static int words_text_open(struct words_text *w, const struct word_text *from)
{
    const struct text *t = from->text;
    size_t tokens = t->start[t->lines];
    w->token = malloc((tokens + 1) * sizeof *w->token);
    w->start = malloc((t->lines + tokens / LINE_MOST + 2) * sizeof *w->start);
    w->keep = malloc((from->words + 1) * sizeof *w->keep);
    if (!w->token || !w->start || !w->keep)
        return -1;
    for (size_t i = 0; i < t->words; i++)
        if (from->token[i].id >= 0)
            w->keep[from->token[i].id] = from->token[i].keep;
    cut_lines(w, from);
    return 0;
}

/* --- opening --------------------------------------------------------------------------------------------------------
 */

/* So many that it is rare that two have the same row. */
static size_t blocks_of(size_t words)
{
    size_t blocks = words / WORDS_A_BLOCK;
    return blocks < 1 ? 1 : blocks < MOST_BLOCKS ? blocks : MOST_BLOCKS;
}

static struct words_gpu *open_task(const struct training *t, const struct gpu_words_task *task, float *input,
                                   float *output, struct error *err)
{
    const struct gpu *gpu = t->gpu;
    struct words_gpu *w = calloc(1, sizeof *w);
    if (!t->gpu_asked)
        event_log(t->sink, "%.3g words in all epochs: trains on %s, as from %.0e on", words_in_all(t), gpu_name(),
                  (double)MUCH);
    if (!w) {
        no_memory(err);
        return NULL;
    }
    *w = (struct words_gpu){.gpu = gpu, .input = input, .output = output, .lines = task->lines};
    w->device = gpu->words_open(task);
    if (!w->device)
        error_set(err, ERROR_LIMIT, gpu_name(), "use --device cpu, fewer buckets or shorter vectors",
                  "The text and its vectors do not fit into the GPU's memory");
    if (w->device && gpu_finish(gpu, err) == 0) /* what was copied may go */
        return w;
    words_gpu_close(w);
    return NULL;
}

struct words_gpu *words_gpu_open_vectors(const struct training *t, const struct word_plan *plan,
                                         const struct word_text *text, struct word_tables *tables, struct error *err)
{
    struct words_text lines = {0};
    struct gpu_noise *noise = malloc((text->words + 1) * sizeof *noise);
    struct words_gpu *w = NULL;
    if (noise && words_text_open(&lines, text) == 0) {
        const struct gpu_words_task task = {.kind = plan->mode == WORD_CBOW ? GPU_WORDS_CBOW : GPU_WORDS_SKIPGRAM,
                                            .width = tables->width,
                                            .stride = tables->stride,
                                            .inputs = tables->inputs,
                                            .outputs = tables->outputs,
                                            .input = tables->input,
                                            .output = tables->output,
                                            .token = lines.token,
                                            .start = lines.start,
                                            .lines = lines.lines,
                                            .words = text->words,
                                            .part = text->part,
                                            .part_start = text->part_at,
                                            .keep = lines.keep,
                                            .noise = noise,
                                            .window = plan->window,
                                            .negatives = text->words > 1 ? plan->negatives : 0,
                                            .epochs = (size_t)plan->epochs,
                                            .rate = (float)plan->rate,
                                            .blocks = blocks_of(text->words),
                                            .seed = t->seed};
        for (size_t i = 0; i < text->words; i++)
            noise[i] = (struct gpu_noise){text->noise[i].keep, text->noise[i].other};
        w = open_task(t, &task, tables->input, tables->output, err);
    } else {
        no_memory(err);
    }
    words_text_free(&lines);
    free(noise);
    return w;
}

struct words_gpu *words_gpu_open_labels(const struct training *t, const struct classifier_lines *lines,
                                        struct classifier_net *net, long epochs, double rate, struct error *err)
{
    size_t blocks = blocks_of(net->inputs);
    const struct gpu_words_task task = {.kind = GPU_WORDS_LABELS,
                                        .width = net->width,
                                        .stride = net->stride,
                                        .inputs = net->inputs,
                                        .outputs = net->labels,
                                        .input = net->input,
                                        .output = net->output,
                                        .token = lines->row,
                                        .start = lines->start,
                                        .lines = lines->lines,
                                        .label = lines->label,
                                        .label_start = lines->label_start,
                                        .epochs = (size_t)epochs,
                                        .rate = (float)rate,
                                        .blocks = blocks < LABEL_BLOCKS ? blocks : LABEL_BLOCKS,
                                        .seed = t->seed};
    return open_task(t, &task, net->input, net->output, err);
}

void words_gpu_close(struct words_gpu *w)
{
    if (!w)
        return;
    if (w->device)
        w->gpu->words_close(w->device);
    free(w);
}

/* --- learning -------------------------------------------------------------------------------------------------------
 */

size_t words_gpu_lines(const struct words_gpu *w)
{
    return w->lines;
}

void words_gpu_learn(struct words_gpu *w, long epoch, size_t begin, size_t end)
{
    w->gpu->words_learn(w->device, (size_t)epoch, begin, end);
}

int words_gpu_tally(struct words_gpu *w, struct gpu_words_tally *sum, struct error *err)
{
    w->gpu->words_tally(w->device, sum);
    return gpu_finish(w->gpu, err);
}

int words_gpu_read(struct words_gpu *w, struct error *err)
{
    w->gpu->words_look(w->device, w->input, w->output);
    return gpu_finish(w->gpu, err);
}
