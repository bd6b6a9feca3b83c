/* Puts the lines of a section in their places: what stands at the top, what below a lead-in, what carries on the line
 * above. Bullets and indentation decide where there are any; else the words do (notes_grammar).
 *
 * Lines come one after the other; at most TREE_DEPTH levels are kept, deeper ones stand beside the deepest. */
#ifndef STUDY_NOTES_TREE_H
#define STUDY_NOTES_TREE_H

#include <stdint.h>

#include "engine/base/str.h"
#include "web/study/arena.h"
#include "web/study/notes.h"
#include "web/study/notes_line.h"

#define TREE_DEPTH 8

enum item_kind { KIND_PHRASE, KIND_STATEMENT, KIND_LEAD };

struct level {
    int fact;
    int indent;
    enum bullet bullet;
    bool group;     /* introduces what follows at its own level */
    bool nested;    /* a lead-in directly below an empty lead-in */
    bool condition; /* its items may be of any kind */
    bool rule;      /* explained by one statement only */
    bool elsewhere; /* its items stand at another level: an indented or bulleted list */
    bool topics;    /* its first item is "Topic: ..." */
    int items;
    enum item_kind first; /* the kind of its first item: the others are alike */
};

struct tree {
    struct notes *notes;
    struct arena *arena;
    bool markdown, lower_case; /* most lines begin with a small letter, which then tells nothing */
    const uint64_t *labels;    /* sorted hashes of the short lead-ins of the notes, "word2vec" */
    size_t label_count, fact_room, problem_room;

    struct level stack[TREE_DEPTH];
    int height, section;
    size_t section_facts; /* the section's first fact */
    bool open;            /* the last fact may be carried on; its text so far is in `text` */
    struct str text;
    bool after_blank, in_code, failed;
    int fence_indent;
    size_t width;       /* bytes at which an editor wrapped all lines, 0: the notes are not wrapped */
    size_t line_before; /* length of the line above, 0: that line was complete */
    const char *source;
    int source_line; /* 0: none, or some fact follows it */
};

uint64_t tree_label_hash(const char *text, size_t len); /* of the words without case */

void tree_section(struct tree *tree, int section); /* begins a section */
void tree_blank(struct tree *tree);
enum line_role tree_line(struct tree *tree, struct line *line, int number, bool has_next);
void tree_end(struct tree *tree); /* completes the last fact */
void tree_free(struct tree *tree);
void tree_problem(struct tree *tree, int line, enum problem_kind kind, const char *fix, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
