/* Any bytes as a model: refused with a sentence, or a forest that answers rows, is written, and read back the same. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/xgboost/forest.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A model may be of very many columns: answer rows that have few. */
static void ask(const struct forest *f)
{
    float x[9 * 3] = {0, 1, NAN, -1, 2, 3, 0.5F, INFINITY, 7}, margin[9 * 16];
    struct dataset d = {.rows = 9, .columns = 3, .x = x};
    struct importance *all;
    size_t count;
    if (f->outputs <= 16)
        forest_margin(f, &d, margin, NULL);
    d.rows = 1;
    if (f->outputs <= 16)
        forest_margin(f, &d, margin, NULL);
    if (f->columns < 100000 && forest_importance(f, &all, &count) == 0)
        free(all);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct forest f, again;
    struct error err = {0};
    struct str text = {0}, second = {0};
    if (forest_read(&f, (const char *)bytes, size, "fuzz", &err) < 0) {
        if (err.code == ERROR_NONE || !err.what[0])
            abort();
        return 0;
    }
    for (int i = 0; i < f.count; i++)
        for (int node = 0; node < f.trees[i].size; node++)
            if (f.trees[i].parent[node] >= node || (!tree_is_leaf(&f.trees[i], node) && f.trees[i].left[node] <= node))
                abort();
    ask(&f);
    if (f.columns < 100000 && f.outputs < 1000) {
        if (forest_write(&f, &text) < 0 || forest_read(&again, text.data, text.len, "written", &err) < 0)
            abort();
        if (forest_write(&again, &second) < 0 || strcmp(text.data, second.data) != 0)
            abort();
        forest_free(&again);
    }
    str_free(&text);
    str_free(&second);
    forest_free(&f);
    return 0;
}
