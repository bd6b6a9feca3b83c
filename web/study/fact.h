/* The truth table behind every question: algorithm x kind of value x value -> true, false or unknown.
 *
 * TRUE: a line of the notes names the value. FALSE: the algorithm's own complete list of such values lacks it and no
 * line about the algorithm speaks of it in other words. All else is UNKNOWN, and no wrong option is made of that.
 *
 *     struct fact_table table;
 *     if (fact_table_open(&table, &notes, &arena) == 0)
 *         ... fact_truth(&table, algorithm, &table.values[i], &line) ...
 *     fact_table_close(&table);
 *
 * Everything in it belongs to the arena or to the notes; both must outlive it. */
#ifndef STUDY_FACT_H
#define STUDY_FACT_H

#include <stdbool.h>
#include <stdint.h>

#include "web/study/notes.h"
#include "web/study/pair.h"
#include "web/study/slip.h"
#include "web/study/term.h"
#include "web/study/text.h"

enum truth { TRUTH_UNKNOWN, TRUTH_TRUE, TRUTH_FALSE };

struct algorithm {
    const char *name, *slug;
};

/* Beside each fact of the notes. */
struct fact {
    int algorithm;               /* -1: stands in no section, nothing is asked of it */
    int parent;                  /* as in the notes, -1 also where that link makes no sense */
    int first_child, next_child; /* -1: none */
    int child_count;
    bool silent; /* "Also true": nothing is asked of it, but it keeps others from being taken for false */
    bool has_pair;
    struct pair pair;
    struct words words, name; /* of the whole text; of the pair's name, if it is one */
};

/* Something that is true of an algorithm, of a name (a meaning, a default) or of a list (an item). */
struct value {
    enum value_kind kind;
    int algorithm, section;
    int fact, line;
    int list;         /* the lead-in or fact it stands below, -1: none */
    int group;        /* NAME, FORMAT, MEANING, ...: the algorithm; ITEM: the section */
    const char *text; /* as an option shows it */
    int concept;
    struct words words;
    uint64_t hash; /* of the concept: the same in all notes, gives an order that no neighbour disturbs */
    bool common;   /* its absence from a list proves nothing */
    bool slip;     /* looks misspelt: never a key */
};

struct posting {
    uint64_t key; /* algorithm and word, or up to three words joined */
    int fact;
};

struct fact_table {
    const struct notes *notes;
    struct arena *arena;
    struct vocabulary vocabulary;
    struct term_table terms;
    struct slips slips;
    int known_words; /* the vocabulary's first, those of the terms: spelt right */
    struct algorithm *algorithms;
    struct fact *facts;
    struct value *values; /* sorted by kind, group, hash */
    int *ring;            /* indexes of values sorted by kind, hash */
    struct posting *postings;
    int algorithm_count, fact_count, value_count;
    size_t posting_count, value_room;
};

int fact_table_open(struct fact_table *table, const struct notes *notes, struct arena *arena); /* -1: out of memory */
void fact_table_close(struct fact_table *table);

/* `line`: where the notes say so; for FALSE the first line of the list that lacks it. NULL: not wanted. */
enum truth fact_truth(const struct fact_table *table, int algorithm, const struct value *value, int *line);

/* Does a fact about the algorithm speak of the value, in these or other words? Its index, or -1. */
int fact_mentions(const struct fact_table *table, int algorithm, const struct value *value);

/* The share of `words` that are in `other`, stop words aside. */
double fact_shared(const struct fact_table *table, struct words words, struct words other);

/* A run of values: those of a kind in one group (group >= 0), or the ring of all of a kind (group -1). */
struct value_run {
    int first, count;
    bool ring;
};
struct value_run fact_run(const struct fact_table *table, enum value_kind kind, int group);
const struct value *fact_run_at(const struct fact_table *table, struct value_run run, int index);

/* Where in a run to begin for a seed: the first value whose hash is not below it. */
int fact_run_start(const struct fact_table *table, struct value_run run, uint64_t seed);

bool fact_is_asked(const struct fact_table *table, int fact); /* not one without a section, not "Also true" */
const struct notes_section *fact_section(const struct fact_table *table, int fact);
int fact_slot(const struct fact_table *table, int fact); /* index into notes_slots */
bool fact_in_slot(const struct fact_table *table, int fact, const char *slot);

uint64_t fact_hash(const char *text); /* 64 bits, well mixed */
uint64_t fact_mix(uint64_t h);        /* spreads what differs over all bits */

#endif
