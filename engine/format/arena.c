#include "engine/format/arena.h"

#include <stdlib.h>

#define FIRST 65536u
#define ALIGNMENT 16u

struct arena_block {
    struct arena_block *older;
    size_t size;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

static int add_block(struct arena *a, size_t least)
{
    size_t size = a->blocks ? a->blocks->size * 2 : FIRST;
    struct arena_block *block;
    if (size < least)
        size = least;
    if (size > a->limit - a->taken)
        size = a->limit - a->taken;
    block = size < least ? NULL : malloc(sizeof *block + size);
    if (!block)
        return -1;
    block->older = a->blocks;
    block->size = size;
    a->blocks = block;
    a->taken += size;
    a->used = 0;
    return 0;
}

void *arena_alloc(struct arena *a, size_t size)
{
    void *memory;
    if (size > a->limit)
        return NULL;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if ((!a->blocks || size > a->blocks->size - a->used) && add_block(a, size) < 0)
        return NULL;
    memory = a->blocks->bytes + a->used;
    a->used += size;
    return memory;
}

void arena_clear(struct arena *a)
{
    struct arena_block *keep = a->blocks;
    a->used = 0;
    if (!keep)
        return;
    while (keep->older) {
        struct arena_block *older = keep->older;
        keep->older = older->older;
        free(older);
    }
    a->taken = keep->size;
}

void arena_free(struct arena *a)
{
    arena_clear(a);
    free(a->blocks);
    a->blocks = NULL;
    a->taken = 0;
}
