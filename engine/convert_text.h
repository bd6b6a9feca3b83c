/* Parallel text into records of tokens and vocabularies, as Seq2Seq is trained on: line n of one file is the
 * translation of line n of the other, words stand between blanks.
 *
 * The vocabularies DIR/vocab.src.json and DIR/vocab.trg.json are used where they are there (so that validation data get
 * those of the training data) and made of the text otherwise. A word that they lack becomes <unk>. Pairs of which one
 * side is empty are dropped and counted. */
#ifndef ENGINE_CONVERT_TEXT_H
#define ENGINE_CONVERT_TEXT_H

#include <stddef.h>

#include "engine/base/error.h"
#include "engine/event.h"

#define CONVERT_TEXT_BYTES_MAX (8ull << 30) /* of one file, unpacked; both are kept in memory */

struct text_conversion {
    const char *text[2];    /* source and target; .gz is unpacked */
    const char *out;        /* records: a file or "-": then no event is sent */
    const char *vocabulary; /* folder; made where it is not there */
    size_t words, least;    /* of a vocabulary that is made: at most so many words (0: 50,000), each seen so often */
};

/* Sends an end event with pairs, dropped and unknown words. */
int convert_text(const struct text_conversion *c, struct event_sink *sink, struct error *err);

#endif
