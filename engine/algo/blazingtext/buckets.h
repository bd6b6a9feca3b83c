/* Hash buckets that were seen, numbered 0, 1, 2 .. in the order of first sight: of 2,000,000 buckets a text uses few,
 * and only those get a row. */
#ifndef BLAZINGTEXT_BUCKETS_H
#define BLAZINGTEXT_BUCKETS_H

#include <stddef.h>
#include <stdint.h>

struct buckets {
    uint32_t all; /* as the setting says */
    size_t seen;
    uint32_t *number; /* seen: the bucket of each row */
    struct buckets_index *index;
};

int buckets_open(struct buckets *b, uint32_t all); /* -1: no memory */
void buckets_free(struct buckets *b);
int32_t buckets_add(struct buckets *b, uint32_t bucket);        /* its row, new or known; -1: no memory */
void buckets_fetch(const struct buckets *b, uint32_t bucket);   /* it is needed soon */
int32_t buckets_find(const struct buckets *b, uint32_t bucket); /* -1: never seen */

/* Ends looking up: gives its memory back, `number` stays. From then on none is found and none can be added. */
void buckets_settle(struct buckets *b);

#endif
