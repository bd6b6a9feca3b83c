/* Words of the notes that look misspelt beside the others: "FGradient" where "gradient" is written elsewhere, and
 * instance types of no known shape. No question may have one as its answer. */
#ifndef STUDY_SLIP_H
#define STUDY_SLIP_H

#include <stdbool.h>
#include <stdint.h>

#include "web/study/text.h"

struct slips {
    uint8_t *odd; /* by word */
    int count;    /* words looked at */
};

/* `uses[word]`: how often each of the `count` words occurs; the first `known` of them are spelt right for certain.
 * Returns -1 when out of memory. */
int slips_find(struct slips *slips, const struct vocabulary *v, const int *uses, int count, int known,
               struct arena *arena);

bool slips_word(const struct slips *slips, int word);
bool slips_text(const struct slips *slips, struct words words, const char *text);

#endif
