#include "engine/share.h"

#include <stdlib.h>
#include <string.h>

/* Where the share of `rank` begins, moved on to the beginning of a query. */
static size_t share_begin(const struct dataset *d, int rank, int ranks)
{
    size_t row = d->rows * (size_t)rank / (size_t)ranks;
    while (d->group && row > 0 && row < d->rows && d->group[row] == d->group[row - 1])
        row++;
    return row;
}

/* Keeps count things of `size` bytes from `first` on. The block never becomes empty, which realloc would free. */
static void *keep(void *array, size_t first, size_t count, size_t size)
{
    void *smaller;
    if (!array)
        return NULL;
    memmove(array, (char *)array + first * size, count * size);
    smaller = realloc(array, (count ? count : 1) * size);
    if (!smaller)
        return array;
    return smaller;
}

int comm_share(struct comm *c, struct dataset *d, uint64_t *first_row, uint64_t *all_rows, struct error *err)
{
    int rank = comm_rank(c), ranks = comm_ranks(c);
    size_t first = share_begin(d, rank, ranks), end = share_begin(d, rank + 1, ranks), rows = end - first;
    *first_row = first;
    *all_rows = d->rows;
    if (d->rows < (size_t)ranks)
        return error_set(err, ERROR_INPUT, "--ranks", "use fewer ranks", "%zu rows cannot be spread over %d ranks",
                         d->rows, ranks);
    d->x = keep(d->x, first * d->columns, rows * d->columns, sizeof *d->x);
    d->y = keep(d->y, first, rows, sizeof *d->y);
    d->weight = keep(d->weight, first, rows, sizeof *d->weight);
    d->group = keep(d->group, first, rows, sizeof *d->group);
    if (d->start) {
        size_t begin = d->start[first], entries = d->start[end] - begin;
        d->index = keep(d->index, begin, entries, sizeof *d->index);
        d->value = keep(d->value, begin, entries, sizeof *d->value);
        d->start = keep(d->start, first, rows + 1, sizeof *d->start);
        for (size_t i = 0; i <= rows; i++)
            d->start[i] -= begin;
    }
    d->rows = rows;
    return 0;
}
