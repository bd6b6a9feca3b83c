/* The truth table: which values the facts name, and when a value is true, false or unknown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/study/fact.h"

struct fixture {
    struct notes notes;
    struct arena arena;
    struct fact_table table;
};

static void open_notes(struct fixture *f, const char *text)
{
    struct error err = {0};
    memset(f, 0, sizeof *f);
    if (notes_parse(&f->notes, text, strlen(text), &err) != 0)
        fail_msg("%s", err.what);
    assert_int_equal(fact_table_open(&f->table, &f->notes, &f->arena), 0);
}

static void close_notes(struct fixture *f)
{
    fact_table_close(&f->table);
    arena_free(&f->arena);
    notes_free(&f->notes);
}

static const struct value *find(const struct fixture *f, enum value_kind kind, const char *text)
{
    for (int i = 0; i < f->table.value_count; i++)
        if (f->table.values[i].kind == kind && strcmp(f->table.values[i].text, text) == 0)
            return &f->table.values[i];
    fail_msg("no value '%s' of kind %d", text, (int)kind);
    return NULL;
}

static enum truth truth(const struct fixture *f, const char *slug, enum value_kind kind, const char *text)
{
    int line = 0;
    for (int i = 0; i < f->table.algorithm_count; i++)
        if (strcmp(f->table.algorithms[i].slug, slug) == 0) {
            enum truth result = fact_truth(&f->table, i, find(f, kind, text), &line);
            assert_true((result == TRUTH_UNKNOWN) == (line == 0));
            return result;
        }
    fail_msg("no algorithm '%s'", slug);
    return TRUTH_UNKNOWN;
}

static const char two_algorithms[] = "XGBoost - Input\n"
                                     "CSV\n"
                                     "Libsvm\n"
                                     "recordIO-protobuf\n"
                                     "XGBoost - Hyperparameters\n"
                                     "Eta → step size shrinkage\n"
                                     "Alpha = L1 regularisation term; default 0\n"
                                     "Linear Learner - Input format\n"
                                     "Record IO-wrapped protobuf → Float-32 data\n"
                                     "CSV → first column is the label\n"
                                     "Linear Learner - Hyperparams\n"
                                     "L1 regularisation\n"
                                     "Mini_batch_size\n"
                                     "Num_models = models in parallel\n"
                                     "DeepAR - Model type\n"
                                     "Uses RNNs\n"
                                     "DeepAR - Training\n"
                                     "Train on many time series\n";

static void three_states(void **state)
{
    struct fixture f;
    (void)state;
    open_notes(&f, two_algorithms);
    assert_int_equal(truth(&f, "xgboost", VALUE_FORMAT, "Libsvm"), TRUTH_TRUE);
    assert_int_equal(truth(&f, "linear-learner", VALUE_FORMAT, "Libsvm"), TRUTH_FALSE);
    assert_int_equal(truth(&f, "deepar", VALUE_FORMAT, "Libsvm"), TRUTH_UNKNOWN); /* its notes list no formats */
    assert_int_equal(truth(&f, "linear-learner", VALUE_NAME, "eta"), TRUTH_FALSE);
    assert_int_equal(truth(&f, "deepar", VALUE_NAME, "eta"), TRUTH_UNKNOWN);
    close_notes(&f);
}

static void concepts_not_strings(void **state)
{
    struct fixture f;
    (void)state;
    open_notes(&f, two_algorithms);
    assert_int_equal(truth(&f, "xgboost", VALUE_FORMAT, "Record IO-wrapped protobuf"), TRUTH_TRUE);
    assert_int_equal(truth(&f, "linear-learner", VALUE_FORMAT, "recordIO-protobuf"), TRUTH_TRUE);
    close_notes(&f);
}

static void in_other_words(void **state)
{
    struct fixture f;
    (void)state;
    open_notes(&f, two_algorithms);
    /* not among the names of XGBoost, but the line about Alpha speaks of it */
    assert_int_equal(truth(&f, "xgboost", VALUE_NAME, "L1 regularisation"), TRUTH_UNKNOWN);
    /* nearly all algorithms have one: that it is not listed proves nothing */
    assert_int_equal(truth(&f, "xgboost", VALUE_NAME, "mini_batch_size"), TRUTH_UNKNOWN);
    close_notes(&f);
}

static void also_true(void **state)
{
    struct fixture f;
    (void)state;
    open_notes(&f, "A - Hyperparameters\nEta = step\nGamma = split\nAlso true: window_size, beta\n"
                   "B - Hyperparameters\nWindow_size = words around\nVector_dim = size\n");
    assert_int_equal(truth(&f, "a", VALUE_NAME, "window_size"), TRUTH_UNKNOWN);
    assert_int_equal(truth(&f, "a", VALUE_NAME, "vector_dim"), TRUTH_FALSE);
    close_notes(&f);
}

static void special_case(void **state)
{
    struct fixture f;
    (void)state;
    open_notes(&f, "A - Model type\nUses:\n- Classification\n- Regression\n"
                   "B - Model type\nUses:\n- Document classification\n- Web search\n");
    assert_int_equal(truth(&f, "a", VALUE_USE, "Document classification"), TRUTH_UNKNOWN);
    assert_int_equal(truth(&f, "a", VALUE_USE, "Web search"), TRUTH_FALSE);
    assert_int_equal(truth(&f, "b", VALUE_USE, "Regression"), TRUTH_UNKNOWN); /* common */
    close_notes(&f);
}

static void kinds_of_values(void **state)
{
    struct fixture f;
    (void)state;
    open_notes(&f, "Seq2Seq - Hyperparameters\n"
                   "optimizer_type = adam, sgd or rmsprop; default adam\n"
                   "beam_size = width of the beam search; default 5\n"
                   "Num_layers_encoder, num_layers_decoder\n"
                   "Can optimise on:\n- Accuracy\n- BLEU score\n"
                   "Seq2Seq - Input\n"
                   "Each record must contain:\n- start, the first time stamp\n- target, the values\n");
    assert_string_equal(find(&f, VALUE_MEANING, "width of the beam search")->text, "width of the beam search");
    assert_int_equal(find(&f, VALUE_NUMBER, "5")->line, 3);
    assert_int_equal(find(&f, VALUE_NAME, "num_layers_decoder")->line, 4);
    assert_int_equal(find(&f, VALUE_CHOICE, "rmsprop")->line, 2);
    assert_int_equal(find(&f, VALUE_METRIC, "BLEU score")->line, 7);
    assert_int_equal(find(&f, VALUE_ITEM, "target")->line, 11);
    close_notes(&f);
}

static void pairs(void **state)
{
    static const struct {
        const char *text;
        struct pair_place place;
        const char *name, *meaning, *standard;
        bool required, defines;
    } cases[] = {
        {"Wd = weight decay = L2", {true, false}, "wd", "weight decay = L2", NULL, false, true},
        {"eta = step size, against overfitting; default 0.3",
         {true, false},
         "eta",
         "step size, against overfitting",
         "0.3",
         false,
         true},
        {"mode = the architecture; it must always be given",
         {true, false},
         "mode",
         "the architecture",
         NULL,
         true,
         true},
        {"CSV → first column is the label", {false, false}, "CSV", "first column is the label", NULL, false, false},
        {"start: the starting time stamp", {false, true}, "start", "the starting time stamp", NULL, false, true},
        {"cat, categorical features", {false, true}, "cat", "categorical features", NULL, false, true},
        {"P2, P3, G4dn, G5", {false, true}, NULL, NULL, NULL, false, false},
        {"Regression, where the label is a number", {false, true}, NULL, NULL, NULL, false, false},
        {"Only for sentences → not documents", {false, false}, NULL, NULL, NULL, false, false},
        {"Recommendation: start with CPU", {false, false}, NULL, NULL, NULL, false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = {0};
        struct pair pair;
        bool is = pair_parse(&pair, &arena, cases[i].text, cases[i].place);
        assert_int_equal(is, cases[i].name != NULL);
        if (is) {
            assert_string_equal(pair.name, cases[i].name);
            assert_string_equal(pair.meaning, cases[i].meaning);
            assert_int_equal(pair.required, cases[i].required);
            assert_int_equal(pair.defines, cases[i].defines);
            assert_string_equal(pair.standard ? pair.standard : "", cases[i].standard ? cases[i].standard : "");
        }
        arena_free(&arena);
    }
}

static void same_concepts(void **state)
{
    static const char *const same[][2] = {
        {"recordIO-protobuf", "Record IO-wrapped protobuf"},
        {"mini batch size", "Mini_batch_size"},
        {"optimise", "Optimize"},
        {"Parquet format", "parquet"},
        {"skip-gram", "skipgram"},
        {"RNNs", "RNN"},
        {"2,000,000", "2000000"},
        {"1.0", "1"},
        {"Ça va", "ca va"},
        {"normalised", "normalizing"},
    };
    static const char *const different[][2] = {
        {"L1", "L2"}, {"P2", "P3"}, {"Eta", "Beta"}, {"encoder", "decoder"}, {"0.3", "0.03"}};
    struct arena arena = {0};
    struct vocabulary v;
    (void)state;
    assert_int_equal(vocabulary_open(&v, &arena), 0);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (text_concept(&v, &arena, same[i][0]) != text_concept(&v, &arena, same[i][1]))
            fail_msg("'%s' and '%s' are one concept", same[i][0], same[i][1]);
    for (size_t i = 0; i < sizeof different / sizeof *different; i++)
        if (text_concept(&v, &arena, different[i][0]) == text_concept(&v, &arena, different[i][1]))
            fail_msg("'%s' and '%s' are two concepts", different[i][0], different[i][1]);
    assert_int_equal(text_concept(&v, &arena, " ... "), 0);
    assert_int_not_equal(text_concept(&v, &arena,
                                      "a\xFF"
                                      "b"),
                         0); /* not UTF-8 */
    vocabulary_close(&v);
    arena_free(&arena);
}

/* Against the plain table of edit distances: random words over two letters, all lengths. */
static void near_texts(void **state)
{
    struct arena arena = {0};
    unsigned seed = 1;
    (void)state;
    for (int round = 0; round < 3000; round++) {
        char a[41] = {0}, b[41] = {0};
        int n = 1 + (int)(seed % 40), m, full[42][42];
        for (int i = 0; i < n; i++)
            a[i] = "ab"[(seed = seed * 1103515245u + 12345u) >> 20 & 1];
        memcpy(b, a, sizeof b);
        for (int edits = (int)(seed >> 12 & 7); edits > 0; edits--) {
            int at = (int)((seed = seed * 1103515245u + 12345u) >> 16) % n;
            if (seed >> 10 & 1)
                b[at] = "ab"[seed >> 11 & 1];
            else
                memmove(b + at, b + at + 1, sizeof b - (size_t)at - 1);
        }
        m = (int)strlen(b);
        for (int i = 0; i <= n; i++)
            for (int j = 0; j <= m; j++) {
                int best = i ? (j ? full[i - 1][j - 1] + (a[i - 1] != b[j - 1]) : i) : j;
                if (i && full[i - 1][j] + 1 < best)
                    best = full[i - 1][j] + 1;
                if (j && full[i][j - 1] + 1 < best)
                    best = full[i][j - 1] + 1;
                full[i][j] = best;
            }
        assert_int_equal(text_is_near(&arena, a, b), full[n][m] <= (int)((1.0 - TEXT_NEAR) * (n > m ? n : m)));
    }
    arena_free(&arena);
}

static void slips(void **state)
{
    struct fixture f;
    struct arena arena = {0};
    (void)state;
    open_notes(&f, "A - Model\nUses gradient descent twice\nThe FGradient of it\nThe content of a context\n"
                   "Go up to ml.m5.12slarge\nStart with ml.m5.2xlarge\n");
    for (int i = 0; i < f.table.fact_count; i++) {
        const char *text = f.notes.facts[i].text;
        bool odd = strstr(text, "FGradient") || strstr(text, "12slarge");
        assert_int_equal(slips_text(&f.table.slips, f.table.facts[i].words, text), odd);
    }
    arena_free(&arena);
    close_notes(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_states), cmocka_unit_test(concepts_not_strings), cmocka_unit_test(in_other_words),
        cmocka_unit_test(also_true),    cmocka_unit_test(special_case),         cmocka_unit_test(kinds_of_values),
        cmocka_unit_test(pairs),        cmocka_unit_test(same_concepts),        cmocka_unit_test(near_texts),
        cmocka_unit_test(slips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
