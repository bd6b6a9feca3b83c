#include "web/study/notes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/study/notes_check.h"
#include "web/study/notes_grammar.h"
#include "web/study/notes_heading.h"
#include "web/study/notes_line.h"
#include "web/study/notes_table.h"
#include "web/study/notes_tree.h"
#include "web/study/slot.h"
#include "web/study/utf8.h"

#define SAVE_AS_UTF8 "Save the notes as plain text in UTF-8 and try again."

#define WRAP_LEAST 60u /* bytes of the longest line */
#define WRAP_MOST 130u
#define WRAP_SLACK 12u /* the last word of a line may be so long */
#define WRAP_LINES 3u

/* All that is needed while parsing; what the caller keeps is in notes and in the arena. */
struct parser {
    struct notes *notes;
    struct arena *arena;
    struct line *lines;
    int count;
    bool markdown;
    struct heading_list headings;
    struct tree tree;
    uint64_t *labels;
    int loose_from, loose_to; /* facts before the first heading: their lines, 0: none */
};

static int out_of_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "Try again when the machine is less busy.",
                     "There was no memory left to read the notes.");
}

/* --- bytes to lines ---------------------------------------------------------------------------------------------- */

/* The end of the line at `from`, and where the next one begins: after CR, LF or CR LF. */
static size_t line_end(const char *bytes, size_t len, size_t from, size_t *next)
{
    size_t end = from;
    while (end < len && bytes[end] != '\n' && bytes[end] != '\r')
        end++;
    *next = end + (end < len) + (end + 1 < len && bytes[end] == '\r' && bytes[end + 1] == '\n');
    return end;
}

/* The line a byte is in, and its place there, both from 1. */
static void find_place(const char *bytes, size_t len, size_t at, char *where, size_t size)
{
    size_t line = 1, from = 0, next = 0;
    while (line_end(bytes, len, from, &next) < at && next <= at && next > from) {
        line++;
        from = next;
    }
    snprintf(where, size, "line %zu, byte %zu", line, at - from + 1);
}

static int check_encoding(const char *bytes, size_t len, struct error *err)
{
    char where[64];
    const char *nul;
    size_t valid;
    if (len >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0))
        return error_set(err, ERROR_INPUT, "line 1, byte 1", SAVE_AS_UTF8,
                         "The notes are written in UTF-16, not in UTF-8.");
    nul = memchr(bytes, '\0', len);
    if (nul) {
        find_place(bytes, len, (size_t)(nul - bytes), where, sizeof where);
        return error_set(err, ERROR_INPUT, where, SAVE_AS_UTF8, "The notes hold a zero byte: this is not a text file.");
    }
    valid = utf8_valid_length(bytes, len);
    if (valid < len) {
        find_place(bytes, len, valid, where, sizeof where);
        return error_set(err, ERROR_INPUT, where, SAVE_AS_UTF8, "The byte 0x%02X is not valid UTF-8.",
                         (unsigned char)bytes[valid]);
    }
    return 0;
}

static int count_lines(const char *bytes, size_t len, int *count, struct error *err)
{
    char where[32];
    *count = 0;
    for (size_t from = 0, next; from < len; from = next) {
        size_t end = line_end(bytes, len, from, &next);
        ++*count;
        if (end - from > NOTES_MAX_LINE) {
            snprintf(where, sizeof where, "line %d", *count);
            return error_set(err, ERROR_LIMIT, where, "Break it into shorter lines, one fact on each.",
                             "Line %d has %zu bytes; at most %u are read.", *count, end - from, NOTES_MAX_LINE);
        }
        if (*count > (int)NOTES_MAX_LINES)
            return error_set(err, ERROR_LIMIT, NULL, "Split the notes into several decks.",
                             "The notes have more than %u lines.", NOTES_MAX_LINES);
    }
    return 0;
}

/* Markdown headings may be underlined: the line above three or more = or -, itself alone above a blank line. */
static void read_underlines(struct line *lines, int count)
{
    for (int i = 1; i < count; i++) {
        struct line *above = &lines[i - 1];
        char mark = lines[i].shape == SHAPE_RULE ? lines[i].bytes[lines[i].text_from] : ' ';
        if ((mark != '=' && mark != '-') || above->shape != SHAPE_TEXT || above->bullet || above->indent)
            continue;
        if (i >= 2 && lines[i - 2].shape != SHAPE_BLANK && lines[i - 2].shape != SHAPE_RULE)
            continue;
        above->shape = SHAPE_HASH;
        above->level = mark == '=' ? 1 : 2;
    }
}

static int read_lines(struct parser *p, const char *bytes, size_t len)
{
    bool in_code = false;
    size_t next;
    int i = 0;
    p->lines = malloc((size_t)p->count * sizeof *p->lines);
    p->notes->roles = arena_take(p->arena, (size_t)p->count * sizeof *p->notes->roles);
    if (!p->lines || !p->notes->roles)
        return -1;
    for (size_t from = 0; from < len; from = next, i++) {
        size_t end = line_end(bytes, len, from, &next);
        line_classify(&p->lines[i], bytes + from, end - from, &in_code);
    }
    read_underlines(p->lines, p->count);
    for (i = 0; i < p->count; i++)
        p->markdown = p->markdown || p->lines[i].shape == SHAPE_HASH;
    for (i = 0; i < p->count; i++) {
        line_clean(&p->lines[i], p->arena, p->markdown);
        p->notes->roles[i] = LINE_BLANK;
    }
    table_read(p->lines, p->count, p->arena);
    return p->arena->failed ? -1 : 0;
}

/* --- lines to sections and facts ------------------------------------------------------------------------------------
 */

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* The short lead-ins of the notes, "Word2vec:": names that other lines may speak of. */
static int collect_labels(struct parser *p)
{
    p->labels = malloc((size_t)p->count * sizeof *p->labels);
    if (!p->labels)
        return -1;
    for (int i = 0; i < p->count; i++) {
        const char *text = p->lines[i].text;
        if (p->lines[i].shape == SHAPE_TEXT && grammar_ends_with_colon(text) && grammar_words(text) <= 3)
            p->labels[p->tree.label_count++] = tree_label_hash(text, strlen(text) - 1);
    }
    qsort(p->labels, p->tree.label_count, sizeof *p->labels, by_hash);
    p->tree.labels = p->labels;
    return 0;
}

static bool has_content(const struct line *line)
{
    return line->shape != SHAPE_BLANK && line->shape != SHAPE_RULE && line->shape != SHAPE_FENCE;
}

static void add_section(struct parser *p, const struct notes_section *section)
{
    p->notes->sections[p->notes->section_count] = *section;
    tree_section(&p->tree, (int)p->notes->section_count++);
}

static void add_heading(struct parser *p, const struct heading *h)
{
    add_section(p, &(struct notes_section){.line = h->line + 1,
                                           .heading = h->text,
                                           .algorithm = h->algorithm,
                                           .slug = h->slug,
                                           .topic = h->topic,
                                           .slot = h->slot});
    if (h->folded_from)
        tree_problem(&p->tree, h->line + 1, PROBLEM_HEADING_FOLDED,
                     "Correct the spelling, or give it a name that differs by more than a letter or two.",
                     "The heading '%s' is taken as '%s', which most headings call it.", h->text, h->algorithm);
}

/* The section of facts before the first heading. */
static void add_loose_section(struct parser *p, int line)
{
    const char *name = p->notes->title ? p->notes->title : "Notes";
    add_section(p, &(struct notes_section){.line = line,
                                           .heading = name,
                                           .algorithm = name,
                                           .slug = slot_slug(p->arena, name),
                                           .topic = "Overview",
                                           .slot = "other"});
    p->loose_from = line;
}

/* Is there a line below that a lead-in on line i could introduce? */
static bool has_next(const struct parser *p, int i, const struct heading *next)
{
    for (i++; i < p->count && !has_content(&p->lines[i]); i++)
        ;
    return i < p->count && (!next || i < next->line);
}

/* Notes whose longest line is of a width people set editors to, and that have several such lines, were wrapped there.
 */
static size_t wrap_width(const struct parser *p)
{
    size_t longest = 0, full = 0;
    for (int i = 0; i < p->count; i++)
        if (p->lines[i].size > longest)
            longest = p->lines[i].size;
    for (int i = 0; i < p->count; i++)
        full += p->lines[i].size + WRAP_SLACK > longest;
    return longest >= WRAP_LEAST && longest <= WRAP_MOST && full >= WRAP_LINES ? longest : 0;
}

static bool is_lower_case(const struct parser *p)
{
    int lines = 0, lower = 0;
    size_t size;
    for (int i = 0; i < p->count; i++) {
        if (p->lines[i].shape != SHAPE_TEXT)
            continue;
        lines++;
        lower += utf8_is_lower(utf8_character(p->lines[i].text, strlen(p->lines[i].text), &size));
    }
    return lower * 2 > lines;
}

static void read_facts(struct parser *p)
{
    const struct heading *next = p->headings.items, *end = next + p->headings.count, *parent = NULL;
    for (int i = 0; i < p->count; i++) {
        enum line_role *role = &p->notes->roles[i];
        if (i == p->headings.title_line) {
            *role = LINE_DECK_TITLE;
        } else if (next < end && next->line == i) {
            *role = LINE_HEADING;
            parent = next->parent ? next : NULL; /* becomes a section when facts follow it directly */
            if (!parent)
                add_heading(p, next);
            next++;
        } else if (!has_content(&p->lines[i])) {
            if (p->lines[i].shape == SHAPE_FENCE)
                p->tree.fence_indent = p->lines[i].indent;
            tree_blank(&p->tree);
        } else {
            if (parent)
                add_heading(p, parent);
            else if (!p->notes->section_count)
                add_loose_section(p, i + 1);
            parent = NULL;
            *role = tree_line(&p->tree, &p->lines[i], i + 1, has_next(p, i, next < end ? next : NULL));
            if (p->loose_from && p->notes->section_count == 1)
                p->loose_to = i + 1;
        }
    }
    tree_section(&p->tree, (int)p->notes->section_count); /* completes the last one */
}

static int parse(struct parser *p, const char *bytes, size_t len)
{
    struct notes *notes = p->notes;
    if (read_lines(p, bytes, len) != 0 || heading_find(&p->headings, p->lines, p->count, p->arena) != 0)
        return -1;
    notes->title = p->headings.title;
    notes->line_count = p->count;
    notes->sections = arena_take(p->arena, (p->headings.count + 1) * sizeof *notes->sections);
    p->tree = (struct tree){.notes = notes, .arena = p->arena, .markdown = p->markdown};
    p->tree.width = wrap_width(p);
    p->tree.lower_case = is_lower_case(p);
    if (!notes->sections || collect_labels(p) != 0)
        return -1;
    read_facts(p);
    if (p->tree.failed || p->arena->failed)
        return -1;
    return check_notes(&p->tree, p->lines, p->count, p->loose_from, p->loose_to);
}

int notes_parse(struct notes *notes, const char *bytes, size_t len, struct error *err)
{
    struct parser p = {.notes = notes};
    int status;
    *notes = (struct notes){0};
    if (len > NOTES_MAX_BYTES)
        return error_set(err, ERROR_LIMIT, NULL, "Split them into several decks.",
                         "The notes have %zu bytes; at most %u are read.", len, NOTES_MAX_BYTES);
    if (len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        bytes += 3;
        len -= 3;
    }
    if (len == 0)
        return error_set(err, ERROR_INPUT, NULL,
                         "Write at least one heading 'Algorithm - Topic' and one fact below it.",
                         "The notes are empty.");
    if (check_encoding(bytes, len, err) != 0 || count_lines(bytes, len, &p.count, err) != 0)
        return -1;
    p.arena = calloc(1, sizeof *p.arena);
    if (!p.arena)
        return out_of_memory(err);
    notes->memory = p.arena;
    status = parse(&p, bytes, len);
    tree_free(&p.tree);
    free(p.lines);
    free(p.labels);
    if (status != 0) {
        notes_free(notes);
        return out_of_memory(err);
    }
    if (!notes->section_count) {
        notes_free(notes);
        return error_set(err, ERROR_INPUT, NULL,
                         "Write at least one heading 'Algorithm - Topic' and one fact below it.",
                         "The notes hold no words.");
    }
    return 0;
}

void notes_free(struct notes *notes)
{
    free(notes->facts);
    free(notes->problems);
    if (notes->memory)
        arena_free(notes->memory);
    free(notes->memory);
    *notes = (struct notes){0};
}
