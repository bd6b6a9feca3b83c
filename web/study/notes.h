/* Reads study notes as people write them: sections "Algorithm - Topic", half-sentences, arrows, nested dashes, or
 * Markdown headings and bullets. Nothing is dropped: every input line has a role, and what could not be understood is
 * a problem with its line number and a way to mend it. Pure: bytes in, structure out; safe on any bytes.
 *
 *     struct notes notes;
 *     if (notes_parse(&notes, bytes, len, &err) == 0) { ... notes_free(&notes); }
 *
 * Five marks may stand among the facts, each on its own line; the built-in deck uses them and so can anyone:
 *     Source: linear-learner.md          where the facts below it, up to the next Source or heading, were read
 *     Often wrong: AdaGrad is an option  what notes often say instead of the fact above
 *     Why: one feature must not dominate explanation of the fact above
 *     Also true: momentum, beta_1        nothing is asked of it, and no question takes it for false
 *     Disputed: AdaGrad                  the same, because the sources disagree */
#ifndef STUDY_NOTES_H
#define STUDY_NOTES_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/error.h"

#define NOTES_MAX_BYTES (4u << 20) /* larger files are refused with a sentence */
#define NOTES_MAX_LINE 4096u       /* bytes; a longer line is refused */
#define NOTES_MAX_LINES 50000u

enum line_role {
    LINE_BLANK, /* says nothing: also rules, code fences, lone bullets, the header of a table */
    LINE_DECK_TITLE,
    LINE_HEADING,
    LINE_FACT,         /* a statement of its own or an item below a lead-in */
    LINE_LEAD_IN,      /* "Can be used for:", introduces the items below */
    LINE_CONTINUATION, /* carries on the fact above */
    LINE_MARK          /* Source, Often wrong, Why, Also true */
};

/* One statement. Text is cleaned of bullets and trimmed, otherwise as written. A line that begins with an arrow is
 * joined by " → ", any other continuation by a blank, a block of code by line ends; no text is longer than
 * NOTES_MAX_LINE. A long line that ends in a colon but says something by itself is a fact with items below it and loses
 * the colon. */
struct notes_fact {
    int line, last_line; /* 1-based, last_line covers continuations */
    int section;         /* index into sections */
    int parent;          /* index of the lead-in or fact above it, -1: none */
    int depth;           /* 0 at the section's top */
    bool lead_in;        /* introduces others; is not a fact by itself */
    bool also;           /* the text of an "Also true" mark: nothing is asked of it */
    const char *text;
    const char *source, *often_wrong, *why; /* NULL when absent */
};

struct notes_section {
    int line;
    const char *heading;   /* as written */
    const char *algorithm; /* spelling most of the file uses: "BlazingText" also for "BlazingTest - Input" */
    const char *slug;      /* "blazingtext", "linear-learner" */
    const char *topic;     /* as written: "Hyperparams" */
    const char *slot;      /* one of notes_slots, "other" when none fits: "hyperparameters" */
};

enum problem_kind {
    PROBLEM_HEADING_FOLDED, /* a heading was taken for a near spelling of another */
    PROBLEM_RUN_TOGETHER,   /* two bullets on one line, split or left whole: the message says which */
    PROBLEM_UNFINISHED,     /* a lead-in without items, an end that breaks off */
    PROBLEM_NO_SECTION,     /* facts before the first heading */
    PROBLEM_EMPTY_SECTION,
    PROBLEM_ODD_MARK,  /* a mark with nothing to attach to */
    PROBLEM_WIDE_TABLE /* more than two columns: its rows are kept as they were written */
};

struct notes_problem {
    int line;
    enum problem_kind kind;
    const char *message, *fix; /* sentences */
};

struct notes {
    const char *title; /* NULL when the notes have none */
    struct notes_section *sections;
    struct notes_fact *facts;
    struct notes_problem *problems;
    size_t section_count, fact_count, problem_count;
    enum line_role *roles; /* one per input line */
    int line_count, algorithm_count;
    bool unseen;  /* set by the caller: whoever learns has no such file, so cards name no line of it */
    void *memory; /* owns every string above */
};

/* The canonical topics, ending at NULL: "model type", "input", "hyperparameters", "instances", "training",
 * "pre-processing", "validation", "modes", "usage", "inference", "metrics", "other". */
extern const char *const notes_slots[];

int notes_parse(struct notes *notes, const char *bytes, size_t len, struct error *err);
int notes_read(struct notes *notes, const char *path, struct error *err); /* a file, "-" is standard input */
void notes_free(struct notes *notes);

#endif
