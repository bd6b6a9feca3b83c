/* What BlazingText learned, ready to be saved and to answer: vectors of words, of the hash buckets that were seen (word
 * n-grams of a classifier, character n-grams of subwords), and of a classifier's labels. */
#ifndef BLAZINGTEXT_WORD_MODEL_H
#define BLAZINGTEXT_WORD_MODEL_H

#include "engine/algo/algorithm.h"
#include "engine/algo/blazingtext/buckets.h"
#include "engine/algo/blazingtext/dictionary.h"
#include "engine/algo/blazingtext/word_file.h"

struct word_model {
    bool classifier;
    struct dictionary dictionary;
    struct buckets buckets;
    size_t width;                        /* vector_dim */
    int word_ngrams, min_char, max_char; /* max_char 0: no subwords */
    float *vectors;                      /* (words + buckets.seen) x width: what inputs are averaged from */
    float *labels;                       /* a classifier's: labels x width; else NULL */
    bool whole; /* word vectors are the words' own rows alone; false: rows and those of their subwords, averaged */
    /* Kept for the reference's file format and going on: epochs, window, negatives, rate, sampling, least count. */
    int epochs, window, negatives, least;
    double rate, sampling;
    const char *mode;
    struct word_file *file; /* of a loaded model: has the inputs' rows, and `vectors` is NULL; else NULL */
};

void word_model_free(struct word_model *m);

/* The vector of a word: with subwords also of unknown ones; else zeros and false for those. */
bool word_model_vector(const struct word_model *m, const char *word, size_t len, float *vector);

/* A classifier's view of a line of text: softmax over labels, in the dictionary's order. -1: no memory. */
int word_model_classify(const struct word_model *m, const char *line, size_t len, float *probability);

/* One piece of a line (word or n-gram) and what it adds to each label's score; the scores are the sums. */
struct word_piece {
    char *text;
    float *share; /* labels */
};
int word_model_pieces(const struct word_model *m, const char *line, size_t len, struct word_piece **pieces,
                      size_t *count); /* word_pieces_free is the caller's */
void word_pieces_free(struct word_piece *pieces, size_t count);

/* Files of the model, as the service names them:
 *
 *   vectors.txt            Word2Vec: the words' vectors, word2vec's text form: "words width", then a word and its
 *                          numbers in each line, the most frequent first; with subwords the means
 *   vectors.bin            Word2Vec: the reference program's binary model (word_file.h), as the service's .bin files
 * are vectors.word2vec.bin   Word2Vec: what vectors.txt says in word2vec's binary form, which the service does not
 * write model.bin              classifier: the reference program's binary model */
#define WORD_MODEL_TEXT "vectors.txt"
#define WORD_MODEL_VECTORS "vectors.bin"
#define WORD_MODEL_WORD2VEC "vectors.word2vec.bin"
#define WORD_MODEL_CLASSIFIER "model.bin"
int word_model_save(const struct word_model *m, struct model_writer *w, struct error *err);
int word_model_load(struct word_model *m, const char *dir, const struct settings *s, struct error *err);

/* algorithm.h's load, unload and invoke: the service's requests and answers, and what the pages ask besides.
 *
 *   application/json        Word2Vec    {"instances":["word", ..]}
 *                                       [{"word","vector":[..]}, ..]; an unknown word's vector is zeros
 *                           + "configuration":{"neighbours":k}: each answer gets "known" and
 *                             "neighbours":[{"word","cosine"}, ..], the k nearest, none of an unknown word
 *                           + "analogies":[["man","king","woman"], ..], "configuration":{"k":5}: behind the instances'
 *                             answers [{"analogy":[..],"unknown":[..],"nearest":[{"word","cosine"}, ..]}, ..], the
 * words nearest to king - man + woman but these three; none where one of them is unknown classifier  {"instances":["a
 * sentence .", ..],"configuration":{"k":2}}
 *                                       [{"label":["__label__1", ..],"prob":[..]}, ..], the k likeliest; k is 1
 *                           + "configuration":{"shares":true}: each answer gets "scores":{label: number} and
 *                             "pieces":[{"text","share":{label: number}}, ..], words and n-grams and what they add to
 *                             each label's score, of which the probabilities are the softmax. "</s>" is the line's end
 *   application/jsonlines   {"source":"a sentence .","k":2} in each line, "neighbours" and "shares" too; an answer in
 * each text/plain              an instance in each line; answers as application/jsonlines
 *
 * Answers are of the request's type: as the service says, another accept is ignored. */
void *word_ask_load(const char *dir, const struct settings *s, struct error *err);
void word_ask_unload(void *model);
int word_ask(const void *model, const struct request *in, struct answer *out, struct error *err);

#endif
