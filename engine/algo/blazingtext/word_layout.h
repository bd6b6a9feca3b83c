/* What stands where in a model's file, for its reader and its writer. */
#ifndef BLAZINGTEXT_WORD_LAYOUT_H
#define BLAZINGTEXT_WORD_LAYOUT_H

#define WORD_MAGIC 793712314
#define WORD_MAGIC_SEEN 1935763830 /* "vocs": of buckets only those that were seen */
#define WORD_VERSION 12
#define WORD_BLOCK (1u << 20) /* gathered before they are written */

enum { KIND_CBOW = 1, KIND_SKIPGRAM, KIND_SUPERVISED };
enum { LOSS_NEGATIVES = 2, LOSS_SOFTMAX };

/* The numbers at the beginning, in their order. */
enum {
    NUMBER_MAGIC,
    NUMBER_VERSION,
    NUMBER_WIDTH,
    NUMBER_WINDOW,
    NUMBER_EPOCHS,
    NUMBER_LEAST,
    NUMBER_NEGATIVES,
    NUMBER_NGRAMS,
    NUMBER_LOSS,
    NUMBER_KIND,
    NUMBER_BUCKETS,
    NUMBER_MIN_CHAR,
    NUMBER_MAX_CHAR,
    NUMBER_UPDATE,
    NUMBERS
};

#endif
