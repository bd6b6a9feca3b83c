#include "engine/base/asset.h"

#include <stdlib.h>
#include <string.h>

static int compare_path(const void *path, const void *asset)
{
    return strcmp(path, ((const struct asset *)asset)->path);
}

const struct asset *asset_find(const struct asset_set *set, const char *path)
{
    return bsearch(path, set->assets, set->count, sizeof *set->assets, compare_path);
}
