#include "web/study/notes_fold.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_SLUG 64        /* longer names are not compared */
#define MAX_SLIPS 3        /* a spelling that is used more often is meant */
#define MAX_FAMILY 256u    /* nor are slips of a name with more sections than anyone writes */
#define MAX_ALL_PAIRS 512u /* with more names than this each is compared with its neighbours only */

/* One algorithm: a run of the headings sorted by slug. */
struct family {
    size_t from, to;
    const char *name;
    struct family *into; /* the family whose name was meant */
};

static int by_slug(const void *a, const void *b)
{
    const struct heading *x = *(struct heading *const *)a, *y = *(struct heading *const *)b;
    int order = strcmp(x->slug, y->slug);
    order = order ? order : strcmp(x->algorithm, y->algorithm);
    return order ? order : x->line - y->line;
}

/* Number of single changes that make a of b, a swap of neighbours counting as one; gives up above 2. */
static int edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    unsigned char rows[3][MAX_SLUG + 1];
    unsigned char *before = rows[0], *above = rows[1], *row = rows[2];
    if (a_len > MAX_SLUG || b_len > MAX_SLUG || a_len > b_len + 2 || b_len > a_len + 2)
        return 3;
    for (size_t j = 0; j <= b_len; j++)
        before[j] = above[j] = (unsigned char)j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned char *oldest = before;
        row[0] = (unsigned char)i;
        for (size_t j = 1; j <= b_len; j++) {
            int best = above[j - 1] + (a[i - 1] != b[j - 1]);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = (unsigned char)best;
        }
        before = above;
        above = row;
        row = oldest;
    }
    return above[b_len] > 2 ? 3 : above[b_len];
}

static bool same_but_hyphens(const char *a, const char *b)
{
    for (;; a++, b++) {
        a += *a == '-';
        b += *b == '-';
        if (*a != *b)
            return false;
        if (!*a)
            return true;
    }
}

static bool same_digits(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t j = 0;
    for (size_t i = 0; i < a_len; i++) {
        if (a[i] < '0' || a[i] > '9')
            continue;
        while (j < b_len && (b[j] < '0' || b[j] > '9'))
            j++;
        if (j == b_len || b[j++] != a[i])
            return false;
    }
    while (j < b_len && (b[j] < '0' || b[j] > '9'))
        j++;
    return j == b_len;
}

/* "vitamin-a" is not "vitamin-b": only within words of 5 letters and more a slip is likelier than a meaning. */
static bool word_is_near(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t shorter = a_len < b_len ? a_len : b_len;
    if (a_len == b_len && memcmp(a, b, a_len) == 0)
        return true;
    if (shorter < 5 || !same_digits(a, a_len, b, b_len))
        return false;
    return edit_distance(a, a_len, b, b_len) <= (shorter < 10 ? 1 : 2);
}

bool fold_is_near(const char *a, const char *b)
{
    if (same_but_hyphens(a, b))
        return true;
    for (;;) {
        size_t a_len = strcspn(a, "-"), b_len = strcspn(b, "-");
        if (!word_is_near(a, a_len, b, b_len))
            return false;
        a += a_len;
        b += b_len;
        if (*a != *b)
            return false;
        if (!*a)
            return true;
        a++;
        b++;
    }
}

static size_t family_size(const struct family *f)
{
    return f->to - f->from;
}

/* The spelling most headings of the family use, the first in the notes where several do. */
static const char *family_name(struct heading *const *sorted, const struct family *f)
{
    const char *best = sorted[f->from]->algorithm;
    size_t most = 0;
    int first = 0;
    for (size_t i = f->from, to; i < f->to; i = to) {
        for (to = i + 1; to < f->to && strcmp(sorted[to]->algorithm, sorted[i]->algorithm) == 0;)
            to++;
        if (to - i > most || (to - i == most && sorted[i]->line < first)) {
            best = sorted[i]->algorithm;
            most = to - i;
            first = sorted[i]->line;
        }
    }
    return best;
}

/* A slip is rare, looks like the other, and has no topic that the other has as well. */
static bool is_slip(struct heading *const *sorted, const struct family *rare, const struct family *known)
{
    if (family_size(rare) > MAX_SLIPS || family_size(known) < 2 * family_size(rare) || family_size(known) > MAX_FAMILY)
        return false;
    if (!fold_is_near(sorted[rare->from]->slug, sorted[known->from]->slug))
        return false;
    for (size_t i = rare->from; i < rare->to; i++)
        for (size_t j = known->from; j < known->to; j++)
            if (strcasecmp(sorted[i]->topic, sorted[j]->topic) == 0)
                return false;
    return true;
}

static void find_slips(struct heading_list *found, struct heading *const *sorted, struct family *families, size_t count,
                       struct family *const *family_at)
{
    for (size_t i = 0; i < count; i++) {
        struct family *rare = &families[i];
        size_t at = (size_t)(sorted[rare->from] - found->items);
        for (size_t j = 0; count <= MAX_ALL_PAIRS && j < count && !rare->into; j++)
            if (j != i && !families[j].into && is_slip(sorted, rare, &families[j]))
                rare->into = &families[j];
        if (count <= MAX_ALL_PAIRS)
            continue;
        if (at > 0 && !family_at[at - 1]->into && is_slip(sorted, rare, family_at[at - 1]))
            rare->into = family_at[at - 1];
        else if (at + 1 < found->count && !family_at[at + 1]->into && is_slip(sorted, rare, family_at[at + 1]))
            rare->into = family_at[at + 1];
    }
}

int heading_fold(struct heading_list *found, struct arena *arena)
{
    size_t count = 0;
    struct heading **sorted = arena_take(arena, (found->count + 1) * sizeof(struct heading *));
    struct family *families = arena_take(arena, (found->count + 1) * sizeof *families);
    struct family **family_at = arena_take(arena, (found->count + 1) * sizeof(struct family *));
    if (!sorted || !families || !family_at)
        return -1;
    for (size_t i = 0; i < found->count; i++)
        sorted[i] = &found->items[i];
    qsort(sorted, found->count, sizeof(struct heading *), by_slug);
    for (size_t from = 0, to; from < found->count; from = to) {
        for (to = from; to < found->count && strcmp(sorted[to]->slug, sorted[from]->slug) == 0; to++)
            family_at[sorted[to] - found->items] = &families[count];
        families[count] = (struct family){.from = from, .to = to};
        families[count].name = family_name(sorted, &families[count]);
        count++;
    }
    find_slips(found, sorted, families, count, family_at);
    for (size_t i = 0; i < count; i++) {
        const struct family *meant = &families[i];
        while (meant->into)
            meant = meant->into;
        for (size_t j = families[i].from; j < families[i].to; j++) {
            sorted[j]->folded_from = families[i].into ? sorted[j]->algorithm : NULL;
            sorted[j]->algorithm = meant->name;
            sorted[j]->slug = sorted[meant->from]->slug;
        }
    }
    return 0;
}
