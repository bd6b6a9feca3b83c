#include "engine/tensor/pile.h"

#include <stdlib.h>

#define FIRST ((size_t)1 << 16)
#define ALIGNMENT ((size_t)64)
#define MOST ((size_t)1 << 40) /* a terabyte: a size that is a mistake, or an overflow */

struct pile_block {
    struct pile_block *older;
    unsigned char *memory;
    size_t size;
};

static int add_block(struct pile *p, size_t size)
{
    struct pile_block *block = malloc(sizeof *block);
    if (!block)
        return -1;
    *block = (struct pile_block){p->blocks, p->alloc(size), size};
    p->growths++;
    if (!block->memory) {
        free(block);
        return -1;
    }
    p->blocks = block;
    p->size += size;
    p->used = 0;
    return 0;
}

void *pile_take(struct pile *p, size_t bytes)
{
    void *memory;
    if (bytes >= MOST)
        return NULL;
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!p->blocks || bytes > p->blocks->size - p->used) {
        size_t more = p->size / 2 > FIRST ? p->size / 2 / ALIGNMENT * ALIGNMENT : FIRST;
        if (add_block(p, more > bytes ? more : bytes) < 0 && (more <= bytes || add_block(p, bytes) < 0))
            return NULL;
    }
    memory = p->blocks->memory + p->used;
    p->used += bytes;
    return memory;
}

void pile_clear(struct pile *p)
{
    size_t size = p->size;
    p->used = 0;
    if (!p->blocks || !p->blocks->older)
        return;
    pile_free(p);
    (void)add_block(p, size); /* no room for it at once: grows by blocks again */
}

void pile_free(struct pile *p)
{
    while (p->blocks) {
        struct pile_block *block = p->blocks;
        p->blocks = block->older;
        p->release(block->memory);
        free(block);
    }
    p->size = p->used = 0;
}
