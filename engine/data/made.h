/* Made data that are no table: series, pairs and text with planted truth, by the same recipes as the rows of
 * generate.h. A source is one file (made_NAME.c) and one line in made.c. */
#ifndef DATA_MADE_H
#define DATA_MADE_H

#include "engine/data/generate.h"

struct made {
    struct generator about;
    enum data_kind kind; /* not DATA_TABLE */
    /* Fills the zeroed parts (train, validation, test, each named "NAME (part)", and vocabularies where it has words).
     * `values` of the parameters, in their order. On -1 parts_free is the caller's. */
    int (*make)(const double *values, uint64_t seed, struct parts *parts, struct error *err);
};

extern const struct made *const made_sources[]; /* ends at NULL */

extern const struct made made_season_family;                                                  /* series */
extern const struct made made_tok_map, made_toy_mt;                                           /* translations */
extern const struct made made_pair_topic, made_pair_bigram, made_pair_order, made_shop_small; /* labelled pairs */
extern const struct made made_planted_words, made_opinion_text;                               /* text */
extern const struct made made_shapes40;                                                       /* images */

#endif
