#include "engine/algo/blazingtext/buckets.h"

#include <stdlib.h>

/* Open addressing: a slot holds a row + 1; which bucket that is stands in `number`. */
struct buckets_index {
    uint32_t *slot;
    unsigned bits; /* 1 << bits slots, at most half of them full */
    size_t room;   /* of number */
};

/* Buckets next to each other end up far apart. */
static size_t place_of(const struct buckets_index *x, uint32_t bucket)
{
    return (bucket * 0x9e3779b1u) >> (32 - x->bits);
}

static uint32_t *slot_of(const struct buckets *b, uint32_t bucket)
{
    const struct buckets_index *x = b->index;
    size_t mask = ((size_t)1 << x->bits) - 1, i = place_of(x, bucket);
    while (x->slot[i] && b->number[x->slot[i] - 1] != bucket)
        i = (i + 1) & mask;
    return &x->slot[i];
}

static int widen_index(struct buckets *b)
{
    struct buckets_index *x = b->index;
    uint32_t *fresh;
    if (2 * (b->seen + 1) <= (size_t)1 << x->bits)
        return 0;
    if (x->bits == 31 || !(fresh = calloc((size_t)2 << x->bits, sizeof *fresh)))
        return -1;
    free(x->slot);
    x->slot = fresh;
    x->bits++;
    for (size_t row = 0; row < b->seen; row++)
        *slot_of(b, b->number[row]) = (uint32_t)row + 1;
    return 0;
}

static int widen_rows(struct buckets *b)
{
    size_t room = b->index->room + b->index->room / 2 + 1024;
    uint32_t *wider;
    if (b->seen < b->index->room)
        return 0;
    wider = reallocarray(b->number, room, sizeof *wider);
    if (!wider)
        return -1;
    b->number = wider;
    b->index->room = room;
    return 0;
}

int buckets_open(struct buckets *b, uint32_t all)
{
    enum { BITS = 10 };
    *b = (struct buckets){.all = all, .index = calloc(1, sizeof *b->index)};
    if (!b->index)
        return -1;
    *b->index = (struct buckets_index){calloc((size_t)1 << BITS, sizeof(uint32_t)), BITS, 0};
    if (b->index->slot)
        return 0;
    buckets_free(b);
    return -1;
}

void buckets_settle(struct buckets *b)
{
    if (b->index)
        free(b->index->slot);
    free(b->index);
    b->index = NULL;
}

void buckets_free(struct buckets *b)
{
    buckets_settle(b);
    free(b->number);
    *b = (struct buckets){0};
}

int32_t buckets_add(struct buckets *b, uint32_t bucket)
{
    uint32_t *slot = b->index ? slot_of(b, bucket) : NULL;
    if (!slot)
        return -1;
    if (*slot)
        return (int32_t)(*slot - 1);
    if (b->seen >= INT32_MAX / 2 || widen_rows(b) < 0 || widen_index(b) < 0)
        return -1;
    b->number[b->seen] = bucket;
    *slot_of(b, bucket) = (uint32_t)++b->seen;
    return (int32_t)b->seen - 1;
}

void buckets_fetch(const struct buckets *b, uint32_t bucket)
{
    __builtin_prefetch(&b->index->slot[place_of(b->index, bucket)], 1);
}

int32_t buckets_find(const struct buckets *b, uint32_t bucket)
{
    return b->index ? (int32_t)*slot_of(b, bucket) - 1 : -1;
}
