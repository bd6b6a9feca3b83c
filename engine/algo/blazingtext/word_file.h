/* The reference program's binary model (fastText, version 12), which the service writes too:
 *
 *     numbers   magic, version; width, window, epochs, least count, negatives, n-grams, loss, kind, buckets, shortest
 *               and longest subword, update rate; sampling threshold
 *     words     how many words and labels, tokens; then each spelling, count and kind
 *     inputs    one row for each word, then one for each bucket, seen or not
 *     outputs   one row for each label; of word vectors one for each word
 *
 * All little-endian. Rows of buckets that were never seen are zeros: a hole in the file, which takes no room on disk.
 * Where so long a file may not be written (a limit on its size, as in the lab), a file of our own is: another magic,
 * behind the words the buckets that were seen, and of buckets only their rows. No other program reads that.
 *
 * A file that is opened is asked for rows one by one, so that nothing is read that nobody needs. */
#ifndef BLAZINGTEXT_WORD_FILE_H
#define BLAZINGTEXT_WORD_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"

struct word_model;
struct model_writer;

#define WORD_FILE_WIDTH_MAX 10000

struct word_file {
    int fd;
    bool seen;              /* rows of buckets are in the order of the model's buckets */
    uint64_t width, inputs; /* numbers of a row; where the inputs begin */
};

/* Appends the model to the writer's file `name`. */
int word_file_write(const struct word_model *m, struct model_writer *w, const char *name, struct error *err);

/* Fills the model, all but its vectors: those it asks the file for. On -1 the model is the caller's to free. */
int word_file_open(struct word_model *m, const char *path, struct error *err);
void word_file_close(struct word_file *f); /* NULL is fine */

/* A row of inputs; zeros where it cannot be read. */
void word_file_row(const struct word_file *f, uint64_t number, float *row);

#endif
