#include "engine/data/made.h"

extern const struct made made_tok_map, made_toy_mt;

const struct made *const made_sources[] = {
    &made_season_family,
    &made_tok_map,
    &made_toy_mt,
    NULL,
};
