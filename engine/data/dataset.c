#include "engine/data/dataset.h"

#include <stdlib.h>

int dataset_alloc(struct dataset *d, size_t rows, size_t columns)
{
    size_t cells = rows * columns;
    *d = (struct dataset){.rows = rows, .columns = columns};
    if (columns && rows > SIZE_MAX / sizeof *d->x / columns)
        return -1;
    d->x = calloc(cells ? cells : 1, sizeof *d->x);
    d->y = calloc(rows ? rows : 1, sizeof *d->y);
    if (d->x && d->y)
        return 0;
    dataset_free(d);
    return -1;
}

void dataset_free(struct dataset *d)
{
    if (!d)
        return;
    free(d->x);
    free(d->y);
    free(d->weight);
    *d = (struct dataset){0};
}
