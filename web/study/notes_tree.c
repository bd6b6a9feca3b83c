#include "web/study/notes_tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "web/study/notes_grammar.h"
#include "web/study/slot.h"

#define JOINT_ROOM 5 /* bytes of " → " */
#define MAX_LABEL_WORDS 3
#define RECENT_FACTS 16 /* of a section, searched for a subject */

/* What is about to be placed. */
struct item {
    const char *text;
    int line, indent;
    enum bullet bullet;
    enum item_kind kind;
    bool group, topic;
};

/* --- facts and problems ---------------------------------------------------------------------------------------- */

static bool grow(void **items, size_t count, size_t *room, size_t size)
{
    size_t more = *room ? *room * 2 : 64;
    void *larger;
    if (count < *room)
        return true;
    larger = realloc(*items, more * size);
    if (!larger)
        return false;
    *items = larger;
    *room = more;
    return true;
}

void tree_problem(struct tree *tree, int line, enum problem_kind kind, const char *fix, const char *format, ...)
{
    struct notes *notes = tree->notes;
    void *items = notes->problems;
    va_list args;
    char *text = NULL;
    const char *message;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    message = text ? arena_copy(tree->arena, text, strlen(text)) : NULL;
    free(text);
    if (!message || !grow(&items, notes->problem_count, &tree->problem_room, sizeof *notes->problems)) {
        tree->failed = true;
        return;
    }
    notes->problems = items;
    notes->problems[notes->problem_count++] =
        (struct notes_problem){.line = line, .kind = kind, .message = message, .fix = fix};
}

static struct notes_fact *last_fact(struct tree *tree)
{
    struct notes *notes = tree->notes;
    return notes->fact_count > tree->section_facts ? &notes->facts[notes->fact_count - 1] : NULL;
}

static const char *fact_text(const struct tree *tree, int fact)
{
    bool is_open = tree->open && (size_t)fact + 1 == tree->notes->fact_count;
    return is_open ? str_text(&tree->text) : tree->notes->facts[fact].text;
}

void tree_end(struct tree *tree)
{
    struct notes_fact *fact = last_fact(tree);
    if (!tree->open || !fact)
        return;
    tree->failed = tree->failed || tree->text.failed;
    fact->text = arena_copy(tree->arena, str_text(&tree->text), tree->text.len);
    str_clear(&tree->text);
    tree->open = false;
}

static void add_fact(struct tree *tree, const struct notes_fact *fact, const char *text)
{
    struct notes *notes = tree->notes;
    void *items = notes->facts;
    size_t len = strlen(text);
    tree_end(tree);
    if (!grow(&items, notes->fact_count, &tree->fact_room, sizeof *notes->facts)) {
        tree->failed = true;
        return;
    }
    notes->facts = items;
    notes->facts[notes->fact_count] = *fact;
    notes->facts[notes->fact_count].text = "";
    notes->fact_count++;
    if (!fact->lead_in && len > 1 && text[len - 1] == ':' && grammar_stands_alone(text))
        len--; /* it says something by itself: the colon only points at its items */
    str_append(&tree->text, text, len);
    tree->open = true;
    tree->source_line = 0;
}

static void carry_on(struct tree *tree, struct notes_fact *fact, const char *joint, const char *text, int line)
{
    str_puts(&tree->text, joint);
    str_puts(&tree->text, text);
    fact->last_line = line;
}

/* --- places ------------------------------------------------------------------------------------------------------ */

static struct level *top(struct tree *tree)
{
    return tree->height ? &tree->stack[tree->height - 1] : NULL;
}

static bool same_place(const struct level *level, const struct item *item)
{
    return level->indent == item->indent && level->bullet == item->bullet;
}

uint64_t tree_label_hash(const char *text, size_t len)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        c = c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
        hash = (hash ^ c) * 1099511628211u;
    }
    return hash;
}

static bool is_label(const struct tree *tree, uint64_t hash)
{
    size_t low = 0, high = tree->label_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (tree->labels[middle] < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low < tree->label_count && tree->labels[low] == hash;
}

static bool mentions(const char *text, const char *word, size_t len)
{
    for (const char *at = text; *at; at++) {
        size_t size = strcspn(at, " ,.;:()");
        if (size >= len && size <= len + 1 && strncasecmp(at, word, len) == 0)
            return true; /* the word, or its plural */
        at += size;
        if (!*at)
            break;
    }
    return false;
}

/* A whole clause whose first words are a lead-in elsewhere, or were named at the top of this section: it speaks of
 * that, and is no item of the list it follows. */
static bool has_known_subject(struct tree *tree, const struct level *group, const struct item *item)
{
    const struct notes *notes = tree->notes;
    const char *text = item->text;
    size_t len = strcspn(text, " ");
    size_t end = 0, from = tree->section_facts;
    if (grammar_words(text) < 5 || grammar_opens_with_verb(text))
        return false;
    for (int words = 0; words < MAX_LABEL_WORDS && text[end]; words++) {
        end += words ? 1 + strcspn(text + end + 1, " ") : len;
        if (text[end] == ' ' && is_label(tree, tree_label_hash(text, end)) &&
            strncasecmp(fact_text(tree, group->fact), text, end) != 0)
            return true;
    }
    if (len < 5)
        return false;
    if (notes->fact_count - from > RECENT_FACTS)
        from = notes->fact_count - RECENT_FACTS;
    for (size_t i = from; i < notes->fact_count; i++)
        if (notes->facts[i].depth == 0 && (int)i != group->fact && mentions(fact_text(tree, (int)i), text, len))
            return true;
    return false;
}

/* Is the item, which stands at the level of the lead-in, one of those it introduces? */
static bool belongs(struct tree *tree, const struct level *group, const struct item *item)
{
    if (group->items == 0)
        return item->kind != KIND_LEAD || !group->nested;
    if (group->elsewhere || group->rule || (tree->after_blank && item->bullet == BULLET_NONE))
        return false;
    if (item->kind == KIND_LEAD || group->first == KIND_LEAD)
        return item->kind == group->first;
    if (!group->condition && group->first == KIND_PHRASE && item->kind == KIND_STATEMENT)
        return false;
    if (item->topic && !group->topics)
        return false;
    return !has_known_subject(tree, group, item);
}

/* Takes levels off until the item's parent is on top. */
static void find_parent(struct tree *tree, const struct item *item)
{
    int peer;
    while (tree->height && top(tree)->indent > item->indent)
        tree->height--;
    if (!tree->height)
        return;
    if (item->bullet == BULLET_NONE && top(tree)->indent == item->indent) {
        const char *above = fact_text(tree, top(tree)->fact);
        if (top(tree)->bullet != BULLET_NONE && grammar_refers_to(item->text, above))
            return;
        if (same_place(top(tree), item) && grammar_lacks_subject(item->text) && grammar_defines(above))
            return;
    }
    for (peer = tree->height - 1; peer >= 0 && tree->stack[peer].indent == item->indent; peer--)
        if (tree->stack[peer].bullet == item->bullet)
            break;
    if (peer < 0 || tree->stack[peer].indent != item->indent) {
        /* a new kind of bullet goes below, words without a bullet leave the list */
        while (item->bullet == BULLET_NONE && tree->height && top(tree)->indent == item->indent)
            tree->height--;
        return;
    }
    tree->height = peer + 1;
    do {
        if (top(tree)->group && belongs(tree, top(tree), item))
            return;
        tree->height--;
    } while (tree->height && same_place(top(tree), item));
}

static void place(struct tree *tree, const struct item *item)
{
    struct level *parent;
    struct notes_fact fact = {.line = item->line,
                              .last_line = item->line,
                              .section = tree->section,
                              .parent = -1,
                              .lead_in = item->kind == KIND_LEAD,
                              .source = tree->source};
    struct level level = {.indent = item->indent, .bullet = item->bullet, .group = item->group};
    if (tree->failed)
        return;
    find_parent(tree, item);
    if (tree->height == TREE_DEPTH)
        tree->height--;
    parent = top(tree);
    if (parent) {
        fact.parent = parent->fact;
        fact.depth = tree->height;
        if (parent->items++ == 0) {
            parent->first = item->kind;
            parent->topics = item->topic;
            parent->elsewhere = !same_place(parent, item);
            level.nested = parent->group && item->kind == KIND_LEAD;
        }
        parent->rule = parent->rule && item->kind == KIND_STATEMENT;
    }
    level.condition = item->group && grammar_opens_condition(item->text);
    level.rule = item->group && grammar_is_rule(item->text);
    level.fact = (int)tree->notes->fact_count;
    tree->stack[tree->height++] = level;
    add_fact(tree, &fact, item->text);
}

/* "Inference: ml.p3.2xlarge": a label that is the word for a topic. */
static bool opens_topic(struct tree *tree, const char *text)
{
    const char *colon = strchr(text, ':');
    char *label;
    if (!colon || colon - text > 24 || colon[1] != ' ' || memchr(text, ' ', (size_t)(colon - text)))
        return false;
    label = arena_copy(tree->arena, text, (size_t)(colon - text));
    return strcmp(slot_of_topic(label), "other") != 0;
}

static struct item item_of(struct tree *tree, const char *text, int line, int indent, enum bullet bullet, bool has_next)
{
    struct item item = {.text = text, .line = line, .indent = indent, .bullet = bullet};
    const struct level *above = top(tree);
    bool awaited = above && above->group && above->items == 0; /* the line above asks for an item, so this is one */
    item.kind = grammar_is_statement(text) ? KIND_STATEMENT : KIND_PHRASE;
    if (grammar_ends_with_colon(text)) {
        item.group = true;
        item.kind = grammar_stands_alone(text) ? KIND_STATEMENT : KIND_LEAD;
    } else if (!awaited && has_next && bullet == BULLET_NONE && grammar_is_condition(text)) {
        item.group = true;
        item.kind = KIND_LEAD;
    }
    item.topic = opens_topic(tree, text);
    return item;
}

/* --- lines ------------------------------------------------------------------------------------------------------- */

void tree_section(struct tree *tree, int section)
{
    tree_end(tree);
    if (tree->source_line)
        tree_problem(tree, tree->source_line, PROBLEM_ODD_MARK,
                     "Put it above the facts that were read there, or remove it.",
                     "A Source stands here, but no fact follows it.");
    tree->section = section;
    tree->section_facts = tree->notes->fact_count;
    tree->height = 0;
    tree->source = NULL;
    tree->source_line = 0;
    tree->after_blank = false;
    tree->line_before = 0;
}

void tree_blank(struct tree *tree)
{
    tree->after_blank = true;
    tree->line_before = 0;
}

/* A line of its own beside the facts: nothing may join it or go below it. */
static enum line_role take_also(struct tree *tree, const struct line *line, int number)
{
    tree_end(tree);
    tree->height = 0;
    tree->line_before = 0;
    add_fact(tree,
             &(struct notes_fact){.line = number,
                                  .last_line = number,
                                  .section = tree->section,
                                  .parent = -1,
                                  .also = true,
                                  .source = tree->source},
             line->text);
    tree_end(tree);
    return LINE_MARK;
}

static enum line_role take_mark(struct tree *tree, const struct line *line, int number)
{
    struct notes_fact *fact = last_fact(tree);
    const char **mark;
    tree->line_before = 0;
    if (line->shape == SHAPE_SOURCE) {
        tree->source = line->text;
        tree->source_line = number;
        return LINE_MARK;
    }
    if (!fact) {
        tree_problem(tree, number, PROBLEM_ODD_MARK, "Put it on the line below the fact it belongs to.",
                     "This mark has no fact above it to attach to.");
        return LINE_MARK;
    }
    mark = line->shape == SHAPE_WHY ? &fact->why : &fact->often_wrong;
    if (*mark)
        tree_problem(tree, number, PROBLEM_ODD_MARK, "Join the two into one line.",
                     "The fact on line %d already has such a mark; the first one was kept.", fact->line);
    else
        *mark = line->text;
    return LINE_MARK;
}

/* Goes on with the last fact when the line says so; false when it is a line of its own. */
static bool continues(struct tree *tree, const struct line *line, int number)
{
    struct notes_fact *fact = last_fact(tree);
    const struct level *above = top(tree);
    bool wrapped = tree->line_before && tree->line_before + 1 + strcspn(line->text, " ") > tree->width;
    if (!fact || !tree->open || fact->lead_in || tree->text.len + JOINT_ROOM + line->size > NOTES_MAX_LINE)
        return false;
    if (above && above->group && above->items == 0) /* what follows a colon is an item */
        return false;
    if (line->shape == SHAPE_ARROW) {
        carry_on(tree, fact, " → ", line->text, number);
        return true;
    }
    if (line->bullet || line->shape == SHAPE_ROW || tree->after_blank)
        return false;
    if (above && above->bullet && line->indent > above->indent && tree->markdown) {
        carry_on(tree, fact, " ", line->text, number);
        return true;
    }
    if (!grammar_carries_on(line->text, wrapped, tree->lower_case))
        return false;
    carry_on(tree, fact, " ", line->text, number);
    return true;
}

/* "- a – b" where "–" is the bullet of a level in use: the line holds two bullets. True when it was taken apart. */
static bool take_apart(struct tree *tree, struct line *line, int number)
{
    struct line_dash dash;
    const char *rest = line->text;
    enum bullet bullet = line->bullet;
    bool apart = false;
    while (line_dash_find(rest, 0, &dash) && dash.at > 0 && rest[dash.at + dash.size]) {
        bool in_use = false;
        struct item item;
        for (int i = 0; i < tree->height; i++)
            in_use = in_use || (tree->stack[i].bullet == dash.bullet && dash.bullet != bullet &&
                                tree->stack[i].indent == line->indent);
        if (!in_use)
            break;
        item = item_of(tree, arena_copy(tree->arena, rest, dash.at), number, line->indent, bullet, false);
        place(tree, &item);
        rest += dash.at + dash.size;
        bullet = dash.bullet;
        apart = true;
    }
    line->apart = apart;
    if (apart) {
        struct item item = item_of(tree, rest, number, line->indent, bullet, false);
        place(tree, &item);
        tree_problem(tree, number, PROBLEM_RUN_TOGETHER, "Put each bullet on a line of its own.",
                     "Two bullets run together on this line were split: '%s' was taken as a line of its own.", rest);
    }
    return apart;
}

static enum line_role take_code(struct tree *tree, const struct line *line, int number)
{
    struct notes_fact *fact = last_fact(tree);
    if (!*line->text && !tree->in_code)
        return LINE_BLANK;
    if (!tree->in_code || !fact || tree->text.len + JOINT_ROOM + line->size > NOTES_MAX_LINE) {
        struct item item = {.text = line->text, .line = number, .indent = tree->fence_indent, .bullet = BULLET_NONE};
        place(tree, &item);
        tree->in_code = true;
        return LINE_FACT;
    }
    carry_on(tree, fact, "\n", line->text, number);
    return LINE_CONTINUATION;
}

enum line_role tree_line(struct tree *tree, struct line *line, int number, bool has_next)
{
    enum line_role role;
    if (tree->failed)
        return LINE_FACT;
    if (line->shape == SHAPE_CODE)
        return take_code(tree, line, number);
    tree->in_code = false;
    if (line->shape == SHAPE_SOURCE || line->shape == SHAPE_OFTEN_WRONG || line->shape == SHAPE_WHY)
        return take_mark(tree, line, number);
    if (line->shape == SHAPE_ALSO)
        return take_also(tree, line, number);
    if (continues(tree, line, number)) {
        role = LINE_CONTINUATION;
    } else if (line->bullet && take_apart(tree, line, number)) {
        role = LINE_FACT;
    } else {
        int indent = line->shape == SHAPE_HASH ? -1 : line->indent;
        struct item item = item_of(tree, line->text, number, indent, line->bullet, has_next);
        if (line->shape == SHAPE_HASH) {
            item.kind = KIND_LEAD;
            item.group = true;
        }
        place(tree, &item);
        role = item.kind == KIND_LEAD ? LINE_LEAD_IN : LINE_FACT;
    }
    tree->after_blank = false;
    /* a line that ends a sentence is complete, however long it is; so is a row of a table */
    tree->line_before =
        tree->width && line->shape != SHAPE_ROW && !strchr(".!?:;", line->bytes[line->size - 1]) ? line->size : 0;
    return role;
}

void tree_free(struct tree *tree)
{
    str_free(&tree->text);
}
