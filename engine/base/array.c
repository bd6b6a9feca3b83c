#include "engine/base/array.h"

#include <stdint.h>
#include <stdlib.h>

void *array_room(void *items, size_t *room, size_t want, size_t size)
{
    size_t next = *room ? *room : 16;
    void *wider;
    if (items && want <= *room)
        return items;
    while (next < want && next <= SIZE_MAX / 2)
        next *= 2;
    wider = next < want ? NULL : reallocarray(items, next, size);
    if (wider)
        *room = next;
    return wider;
}
