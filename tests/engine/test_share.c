/* What each rank keeps of the training rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "engine/share.h"

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

static void dense_rows_keep_labels_and_weights(void **state)
{
    static const size_t counts[] = {0, 1, 2, 3, 7, 100};
    (void)state;
    for (size_t k = 0; k < 6; k++)
        for (int ranks = 1, next; ranks <= 5; ranks++) {
            next = 0;
            for (int rank = 0; rank < ranks; rank++) {
                struct comm c = {.rank = rank, .ranks = ranks};
                struct dataset d;
                uint64_t first, all;
                struct error err;
                assert_int_equal(dataset_alloc(&d, counts[k], 3), 0);
                d.weight = calloc(counts[k] + 1, sizeof *d.weight);
                for (size_t i = 0; i < counts[k]; i++) {
                    d.y[i] = d.x[3 * i + 2] = (float)i;
                    d.weight[i] = (float)i + 0.5F;
                }
                if (counts[k] < (size_t)ranks) {
                    assert_int_equal(comm_share(&c, &d, &first, &all, &err), -1);
                    assert_int_equal(err.code, ERROR_INPUT);
                    dataset_free(&d);
                    continue;
                }
                assert_int_equal(comm_share(&c, &d, &first, &all, &err), 0);
                assert_int_equal(first, next);
                assert_int_equal(all, counts[k]);
                for (size_t i = 0; i < d.rows; i++) {
                    float row = (float)(first + i);
                    assert_true(d.y[i] == row && d.x[3 * i + 2] == row && d.weight[i] == row + 0.5F);
                }
                next += (int)d.rows;
                dataset_free(&d);
            }
            assert_int_equal(next, counts[k] < (size_t)ranks ? 0 : counts[k]);
        }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_blocks_and_queries_stay_whole),
        cmocka_unit_test(dense_rows_keep_labels_and_weights),
    };
    return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
