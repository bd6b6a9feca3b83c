/* Rows that a learner reads: dense features, a label each, perhaps a weight each. */
#ifndef DATA_DATASET_H
#define DATA_DATASET_H

#include <stddef.h>
#include <stdint.h>

struct dataset {
    size_t rows, columns; /* columns counts features, not the label */
    float *x;             /* rows x columns, row after row; NaN is a missing value */
    float *y;             /* rows */
    float *weight;        /* rows, or NULL: all 1 */
    uint64_t bytes_read;  /* from disk or pipe, before decompression; 0 for made data */
    char name[128];       /* file or generator, for messages */
};

int dataset_alloc(struct dataset *d, size_t rows, size_t columns); /* zeroed; -1 when out of memory */
void dataset_free(struct dataset *d);                              /* NULL and {0} are fine */

#endif
