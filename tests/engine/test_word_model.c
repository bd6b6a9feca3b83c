/* BlazingText's models: files that fastText and gensim load, files that fastText made, holes for what was never seen,
 * and damage. Where Debian's fasttext or gensim is not there, its test is skipped. */
#include <sys/resource.h>

#include "tests/engine/word_models.h"

static bool has(const char *command)
{
    char line[200];
    snprintf(line, sizeof line, "%s >/dev/null 2>&1", command);
    return system(line) == 0;
}

#define NEED_FASTTEXT                                                                                                  \
    if (!has("command -v fasttext")) {                                                                                 \
        print_message("SKIP: there is no fasttext\n");                                                                 \
        skip();                                                                                                        \
    }

/* What the command prints; the caller frees. */
static char *output_of(const char *format, ...)
{
    char command[1024];
    struct str out = {0};
    char block[4096];
    size_t got;
    FILE *pipe;
    va_list list;
    va_start(list, format);
    vsnprintf(command, sizeof command, format, list);
    va_end(list);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    while ((got = fread(block, 1, sizeof block, pipe)) > 0)
        str_append(&out, block, got);
    if (pclose(pipe) != 0)
        fail_msg("%s: %s", command, str_text(&out));
    str_append(&out, "", 0);
    return str_take(&out);
}

static int load(struct word_model *m, const char *dir, const char *mode, struct error *err)
{
    struct settings s = {0};
    settings_set(&s, "mode", mode, err);
    return word_model_load(m, dir, &s, err);
}

static void assert_near(const float *a, const float *b, size_t n, float within)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(a[i] - b[i]) <= within))
            fail_msg("number %zu: %g is not %g", i, (double)a[i], (double)b[i]);
}

/* The `n` numbers behind `word` at the beginning of a line of `text`. */
static void numbers_behind(const char *text, const char *word, float *numbers, size_t n)
{
    const char *p = text;
    char *end;
    size_t len = strlen(word);
    while (p && !(strncmp(p, word, len) == 0 && p[len] == ' '))
        p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL;
    if (!p)
        fail_msg("'%s' is not in: %s", word, text);
    for (p += len; n > 0; n--, p = end) {
        *numbers++ = strtof(p, &end);
        assert_true(end > p);
    }
}

static void what_was_saved_is_loaded(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct word_model m, back;
        struct error err;
        float a[WIDTH], b[WIDTH];
        static const char *const asked[] = {"the", "windöw", "mats", "unseen", "cats", ""};
        if (kind == 2)
            make_classifier(&m);
        else
            make_vectors(&m, kind);
        save(&m, at("own"));
        if (load(&back, at("own"), kind == 2 ? "supervised" : "cbow", &err) < 0)
            fail_msg("%s", err.what);
        assert_int_equal(back.dictionary.words, m.dictionary.words);
        assert_int_equal(back.dictionary.labels, m.dictionary.labels);
        assert_int_equal(back.dictionary.tokens, 700);
        assert_true(back.width == WIDTH && back.whole == m.whole && back.classifier == m.classifier);
        for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
            bool known = word_model_vector(&m, asked[i], strlen(asked[i]), a);
            assert_int_equal(word_model_vector(&back, asked[i], strlen(asked[i]), b), known);
            assert_memory_equal(a, b, sizeof a);
            assert_int_equal(known, i < 3 || (kind == 1 && i == 4));
        }
        if (kind == 2) {
            assert_int_equal(word_model_classify(&m, "the cat sat on", 14, a), 0);
            assert_int_equal(word_model_classify(&back, "the cat sat on", 14, b), 0);
            assert_memory_equal(a, b, 3 * sizeof *a);
        }
        word_model_free(&m);
        word_model_free(&back);
    }
}

static void buckets_that_were_not_seen_take_no_room(void **state)
{
    struct word_model m;
    struct stat status;
    (void)state;
    make_classifier(&m);
    save(&m, at("holes"));
    assert_int_equal(stat(at("holes/" WORD_MODEL_CLASSIFIER), &status), 0);
    assert_true(status.st_size > (off_t)(2000000 * WIDTH * sizeof(float)));
    assert_true(status.st_blocks * 512 < 1 << 20);
    word_model_free(&m);
}

static void where_files_must_be_short_only_what_was_seen_is_written(void **state)
{
    struct rlimit before, most;
    struct stat status;
    (void)state;
    getrlimit(RLIMIT_FSIZE, &before);
    for (int classifier = 0; classifier < 2; classifier++) {
        struct word_model m, back;
        struct error err;
        float a[WIDTH], b[WIDTH];
        if (classifier)
            make_classifier(&m);
        else
            make_vectors(&m, true);
        most = (struct rlimit){1 << 20, before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &most);
        save(&m, at("short"));
        setrlimit(RLIMIT_FSIZE, &before);
        assert_int_equal(stat(at(classifier ? "short/model.bin" : "short/vectors.bin"), &status), 0);
        assert_true(status.st_size < 1 << 14);
        if (load(&back, at("short"), classifier ? "supervised" : "skipgram", &err) < 0)
            fail_msg("%s", err.what);
        assert_int_equal(back.buckets.seen, m.buckets.seen);
        if (classifier) {
            assert_int_equal(word_model_classify(&m, "the cat sat on", 14, a), 0);
            assert_int_equal(word_model_classify(&back, "the cat sat on", 14, b), 0);
        } else {
            word_model_vector(&m, "cats", 4, a);
            word_model_vector(&back, "cats", 4, b);
        }
        assert_memory_equal(a, b, 3 * sizeof *a);
        word_model_free(&m);
        word_model_free(&back);
    }
}

static void scores_are_sums_of_pieces(void **state)
{
    static const char line[] = "__label__1 the cat sat on __label__9";
    struct word_model m;
    struct word_piece *pieces;
    float p[3], scores[3] = {0}, sum = 0;
    size_t count;
    static const char *const texts[] = {"the", "cat", "sat", "</s>", "the cat", "cat sat"};
    (void)state;
    make_classifier(&m);
    assert_int_equal(word_model_classify(&m, line, sizeof line - 1, p), 0);
    assert_int_equal(word_model_pieces(&m, line, sizeof line - 1, &pieces, &count), 0);
    assert_int_equal(count, 6); /* "on" and "sat on" are unknown */
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(pieces[i].text, texts[i]);
        for (int k = 0; k < 3; k++)
            scores[k] += pieces[i].share[k];
    }
    for (int k = 0; k < 3; k++)
        sum += expf(scores[k]);
    for (int k = 0; k < 3; k++)
        assert_true(fabsf(expf(scores[k]) / sum - p[k]) < 1e-5f);
    word_pieces_free(pieces, count);
    assert_int_equal(word_model_classify(&m, "", 0, p), 0); /* the end of the line is there */
    assert_true(fabsf(p[0] + p[1] + p[2] - 1) < 1e-5f);
    word_model_free(&m);
}

/* --- the judges ----------------------------------------------------------------------------------------------------
 */

static void fasttext_reads_our_vectors(void **state)
{
    (void)state;
    NEED_FASTTEXT
    for (int subwords = 0; subwords < 2; subwords++) {
        struct word_model m;
        char *printed;
        make_vectors(&m, subwords);
        save(&m, at("ours"));
        printed = output_of("echo the cat windöw cats mats | tr ' ' '\\n' | fasttext print-word-vectors %s",
                            at("ours/" WORD_MODEL_VECTORS));
        for (int i = 0; i < 4 + subwords; i++) {
            const char *word = (const char *[]){"the", "cat", "windöw", "mats", "cats"}[i];
            float ours[WIDTH], theirs[WIDTH];
            assert_true(word_model_vector(&m, word, strlen(word), ours));
            numbers_behind(printed, word, theirs, WIDTH);
            assert_near(ours, theirs, WIDTH, 1e-4f);
        }
        free(printed);
        word_model_free(&m);
    }
}

static void fasttext_reads_our_classifier(void **state)
{
    static const char *const lines[] = {"the cat sat", "windöw on the cat", "nothing known"};
    struct word_model m;
    (void)state;
    NEED_FASTTEXT
    make_classifier(&m);
    save(&m, at("ours"));
    for (int i = 0; i < 3; i++) {
        float p[3];
        char *printed =
            output_of("echo '%s' | fasttext predict-prob %s - 3 | sed 's/ __/\\n__/g'", lines[i], at("ours/model.bin"));
        assert_int_equal(word_model_classify(&m, lines[i], strlen(lines[i]), p), 0);
        for (int k = 0; k < 3; k++) {
            float theirs;
            numbers_behind(printed, (const char *[]){"__label__1", "__label__good", "__label__3"}[k], &theirs, 1);
            assert_near(&p[k], &theirs, 1, 3e-5f); /* it adds 1e-5 before it takes logarithms */
        }
        free(printed);
    }
    word_model_free(&m);
}

static void gensim_reads_all_three_forms(void **state)
{
    static const char script[] = "import sys, gensim.models as g\\n"
                                 "d = sys.argv[1]\\n"
                                 "k = g.KeyedVectors.load_word2vec_format\\n"
                                 "a, b = k(d + '/vectors.txt'), k(d + '/vectors.word2vec.bin', binary=True)\\n"
                                 "c = g.fasttext.load_facebook_vectors(d + '/vectors.bin')\\n"
                                 "assert list(a.key_to_index) == list(b.key_to_index) == list(c.key_to_index)\\n"
                                 "for w in sys.argv[2:]:\\n"
                                 "    assert (a[w] == b[w]).all() and abs(a[w] - c[w]).max() < 1e-6, w\\n"
                                 "    print(w, *a[w])\\n"
                                 "if len(sys.argv) > 5:\\n"
                                 "    print('cats', *c['cats'])\\n";
    (void)state;
    if (!has("/usr/bin/python3 -c 'import gensim'")) {
        print_message("SKIP: there is no gensim\n");
        skip();
    }
    for (int subwords = 0; subwords < 2; subwords++) {
        struct word_model m;
        char *printed;
        make_vectors(&m, subwords);
        save(&m, at("ours"));
        printed = output_of("printf \"%s\" > %s && /usr/bin/python3 %s %s the cat windöw %s", script, at("judge.py"),
                            at("judge.py"), at("ours"), subwords ? "mats" : "");
        for (int i = 0; i < 3 + 2 * subwords; i++) {
            const char *word = (const char *[]){"the", "cat", "windöw", "mats", "cats"}[i];
            float ours[WIDTH], theirs[WIDTH];
            word_model_vector(&m, word, strlen(word), ours);
            numbers_behind(printed, word, theirs, WIDTH);
            assert_near(ours, theirs, WIDTH, 1e-5f);
        }
        free(printed);
        word_model_free(&m);
    }
}

static void write_text(const char *name, const char *text, int times)
{
    FILE *f = fopen(at(name), "w");
    for (int i = 0; i < times; i++)
        fputs(text, f);
    fclose(f);
}

#define SENTENCES                                                                                                      \
    "__label__a the cat sat on the mat\n__label__b rain falls from the sky\n__label__a a cat and a mouse\n"            \
    "__label__b wind and rain\n"

static void fasttexts_vectors_are_read(void **state)
{
    (void)state;
    NEED_FASTTEXT
    write_text("text", SENTENCES, 20);
    for (int subwords = 0; subwords < 2; subwords++) {
        struct word_model m;
        struct error err;
        char *printed, *out = output_of("fasttext %s -input %s -output %s -dim 7 -bucket 3000 -minCount 1 -epoch 2 "
                                        "-thread 1 -maxn %d >/dev/null 2>&1",
                                        subwords ? "skipgram" : "cbow", at("text"), at("vectors"), 4 * subwords);
        free(out);
        if (load(&m, folder, "skipgram", &err) < 0)
            fail_msg("%s", err.what);
        assert_true(m.whole == !subwords);
        printed = output_of("echo rain sky catsky | tr ' ' '\\n' | fasttext print-word-vectors %s", at("vectors.bin"));
        for (int i = 0; i < 2 + subwords; i++) {
            const char *word = (const char *[]){"rain", "sky", "catsky"}[i];
            float ours[WIDTH], theirs[WIDTH];
            assert_true(word_model_vector(&m, word, strlen(word), ours));
            numbers_behind(printed, word, theirs, WIDTH);
            assert_near(ours, theirs, WIDTH, 1e-4f);
        }
        free(printed);
        word_model_free(&m);
    }
}

static void fasttexts_classifiers_are_read(void **state)
{
    (void)state;
    NEED_FASTTEXT
    write_text("text", SENTENCES, 20);
    for (int maxn = 0; maxn <= 3; maxn += 3) {
        static const char *const lines[] = {"the cat", "rain on the unknown mat", "sky __label__a wind"};
        struct word_model m;
        struct error err;
        free(output_of("fasttext supervised -input %s -output %s -dim 7 -bucket 3000 -wordNgrams 3 -lr 0.5 -minn 0 "
                       "-maxn %d -thread 1 >/dev/null 2>&1",
                       at("text"), at("model"), maxn));
        if (load(&m, folder, "supervised", &err) < 0)
            fail_msg("%s", err.what);
        for (int i = 0; i < 3; i++) {
            float p[2];
            char *printed =
                output_of("echo '%s' | fasttext predict-prob %s - 2 | sed 's/ __/\\n__/g'", lines[i], at("model.bin"));
            assert_int_equal(word_model_classify(&m, lines[i], strlen(lines[i]), p), 0);
            for (int k = 0; k < 2; k++) {
                size_t len;
                const char *label = dictionary_spelling(&m.dictionary, (int32_t)m.dictionary.words + k, &len);
                char name[32];
                float theirs;
                snprintf(name, sizeof name, "%.*s", (int)len, label);
                numbers_behind(printed, name, &theirs, 1);
                assert_near(&p[k], &theirs, 1, 3e-5f);
            }
            free(printed);
        }
        word_model_free(&m);
    }
}

static void other_losses_and_packed_models_are_refused(void **state)
{
    struct word_model m;
    struct error err;
    (void)state;
    NEED_FASTTEXT
    write_text("text", SENTENCES, 20);
    free(output_of("cd %s && fasttext supervised -input text -output model -dim 7 -loss hs -thread 1 >/dev/null 2>&1",
                   folder));
    assert_int_equal(load(&m, folder, "supervised", &err), -1);
    assert_non_null(strstr(err.what, "another loss"));
    free(output_of("cd %s && fasttext supervised -input text -output model -dim 8 -wordNgrams 2 -bucket 3000 -thread 1 "
                   ">/dev/null 2>&1 && fasttext quantize -output model -input text >/dev/null 2>&1 && "
                   "mv model.ftz model.bin",
                   folder));
    assert_int_equal(load(&m, folder, "supervised", &err), -1);
    assert_non_null(strstr(err.what, "packed one"));
}

static void a_file_cut_or_changed_is_refused_or_read(void **state)
{
    struct word_model m;
    struct error err;
    static unsigned char bytes[65536], copy[65536];
    char path[160];
    size_t len, refused = 0;
    FILE *f;
    (void)state;
    make_vectors(&m, false);
    save(&m, at("cut"));
    word_model_free(&m);
    snprintf(path, sizeof path, "%s", at("cut/" WORD_MODEL_VECTORS));
    f = fopen(path, "rb");
    len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t i = 0; i < len; i++)
        for (int what = 0; what < 2; what++) {
            memcpy(copy, bytes, len);
            copy[i] ^= 0xff;
            f = fopen(path, "wb");
            fwrite(copy, 1, what ? len : i, f);
            fclose(f);
            err = (struct error){0};
            if (load(&m, at("cut"), "skipgram", &err) < 0) {
                assert_true(err.what[0] && strstr(err.where, "vectors.bin"));
                refused++;
            } else {
                float vector[WORD_FILE_WIDTH_MAX];
                word_model_vector(&m, "cat", 3, vector);
                word_model_free(&m);
            }
        }
    assert_true(refused > len / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_saved_is_loaded),
        cmocka_unit_test(buckets_that_were_not_seen_take_no_room),
        cmocka_unit_test(where_files_must_be_short_only_what_was_seen_is_written),
        cmocka_unit_test(scores_are_sums_of_pieces),
        cmocka_unit_test(fasttext_reads_our_vectors),
        cmocka_unit_test(fasttext_reads_our_classifier),
        cmocka_unit_test(gensim_reads_all_three_forms),
        cmocka_unit_test(fasttexts_vectors_are_read),
        cmocka_unit_test(fasttexts_classifiers_are_read),
        cmocka_unit_test(other_losses_and_packed_models_are_refused),
        cmocka_unit_test(a_file_cut_or_changed_is_refused_or_read),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
