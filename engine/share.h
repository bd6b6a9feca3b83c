/* A rank's share of the training rows: a contiguous block of them. Every rank reads all files and keeps its part, so
 * the files need not be cut beforehand; a query's rows (ranking) stay together. */
#ifndef ENGINE_SHARE_H
#define ENGINE_SHARE_H

#include "engine/comm.h"
#include "engine/data/dataset.h"

/* `first_row` is the number of the first row kept among `all_rows`. A rank may end up with no rows at all. */
int comm_share(struct comm *c, struct dataset *d, uint64_t *first_row, uint64_t *all_rows, struct error *err);

#endif
