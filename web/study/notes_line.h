/* One line of notes by itself: how far it is indented, which bullet it carries, what kind of line it is, and its text
 * without all that. What a line means among its neighbours is decided by notes_heading and notes_tree. */
#ifndef STUDY_NOTES_LINE_H
#define STUDY_NOTES_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "web/study/arena.h"

enum bullet {
    BULLET_NONE,
    BULLET_HYPHEN,
    BULLET_EN_DASH,
    BULLET_EM_DASH,
    BULLET_STAR,
    BULLET_PLUS,
    BULLET_DOT,
    BULLET_NUMBER,
    BULLET_LETTER
};

enum line_shape {
    SHAPE_BLANK,
    SHAPE_RULE, /* only dashes, stars or equals signs; the header of a table */
    SHAPE_TEXT,
    SHAPE_ARROW, /* begins with an arrow */
    SHAPE_HASH,  /* Markdown heading, `level` hashes */
    SHAPE_FENCE, /* opens or closes a block of code */
    SHAPE_CODE,
    SHAPE_ROW, /* of a table, below its header */
    SHAPE_SOURCE,
    SHAPE_OFTEN_WRONG,
    SHAPE_WHY,
    SHAPE_ALSO
};

struct line {
    const char *bytes; /* within the input, without the line end */
    const char *text;  /* cleaned; NULL until line_clean */
    unsigned size;
    unsigned text_from; /* where the text begins within bytes */
    unsigned char indent, bullet, shape, level;
    unsigned char columns; /* of the table that this line is the header of */
    bool apart;            /* held two bullets and was split */
};

/* Fills in all but text. `in_code` is carried from line to line and starts false. */
void line_classify(struct line *line, const char *bytes, size_t size, bool *in_code);

/* Makes the text: blanks put in order, invisible characters left out; with `markdown` also without its marks for
 * bold, italic, code and links. */
void line_clean(struct line *line, struct arena *arena, bool markdown);

/* The length of the arrow at the start, 0 without one. */
size_t line_arrow(const char *text, size_t len);

/* The first " - " or the like from `from` on: its place, the bullet it stands for and its length; false without one. */
struct line_dash {
    size_t at, size;
    enum bullet bullet;
};
bool line_dash_find(const char *text, size_t from, struct line_dash *dash);

#endif
