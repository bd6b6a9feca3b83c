/* Models of BlazingText with random numbers, saved to a folder of the test. */
#ifndef TEST_WORD_MODELS_H
#define TEST_WORD_MODELS_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "engine/algo/blazingtext/word_model.h"
#include "engine/base/rng.h"
#include "engine/model.h"

static char folder[] = "/tmp/flashlab-words-XXXXXX";
static const char *const files[] = {WORD_MODEL_TEXT, WORD_MODEL_VECTORS, WORD_MODEL_WORD2VEC, WORD_MODEL_CLASSIFIER,
                                    NULL};
static const struct algorithm algorithm = {.name = "blazingtext", .title = "BlazingText", .model_files = files};

static char *at(const char *name)
{
    static char paths[8][160];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, 160, "%s/%s", folder, name);
    return path;
}

#define WIDTH 7

static const char *const words[] = {"the", "cat", "sat", "windöw", "a", "mats"};
enum { WORDS = 6 };

static void add_words(struct dictionary *d)
{
    for (uint64_t i = 0; i < WORDS; i++)
        assert_int_equal(dictionary_add(d, words[i], strlen(words[i]), 100 - i, false), 0);
    d->tokens = 700;
}

static void fill(struct word_model *m)
{
    size_t rows = m->dictionary.words + m->buckets.seen;
    struct rng r;
    rng_init(&r, 1, 2);
    m->width = WIDTH;
    m->vectors = malloc(rows * WIDTH * sizeof *m->vectors);
    for (size_t i = 0; i < rows * WIDTH; i++)
        m->vectors[i] = (float)rng_normal(&r);
    if (!m->classifier)
        return;
    m->labels = malloc(m->dictionary.labels * WIDTH * sizeof *m->labels);
    for (size_t i = 0; i < m->dictionary.labels * WIDTH; i++)
        m->labels[i] = (float)rng_normal(&r);
    m->labels[3] *= 1e-8f;
}

static void make_vectors(struct word_model *m, bool subwords)
{
    *m = (struct word_model){.mode = "skipgram", .epochs = 5, .window = 5, .negatives = 5, .least = 1, .rate = 0.05};
    m->sampling = 1e-4;
    m->word_ngrams = 1;
    m->whole = !subwords;
    add_words(&m->dictionary);
    assert_int_equal(buckets_open(&m->buckets, 50000), 0);
    m->min_char = subwords ? 3 : 0;
    m->max_char = subwords ? 5 : 0;
    for (int i = 0; i < WORDS && subwords; i++) {
        uint32_t hash[64];
        size_t n = dictionary_subwords(words[i], strlen(words[i]), 3, 5, hash, 64);
        for (size_t k = 0; k < n; k++)
            assert_true(buckets_add(&m->buckets, hash[k] % 50000) >= 0);
    }
    fill(m);
}

/* "the cat sat </s>" has its bigrams in buckets. */
static void make_classifier(struct word_model *m)
{
    static const char *const line[] = {"the", "cat", "sat", DICTIONARY_END};
    *m = (struct word_model){.classifier = true, .mode = "supervised", .epochs = 5, .window = 5, .negatives = 5};
    m->least = 1;
    m->word_ngrams = 2;
    m->whole = true;
    assert_int_equal(dictionary_add(&m->dictionary, DICTIONARY_END, 4, 200, false), 0);
    add_words(&m->dictionary);
    assert_int_equal(dictionary_add(&m->dictionary, "__label__1", 10, 20, true), 0);
    assert_int_equal(dictionary_add(&m->dictionary, "__label__good", 13, 10, true), 0);
    assert_int_equal(dictionary_add(&m->dictionary, "__label__3", 10, 5, true), 0);
    assert_int_equal(buckets_open(&m->buckets, 2000000), 0);
    for (int i = 0; i < 3; i++) {
        uint64_t h = (uint64_t)(int64_t)(int32_t)dictionary_hash(line[i], strlen(line[i]));
        h = dictionary_ngram(h, dictionary_hash(line[i + 1], strlen(line[i + 1])));
        assert_true(buckets_add(&m->buckets, (uint32_t)(h % 2000000)) >= 0);
    }
    fill(m);
}

static void save(const struct word_model *m, const char *dir)
{
    struct error err;
    struct model_writer *w = model_writer_open(dir, &algorithm, &err);
    assert_non_null(w);
    if (word_model_save(m, w, &err) < 0)
        fail_msg("%s", err.what);
    model_writer_close(w);
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

#endif
