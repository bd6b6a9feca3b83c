#include "web/study/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)64 << 10)

struct arena_block {
    struct arena_block *before;
    size_t used, size;
    max_align_t data[];
};

static struct arena_block *arena_grow(struct arena *arena, size_t size)
{
    size_t room = size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE;
    struct arena_block *block = room < SIZE_MAX / 2 ? malloc(sizeof *block + room) : NULL;
    if (!block) {
        arena->failed = true;
        return NULL;
    }
    block->before = arena->last;
    block->used = 0;
    block->size = room;
    arena->last = block;
    return block;
}

void *arena_take(struct arena *arena, size_t size)
{
    const size_t unit = sizeof(max_align_t);
    size_t rounded = (size + unit - 1) / unit * unit;
    struct arena_block *block = arena->last;
    char *at;
    if (!block || block->size - block->used < rounded)
        block = arena_grow(arena, rounded);
    if (!block)
        return NULL;
    at = (char *)block->data + block->used;
    block->used += rounded;
    return at;
}

char *arena_copy(struct arena *arena, const char *bytes, size_t len)
{
    static char none[1];
    char *text = arena_take(arena, len + 1);
    if (!text)
        return none;
    if (len)
        memcpy(text, bytes, len);
    text[len] = '\0';
    return text;
}

void arena_free(struct arena *arena)
{
    while (arena->last) {
        struct arena_block *before = arena->last->before;
        free(arena->last);
        arena->last = before;
    }
}
