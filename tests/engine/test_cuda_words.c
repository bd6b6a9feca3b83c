/* The CUDA kernels that learn vectors of words and of labels, on the processor (tests/cuda): the same numbers as word
 * by word in plain C, which follows Mikolov et al. 2013 and Joulin et al. 2017. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/algo/blazingtext/blazingtext.h"
#include "engine/algo/blazingtext/words_gpu.h"
#include "engine/base/rng.h"
#include "engine/data/generate.h"
#include "engine/gpu.h"
#include "engine/tensor/backend.h"

const struct gpu *cuda_gpu_on_processor(void);

static const struct gpu *gpu;

static int open_device(void **state)
{
    (void)state;
    gpu = cuda_gpu_on_processor();
    return gpu ? 0 : -1;
}

/* --- word by word ---------------------------------------------------------------------------------------------------
 */

struct plain {
    const struct gpu_words_task *task;
    double *input, *output;
    struct gpu_words_tally sum;
    uint64_t stream;
    size_t draws;
    double rate;
};

static double *row(const struct plain *p, double *table, size_t at)
{
    return table + at * p->task->stride;
}

/* Rows that a token is the mean of. */
static const int32_t *rows_of(const struct gpu_words_task *t, const int32_t *word, size_t *count)
{
    *count = t->part_start ? t->part_start[*word + 1] - t->part_start[*word] : 1;
    return t->part_start ? t->part + t->part_start[*word] : word;
}

/* h += the rows of a word; how many. */
static size_t gather(struct plain *p, const int32_t *word, double *h)
{
    size_t count, width = p->task->width;
    const int32_t *rows = rows_of(p->task, word, &count);
    for (size_t k = 0; k < count; k++)
        for (size_t d = 0; d < width; d++)
            h[d] += row(p, p->input, (size_t)rows[k])[d];
    return count;
}

static void teach(struct plain *p, const int32_t *word, const double *error)
{
    size_t count, width = p->task->width;
    const int32_t *rows = rows_of(p->task, word, &count);
    for (size_t k = 0; k < count; k++)
        for (size_t d = 0; d < width; d++)
            row(p, p->input, (size_t)rows[k])[d] += error[d];
}

static void pair(struct plain *p, const double *h, double *error, size_t target, double yes)
{
    double *out = row(p, p->output, target), score = 0, slope;
    for (size_t d = 0; d < p->task->width; d++)
        score += h[d] * out[d];
    slope = (yes - 1 / (1 + exp(-score))) * p->rate;
    p->sum.loss += log1p(exp(yes > 0 ? -score : score));
    for (size_t d = 0; d < p->task->width; d++) {
        error[d] += slope * out[d];
        out[d] += slope * h[d];
    }
}

static void target(struct plain *p, const double *h, double *error, int32_t word, uint64_t first)
{
    const struct gpu_words_task *t = p->task;
    pair(p, h, error, (size_t)word, 1);
    for (size_t k = 0; k < t->negatives; k++) {
        uint64_t bits = random_word(p->stream, first + k);
        int32_t drawn = word;
        for (; drawn == word; bits = random_word(bits, 0)) {
            drawn = (int32_t)((bits >> 32) * t->words >> 32);
            if ((uint32_t)bits > t->noise[drawn].keep)
                drawn = t->noise[drawn].other;
        }
        pair(p, h, error, (size_t)drawn, 0);
    }
    p->sum.count++;
}

/* Words from .. to - 1, without the one in the middle, say that one. */
static void learn_middle(struct plain *p, const int32_t *kept, size_t from, size_t to, size_t middle, uint64_t first)
{
    enum { MOST = 200 };
    double h[MOST] = {0}, error[MOST] = {0};
    size_t rows = 0;
    for (size_t i = from; i < to; i++)
        rows += i == middle ? 0 : gather(p, &kept[i], h);
    if (rows == 0)
        return;
    for (size_t d = 0; d < p->task->width; d++)
        h[d] /= (double)rows;
    target(p, h, error, kept[middle], first);
    for (size_t i = from; i < to; i++)
        if (i != middle)
            teach(p, &kept[i], error);
}

static void learn_words(struct plain *p, size_t line)
{
    const struct gpu_words_task *t = p->task;
    size_t start = t->start[line], count = 0;
    int32_t *kept = calloc(t->start[line + 1] - start + 1, sizeof *kept);
    for (size_t i = start; i < t->start[line + 1]; i++)
        if (!t->keep || random_word(p->stream, i * p->draws) >> 32 <= t->keep[t->token[i]])
            kept[count++] = t->token[i];
    for (size_t i = 0; i < count; i++) {
        uint64_t draw = (start + i) * p->draws, pairs = 0;
        size_t far = 1 + (size_t)((random_word(p->stream, draw + 1) >> 32) * t->window >> 32);
        size_t from = i > far ? i - far : 0, to = i + far < count ? i + far + 1 : count;
        if (t->kind == GPU_WORDS_CBOW)
            learn_middle(p, kept, from, to, i, draw + 2);
        for (size_t k = from; t->kind == GPU_WORDS_SKIPGRAM && k < to; k++)
            if (k != i)
                learn_middle(p, kept, k, k + 1, i, draw + 2 + pairs++ * t->negatives);
    }
    free(kept);
}

static void learn_labels(struct plain *p, size_t line)
{
    const struct gpu_words_task *t = p->task;
    size_t start = t->start[line], n = t->start[line + 1] - start, width = t->width;
    size_t first = t->label_start[line], labels = t->label_start[line + 1] - first, drawn, likeliest = 0;
    bool hit = false;
    double *h = calloc(width, sizeof *h), *error = calloc(width, sizeof *error);
    double *score = calloc(t->outputs, sizeof *score), sum = 0;
    if (n > 0 && labels > 0) {
        drawn = (size_t)t->label[first + ((random_word(p->stream, start * p->draws) >> 32) * labels >> 32)];
        for (size_t i = 0; i < n; i++)
            for (size_t d = 0; d < width; d++)
                h[d] += row(p, p->input, (size_t)t->token[start + i])[d] / (double)n;
        for (size_t k = 0; k < t->outputs; k++) {
            for (size_t d = 0; d < width; d++)
                score[k] += h[d] * row(p, p->output, k)[d];
            sum += exp(score[k]);
            likeliest = score[k] > score[likeliest] ? k : likeliest;
        }
        for (size_t k = 0; k < labels; k++)
            hit = hit || (size_t)t->label[first + k] == likeliest;
        p->sum.hits += hit;
        for (size_t k = 0; k < t->outputs; k++) {
            double slope = p->rate * ((k == drawn) - exp(score[k]) / sum), *out = row(p, p->output, k);
            for (size_t d = 0; d < width; d++) {
                error[d] += slope * out[d] / (double)n;
                out[d] += slope * h[d];
            }
        }
        for (size_t i = 0; i < n; i++)
            for (size_t d = 0; d < width; d++)
                row(p, p->input, (size_t)t->token[start + i])[d] += error[d];
        p->sum.loss += log(sum) - score[drawn];
        p->sum.count++;
    }
    free(h);
    free(error);
    free(score);
}

/* Lines as the blocks come to them, which on a processor run one after another. */
static void learn(struct plain *p, size_t epoch, size_t begin, size_t end)
{
    const struct gpu_words_task *t = p->task;
    size_t all = t->start[t->lines], blocks = t->blocks < end - begin ? t->blocks : end - begin;
    p->stream = random_word(t->seed, epoch);
    p->draws = 2 + (t->kind == GPU_WORDS_CBOW ? 1 : 2 * t->window) * t->negatives;
    for (size_t b = 0; b < blocks; b++)
        for (size_t line = begin + b; line < end; line += blocks) {
            double done = ((double)epoch + (double)t->start[line] / (double)all) / (double)t->epochs;
            p->rate = fmax((double)t->rate * (1 - done), 1e-4 * (double)t->rate);
            if (t->kind == GPU_WORDS_LABELS)
                learn_labels(p, line);
            else
                learn_words(p, line);
        }
}

/* --- made tasks -----------------------------------------------------------------------------------------------------
 */

enum { LINES = 7, WORDS = 23, GRAMS = 9, LABELS = 11, TOKENS_MOST = LINES * 40, STRIDE_MOST = 112 };

struct made {
    struct gpu_words_task task;
    float input[(WORDS + GRAMS) * STRIDE_MOST], output[WORDS * STRIDE_MOST];
    int32_t token[TOKENS_MOST], part[WORDS * 4], label[LINES * 3];
    size_t start[LINES + 1], part_start[WORDS + 1], label_start[LINES + 1];
    uint32_t keep[WORDS];
    struct gpu_noise noise[WORDS];
};

struct shape {
    enum gpu_words_kind kind;
    size_t width, window, negatives, blocks;
    bool parts, keep;
};

static void make(struct made *m, const struct shape *s, struct rng *r)
{
    size_t outputs = s->kind == GPU_WORDS_LABELS ? LABELS : WORDS;
    for (size_t i = 0; i < sizeof m->input / sizeof *m->input; i++)
        m->input[i] = (float)rng_normal(r) * 0.3f;
    for (size_t i = 0; i < sizeof m->output / sizeof *m->output; i++)
        m->output[i] = (float)rng_normal(r) * 0.3f;
    for (size_t i = 0; i < LINES; i++) { /* one is empty, one long */
        size_t tokens = i == 2 ? 0 : i == 4 ? 40 : 1 + rng_below(r, 12);
        m->start[i + 1] = m->start[i] + tokens;
        for (size_t k = m->start[i]; k < m->start[i + 1]; k++)
            m->token[k] = (int32_t)rng_below(r, WORDS);
        m->label_start[i + 1] = m->label_start[i] + (i == 5 ? 0 : 1 + rng_below(r, 3));
        for (size_t k = m->label_start[i]; k < m->label_start[i + 1]; k++)
            m->label[k] = (int32_t)rng_below(r, LABELS);
    }
    for (size_t i = 0; i < WORDS; i++) {
        m->keep[i] = (uint32_t)rng_next(r);
        m->noise[i] = (struct gpu_noise){(uint32_t)rng_next(r), (int32_t)rng_below(r, WORDS)};
        m->part_start[i + 1] = m->part_start[i] + 1 + rng_below(r, 4);
        m->part[m->part_start[i]] = (int32_t)i;
        for (size_t k = m->part_start[i] + 1; k < m->part_start[i + 1]; k++)
            m->part[k] = WORDS + (int32_t)rng_below(r, GRAMS);
    }
    m->task = (struct gpu_words_task){.kind = s->kind,
                                      .width = s->width,
                                      .stride = s->width + s->width % 3,
                                      .inputs = WORDS + GRAMS,
                                      .outputs = outputs,
                                      .input = m->input,
                                      .output = m->output,
                                      .token = m->token,
                                      .start = m->start,
                                      .lines = LINES,
                                      .part = s->parts ? m->part : NULL,
                                      .part_start = s->parts ? m->part_start : NULL,
                                      .words = WORDS,
                                      .keep = s->keep ? m->keep : NULL,
                                      .noise = m->noise,
                                      .label = m->label,
                                      .label_start = m->label_start,
                                      .window = s->window,
                                      .negatives = s->negatives,
                                      .epochs = 3,
                                      .rate = 0.2f,
                                      .blocks = s->blocks,
                                      .seed = 11};
}

static const struct shape shapes[] = {
    {GPU_WORDS_SKIPGRAM, 4, 2, 3, 1, false, false}, {GPU_WORDS_SKIPGRAM, 1, 5, 5, 1, false, true},
    {GPU_WORDS_SKIPGRAM, 13, 1, 1, 2, true, true},  {GPU_WORDS_SKIPGRAM, 110, 3, 2, 1, true, false},
    {GPU_WORDS_CBOW, 4, 2, 3, 1, false, false},     {GPU_WORDS_CBOW, 37, 5, 5, 1, true, true},
    {GPU_WORDS_CBOW, 100, 1, 2, 3, false, true},    {GPU_WORDS_LABELS, 4, 1, 1, 1, false, false},
    {GPU_WORDS_LABELS, 10, 1, 1, 1, false, false},  {GPU_WORDS_LABELS, 101, 1, 1, 4, false, false},
};

static double *doubled(const float *from, size_t n)
{
    double *to = calloc(n, sizeof *to);
    for (size_t i = 0; i < n; i++)
        to[i] = (double)from[i];
    return to;
}

static void same(const struct shape *s, const char *what, const double *wanted, const float *found, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(wanted[i] - (double)found[i]) <= 2e-5 * (1 + fabs(wanted[i]))))
            fail_msg("kind %d, width %zu: %s[%zu] is %.9g, wanted %.9g", s->kind, s->width, what, i, (double)found[i],
                     wanted[i]);
}

/* Two epochs, the second in two pieces, and a look at the losses between. */
static void learns_as_word_by_word(void **state)
{
    const struct shape *s = *state;
    struct made *m = calloc(1, sizeof *m);
    struct rng r;
    size_t ins, outs;
    struct gpu_words *w;
    struct plain p = {.task = &m->task};
    rng_init(&r, 5, (uint64_t)(s - shapes));
    make(m, s, &r);
    ins = m->task.inputs * m->task.stride;
    outs = m->task.outputs * m->task.stride;
    p.input = doubled(m->input, ins);
    p.output = doubled(m->output, outs);
    w = gpu->words_open(&m->task);
    assert_non_null(w);
    for (int look = 0; look < 2; look++) {
        struct gpu_words_tally sum;
        char why[GPU_TEXT];
        p.sum = (struct gpu_words_tally){0};
        for (size_t begin = 0, end = look ? 3 : LINES; begin < LINES; begin = end, end = LINES) {
            gpu->words_learn(w, (size_t)look, begin, end);
            learn(&p, (size_t)look, begin, end);
        }
        gpu->words_learn(w, 2, 4, 4); /* of nothing */
        gpu->words_tally(w, &sum);
        gpu->words_look(w, m->input, m->output);
        assert_int_equal(gpu->finish(why), 0);
        same(s, "input", p.input, m->input, ins);
        same(s, "output", p.output, m->output, outs);
        assert_true(sum.count > 0 && sum.count == p.sum.count && sum.hits == p.sum.hits);
        assert_true(fabs(sum.loss - p.sum.loss) < 1e-5 * p.sum.loss);
    }
    gpu->words_close(w);
    free(p.input);
    free(p.output);
    free(m);
}

static void wider_vectors_are_refused(void **state)
{
    struct made *m = calloc(1, sizeof *m);
    struct rng r;
    (void)state;
    rng_init(&r, 5, 1);
    make(m, &shapes[0], &r);
    m->task.width = GPU_WORDS_WIDTH + 1;
    assert_null(gpu->words_open(&m->task));
    free(m);
}

/* --- whole trainings ------------------------------------------------------------------------------------------------
 */

struct whole {
    const char *recipe, *settings;
    const char *metric; /* in which both must be about as good */
    double least, apart;
};

/* By chance a fifth of the neighbours are of the same topic. */
static const struct whole wholes[] = {
    {"planted_words:n=500,topics=5", "mode=skipgram vector_dim=12 epochs=3 learning_rate=0.1 sampling_threshold=0",
     "test:topic_precision", 0.7, 0.15},
    {"planted_words:n=500,topics=5",
     "mode=cbow vector_dim=12 epochs=9 learning_rate=0.3 window_size=3 sampling_threshold=0", "test:topic_precision",
     0.6, 0.2},
    {"planted_words:n=200,topics=4",
     "mode=skipgram vector_dim=8 epochs=2 subwords=true min_char=3 max_char=4 sampling_threshold=0.01", "train:loss",
     0.5, 0.15},
    {"opinion_text:n=1500,length=6,not=0.4,noise=0.1",
     "mode=supervised vector_dim=8 epochs=5 learning_rate=0.3 min_count=1 word_ngrams=2", "test:accuracy", 0.7, 0.05},
};

static void set_words(struct settings *given, const char *words)
{
    char text[400], *save = NULL;
    snprintf(text, sizeof text, "%s", words);
    for (char *pair = strtok_r(text, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
        *strchr(pair, '=') = '\0';
        assert_int_equal(settings_set(given, pair, pair + strlen(pair) + 1, &(struct error){0}), 0);
    }
}

static struct training t; /* the last one */

static int try_training(const char *recipe, const char *words, const struct gpu *device, struct error *err)
{
    struct settings given = {0}, settings;
    struct parts parts = {0};
    struct event_sink sink = {.write = event_drop};
    int status;
    set_words(&given, words);
    if (algorithm_resolve(&blazingtext, &given, &settings, err) < 0 || generate_parts(recipe, 5, &parts, err) < 0)
        fail_msg("%s: %s", recipe, err->what);
    t = (struct training){
        .settings = &settings, .seed = 3, .threads = 1, .sink = &sink, .gpu = device, .gpu_asked = device != NULL};
    training_data(&t, &parts, true);
    status = blazingtext.train(&t, err);
    parts_free(&parts);
    return status;
}

static double trained(const struct whole *c, const struct gpu *device)
{
    struct error err = {0};
    if (try_training(c->recipe, c->settings, device, &err) < 0)
        fail_msg("%s: %s", c->settings, err.what);
    return training_metric_value(&t, c->metric);
}

static void is_as_good_as_the_processor(void **state)
{
    const struct whole *c = *state;
    double wanted = trained(c, NULL), found = trained(c, gpu);
    print_message("  %s, %s: %.4g on the processor, %.4g by kernels\n", c->settings, c->metric, wanted, found);
    assert_true(wanted >= c->least && found >= c->least);
    assert_true(fabs(wanted - found) <= c->apart);
}

static void what_a_gpu_does_not_take_is_said(void **state)
{
    static const struct {
        const char *settings, *where, *what;
    } refused[] = {
        {"mode=batch_skipgram", "mode", "batch_skipgram"},
        {"mode=skipgram deterministic=true", "deterministic", "no two runs"},
        {"mode=supervised vector_dim=2000", "vector_dim", "not 2000"},
    };
    const struct channel pipe = {0};
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct error err = {0};
        struct settings given = {0}, settings;
        set_words(&given, refused[i].settings);
        assert_int_equal(algorithm_resolve(&blazingtext, &given, &settings, &err), 0);
        t = (struct training){.settings = &settings, .gpu_asked = true};
        assert_int_equal(words_gpu_check(&t, &err), -1);
        assert_string_equal(err.where, refused[i].where);
        assert_non_null(strstr(err.what, refused[i].what));
        set_words(&settings, "mode=skipgram vector_dim=100 deterministic=false");
        assert_int_equal(words_gpu_check(&t, &err), 0);
        t.pipe = &pipe;
        assert_int_equal(words_gpu_check(&t, &err), -1);
    }
}

/* --- a device that fails --------------------------------------------------------------------------------------------
 */

static long finishes; /* that go well before one does not */

static int finish_at_last(char why[GPU_TEXT])
{
    char real[GPU_TEXT];
    int status = gpu->finish(real);
    snprintf(why, GPU_TEXT, "it was told to");
    return finishes-- > 0 ? status : -1;
}

static struct gpu_words *no_room(const struct gpu_words_task *task)
{
    (void)task;
    return NULL;
}

static void a_failing_device_ends_the_run(void **state)
{
    static const char *const settings[][2] = {
        {"planted_words:n=100", "mode=cbow vector_dim=4 epochs=1"},
        {"opinion_text:n=100", "mode=supervised vector_dim=4 epochs=1 min_count=1"}};
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct gpu broken = *gpu;
        struct error err = {0};
        long at = 0;
        broken.finish = finish_at_last;
        for (finishes = at; try_training(settings[k][0], settings[k][1], &broken, &err) < 0; finishes = ++at)
            assert_non_null(strstr(err.what, "The GPU failed: it was told to"));
        assert_true(at > 3);
        broken = *gpu;
        broken.words_open = no_room;
        assert_int_equal(try_training(settings[k][0], settings[k][1], &broken, &err), -1);
        assert_non_null(strstr(err.what, "do not fit into the GPU's memory"));
    }
}

/* Few words are not worth the start of a GPU, unless it was asked for. */
static void few_words_stay_on_the_processor(void **state)
{
    struct error err = {0};
    struct settings given = {0}, settings;
    size_t start[2] = {0, 9999999};
    struct text text = {.lines = 1, .start = start};
    (void)state;
    t = (struct training){.settings = &settings};
    set_words(&given, "mode=cbow epochs=5");
    assert_int_equal(algorithm_resolve(&blazingtext, &given, &settings, &err), 0);
    assert_int_equal(words_gpu_check(&t, &err), -1);
    t.text[PART_TRAIN] = &text;
    assert_int_equal(words_gpu_check(&t, &err), -1);
    t.gpu_asked = true;
    assert_int_equal(words_gpu_check(&t, &err), 0);
    t.gpu_asked = false;
    start[1]++;
    assert_int_equal(words_gpu_check(&t, &err), 0);
}

int main(void)
{
    enum { SHAPES = sizeof shapes / sizeof *shapes, WHOLES = sizeof wholes / sizeof *wholes, OTHERS = 4 };
    struct CMUnitTest tests[OTHERS + SHAPES + WHOLES] = {
        cmocka_unit_test(wider_vectors_are_refused),
        cmocka_unit_test(what_a_gpu_does_not_take_is_said),
        cmocka_unit_test(few_words_stay_on_the_processor),
        cmocka_unit_test(a_failing_device_ends_the_run),
    };
    for (size_t i = 0; i < SHAPES; i++)
        tests[OTHERS + i] =
            (struct CMUnitTest){"learns_as_word_by_word", learns_as_word_by_word, NULL, NULL, (void *)&shapes[i]};
    for (size_t i = 0; i < WHOLES; i++)
        tests[OTHERS + SHAPES + i] =
            (struct CMUnitTest){wholes[i].settings, is_as_good_as_the_processor, NULL, NULL, (void *)&wholes[i]};
    return cmocka_run_group_tests(tests, open_device, NULL);
}
