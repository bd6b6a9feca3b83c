#include "engine/algo/seq2seq/bleu.h"

#include <math.h>
#include <string.h>

#include "engine/data/vocabulary.h"

static int known(const int32_t *gram, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (gram[i] == VOCABULARY_UNKNOWN)
            return 0;
    return 1;
}

/* How often the n-gram starts in the first `starts` places. */
static size_t occurrences(const int32_t *tokens, size_t starts, const int32_t *gram, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < starts; i++)
        count += memcmp(tokens + i, gram, n * sizeof *gram) == 0;
    return count;
}

/* The k-th occurrence in the output is right where the reference has at least k. */
static size_t right_grams(const int32_t *output, size_t output_starts, const int32_t *reference,
                          size_t reference_starts, size_t n)
{
    size_t right = 0;
    for (size_t i = 0; i < output_starts; i++)
        right += known(output + i, n) &&
                 occurrences(output, i, output + i, n) < occurrences(reference, reference_starts, output + i, n);
    return right;
}

void bleu_add(struct bleu *b, const int32_t *output, size_t output_count, const int32_t *reference,
              size_t reference_count)
{
    b->output += (double)output_count;
    b->reference += (double)reference_count;
    for (size_t n = 1; n <= BLEU_ORDER && n <= output_count; n++) {
        size_t starts = output_count - n + 1, theirs = n <= reference_count ? reference_count - n + 1 : 0;
        b->all[n - 1] += (double)starts;
        b->right[n - 1] += (double)right_grams(output, starts, reference, theirs, n);
    }
}

double bleu_score(const struct bleu *b)
{
    double sum = 0;
    for (size_t n = 0; n < BLEU_ORDER; n++) {
        if (b->right[n] == 0)
            return 0;
        sum += log(b->right[n] / b->all[n]);
    }
    return exp(sum / BLEU_ORDER + fmin(0, 1 - b->reference / b->output));
}
