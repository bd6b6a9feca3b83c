#include "engine/data/made.h"

const struct made *const made_sources[] = {
    &made_season_family,
    &made_tok_map,
    &made_toy_mt,
    &made_pair_topic,
    &made_pair_bigram,
    &made_pair_order,
    &made_shop_small,
    &made_planted_words,
    &made_opinion_text,
    &made_shapes40,
    NULL,
};
