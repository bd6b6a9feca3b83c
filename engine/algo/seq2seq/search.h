/* Beam search: the likeliest translations, by the mean log probability of their tokens with </s> (a length penalty:
 * Wu et al. 2016 with alpha 1, beta 0).
 *
 * All beams of all sentences of a batch take each step together. A translation is at an end when its </s> is among the
 * beam's best; a sentence, when as many translations as the beam is wide are. Nothing longer than the limit is said:
 * twice the source and 10 tokens, at most max_seq_len_target. A beam of 1 is greedy. <pad> and <s> are never said. */
#ifndef SEQ2SEQ_SEARCH_H
#define SEQ2SEQ_SEARCH_H

#include "engine/algo/seq2seq/network.h"

struct translation {
    int32_t *token; /* without </s> */
    size_t count;
    double score;  /* mean log probability */
    float *weight; /* count x places of the source with its </s>, where attention was asked for; else NULL */
    size_t places;
};

struct search {
    const struct network *network;
    struct tape *encoder, *decoder;
    size_t beam;
};

int search_open(struct search *s, const struct network *n, int threads, size_t beam, struct error *err);
void search_close(struct search *s);

/* Of `rows` sources, steps x rows with padding as in struct batch. Fills `out`, rows of them; the caller frees each. */
int search_run(struct search *s, const int32_t *source, const int32_t *length, size_t steps, size_t rows,
               bool attention, struct translation *out, struct error *err);
void translation_free(struct translation *t);

#endif
