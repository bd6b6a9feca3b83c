/* The arithmetic of negative sampling: an input vector meets rows of outputs, of which the first is the word that stood
 * there and the others were drawn. With f = input . row and s = rate (label - sigmoid(f)), the row moves by s input and
 * the input by the sum of s row, both as they were before.
 *
 * Rows begin at multiples of 64 bytes and have `width` numbers, a multiple of 8 whose last ones may be zeros. The same
 * row may stand several times among outputs, or among the inputs of a batch. The sigmoid is read from a table: within
 * 0.002, and cut at scores of -8 and 8, where it is 0 and 1 to 0.0004. */
#ifndef BLAZINGTEXT_WORD_KERNELS_H
#define BLAZINGTEXT_WORD_KERNELS_H

#include <stddef.h>

#define WORD_KERNEL_ROWS 8 /* outputs of one call of `learn` */

struct word_batch {
    float *const *input, *const *output; /* rows; the first output is the word that stood there */
    size_t inputs, outputs;
    float *score, *step; /* inputs x outputs: what came out, and s */
    float *move;         /* outputs x width: room */
};

struct word_kernels {
    /* `first`: label of row 0, the others' is 0. The input's own move is added to `move`, which may be the input. */
    void (*learn)(const float *input, float *move, float *const *row, size_t rows, float first, float rate,
                  size_t width, float *score);
    /* All inputs of a batch meet all its outputs; both move. */
    void (*learn_batch)(const struct word_batch *b, float rate, size_t width);
    void (*mean)(float *to, float *const *row, size_t rows, size_t width);
    void (*spread)(float *const *row, size_t rows, const float *move, size_t width); /* adds to each */
};

const struct word_kernels *word_kernels(void); /* the fastest that this processor runs */
extern const struct word_kernels word_kernels_plain;

#endif
