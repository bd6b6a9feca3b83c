#include "engine/algo/xgboost/sample.h"

#include <math.h>

/* Each column in turn is kept with the chance that is left for it, which ends in exactly as many as are wanted. */
void sample_columns(uint32_t *columns, uint32_t *count, double share, uint64_t key)
{
    uint32_t wanted = (uint32_t)fmax(1, floor(share * *count)), kept = 0, all = *count;
    if (share >= 1)
        return;
    for (uint32_t i = 0; i < all && kept < wanted; i++)
        if (sample_uniform(sample_hash(key, columns[i])) * (all - i) < wanted - kept)
            columns[kept++] = columns[i];
    *count = kept;
}
