/* What the words of a line tell about its place: a statement, a phrase, a condition, something that is carried on.
 * Rules of thumb for English notes; each is a table or a few lines, and tests show on which lines they were found. */
#ifndef STUDY_NOTES_GRAMMAR_H
#define STUDY_NOTES_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>

int grammar_words(const char *text);

bool grammar_ends_with_colon(const char *text);

/* A statement has a verb where one expects it: "Uses SGD", "Implemented with RNNs", "The dough must rest",
 * "For small data, a CPU will do". A phrase has not: "Machine translation". */
bool grammar_is_statement(const char *text);

/* "Uses SGD": what is spoken of is left out. */
bool grammar_opens_with_verb(const char *text);

/* "For supervised mode": a short condition that cannot stand alone, without a colon. */
bool grammar_is_condition(const char *text);

/* Begins as a condition does ("For text classification:"), whatever follows. */
bool grammar_opens_condition(const char *text);

/* Ends with a colon, yet says something by itself: "Can train on only a single instance (CPU, GPU or multi-GPU):" */
bool grammar_stands_alone(const char *text);

/* "Always ...", "Never ...": a rule of its own; its colon holds only for the next statement. */
bool grammar_is_rule(const char *text);

/* "with larger models", "e.g. P2": goes on with the line above. `hard_wrapped`: the line above was full; `lower_case`:
 * most lines of these notes begin with a small letter. */
bool grammar_carries_on(const char *text, bool hard_wrapped, bool lower_case);

/* "Can be smaller than the season", said of the name that the line above defines. */
bool grammar_defines(const char *text);
bool grammar_lacks_subject(const char *text);

/* "With image format, ..." where `above` speaks of the image format. */
bool grammar_refers_to(const char *text, const char *above);

/* The end of a text that was not finished: a comma, an open bracket, "and". */
bool grammar_breaks_off(const char *text);

#endif
