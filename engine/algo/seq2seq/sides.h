/* What the sides of a network share. Only network.c, encoder.c and decoder.c include this. */
#ifndef SEQ2SEQ_SIDES_H
#define SEQ2SEQ_SIDES_H

#include "engine/algo/seq2seq/network.h"

#define RESIDUAL_SCALE 0.70710678118654752 /* sqrt(1/2): keeps the variance of a sum of two */

struct network_buffer {
    int32_t *number;
    size_t room;
};

int32_t *network_ints(const struct network *n, size_t count); /* a buffer that only grows; NULL: no memory */

/* steps x rows x embedding, with dropout; `places` (or NULL) are added, the first step standing at `from`. */
struct tensor *network_embed(const struct network *n, struct tape *t, const struct side *side, struct tensor *words,
                             struct tensor *places, const int32_t *ids, size_t steps, size_t rows, size_t from);
struct tensor *network_activate(const struct network *n, struct tape *t, struct tensor *x);
/* A forward run from *h and *c (NULL: zeros) to *h and *c; c of gru is not touched. */
struct tensor *network_cell(const struct network *n, struct tape *t, const struct network_layer *l,
                            struct tensor *gates, struct tensor **h, struct tensor **c, const int32_t *length);
bool network_adds(const struct shape *s, size_t layer); /* has it a residual connection? */

#endif
