/* Puts words of notes into sentences: cases, arrows, lead-ins turned into questions. Where no rule of English fits, a
 * neutral frame is used instead of a guess, so that no half-sentence is ever bent into a wrong one. */
#ifndef STUDY_PHRASE_H
#define STUDY_PHRASE_H

#include <stdbool.h>

#include "web/study/arena.h"

char *phrase_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Trimmed, arrows within made commas, final ".", ":", ";" and "," taken off. */
char *phrase_plain(struct arena *arena, const char *text);

/* The first letter in lower or upper case, unless the first word is a name: "GPU", "MXNet", "l1", "num_round". */
char *phrase_lower(struct arena *arena, const char *text);
char *phrase_upper(struct arena *arena, const char *text);

/* Is the first word written in a way that must not be changed? */
bool phrase_is_name(const char *text);

/* An identifier's spelling: "Max_depth" is "max_depth". Other text as it is. */
char *phrase_identifier(struct arena *arena, const char *text);

/* The question that asks for the items below a lead-in, without its "?": "Each record must contain" gives "what must
 * each record contain". */
char *phrase_ask(struct arena *arena, const char *lead_in);

/* The same for a phrase like "Training formats" only, NULL for others. */
char *phrase_ask_plural(struct arena *arena, const char *text);

bool phrase_begins(const char *text, const char *word); /* the first word, in any case */
int phrase_words(const char *text);                     /* how many, parted by blanks */

#endif
