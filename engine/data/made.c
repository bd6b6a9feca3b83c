#include "engine/data/made.h"

const struct made *const made_sources[] = {
    NULL,
};
