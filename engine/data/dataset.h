/* Rows that a learner reads: features, a label each, perhaps a weight each. The features are dense (`x`) or, where most
 * are zero, sparse (`start`, `index`, `value`; then x is NULL): an entry that is not there is 0.
 *
 * Readers put a dataset together row by row, and the first row decides which of the two it is:
 *
 *     struct dataset_builder b = {.data = &d};                  d is zeroed
 *     float *cells = dataset_builder_dense(&b, columns);        or dataset_builder_sparse and _entry
 *     if (!cells || dataset_builder_end(&b, label, 1) < 0) ...out of memory, dataset_free(&d)...
 *     dataset_builder_finish(&b);
 *
 * The builder answers -1 or NULL when memory ends, nothing else: what may stand in a row is for the reader to check.
 *
 * With `take` the rows are handed on in chunks, and the memory they took is used again: readers call
 * dataset_builder_pass after each row, and stop where it does not say 0. */
#ifndef DATA_DATASET_H
#define DATA_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

#define DATASET_DENSE_COLUMNS_MAX 1000000u
#define DATASET_SPARSE_COLUMNS_MAX 0x7FFFFFFFu
#define DATASET_DENSE_BYTES_MAX (4ull << 30) /* what dataset_dense may take */

struct dataset {
    size_t rows, columns; /* columns counts features, not the label */
    float *x;             /* dense: rows x columns, row after row; NaN is a missing value */
    size_t *start;        /* sparse: entries of row i are start[i] .. start[i + 1] - 1; NULL when dense */
    uint32_t *index;      /* sparse: the column of each entry, rising strictly within a row */
    float *value;         /* sparse: the value of each entry */
    float *y;             /* rows */
    float *weight;        /* rows, or NULL: all 1 */
    uint32_t *group;      /* rows, or NULL: which query a row belongs to (ranking); rows of a query are neighbours */
    uint64_t bytes_read;  /* from disk or pipe, before decompression; 0 for made data */
    char name[128];       /* file or generator, for messages */
};

int dataset_alloc(struct dataset *d, size_t rows, size_t columns); /* dense, zeroed; -1 when out of memory */
void dataset_free(struct dataset *d);                              /* NULL and {0} are fine */

/* What an entry that a sparse row leaves out becomes where rows are written out. */
enum dataset_missing { DATASET_ZERO, DATASET_NAN };

/* Makes sparse rows dense; dense ones stay. Refused with a sentence above DATASET_DENSE_BYTES_MAX. */
int dataset_dense(struct dataset *d, enum dataset_missing missing, struct error *err);

/* Gives the rows of a channel the columns of the training data. Sparse rows that are narrower leave the last columns
 * out; all else that differs is refused with a sentence at `where`. To be called before dataset_dense. */
int dataset_widen(struct dataset *d, size_t columns, const char *where, struct error *err);

/* The features of one row written out, `columns` cells. */
void dataset_row(const struct dataset *d, size_t row, float *cells);

/* Takes a chunk of rows, which stays the builder's. 0: go on; 1: enough; -1: err. */
typedef int dataset_take(void *context, const struct dataset *chunk, struct error *err);

struct dataset_builder {
    struct dataset *data;
    size_t row_room, entry_room; /* how many there is memory for */
    size_t entries;              /* sparse: so far, with those of the row that is being built */
    dataset_take *take;          /* NULL: all rows stay together */
    void *context;
    size_t chunk_rows, chunk_cells; /* a chunk is handed on at so many rows, or once it has so many numbers; 0: any */
    size_t passed;                  /* rows handed on so far */
};

/* Has no row come yet? With chunks, data->rows does not tell. */
bool dataset_builder_empty(const struct dataset_builder *b);

/* Are rows of this kind like those before? */
bool dataset_builder_takes(const struct dataset_builder *b, bool sparse);

float *dataset_builder_dense(struct dataset_builder *b, size_t columns); /* begins a row; the caller fills its cells */
int dataset_builder_sparse(struct dataset_builder *b, size_t columns);   /* begins a row of at least `columns` */
int dataset_builder_entry(struct dataset_builder *b, uint32_t index, float value); /* widens the data where it must */
int dataset_builder_end(struct dataset_builder *b, float label, float weight);     /* the row counts from here on */
int dataset_builder_group(struct dataset_builder *b, uint32_t group); /* the query of the row that was ended last */
void dataset_builder_finish(struct dataset_builder *b);               /* gives unused room back */

/* Hands on a chunk that is full. 0: go on; 1: the taker has enough; -1: err, the taker's. */
int dataset_builder_pass(struct dataset_builder *b, struct error *err);
int dataset_builder_rest(struct dataset_builder *b, struct error *err); /* the same with the rows left at the end */

/* Many dense rows at once: makes room for *rows, lowers that to what the chunk has left, and says where their cells go;
 * labels go to data->y + data->rows. They count from dataset_builder_end_block on. NULL when memory ends. */
float *dataset_builder_block(struct dataset_builder *b, size_t columns, size_t *rows);
void dataset_builder_end_block(struct dataset_builder *b, size_t rows);

#endif
