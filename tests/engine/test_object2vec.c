/* Object2Vec: its network against PyTorch, its mini-batches and negatives, what it refuses, that it learns and repeats.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/algo/object2vec/object2vec.h"
#include "engine/algo/object2vec/pair_ask.h"
#include "engine/algo/object2vec/pair_picture.h"
#include "engine/data/made.h"

/* A network of two encoders (10 tokens of 5 numbers, vectors of 7) and what PyTorch makes of three pairs by it. */
struct golden {
    const char *name, *network, *layers, *filter, *compare, *mlp, *mlp_dim, *activation;
    int outputs;
    bool tied;
    double vectors[2][21], scores[9];
};
#include "tests/golden/object2vec.h"

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
    if (algorithm_resolve(&object2vec, &given, &out, &err) < 0)
        fail_msg("%s: %s", err.where, err.what);
    return out;
}

/* --- the network ----------------------------------------------------------------------------------------------------
 */

static double weight_at(const char *name, size_t i)
{
    size_t key = 0;
    for (const char *c = name; *c; c++)
        key += (unsigned char)*c;
    return ((double)((i * 37 + key * 101) % 97) - 48) / 97;
}

static void set_weights(struct pair_net *net)
{
    for (size_t p = 0; p < net->parameters.count; p++) {
        struct parameter *item = &net->parameters.items[p];
        size_t count = tensor_count(&item->tensor);
        float *values = malloc(count * sizeof *values);
        for (size_t i = 0; i < count; i++)
            values[i] = strcmp(item->name, "label.mean") == 0 ? 0 : (float)weight_at(item->name, i);
        parameters_set(&net->parameters, &item->tensor, values);
        free(values);
    }
}

static void add_pair(struct pairs *p, const int32_t *a, size_t na, const int32_t *b, size_t nb, float label)
{
    assert_int_equal(pairs_append(p, a, na, b, nb, label), 0);
}

static struct pairs three_pairs(void)
{
    struct pairs p = {.name = "three"};
    add_pair(&p, (int32_t[]){0}, 1, (int32_t[]){4, 1, 2}, 3, 1);
    add_pair(&p, (int32_t[]){3, 1, 4, 1, 5}, 5, (int32_t[]){9, 2}, 2, 0);
    add_pair(&p, (int32_t[]){2, 7, 1, 8, 2, 8, 1}, 7, (int32_t[]){8}, 1, 1);
    return p;
}

static void check_golden(const struct golden *g, const struct backend *backend)
{
    char text[512];
    struct settings s;
    struct pair_design d;
    struct pair_net net;
    struct pair_ask ask;
    struct error err = {0};
    struct pairs p = three_pairs();
    float vectors[2][21], scores[9];
    struct tape *tape = tape_open(backend, 1, &err);
    snprintf(
        text, sizeof text,
        "enc0_max_seq_len=9 enc0_vocab_size=10 enc0_token_embedding_dim=5 enc_dim=7 enc0_network=%s enc0_layers=%s "
        "enc0_cnn_filter_width=%s comparator_list=%s mlp_layers=%s mlp_dim=%s mlp_activation=%s output_layer=%s "
        "tied_token_embedding_weight=%s num_classes=%d",
        g->network, *g->layers == '0' ? "auto" : g->layers, g->filter, g->compare, g->mlp, g->mlp_dim, g->activation,
        g->outputs == 1 ? "mean_squared_error" : "softmax", g->tied ? "true" : "false",
        g->outputs == 1 ? 2 : g->outputs);
    s = resolved(text);
    assert_int_equal(pair_design_read(&d, &s, &err), 0);
    assert_int_equal(pair_net_open(&net, &d, backend, 1, &err), 0);
    set_weights(&net);
    assert_int_equal(pair_ask_open(&ask, &net, tape, (size_t[]){9, 9}, &err), 0);
    for (int side = 0; side < 2; side++) {
        assert_int_equal(pair_ask_vectors(&ask, &p, side, 0, 3, vectors[side], &err), 0);
        for (int i = 0; i < 21; i++)
            if (fabs((double)vectors[side][i] - g->vectors[side][i]) > 1e-5)
                fail_msg("%s: vector %d of side %d is %g, not %g", g->name, i, side, (double)vectors[side][i],
                         g->vectors[side][i]);
    }
    assert_int_equal(pair_ask_outputs(&ask, &p, 0, 3, scores, &err), 0);
    for (int i = 0; i < 3 * g->outputs; i++)
        if (fabs((double)scores[i] - g->scores[i]) > 1e-5)
            fail_msg("%s: score %d is %g, not %g", g->name, i, (double)scores[i], g->scores[i]);
    pair_ask_close(&ask);
    pair_net_close(&net);
    tape_close(tape);
    pairs_free(&p);
}

static void test_network(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        check_golden(&goldens[i], &backend_ref32);
        check_golden(&goldens[i], &backend_cpu);
    }
}

/* --- mini-batches ---------------------------------------------------------------------------------------------------
 */

#define PAIRS 200

/* in0 is pair i's number, in1 is i + 1000; lengths 1 to 6 and 1 to 4; every fourth is negative. */
static struct pairs many_pairs(void)
{
    struct pairs p = {.name = "many"};
    for (int32_t i = 0; i < PAIRS; i++) {
        int32_t a[6], b[4];
        for (int k = 0; k < 6; k++)
            a[k] = i;
        for (int k = 0; k < 4; k++)
            b[k] = i + 1000;
        add_pair(&p, a, 1 + (size_t)i % 6, b, 1 + (size_t)i % 4, i % 4 != 0);
    }
    return p;
}

static struct pair_design plan(const char *more)
{
    char text[512];
    struct settings s;
    struct pair_design d;
    struct error err = {0};
    snprintf(text, sizeof text, "enc0_max_seq_len=9 enc0_vocab_size=2000 mini_batch_size=16 %s", more);
    s = resolved(text);
    assert_int_equal(pair_design_read(&d, &s, &err), 0);
    return d;
}

static void test_negatives(void **state)
{
    struct pairs p = many_pairs();
    struct pair_design d = plan("negative_sampling_rate=3");
    struct pair_epoch e, again;
    struct error err = {0};
    size_t given[PAIRS] = {0}, made[PAIRS] = {0}, others = 0;
    (void)state;
    assert_int_equal(pair_epoch_open(&e, &p, &d, 5, &err), 0);
    assert_int_equal(pair_epoch_open(&again, &p, &d, 5, &err), 0);
    assert_int_equal(e.count, PAIRS + 150 * 3);
    for (int epoch = 0; epoch < 2; epoch++) {
        memset(given, 0, sizeof given);
        memset(made, 0, sizeof made);
        pair_epoch_draw(&e);
        pair_epoch_draw(&again);
        assert_memory_equal(e.entry, again.entry, e.count * sizeof *e.entry);
        for (size_t i = 0; i < e.count; i++) {
            struct pair_entry at = e.entry[i];
            if (at.pair[0] == at.pair[1] && at.label == p.label[at.pair[0]]) {
                given[at.pair[0]]++;
                continue;
            }
            made[at.pair[0]]++;
            others |= (size_t)1 << (at.pair[1] % 60);
            assert_true(at.label == 0);
            assert_false(at.pair[0] == at.pair[1]); /* that is a positive pair that was given */
        }
        for (size_t i = 0; i < PAIRS; i++) {
            assert_int_equal(given[i], 1);
            assert_int_equal(made[i], i % 4 ? 3 : 0);
        }
    }
    assert_int_equal(others, ((size_t)1 << 60) - 1); /* drawn from all over */
    pair_epoch_close(&e);
    pair_epoch_close(&again);
    pairs_free(&p);
}

static void test_buckets(void **state)
{
    struct pairs p = many_pairs();
    struct pair_design d = plan("bucket_width=2");
    struct pair_epoch e;
    struct error err = {0};
    size_t seen[PAIRS] = {0}, batches = 0;
    (void)state;
    assert_int_equal(pair_epoch_open(&e, &p, &d, 5, &err), 0);
    pair_epoch_draw(&e);
    for (size_t b = 0; b < e.batches; b++) {
        struct pair_range range = pair_epoch_batch(&e, b);
        size_t low[2] = {99, 99}, high[2] = {0, 0};
        assert_true(range.end > range.begin && range.end - range.begin <= 16);
        for (size_t i = range.begin; i < range.end; i++) {
            seen[e.entry[i].pair[0]]++;
            for (int side = 0; side < 2; side++) {
                size_t count;
                pairs_tokens(&p, side, e.entry[i].pair[side], &count);
                low[side] = count < low[side] ? count : low[side];
                high[side] = count > high[side] ? count : high[side];
            }
        }
        assert_true(high[0] - low[0] < 2 && high[1] - low[1] < 2);
        batches++;
    }
    for (size_t i = 0; i < PAIRS; i++)
        assert_int_equal(seen[i], 1);
    assert_true(batches >= 13);
    pair_epoch_close(&e);
    d = plan("bucket_width=2 token_embedding_storage_type=row_sparse");
    assert_int_equal(d.bucket_width, 0); /* as the service does */
    pairs_free(&p);
}

static struct pair_sequences two_rows(enum pair_network network, size_t filter)
{
    const struct pair_side side = {.network = network, .vocabulary = 10, .filter = filter};
    struct pair_sequences s;
    struct error err = {0};
    assert_int_equal(pair_sequences_open(&s, &side, 2, 3, &err), 0);
    for (int again = 0; again < 2; again++) { /* the second time is like the first */
        pair_sequences_begin(&s);
        pair_sequences_add(&s, (int32_t[]){7}, 1);
        pair_sequences_add(&s, (int32_t[]){4, 7, 4}, 3);
        pair_sequences_end(&s);
    }
    assert_int_equal(s.steps, 3);
    assert_memory_equal(s.packed, ((int32_t[]){7, 4, 7, 4}), 16);
    assert_memory_equal(s.start, ((int32_t[]){0, 1, 4}), 12);
    assert_memory_equal(s.length, ((int32_t[]){1, 3}), 8);
    return s;
}

static void test_sequences(void **state)
{
    struct pair_sequences s = two_rows(PAIR_POOLED, 3);
    (void)state;
    pair_sequences_close(&s);
    s = two_rows(PAIR_HCNN, 3);
    assert_int_equal(s.lined, 8);
    assert_memory_equal(s.line, ((int32_t[]){7, -1, -1, 4, 7, 4, -1, -1}), 32);
    assert_memory_equal(s.alive, ((int32_t[]){0, -1, -1, 3, 4, 5, -1, -1}), 32);
    assert_memory_equal(s.place, ((int32_t[]){0, 3, -1, 4, -1, 5}), 24);
    pair_sequences_close(&s);
    s = two_rows(PAIR_BILSTM, 3);
    assert_int_equal(s.different, 2);
    assert_memory_equal(s.distinct, ((int32_t[]){7, 4}), 8);
    assert_memory_equal(s.place, ((int32_t[]){0, 1, -1, 0, -1, 1}), 24);
    pair_sequences_close(&s);
}

/* --- what is refused ------------------------------------------------------------------------------------------------
 */

static void test_settings_refused(void **state)
{
    static const struct {
        const char *settings, *where, *says;
    } cases[] = {
        {"enc0_vocab_size=9", "enc0_max_seq_len", "needs enc0_max_seq_len"},
        {"enc0_max_seq_len=9", "enc0_vocab_size", "needs enc0_vocab_size"},
        {"enc0_max_seq_len=5001 enc0_vocab_size=9", "enc0_max_seq_len", "out of range"},
        {"enc0_max_seq_len=9 enc0_vocab_size=9 enc1_network=hcnn enc1_max_seq_len=9", "enc1_vocab_size", "needs"},
        {"enc0_max_seq_len=9 enc0_vocab_size=9 enc1_network=hcnn enc1_vocab_size=9", "enc1_max_seq_len", "needs"},
        {"enc0_max_seq_len=9 enc0_vocab_size=9 enc1_layers=2", "enc1_layers", "alike"},
        {"enc0_max_seq_len=9 enc0_vocab_size=9 enc1_token_embedding_dim=8", "enc1_token_embedding_dim", "alike"},
        {"enc0_max_seq_len=9 enc0_vocab_size=9 enc1_vocab_size=8 tied_token_embedding_weight=true", "enc1_vocab_size",
         "shares one table"},
        {"enc0_max_seq_len=9 enc0_vocab_size=9 enc1_network=hcnn enc1_max_seq_len=9 enc1_token_embedding_dim=8 "
         "tied_token_embedding_weight=true",
         "enc1_token_embedding_dim", "shares one table"},
        {"enc0_max_seq_len=9 enc0_vocab_size=9 comparator_list=hadamard,cosine", "comparator_list", "no comparator"},
        {"enc0_max_seq_len=9 enc0_vocab_size=9 comparator_list=concat,concat", "comparator_list", "twice"},
        {"enc0_max_seq_len=9 enc0_vocab_size=9 comparator_list=,", "comparator_list", "empty"},
        {"enc0_max_seq_len=9 enc0_vocab_size=9 token_embedding_storage_type=row_sparse optimizer=adadelta",
         "token_embedding_storage_type", "adadelta cannot"},
        {"enc0_max_seq_len=9 enc0_vocab_size=9 enc0_pretrained_embedding_file=a.txt", "enc0_vocab_file", "both|needs"},
        {"enc0_max_seq_len=9 enc0_vocab_size=9 enc0_vocab_file=a.json", "enc0_pretrained_embedding_file", "needs"},
        {"enc0_max_seq_len=9 enc0_vocab_size=9 enc0_vocab_file=../a enc0_pretrained_embedding_file=b",
         "enc0_vocab_file", "no file name"},
        {"enc0_max_seq_len=9 enc0_vocab_size=9 enc0_vocab_file=.. enc0_pretrained_embedding_file=b", "enc0_vocab_file",
         "no file name"},
        {"enc0_max_seq_len=9 enc0_vocab_size=9 mlp_activation=gelu", "mlp_activation", "cannot be"},
        {"enc0_max_seq_len=9 enc0_vocab_size=9 num_classes=31", "num_classes", "out of range"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings given = {0}, out;
        struct error err = {0};
        char text[512], *save = NULL;
        const char *says = strchr(cases[i].says, '|') ? strchr(cases[i].says, '|') + 1 : cases[i].says;
        snprintf(text, sizeof text, "%s", cases[i].settings);
        for (char *pair = strtok_r(text, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
            char *value = strchr(pair, '=');
            *value++ = '\0';
            assert_int_equal(settings_set(&given, pair, value, &err), 0);
        }
        if (algorithm_resolve(&object2vec, &given, &out, &err) == 0)
            fail_msg("%s was taken", cases[i].settings);
        assert_string_equal(err.where, cases[i].where);
        if (!strstr(err.what, says) || !err.fix[0])
            fail_msg("%s: %s (%s)", cases[i].settings, err.what, err.fix);
    }
}

static void test_enc1_as_enc0(void **state)
{
    struct settings s = resolved("enc0_max_seq_len=9 enc0_vocab_size=12 enc0_network=hcnn enc0_cnn_filter_width=5 "
                                 "enc0_token_embedding_dim=6 enc1_max_seq_len=4");
    struct pair_design d;
    struct error err = {0};
    struct settings again;
    (void)state;
    assert_int_equal(pair_design_read(&d, &s, &err), 0);
    assert_int_equal(d.side[1].network, PAIR_HCNN);
    assert_int_equal(d.side[1].layers, 4);
    assert_int_equal(d.side[1].filter, 5);
    assert_int_equal(d.side[1].width, 6);
    assert_int_equal(d.side[1].vocabulary, 12);
    assert_int_equal(d.side[1].longest, 4);
    for (int i = 0; i < s.count; i++)
        s.items[i].given = true; /* as a saved model holds them */
    assert_int_equal(algorithm_resolve(&object2vec, &s, &again, &err), 0);
}

static void test_pairs_refused(void **state)
{
    static const struct {
        const char *settings, *says;
        int32_t token;
        size_t count;
        float label;
    } cases[] = {
        {"", "in0 holds token 2000, but enc0_vocab_size is 2000", 2000, 1, 1},
        {"", "in0 holds token -1", -1, 1, 1},
        {"", "in0 is empty", 3, 0, 1},
        {"", "0.5 is no class", 3, 1, 0.5F},
        {"", "-1 is no class", 3, 1, -1},
        {"", "2 is beyond num_classes = 2", 3, 1, 2},
        {"", "has no label", 3, 1, NAN},
        {"output_layer=mean_squared_error", "not finite", 3, 1, INFINITY},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pair_design d = plan(cases[i].settings);
        struct pairs p = three_pairs();
        struct error err = {0};
        size_t cut = 0;
        add_pair(&p, &cases[i].token, cases[i].count, (int32_t[]){1}, 1, cases[i].label);
        if (pair_check(&p, &d, "train", &cut, &err) == 0)
            fail_msg("'%s' was taken", cases[i].says);
        if (!strstr(err.what, cases[i].says) || strcmp(err.where, "train: three, pair 4") != 0 || !err.fix[0])
            fail_msg("%s: %s (%s)", err.where, err.what, err.fix);
        pairs_free(&p);
    }
}

/* --- training -------------------------------------------------------------------------------------------------------
 */

struct ran {
    struct training t;
    struct settings settings;
    struct event_sink sink;
    struct parts parts;
    struct str lines;
    struct error err;
    int status;
};

static bool collect(void *context, const char *line, size_t len)
{
    struct ran *r = context;
    str_append(&r->lines, line, len);
    str_putc(&r->lines, '\n');
    return true;
}

static const struct made *source(const char *name)
{
    for (const struct made *const *m = made_sources; *m; m++)
        if (strcmp((*m)->about.name, name) == 0)
            return *m;
    fail_msg("there is no %s", name);
    return NULL;
}

static void make(struct parts *parts, const char *name, double n, uint64_t seed)
{
    const struct made *m = source(name);
    double values[8];
    struct error err = {0};
    for (int i = 0; m->about.parameters[i].name; i++)
        values[i] = m->about.parameters[i].fallback;
    values[0] = n;
    *parts = (struct parts){.kind = DATA_PAIRS};
    assert_int_equal(m->make(values, seed, parts, &err), 0);
}

static void train(struct ran *r, const char *name, double n, uint64_t seed, struct comm *comm, const char *settings)
{
    *r = (struct ran){.settings = resolved(settings)};
    make(&r->parts, name, n, 3);
    r->sink = (struct event_sink){.write = collect, .context = r};
    r->t = (struct training){.settings = &r->settings, .seed = seed, .threads = 1, .sink = &r->sink, .comm = comm};
    for (int i = 0; i < PARTS; i++)
        r->t.pairs[i] = &r->parts.pairs[i];
    r->status = object2vec_train(&r->t, &r->err);
}

static void leave(struct ran *r)
{
    parts_free(&r->parts);
    str_free(&r->lines);
}

#define SMALL                                                                                                          \
    "enc0_max_seq_len=20 enc0_vocab_size=160 enc0_token_embedding_dim=16 enc_dim=16 mlp_dim=16 mlp_layers=1 "          \
    "mlp_activation=relu learning_rate=0.01 early_stopping_patience=5 "

static void test_learns(void **state)
{
    static const struct {
        const char *source, *settings;
        double n, least;
    } cases[] = {
        {"pair_topic", SMALL "enc0_network=pooled_embedding epochs=8", 3000, 0.8},
        {"pair_topic", SMALL "enc0_network=pooled_embedding epochs=8 tied_token_embedding_weight=true bucket_width=4",
         3000, 0.8},
        {"pair_topic", SMALL "enc0_network=pooled_embedding epochs=8 token_embedding_storage_type=row_sparse", 3000,
         0.8},
        {"pair_order",
         SMALL "enc0_network=bilstm enc1_network=pooled_embedding enc1_vocab_size=2 enc1_max_seq_len=1 "
               "enc1_token_embedding_dim=4 epochs=8",
         800, 0.8},
        {"shop_small", SMALL "enc0_network=pooled_embedding epochs=20", 1600, 0.8},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ran r;
        double accuracy;
        train(&r, cases[i].source, cases[i].n, 1, NULL, cases[i].settings);
        if (r.status < 0)
            fail_msg("%s: %s", r.err.where, r.err.what);
        accuracy = training_metric_value(&r.t, "test:accuracy");
        if (!(accuracy >= cases[i].least))
            fail_msg("case %zu: accuracy %g", i, accuracy);
        assert_true(training_metric_value(&r.t, "validation:cross_entropy") < 0.6);
        assert_non_null(strstr(str_text(&r.lines), "\"kind\":\"embedding\""));
        leave(&r);
    }
}

/* Metric lines and final metrics, without times. */
static void assert_same_run(struct ran *a, struct ran *b)
{
    assert_int_equal(a->t.metric_count, b->t.metric_count);
    for (int i = 0; i < a->t.metric_count; i++) {
        assert_string_equal(a->t.metrics[i].name, b->t.metrics[i].name);
        assert_memory_equal(&a->t.metrics[i].value, &b->t.metrics[i].value, sizeof(double));
    }
}

/* Each at an end of its range or of another kind: it trains, and its losses are numbers. */
static void test_settings_run(void **state)
{
    static const char *const cases[] = {
        "optimizer=adadelta",
        "optimizer=adagrad",
        "optimizer=sgd token_embedding_storage_type=row_sparse bucket_width=3",
        "optimizer=rmsprop weight_decay=10000",
        "dropout=1",
        "dropout=0.5 enc0_network=hcnn enc0_layers=3 enc0_cnn_filter_width=9",
        "dropout=0.5 enc0_network=bilstm enc0_layers=4 bucket_width=1",
        "mini_batch_size=1 comparator_list=abs_diff mlp_layers=0",
        "mini_batch_size=10000 mlp_layers=10 mlp_activation=tanh",
        "enc0_network=hcnn enc1_network=bilstm enc1_vocab_size=160 enc1_max_seq_len=2 tied_token_embedding_weight=true",
        "negative_sampling_rate=20 num_classes=30",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char settings[512];
        struct ran r;
        snprintf(settings, sizeof settings,
                 "enc0_max_seq_len=20 enc0_vocab_size=160 enc0_token_embedding_dim=3 enc_dim=7 mlp_dim=5 epochs=2%s %s",
                 strstr(cases[i], "enc0_network") ? "" : " enc0_network=pooled_embedding", cases[i]);
        train(&r, "pair_topic", 200, 1, NULL, settings);
        if (r.status < 0 || !isfinite(training_metric_value(&r.t, "test:cross_entropy")))
            fail_msg("%s: %s", cases[i], r.err.what);
        leave(&r);
    }
}

static void test_repeats(void **state)
{
    static const char settings[] = SMALL "enc0_network=hcnn dropout=0.2 epochs=2 negative_sampling_rate=2";
    struct ran a, b, other;
    (void)state;
    train(&a, "pair_topic", 300, 1, NULL, settings);
    train(&b, "pair_topic", 300, 1, NULL, settings);
    train(&other, "pair_topic", 300, 2, NULL, settings);
    assert_int_equal(a.status, 0);
    assert_same_run(&a, &b);
    assert_false(training_metric_value(&a.t, "test:cross_entropy") ==
                 training_metric_value(&other.t, "test:cross_entropy"));
    leave(&a);
    leave(&b);
    leave(&other);
}

static void test_regression(void **state)
{
    struct ran r;
    (void)state;
    train(&r, "pair_topic", 3000, 1, NULL,
          SMALL
          "enc0_network=pooled_embedding output_layer=mean_squared_error epochs=8 tied_token_embedding_weight=true");
    assert_int_equal(r.status, 0);
    assert_true(training_metric_value(&r.t, "test:mean_squared_error") < 0.15); /* of the mean: 0.25 */
    assert_true(isnan(training_metric_value(&r.t, "test:accuracy")));
    leave(&r);
}

static void test_early_stopping(void **state)
{
    struct ran r;
    (void)state;
    train(&r, "pair_bigram", 300, 1, NULL,
          "enc0_max_seq_len=20 enc0_vocab_size=42 enc0_token_embedding_dim=8 enc_dim=8 mlp_dim=8 "
          "enc0_network=pooled_embedding epochs=30 early_stopping_patience=2 early_stopping_tolerance=0.1");
    assert_int_equal(r.status, 0);
    assert_true(r.t.rows_seen >= 2 * 300 && r.t.rows_seen < 10 * 300);
    assert_non_null(strstr(str_text(&r.lines), "stopped after epoch"));
    leave(&r);
}

static void test_divergence(void **state)
{
    struct ran r;
    (void)state;
    train(&r, "pair_topic", 300, 1, NULL,
          SMALL "enc0_network=pooled_embedding output_layer=mean_squared_error optimizer=sgd epochs=50 learning_rate=1 "
                "mlp_activation=linear mlp_layers=8");
    assert_int_equal(r.status, -1);
    assert_non_null(strstr(r.err.what, "step"));
    assert_non_null(strstr(r.err.fix, "learning_rate"));
    leave(&r);
}

/* Two ranks, each with half of every mini-batch, take the same steps as one but for rounding. */
struct two {
    double loss[2];
};

static int one_rank(void *context, struct comm *c, struct error *err)
{
    struct two *two = context;
    struct ran r;
    train(&r, "pair_topic", 400, 1, c, SMALL "enc0_network=pooled_embedding epochs=2");
    *err = r.err;
    two->loss[c->rank] = training_metric_value(&r.t, "test:cross_entropy");
    leave(&r);
    return r.status;
}

static void test_ranks(void **state)
{
    struct two two = {{0, 0}};
    struct ran alone;
    struct error err = {0};
    (void)state;
    train(&alone, "pair_topic", 400, 1, NULL, SMALL "enc0_network=pooled_embedding epochs=2");
    if (comm_run_threads(2, one_rank, &two, &err) < 0)
        fail_msg("%s", err.what);
    assert_true(two.loss[0] == two.loss[1]);
    assert_true(fabs(two.loss[0] - training_metric_value(&alone.t, "test:cross_entropy")) < 1e-3);
    leave(&alone);
}

/* --- the picture's axes ---------------------------------------------------------------------------------------------
 */

static void test_axes(void **state)
{
    /* spread 3 along (1,2,2)/3, 2 along (2,1,-2)/3, 1 along (2,-2,1)/3 */
    static const double along[3][3] = {{1, 2, 2}, {2, 1, -2}, {2, -2, 1}}, spread[3] = {3, 2, 1};
    float x[6][3];
    double axes[6] = {0}, held;
    (void)state;
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 3; k++)
            x[i][k] = (float)((i % 2 ? -1 : 1) * spread[i / 2] * along[i / 2][k] / 3);
    held = embedding_axes(x[0], 6, 3, axes);
    assert_true(fabs(held - 13.0 / 14) < 1e-6);
    for (int a = 0; a < 2; a++) {
        double same = 0;
        for (int k = 0; k < 3; k++)
            same += axes[3 * a + k] * along[a][k] / 3;
        assert_true(fabs(fabs(same) - 1) < 1e-4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_network),
        cmocka_unit_test(test_negatives),
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_settings_refused),
        cmocka_unit_test(test_enc1_as_enc0),
        cmocka_unit_test(test_pairs_refused),
        cmocka_unit_test(test_learns),
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_regression),
        cmocka_unit_test(test_early_stopping),
        cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_axes),
        cmocka_unit_test(test_settings_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
