/* Memory that is taken piece by piece and forgotten all at once, from any device. Pieces that are not needed until then
 * may be given back before, and are taken again.
 *
 * It grows by blocks. When it is cleared, one block as large as all of them takes their place: whoever takes and gives
 * the same again then causes no allocation. Pieces are aligned to 64 bytes. */
#ifndef TENSOR_PILE_H
#define TENSOR_PILE_H

#include <stddef.h>

struct pile_block;

/* Memory that was given back. */
struct pile_piece {
    unsigned char *memory;
    size_t size;
};

struct pile {
    void *(*alloc)(size_t bytes); /* aligned to 64 bytes; NULL: no room */
    void (*release)(void *memory);
    struct pile_block *blocks; /* the newest first */
    size_t used;               /* of the newest block */
    size_t size;               /* of all */
    size_t growths;            /* calls of alloc */
    struct pile_piece *pieces; /* given back, each as large as can be */
    size_t piece_count, piece_room;
};

void *pile_take(struct pile *p, size_t bytes); /* NULL: no room */
void pile_give(struct pile *p, void *memory, size_t bytes);
void pile_clear(struct pile *p);
void pile_free(struct pile *p);

#endif
