/* Facts of two halves: "eta = step size shrinkage; default 0.3", "CSV → first column is the label", "start: the
 * starting time stamp", and in lists "cat, categorical features". Anything less clear is no pair. */
#ifndef STUDY_PAIR_H
#define STUDY_PAIR_H

#include <stdbool.h>

#include "web/study/arena.h"

struct pair {
    const char *name;     /* as questions show it: "max_depth" for "Max_depth" */
    const char *meaning;  /* plain, without what the next two say */
    const char *standard; /* the default, NULL when none is named */
    bool required;        /* "it must always be given" */
    bool defines;         /* says what the name means, rather than something about it */
    bool hyper;           /* the name is that of a hyperparameter, in whatever section */
    bool label;           /* "GPU: P2, P3": what stands before a colon without being defined by it */
};

/* Where a fact stands decides what its signs mean. */
struct pair_place {
    bool names;   /* in a section of hyperparameters */
    bool in_list; /* an item below a lead-in */
};

bool pair_parse(struct pair *pair, struct arena *arena, const char *text, struct pair_place place);

/* What an item is called, without what is said about it: "User (one per row), which is required" gives "User". */
char *pair_item(struct arena *arena, const char *text);

/* The values that a name can take: "adam, sgd or rmsprop", "how trees are built: exact, approx or hist", or of a bare
 * name "Mode (cbow, skipgram)". How many, at most PAIR_CHOICES; 0 when the text is no such list. `name`: whose they
 * are. */
#define PAIR_CHOICES 7
int pair_choices(struct arena *arena, const struct pair *pair, const char *text, const char **name,
                 const char *choices[PAIR_CHOICES]);

/* The halves around the first arrow, whatever they are; false when there is none or a half is too short to ask for. */
bool pair_halves(struct arena *arena, const char *text, char **first, char **second);

#endif
