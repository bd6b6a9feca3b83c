/* Made text keeps what it promises: words, roles and topics of planted_words, the meaning of "not" in opinion_text. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/data/generate.h"
#include "engine/data/made_lexicon.h"
#include "engine/data/parts.h"
#include "tests/golden/made_text.h"

static void make(const char *recipe, uint64_t seed, struct parts *p)
{
    struct error err;
    *p = (struct parts){0};
    if (generate_parts(recipe, seed, p, &err) < 0)
        fail_msg("%s: %s", recipe, err.what);
    assert_int_equal(p->kind, DATA_TEXT);
}

static bool same(const struct text *a, const struct text *b)
{
    size_t tokens = a->start[a->lines];
    return a->lines == b->lines && a->words == b->words && tokens == b->start[b->lines] &&
           memcmp(a->bytes, b->bytes, a->at[a->words]) == 0 &&
           memcmp(a->token, b->token, tokens * sizeof *a->token) == 0;
}

static const char *word_at(const struct text *t, size_t line, size_t i)
{
    static char word[2][TEXT_WORD_MAX + 1];
    static int next;
    size_t count, len;
    const int32_t *token = text_line(t, line, &count);
    const char *spelt = text_word(t, token[i], &len);
    next = !next;
    snprintf(word[next], sizeof word[next], "%.*s", (int)len, spelt);
    return word[next];
}

static void the_lexicon_has_no_word_twice(void **state)
{
    struct text t = {0};
    (void)state;
    for (int topic = 0; topic < LEXICON_TOPICS; topic++)
        for (int i = 0; i < LEXICON_NOUNS; i++)
            text_append(&t, lexicon_noun[topic][i], strlen(lexicon_noun[topic][i]));
    for (int i = 0; i < LEXICON_SMALL; i++)
        text_append(&t, lexicon_small[i], strlen(lexicon_small[i]));
    for (int i = 0; i < 2 * LEXICON_OPINIONS; i++)
        text_append(&t, lexicon_opinion[i % 2][i / 2], strlen(lexicon_opinion[i % 2][i / 2]));
    text_append(&t, "not", 3);
    for (size_t i = 0; i < t.words; i++) {
        size_t len;
        const char *word = text_word(&t, (int32_t)i, &len);
        if (t.count[i] != 1)
            fail_msg("'%.*s' is there %d times", (int)len, word, (int)t.count[i]);
    }
    assert_int_equal(t.words, 20 * 24 + 60 + 40 + 1);
    text_free(&t);
}

static uint64_t fnv(uint64_t h, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        h = (h ^ ((const unsigned char *)bytes)[i]) * 0x100000001B3u;
    return h;
}

static uint64_t hash(const struct text *t)
{
    uint64_t h = 0xCBF29CE484222325u;
    for (size_t i = 0; i < t->lines; i++) {
        size_t count, len;
        const int32_t *token = text_line(t, i, &count);
        for (size_t k = 0; k < count; k++) {
            const char *word = text_word(t, token[k], &len);
            h = fnv(fnv(h, word, len), k + 1 < count ? " " : "\n", 1);
        }
    }
    return h;
}

static void same_bytes_as_the_reference(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        struct parts p;
        make(golden[i].recipe, golden[i].seed, &p);
        for (int part = 0; part < PARTS; part++)
            if (hash(&p.text[part]) != golden[i].parts[part])
                fail_msg("%s, part %d", golden[i].recipe, part);
        parts_free(&p);
    }
}

static void same_recipe_and_seed_same_bytes(void **state)
{
    static const char *const recipes[] = {"planted_words:n=300,labels=1", "opinion_text:n=300,not=0.5,noise=0.1"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct parts a, b, c;
        make(recipes[i], 7, &a);
        make(recipes[i], 7, &b);
        make(recipes[i], 8, &c);
        for (int part = 0; part < PARTS; part++) {
            assert_true(same(&a.text[part], &b.text[part]));
            assert_false(same(&a.text[part], &c.text[part]));
        }
        assert_false(same(&a.text[PART_TRAIN], &a.text[PART_TEST]));
        assert_int_equal(a.text[PART_TRAIN].lines, 300);
        assert_int_equal(a.text[PART_VALIDATION].lines, 200);
        assert_int_equal(a.text[PART_TEST].lines, 2000);
        parts_free(&a), parts_free(&b), parts_free(&c);
    }
}

/* Every noun has topic and role, half of them each role; before it stands a small word of its role's family. */
static void nouns_have_topics_and_roles(void **state)
{
    struct parts p;
    const struct text *t = &p.text[PART_TRAIN];
    size_t own = 0, nouns = 0, with_role = 0, role_one = 0;
    int8_t family[1000] = {0}; /* of a small word: role + 1 */
    (void)state;
    make("planted_words", 3, &p);
    assert_int_equal(t->lines, 6000);
    assert_int_equal(t->words, 540);
    assert_int_equal(p.text[PART_VALIDATION].lines + p.text[PART_TEST].lines, 0);
    for (size_t i = 0; i < t->lines; i++) {
        size_t count, of_topic[LEXICON_TOPICS] = {0}, most = 0;
        const int32_t *token = text_line(t, i, &count);
        assert_int_equal(count, 10);
        for (size_t k = 0; k < count; k += 2) {
            int32_t topic = t->group[0][token[k + 1]], role = t->group[1][token[k + 1]];
            assert_int_equal(t->group[0][token[k]], -1);
            assert_int_equal(t->group[1][token[k]], -1);
            assert_true(topic >= 0 && topic < LEXICON_TOPICS && (role == 0 || role == 1));
            assert_true(family[token[k]] == 0 || family[token[k]] == role + 1);
            family[token[k]] = (int8_t)(role + 1);
            if (++of_topic[topic] > most)
                most = of_topic[topic];
            nouns++;
        }
        own += most;
    }
    for (size_t i = 0; i < t->words; i++) {
        with_role += t->group[1][i] >= 0;
        role_one += t->group[1][i] == 1;
    }
    assert_int_equal(with_role, 480);
    assert_int_equal(role_one, 240);
    assert_true((double)own / (double)nouns > 0.84 && (double)own / (double)nouns < 0.88); /* 15 % stray */
    parts_free(&p);
}

static void scrambled_words_are_the_same_words(void **state)
{
    struct parts plain, mixed;
    const struct text *a = &plain.text[PART_TRAIN], *b = &mixed.text[PART_TRAIN];
    size_t behind = 0;
    (void)state;
    make("planted_words:n=2000", 3, &plain);
    make("planted_words:n=2000,scramble=1", 3, &mixed);
    assert_int_equal(a->words, b->words);
    assert_memory_equal(a->count, b->count, a->words * sizeof *a->count);
    assert_memory_equal(a->start, b->start, (a->lines + 1) * sizeof *a->start);
    for (size_t i = 0; i < b->lines; i++) /* half of all words are nouns, wherever they stand */
        behind += b->group[0][b->token[b->start[i] + 1]] >= 0;
    assert_true(behind > 900 && behind < 1100);
    parts_free(&plain), parts_free(&mixed);
}

static void labels_name_the_topic(void **state)
{
    struct parts p;
    const struct text *t = &p.text[PART_TEST];
    size_t right = 0, all = 0;
    (void)state;
    make("planted_words:n=100,labels=1,topics=5", 3, &p);
    for (size_t i = 0; i < t->lines; i++) {
        size_t count;
        const int32_t *token = text_line(t, i, &count);
        const char *label = word_at(t, i, 0);
        assert_true(text_label(label, strlen(label)));
        assert_int_equal(t->group[0][token[0]], -1);
        for (size_t k = 2; k < count; k += 2, all++) {
            assert_true(t->group[0][token[k]] < 5);
            right += strcmp(label + 9, lexicon_topic[t->group[0][token[k]]]) == 0;
        }
    }
    assert_true((double)right > 0.85 * (double)all && (double)right < 0.91 * (double)all);
    parts_free(&p);
}

/* What the sentence says, found in it anew: 1 good, 0 bad; *nots: how many "not" there are. */
static int meaning(const struct text *t, size_t line, int *nots)
{
    size_t count;
    int said = -1;
    text_line(t, line, &count);
    *nots = 0;
    for (size_t i = 1; i < count; i++) {
        *nots += strcmp(word_at(t, line, i), "not") == 0;
        for (int k = 0; k < 2 * LEXICON_OPINIONS; k++)
            if (strcmp(word_at(t, line, i), lexicon_opinion[k % 2][k / 2]) == 0) {
                assert_int_equal(said, -1);
                said = k % 2 != (i > 1 && strcmp(word_at(t, line, i - 1), "not") == 0);
            }
    }
    return said;
}

static void not_turns_the_opinion_around(void **state)
{
    static const struct {
        const char *recipe;
        double nots; /* share of sentences */
        size_t length, test_length;
    } cases[] = {{"opinion_text:n=1000", 0, 10, 10},
                 {"opinion_text:n=1000,not=1", 1, 10, 10},
                 {"opinion_text:n=1000,not=0.5,adjacent=1,length=5", 0.5, 5, 5},
                 {"opinion_text:n=1000,test_length=100", 0, 10, 100}};
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct parts p;
        make(cases[c].recipe, 5, &p);
        for (int part = 0; part < PARTS; part++) {
            const struct text *t = &p.text[part];
            double with = 0, positive = 0, lines = (double)t->lines;
            for (size_t i = 0; i < t->lines; i++) {
                size_t count;
                int nots, said = meaning(t, i, &nots);
                bool good = strcmp(word_at(t, i, 0), "__label__positive") == 0;
                text_line(t, i, &count);
                assert_int_equal(count, 1 + (part == PART_TRAIN ? cases[c].length : cases[c].test_length));
                assert_true(nots <= 1 && said == good);
                with += nots;
                positive += good;
            }
            assert_true(fabs(with / lines - cases[c].nots) < 0.06 && fabs(positive / lines - 0.5) < 0.06);
        }
        parts_free(&p);
    }
}

static void noise_is_in_the_training_labels_only(void **state)
{
    struct parts p;
    size_t wrong[PARTS] = {0};
    (void)state;
    make("opinion_text:n=2000,noise=0.2,not=0.5", 5, &p);
    for (int part = 0; part < PARTS; part++)
        for (size_t i = 0; i < p.text[part].lines; i++) {
            int nots;
            wrong[part] +=
                meaning(&p.text[part], i, &nots) != (strcmp(word_at(&p.text[part], i, 0), "__label__positive") == 0);
        }
    assert_true(wrong[PART_TRAIN] > 340 && wrong[PART_TRAIN] < 460);
    assert_int_equal(wrong[PART_VALIDATION] + wrong[PART_TEST], 0);
    parts_free(&p);
}

static void what_makes_no_sense_is_refused(void **state)
{
    static const char *const recipes[][2] = {{"opinion_text:length=4", "5 to 300"},
                                             {"opinion_text:test_length=3", "at least 5"},
                                             {"planted_words:topics=21", "2 to 20"},
                                             {"planted_words:scramble=1,labels=1", "scramble or labels"},
                                             {"planted_words:n=1e6", "100 to 60000"}};
    (void)state;
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) {
        struct parts p = {0};
        struct error err;
        assert_int_equal(generate_parts(recipes[i][0], 1, &p, &err), -1);
        if (!strstr(err.fix, recipes[i][1]))
            fail_msg("%s: %s", recipes[i][0], err.fix);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lexicon_has_no_word_twice),      cmocka_unit_test(same_bytes_as_the_reference),
        cmocka_unit_test(same_recipe_and_seed_same_bytes),    cmocka_unit_test(nouns_have_topics_and_roles),
        cmocka_unit_test(scrambled_words_are_the_same_words), cmocka_unit_test(labels_name_the_topic),
        cmocka_unit_test(not_turns_the_opinion_around),       cmocka_unit_test(noise_is_in_the_training_labels_only),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
