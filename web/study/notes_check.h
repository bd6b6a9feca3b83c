/* What a second look at the whole of the notes finds: sections without facts, lead-ins without items, lines that may
 * hold two bullets, an algorithm that lacks what its siblings have, an end that breaks off. */
#ifndef STUDY_NOTES_CHECK_H
#define STUDY_NOTES_CHECK_H

#include "web/study/notes_tree.h"

/* Adds the problems to tree->notes, puts all in the order of their lines and counts the algorithms. `loose_from` to
 * `loose_to` are the lines of the facts before the first heading, 0 when there are none. -1: out of memory. */
int check_notes(struct tree *tree, const struct line *lines, int line_count, int loose_from, int loose_to);

#endif
