#include "engine/suggest.h"

#include <stdio.h>
#include <string.h>

#define LONGEST 63

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance: three rows of the usual table, since a swap looks two rows back. */
size_t suggest_distance(const char *a, const char *b)
{
    size_t rows[3][LONGEST + 1], n = strnlen(a, LONGEST), m = strnlen(b, LONGEST);
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            now[j] = least(least(above[j], now[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], two_above[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

/* Near: at most a third of the letters differ, or one is the beginning of the other ("learning" of "learning_rate"). */
void suggest_offer(struct suggestion *s, const char *word, const char *name)
{
    size_t n = strlen(word), distance = suggest_distance(word, name);
    if (n >= 3 && strncmp(word, name, n) == 0)
        distance = 1;
    if (distance > n / 3 + 1 || distance >= n)
        return;
    if (s->name[0] && distance >= s->distance)
        return;
    snprintf(s->name, sizeof s->name, "%s", name);
    s->distance = distance;
}
