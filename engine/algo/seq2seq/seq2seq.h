/* Sequence-to-Sequence: an encoder that reads the source and a decoder that says the target token by token, trained
 * together to make the targets of the data likely.
 *
 *   shape.h     the settings as numbers           network.h   both sides as operations on tensors
 *   batches.h   pairs as arrays                   search.h    beam search
 *   bleu.h      BLEU-4                            course.h    checkpoints: learning rate, the best, when to stop */
#ifndef ALGO_SEQ2SEQ_H
#define ALGO_SEQ2SEQ_H

#include "engine/algo/algorithm.h"

extern const struct algorithm seq2seq;

int seq2seq_train(struct training *t, struct error *err);

#define SEQ2SEQ_WEIGHTS "weights.bin"
#define SEQ2SEQ_SOURCE "vocab.src.json"
#define SEQ2SEQ_TARGET "vocab.trg.json"

extern const char *const seq2seq_accepts[];
void *seq2seq_load(const char *dir, const struct settings *settings, struct error *err);
void seq2seq_unload(void *model);
int seq2seq_invoke(const void *model, const struct request *in, struct answer *out, struct error *err);

#endif
