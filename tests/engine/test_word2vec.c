/* Word2Vec: its kernels against plain loops and the slopes of the loss, what it draws, what it refuses, that it learns,
 * repeats and is spread. */
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
#include "engine/algo/blazingtext/word_learner.h"
#include "engine/algo/blazingtext/word_meeting.h"
#include "engine/algo/blazingtext/word_score.h"
#include "engine/base/rng.h"
#include "engine/data/made.h"
#include "engine/model.h"

/* --- kernels --------------------------------------------------------------------------------------------------------
 */

enum { WIDTH = 24, STRIDE = 32, ROWS = 40 };

struct table {
    float *row;
};

static struct table table_new(uint64_t seed, double scale)
{
    struct table t = {aligned_alloc(64, ROWS * STRIDE * sizeof(float))};
    struct rng rng;
    rng_init(&rng, seed, 1);
    for (size_t i = 0; i < ROWS * STRIDE; i++)
        t.row[i] = i % STRIDE < WIDTH - 3 ? (float)(scale * rng_normal(&rng)) : 0;
    return t;
}

static float *row_of(struct table t, size_t i)
{
    return t.row + i * STRIDE;
}

/* The loss of inputs against outputs, the first of which is right. */
static double loss_of(float *const *input, size_t inputs, float *const *output, size_t outputs, double first)
{
    double sum = 0;
    for (size_t i = 0; i < inputs; i++)
        for (size_t j = 0; j < outputs; j++) {
            double score = 0;
            for (size_t k = 0; k < WIDTH; k++)
                score += (double)input[i][k] * (double)output[j][k];
            sum += log1p(exp(j || first == 0 ? score : -score));
        }
    return sum;
}

/* What a row has moved is -rate times the slope of the loss: to the sigmoid table's 0.002, times the other's numbers.
 */
static void check_slopes(const struct word_kernels *kernels, size_t inputs, size_t outputs, bool batch)
{
    const float rate = 0.01F;
    struct table a = table_new(3, 0.5), b = table_new(4, 0.5), was_a = table_new(3, 0.5), was_b = table_new(4, 0.5);
    float *input[ROWS], *output[ROWS], *old_input[ROWS], *old_output[ROWS], score[ROWS * 8], step[ROWS * 8];
    float *move = aligned_alloc(64, ROWS * STRIDE * sizeof *move);
    const struct word_batch both = {input, output, inputs, outputs, score, step, move};
    for (size_t i = 0; i < ROWS; i++) {
        input[i] = row_of(a, i);
        output[i] = row_of(b, i);
        old_input[i] = row_of(was_a, i);
        old_output[i] = row_of(was_b, i);
    }
    if (batch)
        kernels->learn_batch(&both, rate, WIDTH);
    else
        kernels->learn(input[0], input[0], output, outputs, 1, rate, WIDTH, score);
    for (size_t row = 0; row < inputs + outputs; row++)
        for (size_t k = 0; k < WIDTH; k++) {
            float *at = row < inputs ? old_input[row] + k : old_output[row - inputs] + k, keep = *at;
            double moved = (double)(row < inputs ? input[row][k] : output[row - inputs][k]) - (double)keep, up, slope;
            *at = keep + 1e-3F;
            up = loss_of(old_input, inputs, old_output, outputs, 1);
            *at = keep - 1e-3F;
            slope = (up - loss_of(old_input, inputs, old_output, outputs, 1)) / 2e-3;
            *at = keep;
            assert_true(fabs(moved + (double)rate * slope) < (double)rate * 0.01 * (double)(inputs + outputs));
        }
    for (size_t i = 0; i < ROWS; i++) /* others stay */
        assert_true(i < inputs || memcmp(input[i], old_input[i], WIDTH * sizeof(float)) == 0);
    free(a.row), free(b.row), free(was_a.row), free(was_b.row), free(move);
}

static void test_slopes(void **state)
{
    const struct word_kernels *kinds[] = {&word_kernels_plain, word_kernels()};
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        for (size_t outputs = 1; outputs <= WORD_KERNEL_ROWS; outputs++)
            check_slopes(kinds[kind], 1, outputs, false);
        for (size_t inputs = 1; inputs <= 9; inputs++)
            for (size_t outputs = 1; outputs <= 8; outputs += 1 + outputs / 3)
                check_slopes(kinds[kind], inputs, outputs, true);
    }
}

/* Rows that stand twice: each place moves the row. */
static void test_kernels_agree_on_rows_that_repeat(void **state)
{
    struct table a[2], b[2];
    float *move = aligned_alloc(64, ROWS * STRIDE * sizeof *move), score[64], step[64];
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        static const size_t in[] = {0, 3, 0, 5, 0, 6, 3}, out[] = {2, 7, 7, 1, 7, 9};
        const struct word_kernels *kernels = kind ? word_kernels() : &word_kernels_plain;
        float *input[7], *output[6];
        a[kind] = table_new(5, 0.3);
        b[kind] = table_new(6, 0.3);
        for (size_t i = 0; i < 7; i++)
            input[i] = row_of(a[kind], in[i]);
        for (size_t j = 0; j < 6; j++)
            output[j] = row_of(b[kind], out[j]);
        kernels->learn_batch(&(struct word_batch){input, output, 7, 6, score, step, move}, 0.1F, WIDTH);
        kernels->learn(input[1], input[1], output, 6, 0, 0.1F, WIDTH, score);
        kernels->mean(row_of(a[kind], 20), input, 7, WIDTH);
        kernels->spread(input, 7, row_of(a[kind], 20), WIDTH);
    }
    for (size_t i = 0; i < ROWS * STRIDE; i++) {
        assert_true(fabsf(a[0].row[i] - a[1].row[i]) < 2e-3F);
        assert_true(fabsf(b[0].row[i] - b[1].row[i]) < 2e-3F);
    }
    for (int kind = 0; kind < 2; kind++)
        free(a[kind].row), free(b[kind].row);
    free(move);
}

/* No number, and numbers beyond the table, are read within it. */
static void test_far_scores(void **state)
{
    static const float far[] = {1e30F, -1e30F, INFINITY, -INFINITY, NAN};
    (void)state;
    for (int kind = 0; kind < 2; kind++)
        for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
            const struct word_kernels *kernels = kind ? word_kernels() : &word_kernels_plain;
            struct table a = table_new(1, 0), b = table_new(2, 0);
            float *output[] = {row_of(b, 0), row_of(b, 1)}, score[8];
            row_of(a, 0)[0] = far[i];
            row_of(b, 0)[0] = 1;
            kernels->learn(row_of(a, 0), row_of(a, 0), output, 2, 1, 0.5F, WIDTH, score);
            assert_true(isnan(far[i]) ? isnan(score[0]) : score[0] == far[i]);
            free(a.row), free(b.row);
        }
}

/* --- what is drawn --------------------------------------------------------------------------------------------------
 */

static struct text text_of(const char *const *lines, size_t count)
{
    struct text t = {.name = "made here"};
    for (size_t i = 0; i < count; i++)
        assert_int_equal(text_append(&t, lines[i], strlen(lines[i])), TEXT_ADDED);
    return t;
}

static void test_negatives_follow_counts(void **state)
{
    enum { DRAWS = 400000 };
    static const char *const lines[] = {"a a a a a a a a a a a a a a a a b b b b c d"};
    static const double count[] = {16, 4, 1, 1};
    struct text t = text_of(lines, 1);
    struct dictionary d;
    struct word_text w;
    struct word_plan plan = {.least = 0};
    struct word_dice dice = {7};
    struct error err;
    double seen[4] = {0}, all = 0, chi = 0;
    (void)state;
    assert_int_equal(dictionary_build(&d, &t, 0, false, &err), 0);
    assert_int_equal(word_text_open(&w, &t, &d, &plan, NULL, &err), 0);
    for (int i = 0; i < DRAWS; i++)
        seen[word_text_draw(&w, &dice)]++;
    for (int i = 0; i < 4; i++)
        all += pow(count[i], 0.75);
    for (int i = 0; i < 4; i++) {
        double expected = DRAWS * pow(count[i], 0.75) / all;
        chi += (seen[i] - expected) * (seen[i] - expected) / expected;
    }
    assert_true(chi < 16.3); /* 3 degrees of freedom: 1 in 1,000; the seed is fixed */
    word_text_close(&w);
    dictionary_free(&d);
    text_free(&t);
}

static void test_frequent_words_are_read_rarely(void **state)
{
    (void)state;
    assert_true(word_text_kept(1e-5, 1e-4) == 1);
    assert_true(word_text_kept(0.5, 0) == 1); /* switched off */
    assert_true(fabs(word_text_kept(0.01, 1e-4) - (0.1 + 0.01)) < 1e-12);
    assert_true(fabs(word_text_kept(0.04, 1e-4) - (0.05 + 0.0025)) < 1e-12);
}

/* --- the walk -------------------------------------------------------------------------------------------------------
 */

struct walk {
    struct text t;
    struct dictionary d;
    struct buckets buckets;
    struct word_text text;
    struct word_plan plan;
    struct word_tables tables;
    struct word_learner l;
};

static struct walk *walk_open(const char *const *lines, size_t count, struct word_plan plan)
{
    struct walk *w = calloc(1, sizeof *w);
    struct error err;
    w->plan = plan;
    w->t = text_of(lines, count);
    assert_int_equal(dictionary_build(&w->d, &w->t, plan.least, false, &err), 0);
    assert_int_equal(word_text_open(&w->text, &w->t, &w->d, &w->plan, &w->buckets, &err), 0);
    assert_int_equal(word_tables_open(&w->tables, w->d.words, w->buckets.seen, plan.width, 1, &err), 0);
    assert_int_equal(word_learner_open(&w->l, &w->plan, &w->text, &w->tables, 1, 0, 1, &err), 0);
    word_learner_begin(&w->l);
    return w;
}

static void walk_close(struct walk *w)
{
    word_learner_close(&w->l);
    word_tables_close(&w->tables);
    word_text_close(&w->text);
    buckets_free(&w->buckets);
    dictionary_free(&w->d);
    text_free(&w->t);
    free(w);
}

static const struct word_plan small_plan = {.width = 7,
                                            .window = 1,
                                            .negatives = 2,
                                            .batch = 3,
                                            .epochs = 1,
                                            .rate = 0.1,
                                            .min_char = 3,
                                            .max_char = 4,
                                            .buckets = 1000};

/* Two words, one pair in either direction: no drawn word can be anything but the other one. */
static void test_one_word_has_no_negatives(void **state)
{
    static const char *const lines[] = {"alone alone alone alone"};
    (void)state;
    for (int mode = WORD_SKIPGRAM; mode <= WORD_BATCH; mode++) {
        struct word_plan plan = small_plan;
        struct walk *w;
        float *row;
        plan.mode = (enum word_mode)mode;
        w = walk_open(lines, 1, plan);
        row = w->tables.output;
        word_learner_run(&w->l, 100);
        assert_int_equal(w->l.words, 4);
        for (size_t k = 0; k < 7; k++) /* it is its own neighbour, which it only comes nearer to */
            assert_true(row[k] * w->tables.input[k] >= 0);
        for (size_t k = 7; k < w->tables.stride; k++)
            assert_true(row[k] == 0 && w->tables.input[k] == 0);
        walk_close(w);
    }
}

/* Steps of any size do the same: windows do not end where a step does. */
static void test_steps_do_not_show(void **state)
{
    char *line = malloc(40000);
    size_t len = 0;
    struct walk *w[2];
    (void)state;
    for (int i = 0; i < 9000; i++)
        len += (size_t)sprintf(line + len, "%c%c ", 'a' + i * i % 7, 'a' + i % 11);
    for (int mode = WORD_SKIPGRAM; mode <= WORD_BATCH; mode++) {
        struct word_plan plan = small_plan;
        const char *lines[] = {line, "a b", line};
        plan.mode = (enum word_mode)mode;
        plan.window = 5;
        plan.subwords = mode == WORD_CBOW;
        for (int k = 0; k < 2; k++) {
            w[k] = walk_open(lines, 3, plan);
            for (int i = 0; i < 40; i++)
                word_learner_run(&w[k]->l, k ? 512 : 100000);
            assert_int_equal(w[k]->l.words, 18000 + (dictionary_find(&w[k]->d, "a", 1) >= 0 ? 2 : 0));
        }
        assert_memory_equal(w[0]->tables.input, w[1]->tables.input,
                            w[0]->tables.inputs * w[0]->tables.stride * sizeof(float));
        walk_close(w[0]), walk_close(w[1]);
    }
    free(line);
}

/* Neighbours in another order make the same mean, to rounding. */
static void test_cbow_forgets_order(void **state)
{
    static const char *const orders[2][1] = {{"p q m r s"}, {"s p m q r"}};
    float moved[2][7];
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct word_plan plan = small_plan;
        struct walk *w;
        float *row[4], hidden[32] __attribute__((aligned(64)));
        size_t rows = 0;
        plan.mode = WORD_CBOW;
        w = walk_open(orders[k], 1, plan);
        for (size_t i = 0; i < w->d.words; i++) { /* by spelling, not by order */
            size_t n;
            const char *word = dictionary_spelling(&w->d, (int32_t)i, &n);
            for (size_t c = 0; c < 7; c++)
                w->tables.input[i * w->tables.stride + c] = (float)((word[0] * 31 + (int)c * 17) % 23) / 23;
        }
        for (size_t word = 0; word < 5; word++) /* the four about m */
            if (w->text.token[word].id != dictionary_find(&w->d, "m", 1))
                row[rows++] = w->tables.input + (size_t)w->text.token[word].id * w->tables.stride;
        word_kernels()->mean(hidden, row, rows, 8);
        memcpy(moved[k], hidden, sizeof moved[k]);
        walk_close(w);
    }
    for (size_t c = 0; c < 7; c++)
        assert_true(fabsf(moved[0][c] - moved[1][c]) < 1e-6F);
}

/* A word's vector is the mean of its row and those of its n-grams: all of them move alike. */
static void test_subwords_move_alike(void **state)
{
    static const char *const lines[] = {"where there"};
    struct word_plan plan = small_plan;
    struct walk *w;
    float *before, first = 0;
    (void)state;
    plan.subwords = true;
    w = walk_open(lines, 1, plan);
    before = malloc(w->tables.inputs * w->tables.stride * sizeof *before);
    memcpy(before, w->tables.input, w->tables.inputs * w->tables.stride * sizeof *before);
    assert_int_equal(w->text.part_at[1], 1 + 5 + 4); /* where: <wh whe her ere re> <whe wher here ere> */
    for (size_t i = 0; i < w->tables.outputs * w->tables.stride; i++)
        w->tables.output[i] = i % w->tables.stride < 7 ? 0.2F : 0;
    word_learner_run(&w->l, 100);
    for (size_t i = 0; i < w->tables.inputs; i++) {
        bool shared = false, own = i < 2;
        for (size_t a = w->text.part_at[0]; a < w->text.part_at[1]; a++)
            for (size_t b = w->text.part_at[1]; b < w->text.part_at[2]; b++)
                shared |= w->text.part[a] == (int32_t)i && w->text.part[b] == (int32_t)i;
        if (i == 0)
            first = w->tables.input[0] - before[0];
        if (own || shared)
            continue;
        for (size_t a = w->text.part_at[0]; a < w->text.part_at[1]; a++)
            if (w->text.part[a] == (int32_t)i)
                assert_true(fabsf(w->tables.input[i * w->tables.stride] - before[i * w->tables.stride] - first) <
                            1e-6F);
    }
    assert_true(first != 0);
    free(before);
    walk_close(w);
}

/* --- runs -----------------------------------------------------------------------------------------------------------
 */

struct told {
    char *text;
    size_t len;
};

static bool keep(void *context, const char *line, size_t len)
{
    struct told *told = context;
    told->text = realloc(told->text, told->len + len + 2);
    memcpy(told->text + told->len, line, len);
    told->len += len;
    told->text[told->len++] = '\n';
    told->text[told->len] = '\0';
    return true;
}

static struct settings resolved(const char *pairs)
{
    struct settings given = {0}, out;
    struct error err = {0};
    char text[1024], *save = NULL;
    snprintf(text, sizeof text, "%s", pairs);
    for (char *pair = strtok_r(text, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
        char *value = strchr(pair, '=');
        *value++ = '\0';
        assert_int_equal(settings_set(&given, pair, value, &err), 0);
    }
    if (algorithm_resolve(&blazingtext, &given, &out, &err) < 0)
        fail_msg("%s: %s", err.where, err.what);
    return out;
}

struct outcome {
    struct training t;
    struct told told;
    struct error err;
    int status;
};

static void run(struct outcome *o, const char *settings, const struct parts *p, struct comm *comm, int threads)
{
    struct settings s = resolved(settings);
    struct event_sink sink = {.write = keep, .context = &o->told};
    o->t = (struct training){.settings = &s, .seed = 1, .threads = threads, .sink = &sink, .comm = comm};
    training_data(&o->t, p, true);
    o->status = word2vec_train(&o->t, &o->err);
}

static void outcome_free(struct outcome *o)
{
    free(o->told.text);
}

static struct parts planted(const char *recipe)
{
    struct parts p = {0};
    struct error err;
    if (generate_parts(recipe, 1, &p, &err) < 0)
        fail_msg("%s", err.what);
    return p;
}

static double metric(const struct outcome *o, const char *name)
{
    return training_metric_value(&o->t, name);
}

static void test_topics_and_roles_are_found(void **state)
{
    static const char *const modes[] = {"skipgram", "cbow learning_rate=0.2", "batch_skipgram"};
    struct parts p = planted("planted_words:n=6000");
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct outcome o = {0};
        char settings[160];
        snprintf(settings, sizeof settings, "deterministic=true sampling_threshold=0 vector_dim=32 epochs=3 mode=%s",
                 modes[i]);
        run(&o, settings, &p, NULL, 2);
        assert_int_equal(o.status, 0);
        assert_true(metric(&o, "test:topic_precision") > 0.9);
        assert_non_null(strstr(o.told.text, "\"kind\":\"embedding\""));
        assert_non_null(strstr(o.told.text, "\"side\":\"words\""));
        assert_non_null(strstr(o.told.text, "no evaluation"));
        outcome_free(&o);
    }
    {
        struct outcome o = {0};
        run(&o, "deterministic=true sampling_threshold=0 vector_dim=32 window_size=1 mode=skipgram", &p, NULL, 1);
        assert_true(metric(&o, "test:role_precision") > 0.9 && metric(&o, "test:topic_precision") < 0.5);
        outcome_free(&o);
    }
    parts_free(&p);
}

static void test_deterministic_runs_repeat(void **state)
{
    static const char *const modes[] = {"skipgram", "cbow", "batch_skipgram", "cbow subwords=true"};
    struct parts p = planted("planted_words:n=600");
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct outcome o[2] = {0};
        char settings[160];
        snprintf(settings, sizeof settings, "deterministic=true vector_dim=10 epochs=2 mode=%s", modes[i]);
        for (int k = 0; k < 2; k++)
            run(&o[k], settings, &p, NULL, 1 + k);
        assert_int_equal(o[0].status, 0);
        assert_true(metric(&o[0], "train:loss") == metric(&o[1], "train:loss"));
        assert_true(metric(&o[0], "test:topic_precision") == metric(&o[1], "test:topic_precision"));
        outcome_free(&o[0]), outcome_free(&o[1]);
    }
    parts_free(&p);
}

/* --- ranks ----------------------------------------------------------------------------------------------------------
 */

struct ranks {
    const struct parts *parts;
    struct outcome outcome[3];
};

static int run_rank(void *context, struct comm *comm, struct error *err)
{
    struct ranks *r = context;
    struct outcome *o = &r->outcome[comm_rank(comm)];
    run(o, "mode=batch_skipgram deterministic=true sampling_threshold=0 vector_dim=24 epochs=3", r->parts, comm, 1);
    *err = o->err;
    return o->status;
}

static void test_ranks_share_the_text(void **state)
{
    struct parts p = planted("planted_words:n=6000");
    struct error err = {0};
    (void)state;
    for (int ranks = 2; ranks <= 3; ranks++) {
        struct ranks r = {.parts = &p};
        assert_int_equal(comm_run_threads(ranks, run_rank, &r, &err), 0);
        assert_true(metric(&r.outcome[0], "test:topic_precision") > 0.9);
        for (int i = 1; i < ranks; i++)
            assert_true(metric(&r.outcome[i], "train:loss") == metric(&r.outcome[0], "train:loss"));
        for (int i = 0; i < ranks; i++)
            outcome_free(&r.outcome[i]);
    }
    parts_free(&p);
}

/* Where ranks have not moved the same rows, what one moved is all that a row moves; rows that are in many pairs move by
 * the mean. */
static int meet(void *context, struct comm *comm, struct error *err)
{
    const struct dictionary *d = context;
    const struct word_plan plan = {.window = 5, .negatives = 5, .epochs = 1};
    struct word_tables t;
    struct word_meeting m;
    int rank = comm_rank(comm), status;
    if (word_tables_open(&t, d->words, 0, 8, 1, err) < 0)
        return -1;
    status = word_meeting_open(&m, comm, &plan, d, &t, 1, err);
    for (size_t i = 0; i < d->words; i++)
        t.output[i * t.stride] += rank ? 3 : 1;
    if (status == 0)
        status = word_meeting_meet(&m, &t, 1e-9, err);
    for (size_t i = 0; i < d->words && status == 0; i++)
        status = fabsf(t.output[i * t.stride] - 4) < 1e-3F ? 0 : error_set(err, ERROR_FAULT, "sum", NULL, "is none");
    for (size_t i = 0; i < d->words; i++)
        t.output[i * t.stride] += rank ? 3 : 1;
    if (status == 0)
        status = word_meeting_meet(&m, &t, 1e9, err);
    for (size_t i = 0; i < d->words && status == 0; i++)
        status = fabsf(t.output[i * t.stride] - 6) < 1e-3F ? 0 : error_set(err, ERROR_FAULT, "mean", NULL, "is none");
    word_meeting_close(&m);
    word_tables_close(&t);
    return status;
}

static void test_meetings_add_or_average(void **state)
{
    static const char *const lines[] = {"a a a b b c"};
    struct text t = text_of(lines, 1);
    struct dictionary d;
    struct error err = {0};
    (void)state;
    assert_int_equal(dictionary_build(&d, &t, 0, false, &err), 0);
    if (comm_run_threads(2, meet, &d, &err) < 0)
        fail_msg("%s %s", err.where, err.what);
    dictionary_free(&d);
    text_free(&t);
}

/* --- what is refused ------------------------------------------------------------------------------------------------
 */

static void refused(const char *settings, const struct parts *p, struct comm *comm, const char *sentence)
{
    struct outcome o = {0};
    run(&o, settings, p, comm, 1);
    assert_int_equal(o.status, -1);
    if (!strstr(o.err.what, sentence))
        fail_msg("%s", o.err.what);
    assert_true(o.err.fix[0] != '\0');
    outcome_free(&o);
}

static void test_refusals(void **state)
{
    struct parts p = planted("planted_words:n=600");
    struct comm two = {.ranks = 2};
    struct settings given = {0}, out;
    struct error err;
    (void)state;
    refused("mode=skipgram", &p, &two, "only batch_skipgram is spread");
    refused("mode=skipgram min_count=1000000", &p, NULL, "word");
    assert_int_equal(text_append(&p.text[PART_VALIDATION], "read from a file", 16), TEXT_ADDED);
    p.text[PART_VALIDATION].bytes_read = 17;
    refused("mode=cbow", &p, NULL, "channel train only");
    settings_set(&given, "mode", "batch_skipgram", &err);
    settings_set(&given, "subwords", "true", &err);
    assert_int_equal(algorithm_resolve(&blazingtext, &given, &out, &err), -1);
    assert_non_null(strstr(err.what, "no subwords"));
    settings_set(&given, "mode", "cbow", &err);
    settings_set(&given, "min_char", "7", &err);
    assert_int_equal(algorithm_resolve(&blazingtext, &given, &out, &err), -1);
    assert_string_equal(err.where, "min_char");
    parts_free(&p);
}

static void test_divergence_is_a_result(void **state)
{
    struct parts p = planted("planted_words:n=600");
    struct outcome o = {0};
    (void)state;
    run(&o, "mode=skipgram learning_rate=1e30 vector_dim=8 sampling_threshold=0", &p, NULL, 1);
    assert_int_equal(o.status, 0);
    assert_non_null(strstr(o.told.text, "diverged"));
    assert_true(metric(&o, "diverged_at_step") >= 1);
    outcome_free(&o);
    parts_free(&p);
}

/* --- scores ---------------------------------------------------------------------------------------------------------
 */

static void test_spearman(void **state)
{
    /* scipy.stats.spearmanr */
    static const double a[] = {1, 2, 2, 4, 5, 5, 5, 8}, b[] = {3, 1, 4, 4, 6, 2, 7, 7};
    double rho;
    (void)state;
    assert_int_equal(word_spearman(a, b, 8, &rho), 0);
    assert_true(fabs(rho - 0.639862645418174) < 1e-12);
    assert_int_equal(word_spearman(a, a, 8, &rho), 0);
    assert_true(fabs(rho - 1) < 1e-12);
    assert_int_equal(word_spearman(a, (double[]){1, 1, 1, 1, 1, 1, 1, 1}, 8, &rho), 0);
    assert_true(isnan(rho));
}

static void test_precision(void **state)
{
    enum { EACH = 15 };
    static float vectors[3 * EACH * 3];
    int32_t group[3 * EACH];
    double precision;
    (void)state;
    for (size_t i = 0; i < 3 * EACH; i++) { /* three bundles; those of the third have no group */
        group[i] = i % 3 == 2 ? -1 : (int32_t)(i % 3);
        for (size_t k = 0; k < 3; k++)
            vectors[i * 3 + k] = (float)(i + 1) * ((k == i % 3 ? 1.0F : 0) + 0.01F * (float)((i * 7 + k * 3) % 5));
    }
    assert_int_equal(word_precision(vectors, group, 3 * EACH, 3, &precision), 0);
    assert_true(precision == 1);
    for (size_t i = 0; i < 3 * EACH; i++)
        group[i] = group[i] < 0 ? -1 : (int32_t)i;
    assert_int_equal(word_precision(vectors, group, 3 * EACH, 3, &precision), 0);
    assert_true(precision == 0);
    assert_int_equal(word_precision(vectors, group, 1, 3, &precision), 0);
    assert_true(isnan(precision));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slopes),
        cmocka_unit_test(test_kernels_agree_on_rows_that_repeat),
        cmocka_unit_test(test_far_scores),
        cmocka_unit_test(test_negatives_follow_counts),
        cmocka_unit_test(test_frequent_words_are_read_rarely),
        cmocka_unit_test(test_one_word_has_no_negatives),
        cmocka_unit_test(test_steps_do_not_show),
        cmocka_unit_test(test_cbow_forgets_order),
        cmocka_unit_test(test_subwords_move_alike),
        cmocka_unit_test(test_topics_and_roles_are_found),
        cmocka_unit_test(test_deterministic_runs_repeat),
        cmocka_unit_test(test_ranks_share_the_text),
        cmocka_unit_test(test_meetings_add_or_average),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_divergence_is_a_result),
        cmocka_unit_test(test_spearman),
        cmocka_unit_test(test_precision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
