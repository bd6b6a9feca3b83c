/* The hub over real sockets: each test reads the other end of a socket pair. */
#include "web/lab/hub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/clock.h"

static struct hub *hub;

static int start(void **state)
{
    struct error err;
    (void)state;
    hub = hub_start(&err);
    return hub ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    hub_stop(hub);
    return 0;
}

static void publish(struct topic *t, const char *line)
{
    topic_publish(t, line, strlen(line));
    hub_wake(hub);
}

/* Returns our end; the hub has the other. */
static int watch(struct topic *t, unsigned long after)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(fcntl(pair[1], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(hub_watch(hub, pair[1], t, after), 0);
    return pair[0];
}

/* Reads exactly what is expected, waiting for it. */
static void assert_gets(int socket, const char *expected)
{
    char text[512];
    size_t want = strlen(expected), len = 0;
    while (len < want) {
        struct pollfd ready = {.fd = socket, .events = POLLIN};
        ssize_t n;
        assert_int_equal(poll(&ready, 1, 60000), 1);
        n = read(socket, text + len, want - len);
        assert_true(n > 0);
        len += (size_t)n;
    }
    text[len] = '\0';
    assert_string_equal(text, expected);
}

static void assert_closed(int socket)
{
    struct pollfd ready = {.fd = socket, .events = POLLIN};
    char byte;
    assert_int_equal(poll(&ready, 1, 60000), 1);
    assert_int_equal(read(socket, &byte, 1), 0);
    close(socket);
}

static void wait_for_watchers(size_t count)
{
    double until = clock_seconds() + 60;
    while (hub_watchers(hub) != count && clock_seconds() < until)
        clock_sleep(0.002);
    assert_int_equal(hub_watchers(hub), count);
}

static void replays_then_follows_then_closes(void **state)
{
    struct topic *t = topic_new();
    int early, late;
    (void)state;
    early = watch(t, 0);
    publish(t, "a");
    assert_gets(early, "id: 1\ndata: a\n\n");
    publish(t, "b");
    late = watch(t, 0);
    assert_gets(late, "id: 1\ndata: a\n\nid: 2\ndata: b\n\n");
    publish(t, "c");
    topic_close(t);
    hub_wake(hub);
    assert_gets(early, "id: 2\ndata: b\n\nid: 3\ndata: c\n\n");
    assert_gets(late, "id: 3\ndata: c\n\n");
    assert_closed(early);
    assert_closed(late);
    wait_for_watchers(0);
    topic_unref(t);
}

static void resumes_after_a_number(void **state)
{
    struct topic *t = topic_new();
    int watcher;
    (void)state;
    publish(t, "a");
    publish(t, "b");
    watcher = watch(t, 1);
    assert_gets(watcher, "id: 2\ndata: b\n\n");
    topic_close(t);
    hub_wake(hub);
    assert_closed(watcher);
    topic_unref(t);
}

static void keeps_topics_apart(void **state)
{
    struct topic *one = topic_new(), *two = topic_new();
    int first = watch(one, 0), second = watch(two, 0);
    (void)state;
    publish(one, "1");
    publish(two, "2");
    topic_close(one);
    topic_close(two);
    hub_wake(hub);
    assert_gets(first, "id: 1\ndata: 1\n\n");
    assert_gets(second, "id: 1\ndata: 2\n\n");
    assert_closed(first);
    assert_closed(second);
    topic_unref(one);
    topic_unref(two);
}

static void forgets_who_left(void **state)
{
    struct topic *t = topic_new();
    int stays = watch(t, 0), leaves = watch(t, 0);
    (void)state;
    publish(t, "a");
    assert_gets(leaves, "id: 1\ndata: a\n\n");
    close(leaves);
    wait_for_watchers(1);
    publish(t, "b");
    assert_gets(stays, "id: 1\ndata: a\n\nid: 2\ndata: b\n\n");
    close(stays);
    wait_for_watchers(0);
    topic_unref(t);
}

#define BIG_LINES 400
#define BIG_LINE 20000

/* 8 MB are more than any socket buffer: the one that does not read is left behind, the others are not. Then it reads
 * and gets every byte. */
static void does_not_wait_for_a_slow_one(void **state)
{
    struct topic *t = topic_new();
    int slow = watch(t, 0), quick = watch(t, BIG_LINES);
    char *line = malloc(BIG_LINE), *got;
    size_t size, len = 0;
    (void)state;
    memset(line, 'x', BIG_LINE);
    for (int i = 0; i < BIG_LINES; i++) {
        topic_publish(t, line, BIG_LINE);
        hub_wake(hub);
    }
    close(quick);
    quick = watch(t, BIG_LINES); /* only what follows */
    publish(t, "news");
    assert_gets(quick, "id: 401\ndata: news\n\n");
    topic_close(t);
    hub_wake(hub);
    assert_closed(quick);
    size = topic_size(t);
    got = malloc(size + 1);
    while (len <= size) {
        ssize_t n = read(slow, got + len, size + 1 - len);
        assert_true(n >= 0);
        if (n == 0)
            break;
        len += (size_t)n;
    }
    assert_int_equal(len, size);
    assert_memory_equal(got + topic_offset(t, BIG_LINES), "id: 401\ndata: news\n\n", 20);
    assert_memory_equal(got + topic_offset(t, 200), "id: 201\ndata: xxxx", 18);
    close(slow);
    free(got);
    free(line);
    wait_for_watchers(0);
    topic_unref(t);
}

#define MANY 150

static void serves_many(void **state)
{
    struct topic *t = topic_new();
    int watchers[MANY];
    (void)state;
    for (int i = 0; i < MANY; i++)
        watchers[i] = watch(t, 0);
    assert_int_equal(hub_watchers(hub), MANY);
    for (int i = 0; i < 50; i++)
        publish(t, "tick");
    topic_close(t);
    hub_wake(hub);
    for (int i = 0; i < MANY; i++) {
        for (int n = 1; n <= 50; n++) {
            char expected[64];
            snprintf(expected, sizeof expected, "id: %d\ndata: tick\n\n", n);
            assert_gets(watchers[i], expected);
        }
        assert_closed(watchers[i]);
    }
    wait_for_watchers(0);
    topic_unref(t);
}

/* With a limit of 1,024 open files a quarter of them may be watchers; the next one is refused and keeps its socket. */
static void refuses_too_many(void **state)
{
    struct rlimit before, low = {1024, 1024};
    struct topic *t = topic_new();
    struct hub *all = hub;
    struct error err;
    int pair[2], held[256];
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    hub = hub_start(&err);
    assert_non_null(hub);
    for (int i = 0; i < 256; i++)
        held[i] = watch(t, 0);
    assert_true(hub_full(hub));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(hub_watch(hub, pair[1], t, 0), -1);
    assert_int_equal(hub_watchers(hub), 256);
    assert_int_equal(close(pair[0]), 0);
    assert_int_equal(close(pair[1]), 0);
    hub_stop(hub); /* closes all that are left */
    for (int i = 0; i < 256; i++)
        assert_closed(held[i]);
    hub = all;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    topic_unref(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replays_then_follows_then_closes),
        cmocka_unit_test(resumes_after_a_number),
        cmocka_unit_test(keeps_topics_apart),
        cmocka_unit_test(forgets_who_left),
        cmocka_unit_test(does_not_wait_for_a_slow_one),
        cmocka_unit_test(serves_many),
        cmocka_unit_test(refuses_too_many),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
