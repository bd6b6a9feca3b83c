#include "engine/data/pairs.h"

#include <stdlib.h>
#include <string.h>

/* `array` is the address of a pointer; it then has room for `count` things. -1 when memory ends. */
static int resize(void *array, size_t count, size_t size)
{
    void *old, *grown;
    memcpy(&old, array, sizeof old);
    grown = realloc(old, count * size);
    if (!grown)
        return -1;
    memcpy(array, &grown, sizeof grown);
    /* cppcheck-suppress memleak; it is in the array now */
    return 0;
}

static int reserve_pair(struct pairs *p)
{
    size_t room = p->room ? 2 * p->room : 64;
    if (p->count < p->room)
        return 0;
    for (int side = 0; side < 2; side++) {
        if (resize(&p->start[side], room + 1, sizeof *p->start[side]) < 0)
            return -1;
        if (p->count == 0)
            p->start[side][0] = 0;
    }
    if (resize(&p->label, room, sizeof *p->label) < 0 || (p->group && resize(&p->group, room, sizeof *p->group) < 0))
        return -1;
    p->room = room;
    return 0;
}

static int reserve_tokens(struct pairs *p, int side, size_t more)
{
    size_t used = p->start[side][p->count], room = p->token_room[side] ? p->token_room[side] : 256;
    if (more <= p->token_room[side] - used)
        return 0;
    while (room - used < more)
        room *= 2;
    if (resize(&p->token[side], room, sizeof *p->token[side]) < 0)
        return -1;
    p->token_room[side] = room;
    return 0;
}

int pairs_append(struct pairs *p, const int32_t *first, size_t first_count, const int32_t *second, size_t second_count,
                 float label)
{
    const int32_t *tokens[2] = {first, second};
    const size_t counts[2] = {first_count, second_count};
    if (reserve_pair(p) < 0)
        return -1;
    for (int side = 0; side < 2; side++)
        if (reserve_tokens(p, side, counts[side]) < 0)
            return -1;
    for (int side = 0; side < 2; side++) {
        size_t begin = p->start[side][p->count];
        if (counts[side])
            memcpy(p->token[side] + begin, tokens[side], counts[side] * sizeof *p->token[side]);
        p->start[side][p->count + 1] = begin + counts[side];
    }
    if (p->group)
        p->group[p->count] = -1;
    p->label[p->count++] = label;
    return 0;
}

void pairs_free(struct pairs *p)
{
    if (!p)
        return;
    for (int side = 0; side < 2; side++) {
        free(p->start[side]);
        free(p->token[side]);
    }
    free(p->label);
    free(p->group);
    *p = (struct pairs){0};
}

int32_t pairs_largest(const struct pairs *p, int side)
{
    int32_t largest = -1;
    size_t count = p->count ? p->start[side][p->count] : 0;
    for (size_t i = 0; i < count; i++)
        largest = p->token[side][i] > largest ? p->token[side][i] : largest;
    return largest;
}
