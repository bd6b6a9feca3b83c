/* Pairs of token sequences, each with a label or none: what Object2Vec compares and Seq2Seq translates. Sequence s (0
 * or 1) of pair i is token[s][start[s][i]] .. token[s][start[s][i + 1] - 1]. */
#ifndef DATA_PAIRS_H
#define DATA_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#define PAIRS_TOKENS_MAX 5000u /* of one sequence that is read; longer ones are refused */

struct pairs {
    size_t count;
    size_t *start[2];  /* count + 1 each; NULL while empty */
    int32_t *token[2]; /* >= 0 */
    float *label;      /* count; NaN where a pair has none */
    int32_t *group;    /* count, or NULL: what the generator planted (a topic, a taste), for pictures; -1: nothing */
    size_t room, token_room[2];
    uint64_t bytes_read;
    char name[128]; /* file or generator, for messages */
};

/* Copies a pair; -1 when memory ends. */
int pairs_append(struct pairs *p, const int32_t *first, size_t first_count, const int32_t *second, size_t second_count,
                 float label);
void pairs_free(struct pairs *p); /* NULL and {0} are fine */

static inline const int32_t *pairs_tokens(const struct pairs *p, int side, size_t i, size_t *count)
{
    *count = p->start[side][i + 1] - p->start[side][i];
    return *count ? p->token[side] + p->start[side][i] : NULL; /* a side may have no tokens at all */
}

int32_t pairs_largest(const struct pairs *p, int side); /* token; -1 when there is none */

#endif
