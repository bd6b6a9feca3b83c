#include "engine/algo/blazingtext/words_gpu.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MOST 1000u  /* words of a line for vectors of words, as word2vec has it */
#define MOST_BLOCKS 4096 /* warps that a large device has at work */
#define LABEL_BLOCKS 64  /* a classifier's few rows of labels are written by every line */
#define WORDS_A_BLOCK 8
#define SUBWORDS_MOST 4096

struct words_gpu {
    const struct gpu *gpu;
    struct words_gpu_data data;
    struct gpu_words *device;
    size_t *start; /* of the lines as they were cut */
    size_t lines;
};

int words_gpu_check(const struct training *t, struct error *err)
{
    double width = settings_number(t->settings, "vector_dim");
    if (settings_is(t->settings, "mode", "batch_skipgram"))
        return error_set(err, ERROR_INPUT, "mode", "use --device cpu, or mode skipgram",
                         "batch_skipgram trains on the CPU only");
    if (width > GPU_WORDS_WIDTH)
        return error_set(err, ERROR_INPUT, "vector_dim", "use --device cpu, or shorter vectors",
                         "On a GPU vectors have at most %d numbers, not %.0f", GPU_WORDS_WIDTH, width);
    if (t->pipe)
        return error_set(err, ERROR_INPUT, "--mode", "use --mode File, or --device cpu",
                         "In Pipe mode BlazingText trains on the CPU: its lines come and go");
    return 0;
}

/* --- what is drawn --------------------------------------------------------------------------------------------------
 */

/* Walker's alias method: bin i stands for word i with chance below[i], else for other[i]. */
struct bins {
    float *below;
    uint32_t *other;
};

/* Words are drawn by their counts to the power of 3/4 (Mikolov et al. 2013). */
static int bins_open(struct bins *b, const uint64_t *count, size_t n)
{
    double *mass = malloc((n + 1) * sizeof *mass), all = 0;
    uint32_t *stack = malloc((n + 1) * sizeof *stack);
    size_t small = 0, large = n; /* those with less than their share from the left, the others from the right */
    b->below = malloc((n + 1) * sizeof *b->below);
    b->other = malloc((n + 1) * sizeof *b->other);
    for (size_t i = 0; mass && i < n; i++)
        all += mass[i] = pow((double)count[i], 0.75);
    for (size_t i = 0; mass && stack && i < n; i++) {
        mass[i] *= (double)n / all;
        stack[mass[i] < 1 ? small++ : --large] = (uint32_t)i;
    }
    bool whole = mass && stack && b->below && b->other;
    while (whole && small > 0 && large < n) {
        uint32_t poor = stack[--small], rich = stack[large];
        b->below[poor] = (float)mass[poor];
        b->other[poor] = rich;
        mass[rich] -= 1 - mass[poor];
        if (mass[rich] < 1) {
            large++;
            stack[small++] = rich;
        }
    }
    while (whole && (small > 0 || large < n)) { /* full, but for rounding */
        uint32_t full = small > 0 ? stack[--small] : stack[large++];
        b->below[full] = 1;
        b->other[full] = full;
    }
    free(mass);
    free(stack);
    return whole ? 0 : -1;
}

/* The chance that a word stays, as the reference program has it. NULL: no memory. */
static float *chances(const struct dictionary *d, double threshold)
{
    float *keep = malloc((d->words + 1) * sizeof *keep);
    for (size_t i = 0; keep && i < d->words; i++) {
        double share = threshold * (double)d->tokens / (double)d->count[i];
        keep[i] = (float)fmin(1, sqrt(share) + share);
    }
    return keep;
}

/* --- subwords -------------------------------------------------------------------------------------------------------
 */

struct parts_list {
    int32_t *row;
    size_t *start; /* words + 1 */
    size_t room;
};

/* Room for more rows behind the first `used`. */
static int widen(struct parts_list *p, size_t used, size_t more)
{
    void *wider;
    if (used + more <= p->room)
        return 0;
    p->room = 2 * (used + more);
    wider = reallocarray(p->row, p->room, sizeof *p->row);
    p->row = wider ? wider : p->row;
    return wider ? 0 : -1;
}

/* Each word's own row and those of its n-grams. -1: no memory. */
static int parts_open(struct parts_list *p, const struct word_model *m)
{
    const struct dictionary *d = &m->dictionary;
    uint32_t *hash = malloc(SUBWORDS_MOST * sizeof *hash);
    size_t used = 0;
    int status = hash && (p->start = malloc((d->words + 1) * sizeof *p->start)) ? 0 : -1;
    for (size_t i = 0; status == 0 && i < d->words; i++) {
        size_t len, grams;
        const char *word = dictionary_spelling(d, (int32_t)i, &len);
        grams = dictionary_subwords(word, len, m->min_char, m->max_char, hash, SUBWORDS_MOST);
        p->start[i] = used;
        status = widen(p, used, grams + 1);
        if (status == 0)
            p->row[used++] = (int32_t)i;
        for (size_t k = 0; status == 0 && k < grams; k++) {
            int32_t row = buckets_find(&m->buckets, hash[k] % m->buckets.all);
            if (row >= 0)
                p->row[used++] = (int32_t)d->words + row;
        }
        p->start[i + 1] = used;
    }
    free(hash);
    return status;
}

/* --- lines ----------------------------------------------------------------------------------------------------------
 */

/* Lines for a warp each. -1: no memory. */
static int cut(struct words_gpu *w)
{
    const struct words_gpu_data *d = &w->data;
    size_t most = d->kind == GPU_WORDS_LABELS ? SIZE_MAX : LINE_MOST, lines = 0;
    for (size_t i = 0; i < d->lines; i++) {
        size_t tokens = d->start[i + 1] - d->start[i];
        lines += most == SIZE_MAX ? 1 : (tokens + most - 1) / most;
    }
    w->start = malloc((lines + 1) * sizeof *w->start);
    if (!w->start)
        return -1;
    w->start[0] = 0;
    for (size_t i = 0; i < d->lines; i++) {
        size_t at = d->start[i];
        if (most == SIZE_MAX)
            w->start[++w->lines] = d->start[i + 1];
        for (; most != SIZE_MAX && at < d->start[i + 1]; at = w->start[w->lines]) {
            size_t left = d->start[i + 1] - at;
            w->start[++w->lines] = at + (left < most ? left : most);
        }
    }
    return 0;
}

/* --- learning -------------------------------------------------------------------------------------------------------
 */

/* So many that it is rare that two have the same row. */
static size_t blocks_of(const struct words_gpu_data *d)
{
    size_t rows = d->model->dictionary.words / WORDS_A_BLOCK;
    size_t most = d->kind == GPU_WORDS_LABELS ? LABEL_BLOCKS : MOST_BLOCKS;
    return rows < 1 ? 1 : rows < most ? rows : most;
}

static int open_device(struct words_gpu *w, struct error *err)
{
    const struct words_gpu_data *d = &w->data;
    const struct word_model *m = d->model;
    bool labels = d->kind == GPU_WORDS_LABELS, subwords = !labels && m->max_char > 0;
    struct bins bins = {0};
    struct parts_list parts = {0};
    float *keep = !labels && m->sampling > 0 ? chances(&m->dictionary, m->sampling) : NULL;
    bool whole = cut(w) == 0 && (labels || m->sampling <= 0 || keep) &&
                 (labels || bins_open(&bins, m->dictionary.count, d->outputs) == 0) &&
                 (!subwords || parts_open(&parts, m) == 0);
    const struct gpu_words_task task = {.kind = d->kind,
                                        .width = m->width,
                                        .inputs = m->dictionary.words + m->buckets.seen,
                                        .outputs = d->outputs,
                                        .input = m->vectors,
                                        .output = d->output,
                                        .token = d->token,
                                        .start = w->start,
                                        .lines = w->lines,
                                        .part = parts.row,
                                        .part_start = parts.start,
                                        .words = m->dictionary.words,
                                        .keep = keep,
                                        .other = bins.other,
                                        .below = bins.below,
                                        .label = labels ? d->label : NULL,
                                        .label_start = labels ? d->label_start : NULL,
                                        .window = (size_t)m->window,
                                        .negatives = (size_t)m->negatives,
                                        .epochs = (size_t)m->epochs,
                                        .rate = (float)m->rate,
                                        .blocks = blocks_of(d),
                                        .seed = d->seed};
    int status = 0;
    if (!whole)
        status = error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory");
    else if (!(w->device = w->gpu->words_open(&task)))
        status = error_set(err, ERROR_LIMIT, gpu_name(), "use --device cpu, fewer buckets or shorter vectors",
                           "The text and its vectors do not fit into the GPU's memory");
    if (status == 0)
        status = gpu_finish(w->gpu, err); /* what was copied may go */
    free(keep);
    free(parts.row);
    free(parts.start);
    free(bins.below);
    free(bins.other);
    return status;
}

struct words_gpu *words_gpu_open(const struct gpu *gpu, const struct words_gpu_data *data, struct error *err)
{
    struct words_gpu *w = calloc(1, sizeof *w);
    if (!w) {
        error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory");
        return NULL;
    }
    w->gpu = gpu;
    w->data = *data;
    if (open_device(w, err) == 0)
        return w;
    words_gpu_close(w);
    return NULL;
}

void words_gpu_close(struct words_gpu *w)
{
    if (!w)
        return;
    if (w->device)
        w->gpu->words_close(w->device);
    free(w->start);
    free(w);
}

size_t words_gpu_lines(const struct words_gpu *w)
{
    return w->lines;
}

uint64_t words_gpu_tokens(const struct words_gpu *w, size_t begin, size_t end)
{
    return w->start[end] - w->start[begin];
}

void words_gpu_learn(struct words_gpu *w, int epoch, size_t begin, size_t end)
{
    w->gpu->words_learn(w->device, (size_t)epoch, begin, end);
}

int words_gpu_read(struct words_gpu *w, double *loss, struct error *err)
{
    double sum, count;
    w->gpu->words_look(w->device, w->data.model->vectors, w->data.output, &sum, &count);
    if (gpu_finish(w->gpu, err) < 0)
        return -1;
    *loss = count > 0 ? sum / count : NAN;
    return 0;
}
