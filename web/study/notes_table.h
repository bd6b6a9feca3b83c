/* Tables as Markdown writes them: a header, a row of dashes, rows. Of two columns each row is a fact "a = b"; rows of
 * wider tables stay as they were written. Header and dashes say nothing by themselves: they become SHAPE_RULE. */
#ifndef STUDY_NOTES_TABLE_H
#define STUDY_NOTES_TABLE_H

#include "web/study/notes_line.h"

/* Finds all tables among lines that were classified and cleaned. */
void table_read(struct line *lines, int count, struct arena *arena);

#endif
