/* The networks of Seq2Seq against torch's (tests/reference/seq2seq.py), step by step against all steps at once, and
 * beam search against trying every translation. */
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
#include "engine/algo/seq2seq/search.h"
#include "engine/algo/seq2seq/seq2seq.h"
#include "engine/data/vocabulary.h"
#include "tests/golden/seq2seq.h"

/* --- a network of settings in words ---------------------------------------------------------------------------------
 */

static void open_network(struct network *n, const char *words, const size_t sizes[2], const struct backend *backend)
{
    struct settings given = {0}, settings;
    struct shape shape;
    struct error err = {0};
    char text[600], *save = NULL;
    snprintf(text, sizeof text, "%s", words);
    for (char *pair = strtok_r(text, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
        char *equals = strchr(pair, '=');
        *equals = '\0';
        assert_int_equal(settings_set(&given, pair, equals + 1, &err), 0);
    }
    if (algorithm_resolve(&seq2seq, &given, &settings, &err) < 0 || shape_read(&shape, &settings, sizes, &err) < 0 ||
        network_open(n, &shape, backend, 5, &err) < 0)
        fail_msg("%s: %s (%s)", words, err.what, err.where);
}

/* The sentences of the golden cases. */
static void add_pairs(struct pairs *p)
{
    assert_int_equal(pairs_append(p, (int32_t[]){5, 7, 4, 8}, 4, (int32_t[]){4, 6, 5}, 3, NAN), 0);
    assert_int_equal(pairs_append(p, (int32_t[]){6, 4}, 2, (int32_t[]){7, 4, 4, 6}, 4, NAN), 0);
    assert_int_equal(pairs_append(p, (int32_t[]){8, 8, 5}, 3, (int32_t[]){5}, 1, NAN), 0);
}

static void open_batch(struct batches *b, struct batch *batch, const struct pairs *p)
{
    const struct batches_settings s = {
        .batch_size = 3, .bucket_width = 10, .max_source = 10, .max_target = 10, .bucketing = true};
    struct error err = {0};
    assert_int_equal(batches_open(b, p, &s, 1, &err), 0);
    assert_int_equal(batches_fill(b, 0, 0, 1, batch, &err), 0);
    assert_int_equal(batch->rows, 3);
}

static struct tensor *loss_of(const struct network *n, struct tape *t, const struct batch *b, struct tensor **right)
{
    const struct places real = {b->real, b->real_row, b->target_tokens};
    struct memory memory;
    struct state state;
    network_encode(n, t, b->source, b->source_length, b->source_steps, b->rows, &memory);
    network_begin(n, t, &memory, &state);
    return network_loss(n, t, network_run(n, t, &memory, &state, b->input, b->target_steps, &real, NULL), b->said, 1,
                        right);
}

/* --- against torch --------------------------------------------------------------------------------------------------
 */

static const struct golden_part *part_of(const struct golden_case *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->parts[i].name, name) == 0)
            return &c->parts[i];
    fail_msg("torch has no %s with %s", name, c->settings);
    return NULL;
}

static double slope_at(const struct network *n, const struct tensor *w, size_t i)
{
    return n->parameters.backend->bytes == sizeof(double) ? ((const double *)w->grad)[i]
                                                          : (double)((const float *)w->grad)[i];
}

static void check_case(const struct golden_case *c, const struct backend *backend, double tolerance)
{
    struct network n;
    struct pairs p = {0};
    struct batches b;
    struct batch batch = {0};
    struct error err = {0};
    struct tape *t = tape_open(backend, 1, &err);
    struct tensor *loss, *right = NULL;
    add_pairs(&p);
    open_batch(&b, &batch, &p);
    open_network(&n, c->settings, (const size_t[]){9, 8}, backend);
    assert_int_equal(n.parameters.count, c->count);
    for (size_t i = 0; i < n.parameters.count; i++) {
        struct parameter *one = &n.parameters.items[i];
        assert_int_equal(tensor_count(&one->tensor), part_of(c, one->name)->count);
        parameters_set(&n.parameters, &one->tensor, part_of(c, one->name)->value);
    }
    parameters_clear(&n.parameters);
    tape_begin(t, true, 1);
    loss = loss_of(&n, t, &batch, &right);
    tape_backward(t, loss);
    assert_int_equal(tape_finish(t, &err), 0);
    assert_true(fabs(tape_number(t, loss) - c->loss) < tolerance * c->loss);
    assert_int_equal((int)tape_number(t, right), c->right);
    for (size_t i = 0; i < n.parameters.count; i++) {
        const struct parameter *one = &n.parameters.items[i];
        const struct golden_part *part = part_of(c, one->name);
        for (size_t k = 0; k < part->count; k++)
            if (fabs(slope_at(&n, &one->tensor, k) - part->slope[k]) > tolerance * 10)
                fail_msg("%s, %s[%zu]: slope %.12g, wanted %.12g", c->settings, one->name, k,
                         slope_at(&n, &one->tensor, k), part->slope[k]);
    }
    network_close(&n);
    batches_forget(&batch);
    batches_close(&b);
    pairs_free(&p);
    tape_close(t);
}

static void losses_and_slopes_are_those_of_torch(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof golden_cases / sizeof *golden_cases; i++) {
        check_case(&golden_cases[i], &backend_ref64, 1e-9);
        check_case(&golden_cases[i], &backend_cpu, 2e-5);
    }
}

/* --- steps ----------------------------------------------------------------------------------------------------------
 */

/* Probabilities of each next token after `said`, all steps at once: count + 1 rows. */
static void probabilities(const struct network *n, struct tape *t, const int32_t *source, size_t source_count,
                          const int32_t *said, size_t count, float *out)
{
    const int32_t length = (int32_t)source_count;
    struct memory memory;
    struct state state;
    int32_t input[16] = {VOCABULARY_BEGIN};
    memcpy(input + 1, said, count * sizeof *said);
    tape_begin(t, false, 0);
    network_encode(n, t, source, &length, source_count, 1, &memory);
    network_begin(n, t, &memory, &state);
    tape_read(t, network_probabilities(n, t, network_run(n, t, &memory, &state, input, count + 1, NULL, NULL)), out);
}

static const char *const kinds[] = {
    "rnn_attention_type=mlp",
    "rnn_attention_type=mlp rnn_cell_type=gru num_layers_decoder=2 num_layers_encoder=2",
    "rnn_attention_type=dot rnn_attention_num_hidden=3",
    "rnn_attention_type=bilinear num_layers_decoder=3 rnn_attention_in_upper_layers=false",
    "rnn_attention_type=fixed num_layers_decoder=2",
    "encoder_type=cnn rnn_decoder_state_init=avg",
    "encoder_type=cnn decoder_type=cnn num_layers_decoder=2 cnn_activation_type=tanh",
    "decoder_type=cnn cnn_kernel_width_decoder=1 cnn_activation_type=relu",
    "decoder_type=cnn cnn_kernel_width_encoder=4 encoder_type=cnn cnn_activation_type=softrelu",
};
#define KINDS (sizeof kinds / sizeof *kinds)

static void open_kind(struct network *n, size_t kind, size_t limit)
{
    char words[400];
    snprintf(words, sizeof words,
             "rnn_num_hidden=6 cnn_num_hidden=6 num_embed_source=5 num_embed_target=5 weight_init_type=uniform "
             "weight_init_scale=0.9 max_seq_len_source=10 max_seq_len_target=%zu %s",
             limit, kinds[kind]);
    open_network(n, words, (const size_t[]){8, 7}, &backend_cpu);
}

/* A translation by greedy search: each token is the likeliest after those before it, by the run over all steps. */
static void saying_step_by_step_is_reading_all_at_once(void **state)
{
    static const int32_t source[] = {5, 7, 4, VOCABULARY_END};
    struct error err = {0};
    struct tape *t = tape_open(&backend_cpu, 1, &err);
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct network n;
        struct search search;
        struct translation said;
        float p[16 * 7];
        double score = 0;
        open_kind(&n, kind, 8);
        assert_int_equal(search_open(&search, &n, 1, 1, &err), 0);
        assert_int_equal(search_run(&search, source, (int32_t[]){4}, 4, 1, true, &said, &err), 0);
        probabilities(&n, t, source, 4, said.token, said.count, p);
        for (size_t i = 0; i <= said.count && i < 8; i++) {
            int32_t token = i < said.count ? said.token[i] : VOCABULARY_END;
            for (int32_t w = 0; w < 7; w++)
                if (w != VOCABULARY_PAD && w != VOCABULARY_BEGIN)
                    assert_true(p[i * 7 + (size_t)w] <= p[i * 7 + (size_t)token] * 1.0001F);
            score += log((double)p[i * 7 + (size_t)token]);
        }
        assert_true(fabs(score / (double)(said.count < 8 ? said.count + 1 : 8) - said.score) < 1e-4);
        for (size_t i = 0; i < said.count && kind != 4; i++) { /* 4: fixed has no weights */
            double sum = 0;
            for (size_t k = 0; k < said.places; k++)
                sum += (double)said.weight[i * said.places + k];
            assert_true(fabs(sum - 1) < 1e-5);
        }
        translation_free(&said);
        search_close(&search);
        network_close(&n);
    }
    tape_close(t);
}

/* --- search ---------------------------------------------------------------------------------------------------------
 */

struct best {
    double score;
    int32_t token[4];
    size_t count;
};

/* Every translation of up to `left` more tokens. */
static void try_all(const struct network *n, struct tape *t, int32_t *said, size_t count, double sum, size_t limit,
                    struct best *best)
{
    static const int32_t source[] = {6, 4, 4, VOCABULARY_END};
    float p[8 * 7];
    probabilities(n, t, source, 4, said, count, p);
    for (int32_t w = 1; w < 7; w++) {
        double with = sum + log((double)p[count * 7 + (size_t)w]);
        if (w == VOCABULARY_BEGIN)
            continue;
        if (w == VOCABULARY_END) {
            if (with / (double)(count + 1) > best->score) {
                *best = (struct best){.score = with / (double)(count + 1), .count = count};
                memcpy(best->token, said, count * sizeof *said);
            }
        } else if (count + 1 < limit) {
            said[count] = w;
            try_all(n, t, said, count + 1, with, limit, best);
        }
    }
}

static void a_wide_beam_finds_what_trying_all_finds(void **state)
{
    static const int32_t source[] = {6, 4, 4, VOCABULARY_END};
    struct error err = {0};
    struct tape *t = tape_open(&backend_cpu, 1, &err);
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct network n;
        struct search search;
        struct translation said;
        struct best best = {.score = -INFINITY};
        int32_t tokens[4];
        open_kind(&n, kind, 4);
        try_all(&n, t, tokens, 0, 0, 4, &best);
        assert_int_equal(search_open(&search, &n, 1, 400, &err), 0);
        assert_int_equal(search_run(&search, source, (int32_t[]){4}, 4, 1, false, &said, &err), 0);
        if (fabs(said.score - best.score) > 1e-4)
            fail_msg("%s: score %g of %zu tokens, but the best is %g, %zu", kinds[kind], said.score, said.count,
                     best.score, best.count);
        assert_int_equal(said.count, best.count);
        assert_memory_equal(said.token, best.token, best.count * sizeof *best.token);
        translation_free(&said);
        search_close(&search);
        network_close(&n);
    }
    tape_close(t);
}

/* Sentences that are translated together, of unlike lengths, come out as they do alone. */
static void sentences_do_not_see_each_other(void **state)
{
    static const int32_t together[] = {5,  6, 4,  7,  VOCABULARY_END, 4, 4, -1, 7, VOCABULARY_END,
                                       -1, 5, -1, -1, VOCABULARY_END};
    static const int32_t alone[3][5] = {{5, 7, 4, VOCABULARY_END}, {6, VOCABULARY_END}, {4, 4, 7, 5, VOCABULARY_END}};
    static const int32_t length[] = {4, 2, 5};
    struct error err = {0};
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++)
        for (size_t beam = 1; beam <= 4; beam += 3) {
            struct network n;
            struct search search;
            struct translation said[3], one;
            open_kind(&n, kind, 10);
            assert_int_equal(search_open(&search, &n, 1, beam, &err), 0);
            assert_int_equal(search_run(&search, together, length, 5, 3, false, said, &err), 0);
            for (size_t i = 0; i < 3; i++) {
                assert_int_equal(search_run(&search, alone[i], &length[i], (size_t)length[i], 1, false, &one, &err), 0);
                assert_true(fabs(one.score - said[i].score) < 1e-4);
                assert_int_equal(one.count, said[i].count);
                assert_memory_equal(one.token, said[i].token, one.count * sizeof *one.token);
                translation_free(&one);
                translation_free(&said[i]);
            }
            search_close(&search);
            network_close(&n);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_and_slopes_are_those_of_torch),
        cmocka_unit_test(saying_step_by_step_is_reading_all_at_once),
        cmocka_unit_test(a_wide_beam_finds_what_trying_all_finds),
        cmocka_unit_test(sentences_do_not_see_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
