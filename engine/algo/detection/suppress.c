#include "engine/algo/detection/suppress.h"

#include <stdlib.h>

#include "engine/tensor/exp.h"

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

/* Boxes that stay, side by side. */
struct stay {
    float left[SUPPRESS_MOST], top[SUPPRESS_MOST], right[SUPPRESS_MOST], bottom[SUPPRESS_MOST], area[SUPPRESS_MOST];
    size_t count;
};

/* Does the box overlap one of those that stay by more than `limit`? both / (sum - both) > limit without dividing. */
VECTORISED static int overlaps_any(const struct stay *s, const struct box *b, float area, float limit)
{
    float left = b->left, top = b->top, right = b->right, bottom = b->bottom;
    int any = 0;
    for (size_t i = 0; i < s->count; i++) {
        float width = (s->right[i] < right ? s->right[i] : right) - (s->left[i] > left ? s->left[i] : left);
        float height = (s->bottom[i] < bottom ? s->bottom[i] : bottom) - (s->top[i] > top ? s->top[i] : top);
        float both = (width > 0 ? width : 0) * (height > 0 ? height : 0);
        any |= both > limit * (s->area[i] + area - both);
    }
    return any;
}

size_t suppress(struct found *f, size_t n, double limit, size_t most)
{
    struct stay s = {.count = 0};
    most = most < SUPPRESS_MOST ? most : SUPPRESS_MOST;
    for (size_t i = 0; i < n && s.count < most; i++) {
        const struct box b = f[i].box;
        float area = (b.right - b.left) * (b.bottom - b.top);
        if (overlaps_any(&s, &b, area, (float)limit))
            continue;
        s.left[s.count] = b.left;
        s.top[s.count] = b.top;
        s.right[s.count] = b.right;
        s.bottom[s.count] = b.bottom;
        s.area[s.count] = area;
        f[s.count++] = f[i];
    }
    return s.count;
}
