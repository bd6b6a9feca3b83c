/* Memory for one message at a time: taken piece by piece, given back all at once, at most `limit` bytes. */
#ifndef FORMAT_ARENA_H
#define FORMAT_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* the newest first */
    size_t used, taken, limit;  /* used: of the newest block; taken: of all */
};

void *arena_alloc(struct arena *a, size_t size); /* aligned for anything; NULL above the limit */
void arena_clear(struct arena *a);               /* keeps one block for what comes next */
void arena_free(struct arena *a);

#endif
