/* Dictionaries and buckets of BlazingText: hashes as gensim's, words and labels as fastText's own dump has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/algo/blazingtext/buckets.h"
#include "engine/algo/blazingtext/dictionary.h"
#include "engine/base/rng.h"

struct golden_entry {
    const char *word;
    unsigned count;
    bool label;
};
#include "tests/golden/dictionary.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void hashes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(golden_hashes); i++)
        assert_int_equal(dictionary_hash(golden_hashes[i].word, strlen(golden_hashes[i].word)), golden_hashes[i].hash);
    for (size_t i = 0; i < COUNT(golden_grams); i++) {
        const struct golden_gram *g = &golden_grams[i];
        uint64_t h = (uint64_t)(int64_t)(int32_t)dictionary_hash(g->words[0], strlen(g->words[0]));
        for (size_t k = 1; k < 4 && g->words[k]; k++)
            h = dictionary_ngram(h, dictionary_hash(g->words[k], strlen(g->words[k])));
        assert_true(h == g->hash);
    }
}

static int rising(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void subwords(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(golden_subwords); i++) {
        const struct golden_subwords *g = &golden_subwords[i];
        uint32_t hash[64];
        size_t found = dictionary_subwords(g->word, strlen(g->word), g->least, g->most, hash, COUNT(hash));
        assert_int_equal(found, g->count);
        qsort(hash, found, sizeof *hash, rising);
        assert_memory_equal(hash, g->hash, found * sizeof *hash);
        assert_int_equal(dictionary_subwords(g->word, strlen(g->word), g->least, g->most, hash, 1), 1);
    }
    uint32_t hash[8]; /* of lone bytes that only continue, and of nothing */
    assert_int_equal(dictionary_subwords("\x80\x80", 2, 1, 1, hash, 8), 0);
    assert_int_equal(dictionary_subwords("", 0, 2, 3, hash, 8), 1);
    assert_int_equal(dictionary_subwords("ab", 2, 1, 1, hash, 8), 2); /* not the marks by themselves */
}

static struct text text_of(const char *const *lines, size_t count)
{
    struct text t = {0};
    for (size_t i = 0; i < count; i++)
        assert_int_equal(text_append(&t, lines[i], strlen(lines[i])), TEXT_ADDED);
    strcpy(t.name, "lines");
    return t;
}

static void same_entries(const struct dictionary *d, const struct golden_entry *golden, size_t count)
{
    size_t labels = 0;
    assert_int_equal(d->words + d->labels, count);
    for (size_t i = 0; i < count; i++) {
        size_t len;
        const char *word = dictionary_spelling(d, (int32_t)i, &len);
        assert_int_equal(len, strlen(golden[i].word));
        assert_memory_equal(word, golden[i].word, len);
        assert_int_equal(d->count[i], golden[i].count);
        assert_int_equal(dictionary_find(d, word, len), i);
        labels += golden[i].label;
    }
    assert_int_equal(d->labels, labels);
}

static void builds_as_the_reference(void **state)
{
    struct text t = text_of(golden_lines, COUNT(golden_lines));
    struct dictionary d;
    struct error err = {0};
    (void)state;
    assert_int_equal(dictionary_build(&d, &t, 1, true, &err), 0);
    same_entries(&d, golden_entries_1, COUNT(golden_entries_1));
    assert_int_equal(d.tokens, 5 + 5 + 4 + 2 + 2 + 2 + 5);
    dictionary_free(&d);
    assert_int_equal(dictionary_build(&d, &t, 2, true, &err), 0);
    same_entries(&d, golden_entries_2, COUNT(golden_entries_2));
    assert_int_equal(d.tokens, 25); /* dropped words are counted */
    assert_int_equal(dictionary_find(&d, "bird", 4), -1);
    int32_t *map = dictionary_map(&d, &t);
    assert_int_equal(map[text_find(&t, "bird", 4)], -1);
    assert_int_equal(map[text_find(&t, "dog", 3)], 1);
    assert_int_equal(map[text_find(&t, "__label__c", 10)], 8);
    free(map);
    dictionary_free(&d);
    /* Without labels they are words, and the end of a line is none. */
    assert_int_equal(dictionary_build(&d, &t, 1, false, &err), 0);
    assert_int_equal(d.labels, 0);
    assert_int_equal(d.words, COUNT(golden_entries_1) - 1);
    assert_int_equal(dictionary_find(&d, "</s>", 4), -1);
    assert_int_equal(d.tokens, 25 - 4 + 5);
    dictionary_free(&d);
    assert_int_equal(dictionary_build(&d, &t, 6, true, &err), -1);
    assert_int_equal(err.code, ERROR_INPUT);
    assert_non_null(strstr(err.fix, "min_count"));
    text_free(&t);
}

static void spelt_end_and_groups(void **state)
{
    static const char *const lines[] = {"a </s> b", "b __label__x", "__label__ b"};
    struct text t = text_of(lines, COUNT(lines));
    struct dictionary d;
    struct error err;
    (void)state;
    t.group[1] = calloc(t.words, sizeof *t.group[1]);
    for (size_t i = 0; i < t.words; i++)
        t.group[1][i] = 10 + (int32_t)i;
    assert_int_equal(dictionary_build(&d, &t, 1, true, &err), 0);
    assert_int_equal(d.count[dictionary_find(&d, "</s>", 4)], 4); /* one that is spelt, three ends */
    assert_int_equal(d.labels, 1);                                /* the bare prefix is a word */
    assert_int_equal(d.words, 4);
    assert_null(d.group[0]);
    assert_int_equal(d.group[1][dictionary_find(&d, "b", 1)], 12);
    dictionary_free(&d);
    text_free(&t);
    t = text_of(lines, 1);
    t.group[0] = calloc(t.words, sizeof *t.group[0]);
    assert_int_equal(dictionary_build(&d, &t, 0, false, &err), 0);
    assert_int_equal(d.group[0][2], 0);
    dictionary_free(&d);
    text_free(&t);
}

static void holds_many(void **state)
{
    enum { MANY = 20000 };
    struct dictionary d = {0};
    char word[16];
    (void)state;
    assert_int_equal(dictionary_find(&d, "w", 1), -1);
    for (int i = 0; i < MANY; i++) {
        snprintf(word, sizeof word, "w%d", i);
        assert_int_equal(dictionary_add(&d, word, strlen(word), (uint64_t)(MANY - i), i >= MANY - 3), 0);
    }
    assert_int_equal(d.words, MANY - 3);
    assert_int_equal(d.labels, 3);
    for (int i = 0; i < MANY; i++) {
        snprintf(word, sizeof word, "w%d", i);
        assert_int_equal(dictionary_find(&d, word, strlen(word)), i);
    }
    assert_int_equal(dictionary_add(&d, "w7", 2, 1, true), 0); /* again: the first stays */
    assert_int_equal(dictionary_find(&d, "w7", 2), 7);
    dictionary_free(&d);
}

static void numbers_buckets(void **state)
{
    enum { ALL = 50000, DRAWS = 60000 };
    int32_t *row_of = malloc(ALL * sizeof *row_of);
    struct buckets b;
    struct rng rng;
    size_t seen = 0;
    (void)state;
    memset(row_of, -1, ALL * sizeof *row_of);
    assert_int_equal(buckets_find(&(struct buckets){0}, 3), -1);
    assert_int_equal(buckets_open(&b, ALL), 0);
    rng_init(&rng, 7, 0);
    for (int i = 0; i < DRAWS; i++) {
        uint32_t bucket = (uint32_t)rng_below(&rng, ALL);
        assert_int_equal(buckets_find(&b, bucket), row_of[bucket]);
        if (row_of[bucket] < 0)
            row_of[bucket] = (int32_t)seen++;
        assert_int_equal(buckets_add(&b, bucket), row_of[bucket]);
        assert_int_equal(b.number[row_of[bucket]], bucket);
    }
    assert_int_equal(b.seen, seen);
    for (uint32_t bucket = 0; bucket < ALL; bucket++)
        assert_int_equal(buckets_find(&b, bucket), row_of[bucket]);
    uint32_t last = b.number[seen - 1];
    buckets_settle(&b);
    assert_int_equal(b.number[seen - 1], last);
    assert_int_equal(buckets_find(&b, last), -1);
    assert_int_equal(buckets_add(&b, last), -1);
    buckets_free(&b);
    free(row_of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes),
        cmocka_unit_test(subwords),
        cmocka_unit_test(builds_as_the_reference),
        cmocka_unit_test(spelt_end_and_groups),
        cmocka_unit_test(holds_many),
        cmocka_unit_test(numbers_buckets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
