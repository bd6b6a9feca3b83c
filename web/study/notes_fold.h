/* Spellings of one name: "BlazingTest" for "BlazingText". */
#ifndef STUDY_NOTES_FOLD_H
#define STUDY_NOTES_FOLD_H

#include "web/study/notes_heading.h"

/* Gives every heading of one algorithm its most frequent spelling, and rare near spellings that of their neighbour.
 * Returns -1 when out of memory. */
int heading_fold(struct heading_list *found, struct arena *arena);

/* Do two slugs differ so little that one may be a slip of the other? Short words and digits must agree. */
bool fold_is_near(const char *a, const char *b);

#endif
