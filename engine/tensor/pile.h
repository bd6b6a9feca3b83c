/* Memory that is taken piece by piece and forgotten all at once, from any device.
 *
 * It grows by blocks. When it is cleared, one block as large as all of them takes their place: whoever takes no more
 * than before, in whatever pieces, then causes no allocation. Pieces are aligned to 64 bytes. */
#ifndef TENSOR_PILE_H
#define TENSOR_PILE_H

#include <stddef.h>

struct pile_block;

struct pile {
    void *(*alloc)(size_t bytes); /* aligned to 64 bytes; NULL: no room */
    void (*release)(void *memory);
    struct pile_block *blocks; /* the newest first */
    size_t used;               /* of the newest block */
    size_t size;               /* of all */
    size_t growths;            /* calls of alloc */
};

void *pile_take(struct pile *p, size_t bytes); /* NULL: no room */
void pile_clear(struct pile *p);
void pile_free(struct pile *p);

#endif
