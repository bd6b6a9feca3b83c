/* What kind of thing a word names: file formats, libraries, kinds of hardware, quantities, identifiers. Partly a table
 * of the field's terms, partly the shape of the word ("ml.p3.2xlarge", "num_round", "2 GB"). */
#ifndef STUDY_TERM_H
#define STUDY_TERM_H

#include <stdbool.h>
#include <stddef.h>

#include "web/study/text.h"

enum value_kind {
    VALUE_STATEMENT, /* free words */
    VALUE_ALGORITHM,
    VALUE_NAME, /* of a hyperparameter, a field, a variable */
    VALUE_MEANING,
    VALUE_NUMBER,
    VALUE_FORMAT,
    VALUE_USE,
    VALUE_METRIC,
    VALUE_MODE,
    VALUE_CHANNEL,
    VALUE_INSTANCE,
    VALUE_HARDWARE,
    VALUE_LIBRARY,
    VALUE_MODEL,
    VALUE_OPTIMIZER,
    VALUE_ACRONYM,
    VALUE_ITEM,   /* of a list */
    VALUE_CHOICE, /* that a name can take */
    VALUE_KINDS
};

struct term {
    const char *text;
    enum value_kind kind;
    bool common; /* nearly every algorithm has it: its absence from a list proves nothing */
};

/* The known terms by concept, for one vocabulary. */
struct term_table {
    int *concepts; /* sorted, beside: index into the table of terms */
    int *terms;
    int count;
};

int term_table_open(struct term_table *table, struct vocabulary *v, struct arena *arena);
const struct term *term_find(const struct term_table *table, int concept); /* NULL when unknown */

/* The kind that the shape of one word tells: NAME, NUMBER, INSTANCE, ACRONYM, or STATEMENT for an ordinary word. */
enum value_kind term_shape(const char *word, size_t len);

/* "ml.m5.12slarge": begins like an instance type and is none. */
bool term_is_odd_instance(const char *word, size_t len);

#endif
