#include "web/lab/topic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void publish(struct topic *t, const char *line)
{
    topic_publish(t, line, strlen(line));
}

static void assert_stream(struct topic *t, size_t offset, const char *expected)
{
    char text[512];
    size_t len = topic_copy(t, offset, text, sizeof text - 1);
    text[len] = '\0';
    assert_string_equal(text, expected);
}

static void numbers_lines_from_one(void **state)
{
    struct topic *t = topic_new();
    (void)state;
    publish(t, "{\"event\":\"start\"}");
    publish(t, "{\"event\":\"end\"}");
    assert_int_equal(topic_count(t), 2);
    assert_stream(t, 0, "id: 1\ndata: {\"event\":\"start\"}\n\nid: 2\ndata: {\"event\":\"end\"}\n\n");
    topic_unref(t);
}

static void resumes_after_a_number(void **state)
{
    struct topic *t = topic_new();
    (void)state;
    publish(t, "1");
    publish(t, "2");
    publish(t, "3");
    assert_stream(t, topic_offset(t, 0), "id: 1\ndata: 1\n\nid: 2\ndata: 2\n\nid: 3\ndata: 3\n\n");
    assert_stream(t, topic_offset(t, 2), "id: 3\ndata: 3\n\n");
    assert_stream(t, topic_offset(t, 3), "");
    assert_stream(t, topic_offset(t, 99), "");
    publish(t, "4"); /* who had all gets what follows */
    assert_stream(t, topic_offset(t, 3), "id: 4\ndata: 4\n\n");
    topic_unref(t);
}

static void gives_nothing_after_closing(void **state)
{
    struct topic *t = topic_new();
    (void)state;
    publish(t, "1");
    assert_false(topic_closed(t));
    topic_close(t);
    publish(t, "2");
    assert_true(topic_closed(t));
    assert_int_equal(topic_count(t), 1);
    assert_int_equal(topic_size(t), strlen("id: 1\ndata: 1\n\n"));
    topic_unref(t);
}

static void copies_no_more_than_asked(void **state)
{
    struct topic *t = topic_new();
    char bytes[4] = "???";
    (void)state;
    publish(t, "abc");
    assert_int_equal(topic_copy(t, 0, bytes, 2), 2);
    assert_memory_equal(bytes, "id?", 3);
    assert_int_equal(topic_copy(t, topic_size(t), bytes, 2), 0);
    assert_int_equal(topic_copy(t, SIZE_MAX, bytes, 2), 0);
    topic_unref(t);
}

#define LINES 5000

static void *publish_many(void *context)
{
    char line[32];
    for (int i = 1; i <= LINES; i++) {
        snprintf(line, sizeof line, "%d", i);
        publish(context, line);
    }
    topic_close(context);
    return NULL;
}

/* A reader that follows while lines come sees each once, in order. */
static void can_be_read_while_written(void **state)
{
    struct topic *t = topic_new();
    struct {
        char *text;
        size_t len;
    } seen = {malloc(1u << 20), 0};
    pthread_t publisher;
    bool closed = false;
    char expected[64], *at;
    (void)state;
    assert_int_equal(pthread_create(&publisher, NULL, publish_many, topic_ref(t)), 0);
    while (!closed || seen.len < topic_size(t)) {
        closed = topic_closed(t);
        seen.len += topic_copy(t, seen.len, seen.text + seen.len, 1000);
    }
    pthread_join(publisher, NULL);
    at = seen.text;
    for (int i = 1; i <= LINES; i++) {
        int len = snprintf(expected, sizeof expected, "id: %d\ndata: %d\n\n", i, i);
        assert_memory_equal(at, expected, (size_t)len);
        at += len;
    }
    assert_ptr_equal(at, seen.text + seen.len);
    free(seen.text);
    topic_unref(t);
    topic_unref(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_lines_from_one),      cmocka_unit_test(resumes_after_a_number),
        cmocka_unit_test(gives_nothing_after_closing), cmocka_unit_test(copies_no_more_than_asked),
        cmocka_unit_test(can_be_read_while_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
