#include "engine/tensor/pile.h"

#include <stdbool.h>
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

static size_t rounded(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* The smallest piece that was given back and is large enough; what is left of it stays. */
static void *take_piece(struct pile *p, size_t bytes)
{
    struct pile_piece *best = NULL;
    void *memory;
    for (size_t i = 0; i < p->piece_count; i++)
        if (p->pieces[i].size >= bytes && (!best || p->pieces[i].size < best->size))
            best = &p->pieces[i];
    if (!best)
        return NULL;
    memory = best->memory;
    best->memory += bytes;
    best->size -= bytes;
    if (best->size == 0)
        *best = p->pieces[--p->piece_count];
    return memory;
}

void *pile_take(struct pile *p, size_t bytes)
{
    void *memory;
    if (bytes >= MOST)
        return NULL;
    bytes = rounded(bytes);
    memory = bytes > 0 ? take_piece(p, bytes) : NULL;
    if (memory)
        return memory;
    if (!p->blocks || bytes > p->blocks->size - p->used) {
        size_t more = p->size / 2 > FIRST ? p->size / 2 / ALIGNMENT * ALIGNMENT : FIRST;
        if (add_block(p, more > bytes ? more : bytes) < 0 && (more <= bytes || add_block(p, bytes) < 0))
            return NULL;
    }
    memory = p->blocks->memory + p->used;
    p->used += bytes;
    return memory;
}

/* Room for one piece more; without it, what is given back waits for pile_clear. */
static struct pile_piece *new_piece(struct pile *p)
{
    if (p->piece_count == p->piece_room) {
        size_t room = p->piece_room ? 2 * p->piece_room : 64;
        struct pile_piece *more = realloc(p->pieces, room * sizeof *more);
        if (!more)
            return NULL;
        p->pieces = more;
        p->piece_room = room;
    }
    return &p->pieces[p->piece_count++];
}

void pile_give(struct pile *p, void *memory, size_t bytes)
{
    struct pile_piece piece = {memory, rounded(bytes)}, *place;
    for (size_t i = 0; i < p->piece_count; i++) { /* joins its neighbours */
        struct pile_piece *other = &p->pieces[i];
        bool before = other->memory + other->size == piece.memory, after = piece.memory + piece.size == other->memory;
        if (!before && !after)
            continue;
        piece = (struct pile_piece){before ? other->memory : piece.memory, piece.size + other->size};
        *other = p->pieces[--p->piece_count];
        i = (size_t)-1; /* the larger one may have another neighbour */
    }
    place = piece.size > 0 ? new_piece(p) : NULL;
    if (place)
        *place = piece;
}

void pile_clear(struct pile *p)
{
    size_t size = p->size;
    p->used = p->piece_count = 0;
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
    free(p->pieces);
    p->pieces = NULL;
    p->size = p->used = p->piece_count = p->piece_room = 0;
}
