/* What a way of meeting (threads, processes, MPI) gives to comm.c. Private to engine/comm*.c.
 *
 * Arguments were checked, ranks > 1 and n > 0. comm.c counts bytes and seconds. */
#ifndef ENGINE_COMM_WAY_H
#define ENGINE_COMM_WAY_H

#include "engine/comm.h"

enum comm_kind { COMM_SUM_I64, COMM_SUM_FLOAT, COMM_SUM_DOUBLE, COMM_MAX_DOUBLE, COMM_KINDS };

struct comm_way {
    int (*reduce)(struct comm *c, enum comm_kind kind, void *values, size_t n, struct error *err);
    /* `sizes` of all ranks, then their bytes one after another: `all` is allocated by this call; NULL for none. */
    int (*gather)(struct comm *c, const void *bytes, size_t size, void **all, size_t *sizes, struct error *err);
};

size_t comm_width(enum comm_kind kind); /* bytes of one value */

/* to[i] = to[i] + from[i], or the greater of them. */
void comm_fold(enum comm_kind kind, void *to, const void *from, size_t n);

#endif
