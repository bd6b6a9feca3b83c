/* Arrays that grow. */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>

/* `items`, or where they are now: with room for at least `want` of `size` bytes each, doubling *room. NULL: no memory,
 * and then items and *room are as they were. */
void *array_room(void *items, size_t *room, size_t want, size_t size);

#endif
