/* Rows put together one by one: what comes back is what was given, sparse becomes dense exactly, too large is refused.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/rng.h"
#include "engine/data/dataset.h"

enum { ROWS = 30000, COLUMNS = 9 };

/* Cells that both the test and the builder are fed from; a third of them is zero. */
static void fill(float *cells)
{
    struct rng r;
    rng_init(&r, 1, 7);
    for (size_t i = 0; i < (size_t)ROWS * COLUMNS; i++)
        cells[i] = rng_below(&r, 3) ? (float)rng_uniform(&r) : 0;
}

static float label_of(size_t row)
{
    return (float)(row % 5);
}

static float weight_of(size_t row)
{
    return row < ROWS / 2 ? 1 : (float)(row % 3) + .5f;
}

static void build_dense(struct dataset *d, const float *cells)
{
    struct dataset_builder b = {.data = d};
    *d = (struct dataset){0};
    for (size_t i = 0; i < ROWS; i++) {
        float *x = dataset_builder_dense(&b, COLUMNS);
        assert_non_null(x);
        memcpy(x, cells + i * COLUMNS, COLUMNS * sizeof *x);
        assert_int_equal(dataset_builder_end(&b, label_of(i), 1), 0);
    }
    dataset_builder_finish(&b);
}

static void build_sparse(struct dataset *d, const float *cells)
{
    struct dataset_builder b = {.data = d};
    *d = (struct dataset){0};
    for (size_t i = 0; i < ROWS; i++) {
        assert_int_equal(dataset_builder_sparse(&b, 0), 0);
        for (uint32_t j = 0; j < COLUMNS; j++)
            if (cells[i * COLUMNS + j] != 0)
                assert_int_equal(dataset_builder_entry(&b, j, cells[i * COLUMNS + j]), 0);
        assert_int_equal(dataset_builder_end(&b, label_of(i), weight_of(i)), 0);
    }
    dataset_builder_finish(&b);
}

static void gives_back_what_was_given(void **state)
{
    float *cells = malloc(sizeof(float) * ROWS * COLUMNS), row[COLUMNS];
    struct dataset dense, sparse;
    struct error err;
    (void)state;
    fill(cells);
    build_dense(&dense, cells);
    build_sparse(&sparse, cells);
    assert_int_equal(dense.rows, ROWS);
    assert_int_equal(sparse.rows, ROWS);
    assert_int_equal(sparse.columns, COLUMNS);
    assert_null(dense.start);
    assert_null(dense.weight);
    assert_null(sparse.x);
    assert_memory_equal(dense.x, cells, sizeof(float) * ROWS * COLUMNS);
    for (size_t i = 0; i < ROWS; i++) {
        assert_true(dense.y[i] == label_of(i) && sparse.y[i] == label_of(i) && sparse.weight[i] == weight_of(i));
        dataset_row(&sparse, i, row);
        assert_memory_equal(row, cells + i * COLUMNS, sizeof row);
    }
    assert_int_equal(dataset_dense(&sparse, DATASET_ZERO, &err), 0);
    assert_null(sparse.start);
    assert_memory_equal(sparse.x, cells, sizeof(float) * ROWS * COLUMNS);
    assert_int_equal(dataset_dense(&sparse, DATASET_ZERO, &err), 0); /* again: nothing to do */
    dataset_free(&dense);
    dataset_free(&sparse);
    free(cells);
}

static void refuses_to_store_too_many_zeros(void **state)
{
    struct dataset d = {.name = "wide.libsvm"};
    struct dataset_builder b = {.data = &d};
    struct error err = {0};
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(dataset_builder_sparse(&b, 0), 0);
        assert_int_equal(dataset_builder_entry(&b, DATASET_SPARSE_COLUMNS_MAX - 1, 2), 0);
        assert_int_equal(dataset_builder_end(&b, 1, 1), 0);
    }
    dataset_builder_finish(&b);
    assert_int_equal(dataset_dense(&d, DATASET_ZERO, &err), -1);
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_string_equal(err.where, "wide.libsvm");
    assert_string_equal(err.what, "3 rows of 2147483647 columns take 24576 MiB once every zero is stored; "
                                  "the limit is 4096 MiB");
    assert_int_equal(d.start[3], 3); /* the rows are still there */
    dataset_free(&d);
}

static void sparse_rows_get_width_and_missing_values(void **state)
{
    struct dataset d = {.name = "narrow.libsvm"}, dense;
    struct dataset_builder b = {.data = &d};
    struct error err = {0};
    (void)state;
    assert_int_equal(dataset_builder_sparse(&b, 0), 0);
    assert_int_equal(dataset_builder_entry(&b, 1, 5), 0);
    assert_int_equal(dataset_builder_end(&b, 1, 1), 0);
    assert_int_equal(dataset_builder_group(&b, 7), 0);
    assert_int_equal(dataset_widen(&d, 1, "validation", &err), -1);
    assert_string_equal(err.where, "validation");
    assert_string_equal(err.what, "narrow.libsvm has 2 features, the training data have 1");
    assert_int_equal(dataset_widen(&d, 3, "validation", &err), 0);
    assert_int_equal(dataset_dense(&d, DATASET_NAN, &err), 0);
    assert_true(d.columns == 3 && isnan(d.x[0]) && d.x[1] == 5 && isnan(d.x[2]) && d.group[0] == 7);
    dataset_free(&d);
    assert_int_equal(dataset_alloc(&dense, 1, 2), 0);
    assert_int_equal(dataset_widen(&dense, 2, "test", &err), 0);
    assert_int_equal(dataset_widen(&dense, 3, "test", &err), -1); /* what is left out of dense rows is not known */
    dataset_free(&dense);
}

/* Rows in blocks, cut where a chunk is full. */
static int count_rows(void *context, const struct dataset *chunk, struct error *err)
{
    size_t *next = context;
    (void)err;
    for (size_t i = 0; i < chunk->rows; i++, ++*next)
        assert_true(chunk->x[i * COLUMNS] == (float)*next && chunk->y[i] == label_of(*next));
    return chunk->rows == 100 ? 0 : -1;
}

static void blocks_fill_chunks(void **state)
{
    struct dataset d = {0};
    size_t next = 0, made = 0;
    struct dataset_builder b = {.data = &d, .take = count_rows, .context = &next, .chunk_rows = 100};
    struct error err = {0};
    (void)state;
    while (made < 1000) {
        size_t rows = 64;
        float *x = dataset_builder_block(&b, COLUMNS, &rows);
        assert_non_null(x);
        assert_true(rows > 0 && rows <= 64 && d.rows + rows <= 100);
        for (size_t i = 0; i < rows; i++, made++) {
            x[i * COLUMNS] = (float)made;
            d.y[d.rows + i] = label_of(made);
        }
        dataset_builder_end_block(&b, rows);
        assert_int_equal(dataset_builder_pass(&b, &err), 0);
    }
    assert_int_equal(next, made - d.rows);
    dataset_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_what_was_given),
        cmocka_unit_test(refuses_to_store_too_many_zeros),
        cmocka_unit_test(sparse_rows_get_width_and_missing_values),
        cmocka_unit_test(blocks_fill_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
