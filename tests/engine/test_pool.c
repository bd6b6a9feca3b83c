/* The pool: every thread runs once per run, runs do not overlap, sleepers wake, shares cover what is shared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/base/pool.h"

enum { THREADS_MAX = 8 };

struct count {
    atomic_int inside;
    int calls[THREADS_MAX]; /* plain: what a run wrote must be seen after it */
    int threads;
};

static void count_calls(void *context, int thread, int threads)
{
    struct count *c = context;
    atomic_fetch_add(&c->inside, 1);
    c->calls[thread]++;
    if (thread == 0)
        c->threads = threads;
    atomic_fetch_sub(&c->inside, 1);
}

static void every_thread_runs_once_each_time(void **state)
{
    (void)state;
    for (int threads = 1; threads <= THREADS_MAX; threads++) {
        struct pool *pool = pool_open(threads);
        struct count c = {0};
        assert_non_null(pool);
        assert_int_equal(pool_threads(pool), threads);
        for (int run = 1; run <= 300; run++) {
            pool_run(pool, count_calls, &c);
            assert_int_equal(atomic_load(&c.inside), 0);
            for (int t = 0; t < THREADS_MAX; t++)
                assert_int_equal(c.calls[t], t < threads ? run : 0);
        }
        assert_int_equal(c.threads, threads);
        pool_close(pool);
    }
}

static void sleep_in_the_last_thread(void *context, int thread, int threads)
{
    if (thread == threads - 1)
        clock_sleep(0.005);
    count_calls(context, thread, threads);
}

static void threads_that_fell_asleep_wake(void **state)
{
    struct pool *pool = pool_open(3);
    struct count c = {0};
    (void)state;
    for (int run = 0; run < 5; run++) {
        pool_run(pool, sleep_in_the_last_thread, &c); /* the caller falls asleep */
        clock_sleep(0.005);                           /* the others do */
    }
    for (int t = 0; t < 3; t++)
        assert_int_equal(c.calls[t], 5);
    pool_close(pool);
    pool = pool_open(2);
    clock_sleep(0.005);
    pool_close(pool); /* also when they sleep */
}

static void no_pool_is_the_caller_alone(void **state)
{
    struct count c = {0};
    (void)state;
    assert_int_equal(pool_threads(NULL), 1);
    pool_run(NULL, count_calls, &c);
    assert_int_equal(c.calls[0], 1);
    assert_int_equal(c.threads, 1);
    pool_close(NULL);
    struct pool *pool = pool_open(0);
    assert_int_equal(pool_threads(pool), 1);
    pool_close(pool);
}

static void shares_cover_everything_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= THREADS_MAX; threads++)
        for (size_t n = 0; n < 40; n++) {
            size_t at = 0, end;
            for (int t = 0; t < threads; t++) {
                assert_int_equal(pool_share(n, t, threads, &end), at);
                assert_true(end >= at && end - at <= n / (size_t)threads + 1);
                at = end;
            }
            assert_int_equal(at, n);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_thread_runs_once_each_time),
        cmocka_unit_test(threads_that_fell_asleep_wake),
        cmocka_unit_test(no_pool_is_the_caller_alone),
        cmocka_unit_test(shares_cover_everything_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
