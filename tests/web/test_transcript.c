#include "web/lab/transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct heard {
    struct str text;
    size_t count;
};

static void hear(void *context, const char *line, size_t len)
{
    struct heard *heard = context;
    if (heard->count++ < 100) {
        str_append(&heard->text, line, len);
        str_putc(&heard->text, '|');
    }
}

static int feed(struct transcript *t, const char *bytes, struct heard *heard, struct error *err)
{
    return transcript_feed(t, bytes, strlen(bytes), hear, heard, err);
}

static void joins_pieces_into_lines(void **state)
{
    struct transcript t = {0};
    struct heard heard = {0};
    struct error err;
    (void)state;
    assert_int_equal(feed(&t, "{\"event\":\"st", &heard, &err), 0);
    assert_int_equal(heard.count, 0);
    assert_int_equal(feed(&t, "art\"}\n{\"event\":\"log\",\"text\":\"a\"}\n{\"ev", &heard, &err), 0);
    assert_string_equal(str_text(&heard.text), "{\"event\":\"start\"}|{\"event\":\"log\",\"text\":\"a\"}|");
    assert_int_equal(t.last, LAST_OTHER);
    assert_int_equal(feed(&t, "ent\":\"end\",\"status\":\"done\"}\n", &heard, &err), 0);
    assert_int_equal(t.last, LAST_DONE);
    transcript_free(&t);
    str_free(&heard.text);
}

static void keeps_the_error_of_the_trainer(void **state)
{
    struct transcript t = {0};
    struct heard heard = {0};
    struct error err;
    (void)state;
    assert_int_equal(feed(&t,
                          "{\"event\":\"error\",\"what\":\"l1 is negative\",\"where\":\"l1\",\"fix\":\"0 or more\"}\n",
                          &heard, &err),
                     0);
    assert_int_equal(t.last, LAST_ERROR);
    assert_string_equal(t.reported.what, "l1 is negative");
    assert_string_equal(t.reported.where, "l1");
    assert_string_equal(t.reported.fix, "0 or more");
    transcript_free(&t);
    str_free(&heard.text);
}

static void refuses_what_is_no_event(void **state)
{
    static const char *const lines[] = {
        "\n",
        "hello\n",
        "[1]\n",
        "\"event\"\n",
        "{}\n",
        "{\"event\":1}\n",
        "{\"event\":\"log\"} {}\n",
        "{\"event\":\"log\"\n",
        "{\"event\":\"log\"}\r\n",
        "{\"event\":\"log\",\"text\":\"a\x01\"}\n",
        "{\"event\":\"status\",\"status\":\"done\"}\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct transcript t = {0};
        struct heard heard = {0};
        struct error err = {0};
        assert_int_equal(feed(&t, "{\"event\":\"start\"}\n", &heard, &err), 0);
        assert_int_equal(feed(&t, lines[i], &heard, &err), -1);
        assert_int_equal(heard.count, 1);
        assert_string_equal(err.where, "line 2 of the trainer's output");
        assert_non_null(strstr(err.what, "Trainer stopped: it wrote a"));
        transcript_free(&t);
        str_free(&heard.text);
    }
}

static void refuses_deep_nesting_without_overflow(void **state)
{
    static char line[200001];
    struct transcript t = {0};
    struct heard heard = {0};
    struct error err;
    (void)state;
    memset(line, '[', sizeof line);
    line[sizeof line - 1] = '\n';
    assert_int_equal(transcript_feed(&t, line, sizeof line, hear, &heard, &err), -1);
    transcript_free(&t);
}

static void bounds_a_line(void **state)
{
    static char bytes[1000];
    struct transcript t = {0};
    struct heard heard = {0};
    struct error err;
    size_t fed = 0;
    (void)state;
    memset(bytes, ' ', sizeof bytes);
    while (transcript_feed(&t, bytes, sizeof bytes, hear, &heard, &err) == 0)
        fed += sizeof bytes;
    assert_in_range(fed, TRANSCRIPT_MAX_LINE - sizeof bytes, TRANSCRIPT_MAX_LINE);
    assert_non_null(strstr(err.what, "256 KB"));
    assert_true(t.line.cap <= 2 * TRANSCRIPT_MAX_LINE);
    transcript_free(&t);
}

static void bounds_the_number_of_lines(void **state)
{
    struct transcript t = {0};
    struct heard heard = {0};
    struct error err;
    (void)state;
    while (feed(&t, "{\"event\":\"log\"}\n", &heard, &err) == 0)
        ;
    assert_int_equal(heard.count, TRANSCRIPT_MAX_LINES);
    assert_non_null(strstr(err.what, "20,000 lines"));
    transcript_free(&t);
    str_free(&heard.text);
}

static void bounds_the_bytes(void **state)
{
    size_t len = TRANSCRIPT_MAX_LINE;
    char *line = malloc(len + 1);
    struct transcript t = {0};
    struct heard heard = {.count = 100};
    struct error err;
    (void)state;
    memset(line, 'x', len);
    memcpy(line, "{\"event\":\"log\",\"text\":\"", 23);
    memcpy(line + len - 2, "\"}\n", 3);
    while (transcript_feed(&t, line, len + 1, hear, &heard, &err) == 0)
        ;
    assert_int_equal(heard.count - 100, TRANSCRIPT_MAX_BYTES / (len + 1));
    assert_non_null(strstr(err.what, "32 MB"));
    transcript_free(&t);
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_pieces_into_lines),
        cmocka_unit_test(keeps_the_error_of_the_trainer),
        cmocka_unit_test(refuses_what_is_no_event),
        cmocka_unit_test(refuses_deep_nesting_without_overflow),
        cmocka_unit_test(bounds_a_line),
        cmocka_unit_test(bounds_the_number_of_lines),
        cmocka_unit_test(bounds_the_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
