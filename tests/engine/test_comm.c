/* Ranks that meet: as threads and as processes, with arrays of every size, and when one of them goes away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/comm.h"
#include "engine/share.h"

typedef int run_ranks(int ranks, comm_run *run, void *context, struct error *err);
static run_ranks *const ways[] = {comm_run_threads, comm_run_processes};
static const int counts[] = {1, 2, 3, 5};

#define FOR_ALL_WAYS(way, ranks)                                                                                       \
    for (size_t way##_i = 0; way##_i < 2; way##_i++)                                                                   \
        for (size_t ranks##_i = 0; ranks##_i < 4; ranks##_i++)

/* A child's failed assertion would go unheard: ranks answer with an error. */
#define EXPECT(condition)                                                                                              \
    if (!(condition))                                                                                                  \
    return error_set(err, ERROR_FAULT, NULL, NULL, "line %d: %s", __LINE__, #condition)

static double part_of(int rank, size_t i)
{
    return 1.0 / (double)(3 + rank) + (double)i * 1e-9 * (double)(rank + 1);
}

static int sums(struct comm *c, size_t n, struct error *err)
{
    int64_t *whole = calloc(n + 1, sizeof *whole);
    double *d = calloc(n + 1, sizeof *d), *most = calloc(n + 1, sizeof *most);
    float *f = calloc(n + 1, sizeof *f);
    for (size_t i = 0; i < n; i++) {
        whole[i] = (int64_t)i * (c->rank + 1) - 7;
        d[i] = most[i] = part_of(c->rank, i);
        f[i] = (float)d[i];
    }
    EXPECT(comm_sum_i64(c, whole, n, err) == 0);
    EXPECT(comm_sum_double(c, d, n, err) == 0);
    EXPECT(comm_sum_float(c, f, n, err) == 0);
    EXPECT(comm_max_double(c, most, n, err) == 0);
    for (size_t i = 0; i < n; i++) {
        double in_order = part_of(0, i), largest = in_order;
        float in_order_f = (float)in_order;
        for (int r = 1; r < c->ranks; r++) {
            in_order += part_of(r, i);
            in_order_f += (float)part_of(r, i);
            largest = part_of(r, i) > largest ? part_of(r, i) : largest;
        }
        EXPECT(whole[i] == (int64_t)i * (c->ranks * (c->ranks + 1) / 2) - 7 * c->ranks);
        EXPECT(memcmp(&d[i], &in_order, sizeof in_order) == 0);
        EXPECT(memcmp(&f[i], &in_order_f, sizeof in_order_f) == 0);
        EXPECT(memcmp(&most[i], &largest, sizeof largest) == 0);
    }
    free(whole);
    free(d);
    free(most);
    free(f);
    return 0;
}

static int sum_all_sizes(void *context, struct comm *c, struct error *err)
{
    static const size_t sizes[] = {0, 1, 7, 1000, 300000};
    (void)context;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sums(c, sizes[i], err) < 0)
            return -1;
    EXPECT(c->ranks == 1 || c->bytes > 300000 * 8);
    return 0;
}

static int gather_all_sizes(void *context, struct comm *c, struct error *err)
{
    static const size_t most[] = {0, 1, 5000000}; /* rank r brings most / (r + 1) bytes */
    (void)context;
    for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
        size_t size = most[i] / (size_t)(c->rank + 1), sizes[8], at = 0;
        char *mine = malloc(size + 1), *all;
        memset(mine, 'a' + c->rank, size);
        EXPECT(comm_gather(c, mine, size, (void **)&all, sizes, err) == 0);
        for (int r = 0; r < c->ranks; r++) {
            EXPECT(sizes[r] == most[i] / (size_t)(r + 1));
            for (size_t k = 0; k < sizes[r]; k += 997)
                EXPECT(all[at + k] == 'a' + r);
            at += sizes[r];
        }
        EXPECT((at == 0) == (all == NULL));
        free(all);
        free(mine);
    }
    return 0;
}

static int last_fails(void *context, struct comm *c, struct error *err)
{
    double value = 1;
    (void)context;
    EXPECT(comm_sum_double(c, &value, 1, err) == 0);
    if (c->rank == c->ranks - 1)
        return error_set(err, ERROR_INPUT, "here", "there", "This rank fails");
    for (;;)
        if (comm_sum_double(c, &value, 1, err) < 0)
            return -1;
}

static int last_leaves(void *context, struct comm *c, struct error *err)
{
    double value = 1;
    (void)context;
    if (c->rank == c->ranks - 1)
        return 0;
    return comm_sum_double(c, &value, 1, err);
}

static int last_is_killed(void *context, struct comm *c, struct error *err)
{
    double value = 1;
    (void)context;
    EXPECT(comm_sum_double(c, &value, 1, err) == 0);
    if (c->rank == c->ranks - 1)
        kill(getpid(), SIGKILL);
    return comm_sum_double(c, &value, 1, err);
}

static void expect_fine(comm_run *run)
{
    FOR_ALL_WAYS(way, ranks)
    {
        struct error err = {0};
        if (ways[way_i](counts[ranks_i], run, NULL, &err) < 0)
            fail_msg("%d ranks, way %zu: %s", counts[ranks_i], way_i, err.what);
    }
}

static void sums_are_in_the_order_of_ranks(void **state)
{
    (void)state;
    expect_fine(sum_all_sizes);
}

static void gathers_what_each_brings(void **state)
{
    (void)state;
    expect_fine(gather_all_sizes);
}

static void one_that_fails_ends_all(void **state)
{
    (void)state;
    FOR_ALL_WAYS(way, ranks)
    {
        struct error err = {0};
        assert_int_equal(ways[way_i](counts[ranks_i], last_fails, NULL, &err), -1);
        assert_string_equal(err.what, "This rank fails");
        if (counts[ranks_i] > 1) {
            assert_int_equal(ways[way_i](counts[ranks_i], last_leaves, NULL, &err), -1);
            assert_non_null(strstr(err.what, "ended before its time"));
        }
    }
}

static void one_that_is_killed_ends_all(void **state)
{
    struct error err = {0};
    (void)state;
    for (int ranks = 2; ranks <= 4; ranks++) {
        assert_int_equal(comm_run_processes(ranks, last_is_killed, NULL, &err), -1);
        assert_non_null(strstr(err.what, "signal 9"));
    }
}

static void without_others_nothing_is_exchanged(void **state)
{
    double value = 3;
    size_t sizes[1];
    void *all;
    struct error err;
    (void)state;
    assert_int_equal(comm_sum_double(NULL, &value, 1, &err), 0);
    assert_true(value == 3);
    assert_int_equal(comm_gather(NULL, "abc", 3, &all, sizes, &err), 0);
    assert_memory_equal(all, "abc", 3);
    assert_int_equal(sizes[0], 3);
    free(all);
    assert_int_equal(comm_run_threads(0, sum_all_sizes, NULL, &err), -1);
    assert_int_equal(comm_run_processes(1000, sum_all_sizes, NULL, &err), -1);
}

/* Ten rows of two queries-of-three and four, sparse, as seen by each of three ranks. */
static void shares_are_blocks_and_queries_stay_whole(void **state)
{
    uint64_t next = 0;
    (void)state;
    for (int rank = 0; rank < 3; rank++) {
        struct comm c = {.rank = rank, .ranks = 3};
        struct dataset d = {.rows = 10, .columns = 4};
        static const uint32_t groups[] = {1, 1, 1, 2, 2, 2, 3, 3, 3, 3};
        uint64_t first, all;
        struct error err;
        d.y = malloc(10 * sizeof *d.y);
        d.group = malloc(sizeof groups);
        d.start = malloc(11 * sizeof *d.start);
        d.index = malloc(20 * sizeof *d.index);
        d.value = malloc(20 * sizeof *d.value);
        memcpy(d.group, groups, sizeof groups);
        for (size_t i = 0; i <= 10; i++)
            d.start[i] = 2 * i;
        for (uint32_t i = 0; i < 20; i++) {
            d.index[i] = i % 2;
            d.value[i] = (float)i;
        }
        for (size_t i = 0; i < 10; i++)
            d.y[i] = (float)i;
        assert_int_equal(comm_share(&c, &d, &first, &all, &err), 0);
        assert_int_equal(first, next);
        assert_int_equal(all, 10);
        for (size_t i = 0; i < d.rows; i++) {
            assert_true(d.y[i] == (float)(first + i));
            assert_true(d.value[d.start[i]] == (float)(2 * (first + i)));
        }
        if (d.rows > 0)
            assert_true(first == 0 || groups[first] != groups[first - 1]);
        next = first + d.rows;
        dataset_free(&d);
    }
    assert_int_equal(next, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_in_the_order_of_ranks),
        cmocka_unit_test(gathers_what_each_brings),
        cmocka_unit_test(one_that_fails_ends_all),
        cmocka_unit_test(one_that_is_killed_ends_all),
        cmocka_unit_test(without_others_nothing_is_exchanged),
        cmocka_unit_test(shares_are_blocks_and_queries_stay_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
