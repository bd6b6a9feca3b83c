/* Picks wrong options that look like the right one, so that nothing but knowledge tells them apart: the same form, like
 * length, none near another. Where the key stands and how long it is beside the others follow from the question's
 * identity, evenly over a bank. */
#ifndef STUDY_CHOICE_H
#define STUDY_CHOICE_H

#include "web/study/question.h"

#define CHOICE_OPTIONS 4 /* three where only two wrong options are proven wrong */
#define CHOICE_MOST 16   /* wrong options to choose from */

struct choice {
    struct question_option wrong[CHOICE_MOST];
    int count;
    struct words stem; /* words that an option must not echo */
};

/* "max_depth" beside "eta", "CSV" beside "csv": would the form alone tell them apart? */
bool choice_like(enum value_kind kind, const char *a, const char *b);

/* Adds a wrong option unless its form, length or words would give the key away, or there are enough: then NULL. */
struct question_option *choice_add(struct choice *choice, struct question_list *list, enum value_kind kind,
                                   const char *key, struct question_option wrong);

/* Fills the question's options and key. false: fewer than two wrong options fit together. */
bool choice_fill(struct choice *choice, struct question_list *list, struct question *q, const char *key, int key_line);

/* Do these lengths go together: at most 1.8 times, or 12 characters apart? */
bool choice_lengths(size_t shortest, size_t longest);

#endif
