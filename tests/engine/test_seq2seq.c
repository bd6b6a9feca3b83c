/* BLEU by hand, batches, checkpoints, what is refused, and whole runs: the same twice, ranks, a task that is learnt. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/algo/seq2seq/batches.h"
#include "engine/algo/seq2seq/bleu.h"
#include "engine/algo/seq2seq/course.h"
#include "engine/algo/seq2seq/seq2seq.h"
#include "engine/data/generate.h"
#include "engine/data/vocabulary.h"

/* --- BLEU -----------------------------------------------------------------------------------------------------------
 */

#define MAX_TOKENS 12

struct bleu_pair {
    size_t output_count, reference_count;
    int32_t output[MAX_TOKENS], reference[MAX_TOKENS];
};

static double bleu_of(const struct bleu_pair *pairs, size_t count)
{
    struct bleu b = {0};
    for (size_t i = 0; i < count; i++)
        bleu_add(&b, pairs[i].output, pairs[i].output_count, pairs[i].reference, pairs[i].reference_count);
    return bleu_score(&b);
}

static void bleu_is_what_is_counted_by_hand(void **state)
{
    /* n-grams right and all of each length; r and c. */
    const struct {
        struct bleu_pair pairs[2];
        size_t count;
        double score;
    } cases[] = {
        /* the same: 5/5 4/4 3/3 2/2 */
        {{{5, 5, {4, 5, 6, 7, 8}, {4, 5, 6, 7, 8}}}, 1, 1},
        /* one token off at the end: 4/5 3/4 2/3 1/2 */
        {{{5, 5, {4, 5, 6, 7, 9}, {4, 5, 6, 7, 8}}}, 1, pow(4.0 / 5 * 3 / 4 * 2 / 3 * 1 / 2, 0.25)},
        /* too short: 4/4 3/3 2/2 1/1, and exp(1 - 6/4) */
        {{{4, 6, {4, 5, 6, 7}, {4, 5, 6, 7, 8, 9}}}, 1, exp(1 - 6.0 / 4)},
        /* too long is no penalty by itself: 4/6 3/5 2/4 1/3 */
        {{{6, 4, {4, 5, 6, 7, 8, 9}, {4, 5, 6, 7}}}, 1, pow(4.0 / 6 * 3 / 5 * 2 / 4 * 1 / 3, 0.25)},
        /* a word counts as often as the reference has it (twice, of seven): no 2-gram is right */
        {{{7, 6, {4, 4, 4, 4, 4, 4, 4}, {4, 5, 6, 4, 7, 8}}}, 1, 0},
        /* the corpus counts together, so a pair without any 4-gram does not make it 0: 4+2/4+3 3+1/3+2 2+0/2+1 1+0/1+0
         */
        {{{4, 4, {4, 5, 6, 7}, {4, 5, 6, 7}}, {3, 3, {4, 5, 9}, {4, 5, 6}}},
         2,
         pow(6.0 / 7 * 4 / 5 * 2 / 3 * 1 / 1, 0.25)},
        /* an unknown word is never right, and no n-gram with it: 4/5 3/4 2/3 1/2 */
        {{{5, 5, {4, 5, 6, 7, 1}, {4, 5, 6, 7, 1}}}, 1, pow(4.0 / 5 * 3 / 4 * 2 / 3 * 1 / 2, 0.25)},
        /* nothing said */
        {{{0, 3, {0}, {4, 5, 6}}}, 1, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (fabs(bleu_of(cases[i].pairs, cases[i].count) - cases[i].score) > 1e-12)
            fail_msg("case %zu: %.15g, by hand %.15g", i, bleu_of(cases[i].pairs, cases[i].count), cases[i].score);
}

/* --- batches --------------------------------------------------------------------------------------------------------
 */

static void random_pairs(struct pairs *p, size_t count, struct rng *r)
{
    for (size_t i = 0; i < count; i++) {
        int32_t token[2][40];
        size_t n = 1 + rng_below(r, 30), m = 1 + rng_below(r, 40);
        for (size_t k = 0; k < 40; k++)
            for (int side = 0; side < 2; side++)
                token[side][k] = VOCABULARY_RESERVED + (int32_t)rng_below(r, 50);
        assert_int_equal(pairs_append(p, token[0], n, token[1], m, NAN), 0);
    }
}

/* Every array of a batch says what its pairs hold. */
static void check_batch(const struct batch *b, const struct pairs *p, const struct batches_settings *s)
{
    size_t tokens = 0;
    for (size_t row = 0; row < b->rows; row++) {
        size_t n, m;
        const int32_t *source = pairs_tokens(p, 0, b->pair[row], &n), *target = pairs_tokens(p, 1, b->pair[row], &m);
        n = n < s->max_source ? n : s->max_source;
        m = m < s->max_target ? m : s->max_target;
        assert_int_equal(b->source_length[row], n + 1);
        assert_int_equal(b->target_length[row], m + 1);
        assert_true(n + 1 <= b->source_steps && m + 1 <= b->target_steps);
        for (size_t t = 0; t < b->source_steps; t++)
            assert_int_equal(b->source[t * b->rows + row], t < n ? source[t] : t == n ? VOCABULARY_END : -1);
        for (size_t t = 0; t < b->target_steps; t++) {
            assert_int_equal(b->input[t * b->rows + row], t == 0 ? VOCABULARY_BEGIN : t <= m ? target[t - 1] : -1);
            assert_int_equal(b->output[t * b->rows + row], t < m ? target[t] : t == m ? VOCABULARY_END : -1);
        }
        tokens += m + 1;
    }
    assert_int_equal(b->target_tokens, tokens);
    for (size_t i = 0; i < tokens; i++) {
        assert_int_equal(b->said[i], b->output[b->real[i]]);
        assert_true(b->said[i] >= 0 && (i == 0 || b->real[i] > b->real[i - 1]));
        assert_int_equal(b->real_row[i], (size_t)b->real[i] % b->rows);
    }
}

static void batches_hold_every_pair_once(void **state)
{
    const struct batches_settings kinds[] = {{7, 10, 100, 100, true}, {64, 3, 12, 9, true}, {10, 10, 20, 100, false}};
    struct pairs p = {0};
    struct rng r;
    struct error err;
    (void)state;
    rng_init(&r, 1, 2);
    random_pairs(&p, 500, &r);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (int ranks = 1; ranks <= 3; ranks += 2) {
            struct batches b;
            struct batch batch = {0};
            int seen[500] = {0};
            assert_int_equal(batches_open(&b, &p, &kinds[k], 3, &err), 0);
            assert_int_equal(batches_shuffle(&b, &err), 0);
            for (size_t i = 0; i < b.count; i++) {
                size_t all = 0, tokens = 0, whole = 0;
                for (int rank = 0; rank < ranks; rank++) {
                    assert_int_equal(batches_fill(&b, i, rank, ranks, &batch, &err), 0);
                    check_batch(&batch, &p, &kinds[k]);
                    all += batch.rows;
                    tokens += batch.target_tokens;
                    whole = batch.all_target_tokens;
                    for (size_t row = 0; row < batch.rows; row++)
                        seen[batch.pair[row]]++;
                }
                assert_true(all <= kinds[k].batch_size);
                assert_int_equal(tokens, whole);
            }
            for (size_t i = 0; i < 500; i++)
                assert_int_equal(seen[i], 1);
            batches_forget(&batch);
            batches_close(&b);
        }
    pairs_free(&p);
}

/* With buckets of width 10 no batch mixes pairs whose longer sides are in different steps of 10. */
static void buckets_keep_like_lengths_together(void **state)
{
    const struct batches_settings with = {16, 10, 100, 100, true}, without = {16, 10, 100, 100, false};
    struct pairs p = {0};
    struct batches b;
    struct batch batch = {0};
    struct rng r;
    struct error err;
    size_t padded[2] = {0};
    (void)state;
    rng_init(&r, 1, 2);
    random_pairs(&p, 800, &r);
    for (int bucketing = 0; bucketing < 2; bucketing++) {
        assert_int_equal(batches_open(&b, &p, bucketing ? &with : &without, 3, &err), 0);
        assert_int_equal(batches_shuffle(&b, &err), 0);
        for (size_t i = 0; i < b.count; i++) {
            assert_int_equal(batches_fill(&b, i, 0, 1, &batch, &err), 0);
            padded[bucketing] += batch.target_steps * batch.rows - batch.target_tokens;
            for (size_t row = 1; bucketing && row < batch.rows; row++)
                assert_int_equal(b.bucket[batch.pair[row]], b.bucket[batch.pair[0]]);
            if (!bucketing)
                assert_int_equal(batch.target_steps, 41);
        }
        batches_close(&b);
    }
    assert_true(padded[1] * 5 < padded[0]);
    batches_forget(&batch);
    pairs_free(&p);
}

/* --- checkpoints ----------------------------------------------------------------------------------------------------
 */

static void begin_course(struct course *c, const char *words)
{
    struct settings given = {0}, settings;
    struct error err;
    char text[512], *save = NULL;
    snprintf(text, sizeof text, "%s", words);
    for (char *pair = strtok_r(text, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
        *strchr(pair, '=') = '\0';
        assert_int_equal(settings_set(&given, pair, pair + strlen(pair) + 1, &err), 0);
    }
    assert_int_equal(algorithm_resolve(&seq2seq, &given, &settings, &err), 0);
    course_begin(c, &settings);
}

static void the_rate_falls_on_a_plateau(void **state)
{
    static const double perplexity[] = {9, 8, 8, 8.5, 7, 7, 7, 7, 6};
    static const double rate[] = {0.4, 0.4, 0.4, 0.1, 0.1, 0.1, 0.025, 0.025, 0.025};
    struct course c;
    (void)state;
    begin_course(&c, "learning_rate=0.4 plateau_reduce_lr_factor=0.25 plateau_reduce_lr_threshold=2 "
                     "checkpoint_frequency_num_batches=10 checkpoint_threshold=3");
    for (long i = 0; i < 9; i++) {
        bool best = course_checkpoint(&c, perplexity[i], 10 * (i + 1));
        assert_int_equal(best, i == 0 || i == 1 || i == 4 || i == 8);
        assert_true(fabs(course_rate(&c, 10 * (i + 1)) - rate[i]) < 1e-12);
        assert_int_equal(course_over(&c, 10 * (i + 1), 1) != NULL, i == 7); /* three without improvement: 5, 6, 7 */
    }
    assert_int_equal(c.best_update, 90);
}

static void fixed_rates_are_half_at_the_half_life(void **state)
{
    struct course c;
    (void)state;
    begin_course(&c, "learning_rate=0.4 lr_scheduler_type=fixed_rate_inv_t fixed_rate_lr_half_life=4 "
                     "checkpoint_frequency_num_batches=25");
    assert_true(fabs(course_rate(&c, 0) - 0.4) < 1e-12 && fabs(course_rate(&c, 100) - 0.2) < 1e-12);
    assert_true(fabs(course_rate(&c, 300) - 0.1) < 1e-12);
    begin_course(&c, "learning_rate=0.4 lr_scheduler_type=fixed_rate_inv_sqrt_t fixed_rate_lr_half_life=4 "
                     "checkpoint_frequency_num_batches=25");
    assert_true(fabs(course_rate(&c, 100) - 0.2) < 1e-12 && fabs(course_rate(&c, 500) - 0.1) < 1e-12);
}

static void a_run_ends_where_it_was_told(void **state)
{
    struct course c;
    (void)state;
    begin_course(&c, "max_num_epochs=5 checkpoint_threshold=1");
    course_checkpoint(&c, 2, 1);
    course_checkpoint(&c, 3, 2); /* no improvement, but epochs were given */
    assert_null(course_over(&c, 2, 4));
    assert_non_null(course_over(&c, 2, 5));
    begin_course(&c, "min_num_epochs=3 checkpoint_threshold=1 optimized_metric=accuracy max_num_batches=70");
    course_checkpoint(&c, 0.5, 1);
    course_checkpoint(&c, 0.5, 2);
    assert_null(course_over(&c, 2, 2));
    assert_non_null(course_over(&c, 2, 3));
    assert_non_null(course_over(&c, 70, 0));
    assert_true(course_checkpoint(&c, 0.6, 3)); /* larger is better */
}

/* --- runs -----------------------------------------------------------------------------------------------------------
 */

#define SMALL                                                                                                          \
    "rnn_num_hidden=32 cnn_num_hidden=32 num_embed_source=16 num_embed_target=16 batch_size=32 learning_rate=0.005 "   \
    "checkpoint_frequency_num_batches=50 "

struct run {
    struct str lines;
    struct training t;
    struct error err;
};

static bool keep_line(void *context, const char *line, size_t len)
{
    struct str *lines = context;
    const char *t = strstr(line, ",\"t\":"); /* times differ */
    str_append(lines, line, t ? (size_t)(t - line) : len);
    str_putc(lines, '\n');
    return true;
}

static int train_on(struct run *run, const struct parts *parts, const char *words, uint64_t seed, struct comm *comm)
{
    struct settings given = {0}, settings;
    struct event_sink sink = {.write = keep_line, .context = &run->lines};
    char text[600], *save = NULL;
    snprintf(text, sizeof text, "%s", words);
    for (char *pair = strtok_r(text, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
        *strchr(pair, '=') = '\0';
        assert_int_equal(settings_set(&given, pair, pair + strlen(pair) + 1, &run->err), 0);
    }
    if (algorithm_resolve(&seq2seq, &given, &settings, &run->err) < 0)
        return -1;
    run->t = (struct training){.settings = &settings, .seed = seed, .threads = 1, .sink = &sink, .comm = comm};
    training_data(&run->t, parts, true);
    return seq2seq_train(&run->t, &run->err);
}

static int train(struct run *run, const char *recipe, const char *words, uint64_t seed, struct comm *comm)
{
    struct parts parts = {0};
    int status = generate_parts(recipe, seed, &parts, &run->err);
    if (status == 0)
        status = train_on(run, &parts, words, seed, comm);
    parts_free(&parts);
    return status;
}

static void copying_is_learnt(void **state)
{
    static const char *const kinds[] = {"rnn_attention_type=mlp", "rnn_attention_type=dot rnn_cell_type=gru",
                                        "encoder_type=cnn decoder_type=cnn"};
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct run run = {0};
        char words[600];
        snprintf(words, sizeof words, SMALL "max_num_batches=250 bleu_sample_size=60 %s", kinds[i]);
        if (train(&run, "tok_map:n=1500,vocabulary=10,longest=6", words, 1, NULL) < 0)
            fail_msg("%s", run.err.what);
        if (!(training_metric_value(&run.t, "test:accuracy") > 0.97) ||
            !(training_metric_value(&run.t, "validation:bleu") > 0.9))
            fail_msg("%s: accuracy %g, BLEU %g", kinds[i], training_metric_value(&run.t, "test:accuracy"),
                     training_metric_value(&run.t, "validation:bleu"));
        assert_non_null(strstr(str_text(&run.lines), "\"kind\":\"translations\""));
        assert_non_null(strstr(str_text(&run.lines), "\"kind\":\"attention\""));
        str_free(&run.lines);
    }
}

static void the_same_seed_says_the_same(void **state)
{
    static const char words[] = SMALL "max_num_batches=30 embed_dropout_source=0.2 rnn_decoder_hidden_dropout=0.3";
    struct run runs[3] = {0};
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(train(&runs[i], "toy_mt:n=300", words, i == 2 ? 9 : 8, NULL), 0);
    assert_string_equal(str_text(&runs[0].lines), str_text(&runs[1].lines));
    assert_string_not_equal(str_text(&runs[0].lines), str_text(&runs[2].lines));
    for (int i = 0; i < 3; i++)
        str_free(&runs[i].lines);
}

static int one_rank(void *context, struct comm *c, struct error *err)
{
    struct run run = {0};
    double *perplexity = context;
    int status = train(&run, "toy_mt:n=300", SMALL "max_num_batches=20 bleu_sample_size=20 optimizer_type=sgd", 4, c);
    perplexity[comm_rank(c)] = training_metric_value(&run.t, "validation:perplexity");
    *err = run.err;
    str_free(&run.lines);
    return status;
}

/* Ranks share each mini-batch, so they go the way of one rank, but for the order of sums. */
static void ranks_go_the_way_of_one(void **state)
{
    double alone[1], shared[3];
    struct error err = {0};
    (void)state;
    assert_int_equal(comm_run_threads(1, one_rank, alone, &err), 0);
    assert_int_equal(comm_run_threads(3, one_rank, shared, &err), 0);
    assert_true(shared[0] == shared[1] && shared[0] == shared[2]);
    assert_true(fabs(shared[0] - alone[0]) < 1e-3 * alone[0]);
}

static void a_run_that_diverges_says_so(void **state)
{
    struct run run = {0};
    (void)state;
    assert_int_equal(train(&run, "tok_map:n=200",
                           "rnn_num_hidden=8 num_embed_source=8 num_embed_target=8 learning_rate=1e30 "
                           "optimizer_type=sgd clip_gradient=-1 max_num_batches=50",
                           1, NULL),
                     0);
    assert_true(isfinite(training_metric_value(&run.t, "diverged_at_step")));
    assert_non_null(strstr(str_text(&run.lines), "Lower learning_rate"));
    str_free(&run.lines);
}

/* --- what is refused ------------------------------------------------------------------------------------------------
 */

struct refused {
    const char *settings, *says;
};

static void settings_that_make_no_sense_are_refused(void **state)
{
    static const struct refused cases[] = {
        {"rnn_num_hidden=7", "odd"},
        {"momentum=0.9", "belongs to sgd"},
        {"optimized_metric=bleu bleu_sample_size=0", "needs translated pairs"},
        {"max_num_batches=0", "nothing would be trained"},
        {"min_num_epochs=5 max_num_epochs=3", "above max_num_epochs"},
        {"weight_init_scale=0", "learn nothing"},
        {"weight_init_scale=-1", "square root"},
        {"rnn_residual_connections=true rnn_first_residual_layer=1", "needs num_embed_source"},
        {"rnn_attention_type=general", "cannot be"},
        {"loss_type=squared", "cannot be"},
        {"embed_dropout_source=1", "out of range"},
        {"batch_size=0", "out of range"},
        {"optimise_type=adam", "has no hyperparameter"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run run = {0};
        assert_int_equal(train(&run, "tok_map:n=50", cases[i].settings, 1, NULL), -1);
        if (!strstr(run.err.what, cases[i].says))
            fail_msg("%s: %s", cases[i].settings, run.err.what);
        assert_true(run.err.where[0] && run.err.fix[0]);
        str_free(&run.lines);
    }
}

enum spoilt { NO_VALIDATION, NO_VOCABULARY, EMPTY_SOURCE, EMPTY_TARGET, SOURCE_ID, TARGET_ID, PADDING, SPOILT };

static void spoil(struct parts *p, enum spoilt how)
{
    struct pairs *train = &p->pairs[PART_TRAIN];
    switch (how) {
    case NO_VALIDATION:
        pairs_free(&p->pairs[PART_VALIDATION]);
        break;
    case NO_VOCABULARY:
        vocabulary_free(&p->vocabulary[1]);
        break;
    case EMPTY_SOURCE:
        assert_int_equal(pairs_append(train, NULL, 0, (int32_t[]){5}, 1, NAN), 0);
        break;
    case EMPTY_TARGET:
        assert_int_equal(pairs_append(train, (int32_t[]){5}, 1, NULL, 0, NAN), 0);
        break;
    case SOURCE_ID:
        train->token[0][0] = 24;
        break;
    case TARGET_ID:
        p->pairs[PART_VALIDATION].token[1][0] = 9999;
        break;
    default:
        train->token[0][1] = VOCABULARY_PAD;
    }
}

static void data_that_cannot_be_learnt_from_are_refused(void **state)
{
    static const char *const says[SPOILT] = {"channel validation",
                                             "channel vocab",
                                             "source sequence is empty",
                                             "target sequence is empty",
                                             "only the ids 0 to 23",
                                             "token 1 is 9999",
                                             "which is <pad>"};
    (void)state;
    for (int how = 0; how < SPOILT; how++) {
        struct parts parts = {0};
        struct run run = {0};
        assert_int_equal(generate_parts("tok_map:n=50", 1, &parts, &run.err), 0);
        spoil(&parts, (enum spoilt)how);
        assert_int_equal(train_on(&run, &parts, SMALL "max_num_batches=2", 1, NULL), -1);
        if (!strstr(run.err.what, says[how]))
            fail_msg("%d: %s", how, run.err.what);
        assert_true(run.err.where[0] && run.err.fix[0]);
        str_free(&run.lines);
        parts_free(&parts);
    }
}

/* --- made data ------------------------------------------------------------------------------------------------------
 */

static int compare(const void *a, const void *b)
{
    return *(const int32_t *)a - *(const int32_t *)b;
}

static void letters_follow_their_rule(void **state)
{
    (void)state;
    for (int task = 0; task < 3; task++) {
        struct parts parts = {0};
        struct error err;
        char recipe[64];
        snprintf(recipe, sizeof recipe, "tok_map:n=100,task=%d,shortest=2,longest=7", task);
        assert_int_equal(generate_parts(recipe, 3, &parts, &err), 0);
        assert_int_equal(parts.vocabulary[0].size, 24);
        for (int part = 0; part < PARTS; part++)
            for (size_t i = 0; i < parts.pairs[part].count; i++) {
                size_t n, m;
                const int32_t *source = pairs_tokens(&parts.pairs[part], 0, i, &n);
                const int32_t *target = pairs_tokens(&parts.pairs[part], 1, i, &m);
                int32_t wanted[7];
                assert_true(n == m && n >= 2 && n <= 7);
                for (size_t k = 0; k < n; k++)
                    wanted[k] = source[task == 1 ? n - 1 - k : k];
                if (task == 2)
                    qsort(wanted, n, sizeof *wanted, compare);
                assert_memory_equal(target, wanted, n * sizeof *wanted);
            }
        parts_free(&parts);
    }
}

/* Each word has one translation; with the other order the sentence is no word-by-word translation, without it is. */
static void made_sentences_have_a_dictionary(void **state)
{
    (void)state;
    for (int swap = 0; swap < 2; swap++) {
        struct parts parts = {0};
        struct error err;
        int32_t said[256] = {0};
        size_t differs = 0;
        assert_int_equal(generate_parts(swap ? "toy_mt:n=500" : "toy_mt:n=500,swap=0", 3, &parts, &err), 0);
        assert_string_equal(vocabulary_word(&parts.vocabulary[0], VOCABULARY_RESERVED), "the");
        for (size_t i = 0; i < 500; i++) {
            size_t n, m, at = 0;
            const int32_t *source = pairs_tokens(&parts.pairs[PART_TRAIN], 0, i, &n);
            const int32_t *target = pairs_tokens(&parts.pairs[PART_TRAIN], 1, i, &m);
            assert_int_equal(n, m + 2); /* two articles */
            for (size_t k = 0; k < n; k++) {
                if (source[k] == VOCABULARY_RESERVED)
                    continue;
                if (!said[source[k]])
                    said[source[k]] = target[at];
                differs += said[source[k]] != target[at++];
            }
        }
        assert_int_equal(differs > 0, swap);
        parts_free(&parts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bleu_is_what_is_counted_by_hand),
        cmocka_unit_test(batches_hold_every_pair_once),
        cmocka_unit_test(buckets_keep_like_lengths_together),
        cmocka_unit_test(the_rate_falls_on_a_plateau),
        cmocka_unit_test(fixed_rates_are_half_at_the_half_life),
        cmocka_unit_test(a_run_ends_where_it_was_told),
        cmocka_unit_test(copying_is_learnt),
        cmocka_unit_test(the_same_seed_says_the_same),
        cmocka_unit_test(ranks_go_the_way_of_one),
        cmocka_unit_test(a_run_that_diverges_says_so),
        cmocka_unit_test(settings_that_make_no_sense_are_refused),
        cmocka_unit_test(data_that_cannot_be_learnt_from_are_refused),
        cmocka_unit_test(letters_follow_their_rule),
        cmocka_unit_test(made_sentences_have_a_dictionary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
