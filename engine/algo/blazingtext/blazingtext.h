/* BlazingText: word vectors from plain text (Word2Vec: cbow, skipgram, batch_skipgram), and a linear classifier of
 * sentences over vectors of words and word n-grams (supervised, as fastText).
 *
 *   blazingtext     what it takes: the table
 *   dictionary      words by falling count; hashes of n-grams
 *   buckets         hash buckets that were seen
 *   word_plan       Word2Vec's settings as numbers
 *   word_text       the text as ids of the dictionary: what is dropped, what is drawn, subwords
 *   word_kernels    the arithmetic of negative sampling
 *   word_learner    a thread's walk over its share of the text
 *   word_meeting    ranks bring their moves together
 *   word2vec        the run: epochs, threads, ranks, metrics
 *   word_score      similarity files, planted groups
 *   word_picture    the vectors in two dimensions
 *   classifier*     supervised
 *   words_gpu       both on a GPU
 *   word_model      what was learned: files and answers
 *   words_gpu       both on a GPU */
#ifndef BLAZINGTEXT_BLAZINGTEXT_H
#define BLAZINGTEXT_BLAZINGTEXT_H

#include "engine/algo/algorithm.h"

extern const struct algorithm blazingtext;

int word2vec_train(struct training *t, struct error *err);
int classifier_train(struct training *t, struct error *err);

#endif
