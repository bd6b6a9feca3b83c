/* Every call by threads and by processes, in sizes around those where the way changes; ranks that fail, end or are
 * killed. `test_comm mpi` runs the same calls as one rank of mpirun: see comm_mpi.test.mjs. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/base/clock.h"
#include "engine/comm.h"

#define LARGEST 100000

typedef int run_ranks(int ranks, comm_run *run, void *context, struct error *err);
static run_ranks *const ways[] = {comm_run_threads, comm_run_processes};
static const size_t sizes_tried[] = {0, 1, 7, 255, 256, 257, 512, 513, 4096, LARGEST};

/* A rank is not the place for cmocka's longjmp: it says what differs and fails. */
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            return error_set(err, ERROR_FAULT, __func__, NULL, "rank %d, n %zu: " #condition, comm_rank(c), n);        \
    } while (0)

/* Any rank can compute what another one gives: numbers of very different size, so that the order of sums shows. */
static double given(int rank, size_t i)
{
    uint64_t x = (uint64_t)(rank + 1) * 0x9E3779B97F4A7C15u + i * 0xBF58476D1CE4E5B9u;
    x ^= x >> 31;
    x *= 0x94D049BB133111EBu;
    x ^= x >> 29;
    return (double)(int64_t)x / (double)(1ull << (x & 63));
}

static int check_i64(struct comm *c, void *memory, size_t n, struct error *err)
{
    int64_t *v = memory;
    for (size_t i = 0; i < n; i++)
        v[i] = (int64_t)i * (comm_rank(c) + 1) - 7;
    if (comm_sum_i64(c, v, n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        int64_t ranks = comm_ranks(c);
        CHECK(v[i] == (int64_t)i * (ranks * (ranks + 1) / 2) - 7 * ranks);
    }
    return 0;
}

static int check_float(struct comm *c, void *memory, size_t n, struct error *err)
{
    float *v = memory;
    for (size_t i = 0; i < n; i++)
        v[i] = (float)given(comm_rank(c), i);
    if (comm_sum_float(c, v, n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        float sum = (float)given(0, i);
        for (int rank = 1; rank < comm_ranks(c); rank++)
            sum += (float)given(rank, i);
        CHECK(memcmp(&v[i], &sum, sizeof sum) == 0);
    }
    return 0;
}

static int check_double(struct comm *c, void *memory, size_t n, struct error *err)
{
    double *v = memory;
    for (size_t i = 0; i < n; i++)
        v[i] = given(comm_rank(c), i);
    if (comm_sum_double(c, v, n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        double sum = given(0, i);
        for (int rank = 1; rank < comm_ranks(c); rank++)
            sum += given(rank, i);
        CHECK(memcmp(&v[i], &sum, sizeof sum) == 0);
    }
    return 0;
}

static int check_max(struct comm *c, void *memory, size_t n, struct error *err)
{
    double *v = memory;
    for (size_t i = 0; i < n; i++)
        v[i] = given(comm_rank(c), i);
    if (comm_max_double(c, v, n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        double most = given(0, i);
        for (int rank = 1; rank < comm_ranks(c); rank++)
            most = given(rank, i) > most ? given(rank, i) : most;
        CHECK(v[i] == most);
    }
    return 0;
}

/* Rank r gives n * r bytes, so that rank 0 gives none. */
static int check_gather(struct comm *c, size_t n, struct error *err)
{
    size_t size = n * (size_t)comm_rank(c), sizes[16], at = 0;
    unsigned char *mine = malloc(size + 1);
    void *all;
    memset(mine, 'a' + comm_rank(c), size);
    if (comm_gather(c, mine, size, &all, sizes, err) < 0) {
        free(mine);
        return -1;
    }
    free(mine);
    for (int rank = 0; rank < comm_ranks(c); rank++) {
        CHECK(sizes[rank] == n * (size_t)rank);
        for (size_t i = 0; i < sizes[rank]; i++)
            CHECK(((char *)all)[at++] == 'a' + rank);
    }
    CHECK(at > 0 || all == NULL);
    free(all);
    return 0;
}

static int all_calls(void *context, struct comm *c, struct error *err)
{
    void *memory = malloc(LARGEST * sizeof(double));
    int status = 0;
    (void)context;
    for (size_t k = 0; k < sizeof sizes_tried / sizeof *sizes_tried && status == 0; k++) {
        size_t n = sizes_tried[k];
        status = check_i64(c, memory, n, err) < 0 || check_float(c, memory, n, err) < 0 ||
                         check_double(c, memory, n, err) < 0 || check_max(c, memory, n, err) < 0 ||
                         check_gather(c, n, err) < 0
                     ? -1
                     : 0;
    }
    free(memory);
    return status;
}

static void every_call_gives_every_rank_the_same(void **state)
{
    static const int ranks_tried[] = {1, 2, 3, 5};
    (void)state;
    for (size_t way = 0; way < 2; way++)
        for (size_t k = 0; k < 4; k++) {
            struct error err = {0};
            if (ways[way](ranks_tried[k], all_calls, NULL, &err) < 0)
                fail_msg("%zu, %d ranks: %s (%s)", way, ranks_tried[k], err.what, err.where);
        }
}

static void without_a_comm_values_stay(void **state)
{
    struct error err = {0};
    (void)state;
    assert_int_equal(all_calls(NULL, NULL, &err), 0);
    assert_int_equal(comm_rank(NULL), 0);
    assert_int_equal(comm_ranks(NULL), 1);
}

/* --- ranks that go away ----------------------------------------------------------------------------------------------
 */

enum end { END_FAILS, END_LEAVES, END_IS_KILLED, END_EXITS, END_DIFFERS };

struct bad {
    enum end end;
    int rank, calls_before;
};

static int go_away(const struct bad *b, struct comm *c, struct error *err)
{
    double values[3] = {1, 2, 3};
    switch (b->end) {
    case END_FAILS:
        return error_set(err, ERROR_INPUT, "here", "that", "Rank %d has had enough", c->rank);
    case END_LEAVES:
        return 0;
    case END_IS_KILLED:
        kill(getpid(), SIGKILL);
        return 0;
    case END_EXITS:
        _exit(0);
    case END_DIFFERS:
        break;
    }
    return comm_sum_double(c, values, 3, err);
}

static int sums_until(void *context, struct comm *c, struct error *err)
{
    const struct bad *b = context;
    float *values = calloc(LARGEST, sizeof *values);
    int status = 0;
    for (int call = 0; call < 50 && status == 0; call++) {
        if (c->rank == b->rank && call == b->calls_before)
            status = go_away(b, c, err);
        else
            status = comm_sum_float(c, values, call & 1 ? LARGEST : 3, err);
        if (c->rank == b->rank && call == b->calls_before)
            break;
    }
    free(values);
    return status;
}

static void expect_failure(run_ranks *way, struct bad bad, const char *words)
{
    for (int before = 0; before < 3; before++) {
        struct error err = {0};
        bad.calls_before = before;
        assert_int_equal(way(3, sums_until, &bad, &err), -1);
        if (!strstr(err.what, words))
            fail_msg("expected '%s' in '%s'", words, err.what);
    }
}

static void a_rank_that_fails_ends_all(void **state)
{
    (void)state;
    for (size_t way = 0; way < 2; way++)
        for (int rank = 0; rank < 3; rank++) {
            char words[64];
            snprintf(words, sizeof words, "Rank %d has had enough", rank);
            expect_failure(ways[way], (struct bad){END_FAILS, rank, 0}, words);
        }
}

static void a_rank_that_ends_early_ends_all(void **state)
{
    (void)state;
    for (size_t way = 0; way < 2; way++)
        expect_failure(ways[way], (struct bad){END_LEAVES, 1, 0}, "which has ended");
}

static void ranks_that_differ_are_told(void **state)
{
    (void)state;
    for (size_t way = 0; way < 2; way++)
        expect_failure(ways[way], (struct bad){END_DIFFERS, 2, 0}, "exchange different things");
}

static void a_killed_process_ends_all(void **state)
{
    (void)state;
    expect_failure(comm_run_processes, (struct bad){END_IS_KILLED, 2, 0}, "rank 2 was ended by signal 9");
    expect_failure(comm_run_processes, (struct bad){END_EXITS, 1, 0}, "rank 1 ended by itself with status 0");
}

/* --- what it costs ---------------------------------------------------------------------------------------------------
 */

/* Rank 0 waits for rank 1, unless it comes late itself: then again, for longer. */
static int waits_are_counted(struct comm *c, struct error *err)
{
    double seen = 0;
    size_t n = 0;
    for (double nap = 0.03; seen == 0 && n < 10; nap *= 2, n++) {
        double before = c->seconds;
        if (c->rank == 1)
            clock_sleep(nap);
        if (comm_max_double(c, &(double){0}, 1, err) < 0)
            return -1;
        seen = c->rank == 0 && c->seconds - before >= nap / 2;
        if (comm_max_double(c, &seen, 1, err) < 0)
            return -1;
    }
    CHECK(seen > 0);
    return 0;
}

static int counts(void *context, struct comm *c, struct error *err)
{
    float values[1000] = {0};
    size_t sizes[2], n = 1000;
    uint64_t before;
    void *all;
    (void)context;
    if (comm_sum_float(c, values, n, err) < 0)
        return -1;
    CHECK(c->bytes == 2 * n * sizeof(float));
    if (waits_are_counted(c, err) < 0)
        return -1;
    before = c->bytes;
    if (comm_gather(c, values, c->rank ? 30 : 10, &all, sizes, err) < 0)
        return -1;
    free(all);
    CHECK(c->bytes - before == (c->rank ? 30u : 10u) + 40u);
    return 0;
}

static void bytes_and_seconds_are_counted(void **state)
{
    (void)state;
    for (size_t way = 0; way < 2; way++) {
        struct error err = {0};
        if (ways[way](2, counts, NULL, &err) < 0)
            fail_msg("%s", err.what);
    }
}

static int note_rank(void *context, struct comm *c, struct error *err)
{
    int *seen = context;
    (void)err;
    if (c->rank == 0)
        *seen = c->ranks;
    return 0;
}

static void rank_0_is_the_caller_and_ranks_have_bounds(void **state)
{
    (void)state;
    for (size_t way = 0; way < 2; way++) {
        struct error err = {0};
        int seen = 0;
        assert_int_equal(ways[way](2, note_rank, &seen, &err), 0);
        assert_int_equal(seen, 2);
        assert_int_equal(ways[way](0, note_rank, &seen, &err), -1);
        assert_int_equal(ways[way](257, note_rank, &seen, &err), -1);
        assert_int_equal(err.code, ERROR_INPUT);
    }
}

/* `test_comm mpi` does every call; `mpi-fails` and `mpi-killed`: rank 1 goes away. */
static int as_mpi_rank(const char *what)
{
    struct bad bad = {.end = strcmp(what, "mpi-killed") == 0 ? END_IS_KILLED : END_FAILS, .rank = 1, .calls_before = 2};
    struct error err = {0};
    int status = strcmp(what, "mpi") == 0 ? comm_run_mpi(all_calls, NULL, &err) : comm_run_mpi(sums_until, &bad, &err);
    if (status < 0)
        fprintf(stderr, "error: %s\n", err.what);
    else
        printf("a rank of %d is done\n", comm_mpi_ranks());
    return status < 0 ? error_exit_status(&err) : 0;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_gives_every_rank_the_same),
        cmocka_unit_test(without_a_comm_values_stay),
        cmocka_unit_test(a_rank_that_fails_ends_all),
        cmocka_unit_test(a_rank_that_ends_early_ends_all),
        cmocka_unit_test(ranks_that_differ_are_told),
        cmocka_unit_test(a_killed_process_ends_all),
        cmocka_unit_test(bytes_and_seconds_are_counted),
        cmocka_unit_test(rank_0_is_the_caller_and_ranks_have_bounds),
    };
    if (argc == 2)
        return as_mpi_rank(argv[1]);
    return cmocka_run_group_tests_name("comm", tests, NULL, NULL);
}
