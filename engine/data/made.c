#include "engine/data/made.h"

const struct made *const made_sources[] = {
    &made_season_family,
    NULL,
};
