/* Pretrained vectors of words, from two files of the auxiliary channel: text with a word and its numbers on each line
 * (word2vec's and fastText's first line "COUNT WIDTH" is passed over), and JSON {word: id}.
 *
 * Words without an id are passed over; ids without a vector keep what they start with. */
#ifndef OBJECT2VEC_PAIR_VECTORS_H
#define OBJECT2VEC_PAIR_VECTORS_H

#include "engine/algo/object2vec/pair_net.h"
#include "engine/event.h"

/* Fills the side's table of tokens; logs how many ids got a vector. `folder` NULL: there is no such channel. */
int pair_vectors_load(struct pair_net *net, int side, const char *folder, struct event_sink *sink, struct error *err);

#endif
