/* Vocabularies: read, refused, written, made of counted words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/data/vocabulary.h"

#define RESERVED "\"<pad>\":0,\"<unk>\":1,\"<s>\":2,\"</s>\":3"

static int read_text(const char *text, struct vocabulary *v, struct error *err)
{
    *err = (struct error){0};
    return vocabulary_read(v, text, strlen(text), "vocab.src.json", err);
}

static int32_t id(const struct vocabulary *v, const char *word)
{
    return vocabulary_id(v, word, strlen(word));
}

static void reads_and_writes(void **state)
{
    /* In any order, with a hole, words with escapes. */
    static const char text[] = "{\n \"b\\u00e4r\" : 5, " RESERVED ",\n \"\\\"q\\\\\": 7, \"\":8, \"\xC3\xBC\": 4 }\n";
    struct vocabulary v;
    struct error err;
    struct str out = {0};
    (void)state;
    if (read_text(text, &v, &err) < 0)
        fail_msg("%s: %s", err.where, err.what);
    assert_int_equal(v.size, 9);
    assert_int_equal(id(&v, "b\xC3\xA4r"), 5);
    assert_int_equal(id(&v, "\"q\\"), 7);
    assert_int_equal(id(&v, "\xC3\xBC"), 4);
    assert_int_equal(id(&v, ""), 8);
    assert_int_equal(id(&v, "</s>"), 3);
    assert_int_equal(id(&v, "absent"), VOCABULARY_UNKNOWN);
    assert_string_equal(vocabulary_word(&v, 5), "b\xC3\xA4r");
    assert_string_equal(vocabulary_word(&v, 6), "<unk>"); /* the hole */
    assert_string_equal(vocabulary_word(&v, 9), "<unk>");
    assert_string_equal(vocabulary_word(&v, -1), "<unk>");
    assert_int_equal(vocabulary_write(&v, &out), 0);
    assert_string_equal(out.data, "{" RESERVED ",\"\xC3\xBC\":4,\"b\xC3\xA4r\":5,\"\\\"q\\\\\":7,\"\":8}\n");
    vocabulary_free(&v);
    vocabulary_free(NULL);
    str_free(&out);
}

static void refuses_what_is_none(void **state)
{
    static const struct {
        const char *text, *where, *what;
    } cases[] = {
        {"", "vocab.src.json, line 1", "The JSON ends where { should come"},
        {"[1]", "vocab.src.json, line 1", "'[1]' stands where { should come"},
        {"{}", "vocab.src.json", "The word '<pad>' must have the id 0, and it does not"},
        {"{\"<pad>\":0,\"<unk>\":1,\"<s>\":3,\"</s>\":2}", "vocab.src.json",
         "The word '<s>' must have the id 2, and it does not"},
        {"{\"<pad>\":0,\"<unk>\":1,\"<s>\":2}", "vocab.src.json",
         "The word '</s>' must have the id 3, and it does not"},
        {"{" RESERVED ",\n\"a\":4,\n\"a\":5}", "vocab.src.json, line 3", "The word 'a' stands there twice"},
        {"{" RESERVED ",\n\"a\":4,\n\"b\":4}", "vocab.src.json, line 3", "The word 'b' has the id of another word"},
        {"{" RESERVED ",\"a\":4.0}", "vocab.src.json, line 1", "'4.0' is no whole number from 0 to 2999999"},
        {"{" RESERVED ",\"a\":-4}", "vocab.src.json, line 1", "'-4' is no whole number from 0 to 2999999"},
        {"{" RESERVED ",\"a\":3000000}", "vocab.src.json, line 1", "'3000000' is no whole number from 0 to 2999999"},
        {"{" RESERVED ",\"a\":\"4\"}", "vocab.src.json, line 1", "'\"4\"' is no whole number from 0 to 2999999"},
        {"{" RESERVED ",\"a\":[[[4", "vocab.src.json, line 1", "'[[[4' stands where a whole number should come"},
        {"{" RESERVED ",\"a\":", "vocab.src.json, line 1", "The JSON ends where a whole number should come"},
        {"{" RESERVED ",\"a", "vocab.src.json, line 1", "The JSON ends where a quote should come"},
        {"{" RESERVED ",\"a\":4", "vocab.src.json, line 1", "The JSON ends where , should come"},
        {"{" RESERVED "} {", "vocab.src.json, line 1", "Something follows the JSON object"},
        {"{" RESERVED ",\"\xFF\":4}", "vocab.src.json, line 1", "A text is no UTF-8"},
        {"{" RESERVED ",\"\\u0000\":4}", "vocab.src.json, line 1",
         "A text holds a NUL or an escape that JSON does not have"},
    };
    struct vocabulary v;
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (read_text(cases[i].text, &v, &err) == 0)
            fail_msg("%s was read", cases[i].text);
        assert_string_equal(err.what, cases[i].what);
        assert_string_equal(err.where, cases[i].where);
        assert_true(err.fix[0]);
        assert_null(v.table);
    }
}

static struct word_count *count_words(const char *text)
{
    struct word_count *c = word_count_open();
    assert_non_null(c);
    while (*text) {
        size_t len = strcspn(text, " ");
        assert_int_equal(word_count_add(c, text, len), 0);
        text += len + strspn(text + len, " ");
    }
    return c;
}

/* By falling frequency; of equals what is later in the alphabet comes first. */
static void orders_by_frequency(void **state)
{
    static const char text[] = "b a c aa b <unk> c b d d \xC3\xA4 \xC3\xA4 e";
    static const struct {
        size_t words, least, size;
        const char *order; /* from id 4 on */
    } cases[] = {
        {0, 1, 11, "b \xC3\xA4 d c e aa a"},
        {0, 0, 11, "b \xC3\xA4 d c e aa a"},
        {0, 2, 8, "b \xC3\xA4 d c"},
        {3, 1, 7, "b \xC3\xA4 d"},
        {0, 4, 4, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct vocabulary v;
        struct str order = {0};
        assert_int_equal(word_count_finish(count_words(text), cases[i].words, cases[i].least, &v), 0);
        assert_int_equal(v.size, cases[i].size);
        for (int32_t k = VOCABULARY_RESERVED; (size_t)k < v.size; k++)
            str_printf(&order, k > VOCABULARY_RESERVED ? " %s" : "%s", vocabulary_word(&v, k));
        assert_string_equal(str_text(&order), cases[i].order);
        assert_int_equal(id(&v, "<pad>"), 0);
        assert_int_equal(id(&v, "<unk>"), 1);
        str_free(&order);
        vocabulary_free(&v);
    }
    word_count_close(count_words(text));
    word_count_close(NULL);
}

/* More than the table begins with, and the usual limit. */
static void holds_many_words(void **state)
{
    struct word_count *c = word_count_open();
    struct vocabulary v, again;
    struct str out = {0};
    struct error err;
    char word[16];
    (void)state;
    for (int i = 0; i < 60000; i++) {
        int len = snprintf(word, sizeof word, "w%d", i);
        for (int k = i < 100 ? 2 : 1; k > 0; k--)
            assert_int_equal(word_count_add(c, word, (size_t)len), 0);
    }
    assert_int_equal(word_count_finish(c, 0, 1, &v), 0);
    assert_int_equal(v.size, 50004);
    assert_int_equal(id(&v, "w99"), 4);
    assert_int_equal(id(&v, "w9999"), 104);
    assert_int_equal(vocabulary_write(&v, &out), 0);
    assert_int_equal(vocabulary_read(&again, out.data, out.len, "v.json", &err), 0);
    assert_int_equal(again.size, v.size);
    for (int32_t i = 0; (size_t)i < v.size; i++) {
        assert_string_equal(vocabulary_word(&v, i), vocabulary_word(&again, i));
        assert_int_equal(id(&again, vocabulary_word(&v, i)), i);
    }
    vocabulary_free(&v);
    vocabulary_free(&again);
    str_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes),
        cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(orders_by_frequency),
        cmocka_unit_test(holds_many_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
