/* Which lines of the notes are headings, what they name, and which spellings mean the same.
 *
 * A plain "Algorithm - Topic" line looks like many a fact, so the whole file is weighed: beginnings that come back with
 * other topics, topics that come back under other names, known words for topics, blank lines, shortness. */
#ifndef STUDY_NOTES_HEADING_H
#define STUDY_NOTES_HEADING_H

#include "web/study/notes_line.h"

struct heading {
    int line; /* index into the lines */
    const char *text, *algorithm, *slug, *topic, *slot;
    const char *folded_from; /* the rarer spelling that was taken for `algorithm`, or NULL */
    bool parent;             /* Markdown: names an algorithm, its topics are headings below it */
};

struct heading_list {
    struct heading *items; /* in the order of their lines; the arena's */
    size_t count;
    const char *title;
    int title_line; /* index, -1: none */
    int lead_level; /* Markdown headings from this level down introduce facts inside a section; 0: none do */
};

/* Returns -1 when out of memory. */
int heading_find(struct heading_list *found, const struct line *lines, int count, struct arena *arena);

#endif
