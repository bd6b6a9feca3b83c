/* Memory that is given back all at once. A failed allocation returns NULL and is remembered in `failed`: strings made
 * afterwards may be missing, so check once before the result is used. */
#ifndef STUDY_ARENA_H
#define STUDY_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *last;
    bool failed;
};

void *arena_take(struct arena *arena, size_t size);                   /* aligned for any type, not cleared */
char *arena_copy(struct arena *arena, const char *bytes, size_t len); /* with a closing NUL; "" when out of memory */
void arena_free(struct arena *arena);

#endif
