/* The name that was probably meant: "learning_rat" -> "learning_rate". For messages about unknown names. */
#ifndef ENGINE_SUGGEST_H
#define ENGINE_SUGGEST_H

#include <stddef.h>

/* Number of letters to insert, delete, replace or swap with their neighbour. Words are cut at 63 bytes. */
size_t suggest_distance(const char *a, const char *b);

/* Keeps the nearest of all names offered: start with {0}, offer each, read `name` ("" when none is near). */
struct suggestion {
    char name[64];
    size_t distance;
};
void suggest_offer(struct suggestion *s, const char *word, const char *name);

#endif
