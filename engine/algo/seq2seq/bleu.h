/* BLEU-4 of a corpus with one reference (Papineni et al. 2002): the geometric mean of the shares of n-grams of length
 * 1 to 4 that are right, each counted at most as often as the reference has it, over all pairs together; times
 * exp(1 - r / c) where the outputs (c tokens) are shorter than the references (r). From 0 to 1; nothing is smoothed, so
 * a corpus without one right 4-gram has 0. An unknown word is never right: what it stands for is not known. */
#ifndef SEQ2SEQ_BLEU_H
#define SEQ2SEQ_BLEU_H

#include <stddef.h>
#include <stdint.h>

#define BLEU_ORDER 4

struct bleu {
    double right[BLEU_ORDER], all[BLEU_ORDER]; /* n-grams of length 1 to 4 */
    double output, reference;                  /* tokens */
};

void bleu_add(struct bleu *b, const int32_t *output, size_t output_count, const int32_t *reference,
              size_t reference_count);
double bleu_score(const struct bleu *b);

#endif
