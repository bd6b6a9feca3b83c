/* Text as word ids, and its readers: sentences, the augmented manifest, channels of all kinds, what is refused where.
 */
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "engine/data/dataset.h"
#include "engine/data/parts.h"
#include "engine/format/text.h"

static char folder[] = "/tmp/flashlab-text-XXXXXX";

static char *at(const char *name)
{
    static char paths[4][160];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, 160, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(at(name), "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    fclose(f);
}

/* The text as it would be written with one blank between tokens. */
static void assert_lines(const struct text *t, const char *wanted)
{
    static char got[4096];
    size_t used = 0;
    for (size_t i = 0; i < t->lines; i++) {
        size_t count, len;
        const int32_t *token = text_line(t, i, &count);
        assert_true(count > 0);
        for (size_t k = 0; k < count; k++) {
            const char *word = text_word(t, token[k], &len);
            used +=
                (size_t)snprintf(got + used, sizeof got - used, "%.*s%c", (int)len, word, k + 1 < count ? ' ' : '\n');
        }
    }
    got[used] = '\0';
    assert_string_equal(got, wanted);
}

static uint64_t count_of(const struct text *t, const char *word)
{
    int32_t id = text_find(t, word, strlen(word));
    return id < 0 ? 0 : t->count[id];
}

static void words_are_numbered_by_first_sight(void **state)
{
    struct text t = {0};
    static const char line[] = " the\tcat \v the\0dog\f\r";
    (void)state;
    assert_int_equal(text_find(&t, "the", 3), -1);
    assert_int_equal(text_append(&t, line, sizeof line - 1), TEXT_ADDED);
    assert_int_equal(text_append(&t, "", 0), TEXT_ADDED);
    assert_int_equal(text_append(&t, "  \t", 3), TEXT_ADDED);
    assert_int_equal(text_append(&t, "The dog", 7), TEXT_ADDED);
    assert_lines(&t, "the cat the dog\nThe dog\n");
    assert_int_equal(t.lines, 2);
    assert_int_equal(t.words, 4);
    assert_int_equal(text_find(&t, "the", 3), 0);
    assert_int_equal(text_find(&t, "The", 3), 3);
    assert_int_equal(text_find(&t, "th", 2), -1);
    assert_int_equal(text_find(&t, "", 0), -1);
    assert_true(count_of(&t, "the") == 2 && count_of(&t, "dog") == 2 && count_of(&t, "cat") == 1);
    text_free(&t);
    text_free(NULL);
}

static void many_words_keep_their_ids(void **state)
{
    enum { WORDS = 100000 };
    struct text t = {0};
    char word[24];
    (void)state;
    for (int i = 0; i < WORDS; i++) {
        int len = snprintf(word, sizeof word, "w%d", i);
        assert_int_equal(text_append_token(&t, word, (size_t)len), TEXT_ADDED);
        assert_int_equal(text_append_token(&t, "w0", 2), TEXT_ADDED);
        if (i % 10 == 9)
            assert_int_equal(text_end_line(&t), TEXT_ADDED);
    }
    assert_int_equal(t.words, WORDS);
    assert_int_equal(t.lines, WORDS / 10);
    assert_int_equal(t.start[t.lines], 2 * WORDS);
    assert_int_equal(count_of(&t, "w0"), WORDS + 1);
    for (int i = 0; i < WORDS; i++) {
        int len = snprintf(word, sizeof word, "w%d", i);
        assert_int_equal(text_find(&t, word, (size_t)len), i);
    }
    text_free(&t);
}

static void a_refused_line_leaves_no_trace(void **state)
{
    struct text t = {0};
    char line[TEXT_WORD_MAX + 10] = "new old ";
    (void)state;
    assert_int_equal(text_append(&t, "old", 3), TEXT_ADDED);
    memset(line + 8, 'x', TEXT_WORD_MAX + 1);
    assert_int_equal(text_append(&t, line, TEXT_WORD_MAX + 9), TEXT_WORD_TOO_LONG);
    assert_true(count_of(&t, "old") == 1 && count_of(&t, "new") == 0);
    assert_int_equal(text_append(&t, line, TEXT_WORD_MAX + 8), TEXT_ADDED);
    assert_int_equal(t.lines, 2);
    assert_true(count_of(&t, "old") == 2 && count_of(&t, "new") == 1);
    text_free(&t);
}

static void labels_are_told_by_their_prefix(void **state)
{
    (void)state;
    assert_true(text_label("__label__4", 10));
    assert_false(text_label("__label__", 9));
    assert_false(text_label("__labe__4", 9));
    assert_false(text_label("", 0));
}

/* --- readers -------------------------------------------------------------------------------------------------------
 */

static int read_bytes(int (*read)(struct input *, struct text *, struct error *), const char *bytes, size_t len,
                      struct text *t, struct error *err)
{
    struct input *in = input_open_bytes(bytes, len, "t.txt");
    int status;
    *t = (struct text){0};
    *err = (struct error){0};
    status = read(in, t, err);
    input_close(in);
    return status;
}

static void reads_sentences(void **state)
{
    static const char text[] = "\xEF\xBB\xBF__label__4 linux is ready .\r\n\n  wind\xC3\xB6w\0s __label__1\r\n \nend";
    struct text t;
    struct error err;
    (void)state;
    assert_int_equal(read_bytes(text_plain_read, text, sizeof text - 1, &t, &err), 0);
    assert_lines(&t, "__label__4 linux is ready .\nwind\xC3\xB6w s __label__1\nend\n");
    text_free(&t);
}

static void reads_the_manifest(void **state)
{
    static const char text[] = "{\"source\":\"linux ready for prime time\", \"label\":4, \"metadata\":{\"x\":[1,{}]}}\n"
                               "{\"label\":[10,1], \"source\":\"smart \\u00e4 \\\"bet\\\"\"}\r\n\n"
                               "{\"source\":\"words alone\"}\n{\"source\":\"\",\"label\":0}\n{\"source\":\"\"}";
    struct text t;
    struct error err;
    (void)state;
    assert_int_equal(read_bytes(text_manifest_read, text, sizeof text - 1, &t, &err), 0);
    assert_lines(&t, "__label__4 linux ready for prime time\n__label__10 __label__1 smart \xC3\xA4 \"bet\"\n"
                     "words alone\n__label__0\n");
    text_free(&t);
}

static void says_which_line_is_wrong(void **state)
{
    static char word[TEXT_WORD_MAX + 20];
    const struct {
        int (*read)(struct input *, struct text *, struct error *);
        const char *text, *where, *what;
    } cases[] = {
        {text_plain_read, "fine\nlatin \xE9t\xE9\n", "t.txt, line 2", "no UTF-8"},
        {text_plain_read, "cut \xC3", "t.txt, line 1", "no UTF-8"},
        {text_plain_read, word, "t.txt, line 2", "longer than 1,000 bytes"},
        {text_manifest_read, "{\"source\":\"a\",\"label\":1}\nlinux\n", "t.txt, line 2", "'linux' stands where {"},
        {text_manifest_read, "{\"label\":1}", "t.txt, line 1", "\"source\" is missing"},
        {text_manifest_read, "{\"source\":\"a\",\"label\":-1}", "t.txt, line 1", "'-1' is no whole number"},
        {text_manifest_read, "{\"source\":\"a\",\"label\":1.5}", "t.txt, line 1", "no whole number"},
        {text_manifest_read, "{\"source\":\"a\",\"label\":\"4\"}", "t.txt, line 1", "no whole number"},
        {text_manifest_read, "{\"source\":\"a\",\"label\":[]}", "t.txt, line 1", "list of labels is empty"},
        {text_manifest_read, "{\"source\":\"a\",\"label\":[1}", "t.txt, line 1", "a comma or ]"},
        {text_manifest_read, "{\"source\":\"a\",\"source\":\"b\"}", "t.txt, line 1", "\"source\" stands there twice"},
        {text_manifest_read, "{\"label\":1,\"label\":2}", "t.txt, line 1", "\"label\" stands there twice"},
        {text_manifest_read, "{\"source\":4}", "t.txt, line 1", "'4}' stands where \""},
        {text_manifest_read, "{\"source\":\"a\",\"label\":1}}", "t.txt, line 1", "Something follows"},
        {text_manifest_read, "{\"source\":\"a", "t.txt, line 1", "ends where a quote"},
        {text_manifest_read, "{\"source\":\"\xE9\"}", "t.txt, line 1", "no UTF-8"},
        {text_manifest_read, "{\"x\":[}", "t.txt, line 1", "no JSON"},
    };
    (void)state;
    memset(word, 'w', sizeof word - 1);
    memcpy(word, "a b\n", 4);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text t;
        struct error err;
        assert_int_equal(read_bytes(cases[i].read, cases[i].text, strlen(cases[i].text), &t, &err), -1);
        assert_non_null(strstr(err.where, cases[i].where));
        if (!strstr(err.what, cases[i].what))
            fail_msg("%s: %s", cases[i].text, err.what);
        assert_true(err.fix[0] && err.code != ERROR_NONE);
        text_free(&t);
    }
}

/* --- channels ------------------------------------------------------------------------------------------------------
 */

static const char *const both[] = {"text/plain", "application/jsonlines", NULL};

static void names_tell_the_type(void **state)
{
    struct text t;
    struct error err;
    struct channel channel = {.allowed = both};
    gzFile zipped = gzopen(at("c.jsonl.gz"), "wb");
    (void)state;
    gzputs(zipped, "{\"source\":\"d e\",\"label\":3}\n");
    gzclose(zipped);
    mkdir(at("many"), 0700);
    mkdir(at("many/in"), 0700);
    write_file("many/a.txt", "a b\n");
    write_file("many/in/b", "c\n");
    write_file("many/.hidden", "\xFF\n");
    assert_int_equal(rename(at("c.jsonl.gz"), at("many/c.jsonl.gz")), 0);
    channel.path = at("many");
    assert_int_equal(text_read(&channel, -1, &t, &err), 0);
    assert_lines(&t, "a b\n__label__3 d e\nc\n");
    assert_string_equal(t.name, "many");
    assert_true(t.bytes_read > 20);
    text_free(&t);
    write_file("rows.csv", "1,2\n");
    channel.path = at("rows.csv");
    assert_int_equal(text_read(&channel, -1, &t, &err), -1);
    assert_non_null(strstr(err.what, "text/csv"));
    channel.content_type = "text/plain";
    assert_int_equal(text_read(&channel, -1, &t, &err), 0);
    assert_lines(&t, "1,2\n");
    text_free(&t);
    assert_string_equal(format_type_of_name("a/b.txt.gz"), "text/plain");
}

static void a_text_is_no_table(void **state)
{
    static const char *const csv[] = {"text/csv", NULL};
    struct channel channel = {.path = at("rows.txt"), .allowed = csv};
    struct dataset d;
    struct error err;
    (void)state;
    write_file("rows.txt", "1,2\n3,4\n");
    assert_int_equal(format_read(&channel, &d, &err), 0); /* as ever: what tells no table is CSV */
    assert_int_equal(d.rows, 2);
    channel.content_type = "text/plain";
    channel.allowed = NULL;
    assert_int_equal(format_write(at("o.csv"), "text/plain", false, &d, &err), -1);
    assert_non_null(strstr(err.what, "are no table"));
    assert_int_equal(format_write(at("o.txt"), NULL, false, &d, &err), -1);
    assert_non_null(strstr(err.what, "does not tell which format"));
    dataset_free(&d);
    assert_int_equal(format_read(&channel, &d, &err), -1);
    assert_non_null(strstr(err.what, "are no table"));
}

static void nothing_to_learn_from(void **state)
{
    struct channel channel = {.path = at("empty.txt"), .allowed = both};
    struct text t;
    struct error err;
    (void)state;
    write_file("empty.txt", "\n \n");
    assert_int_equal(text_read(&channel, -1, &t, &err), -1);
    assert_non_null(strstr(err.what, "no words"));
    assert_non_null(strstr(err.where, "empty.txt"));
    channel.path = at("none.txt");
    assert_int_equal(text_read(&channel, 3, &t, &err), -1);
    assert_non_null(strstr(err.what, "cannot be opened"));
}

static void *write_fifo(void *path)
{
    FILE *f = fopen(path, "w");
    fputs("from a pipe\n", f);
    fclose(f);
    return NULL;
}

static void each_epoch_has_its_pipe(void **state)
{
    uint64_t bytes = 0;
    struct channel channel = {.path = at("train"), .allowed = both, .bytes_read = &bytes};
    struct text t;
    struct error err;
    pthread_t writer;
    char path[160];
    (void)state;
    write_file("train_0", "first epoch\n");
    assert_int_equal(text_read(&channel, 0, &t, &err), 0);
    assert_lines(&t, "first epoch\n");
    text_free(&t);
    snprintf(path, sizeof path, "%s/train_1", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_fifo, path), 0);
    assert_int_equal(text_read(&channel, 1, &t, &err), 0);
    pthread_join(writer, NULL);
    assert_lines(&t, "from a pipe\n");
    assert_int_equal(bytes, 24);
    text_free(&t);
    assert_int_equal(text_read(&channel, 2, &t, &err), -1);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_numbered_by_first_sight),
        cmocka_unit_test(many_words_keep_their_ids),
        cmocka_unit_test(a_refused_line_leaves_no_trace),
        cmocka_unit_test(labels_are_told_by_their_prefix),
        cmocka_unit_test(reads_sentences),
        cmocka_unit_test(reads_the_manifest),
        cmocka_unit_test(says_which_line_is_wrong),
        cmocka_unit_test(names_tell_the_type),
        cmocka_unit_test(a_text_is_no_table),
        cmocka_unit_test(nothing_to_learn_from),
        cmocka_unit_test(each_epoch_has_its_pipe),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
