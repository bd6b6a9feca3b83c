#include "engine/algo/detection/suppress.h"

#include <stdlib.h>

#include "engine/algo/detection/anchors.h"

static int by_score(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    if (x->box.class_id != y->box.class_id)
        return x->box.class_id < y->box.class_id ? -1 : 1;
    if (x->box.top != y->box.top)
        return x->box.top < y->box.top ? -1 : 1;
    if (x->box.left != y->box.left)
        return x->box.left < y->box.left ? -1 : 1;
    return (x->box.right > y->box.right) - (x->box.right < y->box.right);
}

void found_sort(struct found *f, size_t n)
{
    if (n > 1)
        qsort(f, n, sizeof *f, by_score);
}

size_t suppress(struct found *f, size_t n, double limit, size_t most)
{
    size_t kept = 0;
    for (size_t i = 0; i < n && kept < most; i++) {
        size_t k = 0;
        while (k < kept && (double)box_overlap(&f[k].box, &f[i].box) <= limit)
            k++;
        if (k == kept)
            f[kept++] = f[i];
    }
    return kept;
}
