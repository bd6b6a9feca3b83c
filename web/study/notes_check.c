#include "web/study/notes_check.h"

#include <stdlib.h>
#include <string.h>

#include "web/study/notes_grammar.h"

#define MIN_SIBLINGS 3 /* algorithms that must agree before the lack of a topic means something */

/* One algorithm over all of its sections. */
struct family {
    const struct notes_section *last;
    unsigned slots; /* bit i: has notes_slots[i] */
};

static unsigned slot_bit(const char *slot)
{
    unsigned i = 0;
    while (notes_slots[i] && strcmp(notes_slots[i], slot) != 0)
        i++;
    return strcmp(slot, "other") == 0 ? 0 : 1u << i;
}

static void check_loose(struct tree *tree, int from, int to)
{
    const char *name = tree->notes->sections[0].heading;
    if (from && tree->notes->section_count == 1)
        tree_problem(tree, from, PROBLEM_NO_SECTION,
                     "Put a heading such as 'Linear Learner - Input' above each group of facts.",
                     "No heading was found; all facts are in one section called '%s'.", name);
    else if (from == to && from)
        tree_problem(tree, from, PROBLEM_NO_SECTION, "Put a heading above it, or remove it.",
                     "Line %d stands before the first heading; it was put into a section called '%s'.", from, name);
    else if (from)
        tree_problem(tree, from, PROBLEM_NO_SECTION, "Put a heading above them, or remove them.",
                     "Lines %d to %d stand before the first heading; they were put into a section called '%s'.", from,
                     to, name);
}

/* Lead-ins without items, sections without facts. */
static int check_empty(struct tree *tree, const struct line *lines)
{
    const struct notes *notes = tree->notes;
    bool *has_items = calloc(notes->fact_count + 1, sizeof *has_items);
    bool *has_facts = calloc(notes->section_count + 1, sizeof *has_facts);
    if (!has_items || !has_facts) {
        free(has_items);
        free(has_facts);
        return -1;
    }
    for (size_t i = 0; i < notes->fact_count; i++) {
        has_facts[notes->facts[i].section] = true;
        if (notes->facts[i].parent >= 0)
            has_items[notes->facts[i].parent] = true;
    }
    for (size_t i = 0; i < notes->fact_count; i++) {
        const struct notes_fact *f = &notes->facts[i];
        bool announces = f->lead_in || (f->last_line == f->line && lines[f->line - 1].shape == SHAPE_TEXT &&
                                        grammar_ends_with_colon(lines[f->line - 1].text) && !lines[f->line - 1].apart);
        if (announces && !has_items[i])
            tree_problem(tree, f->line, PROBLEM_UNFINISHED, "Write the items below it, or remove the colon.",
                         "'%s' announces something, but nothing follows.", f->text);
    }
    for (size_t i = 0; i < notes->section_count; i++)
        if (!has_facts[i])
            tree_problem(tree, notes->sections[i].line, PROBLEM_EMPTY_SECTION, "Write facts below it, or remove it.",
                         "The section '%s' has no facts.", notes->sections[i].heading);
    free(has_items);
    free(has_facts);
    return 0;
}

/* Bullets that hold another dash: reported where it is rare; where it is common it is the writer's style. */
static void check_run_together(struct tree *tree, const struct line *lines, int count)
{
    struct line_dash dash;
    int bullets = 0, doubtful = 0;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < count; i++) {
            const struct line *line = &lines[i];
            if (line->shape != SHAPE_TEXT || line->bullet == BULLET_NONE || line->bullet > BULLET_EM_DASH)
                continue;
            bullets += round == 0;
            if (line->apart || !line_dash_find(line->text, 0, &dash) || dash.at == 0)
                continue;
            doubtful += round == 0;
            if (round == 1 && (doubtful == 1 || doubtful * 5 <= bullets))
                tree_problem(tree, i + 1, PROBLEM_RUN_TOGETHER,
                             "If these are two facts, put each on a line of its own.",
                             "This line may hold two bullets; it was left whole.");
        }
}

static void check_tables(struct tree *tree, const struct line *lines, int count)
{
    for (int i = 0; i < count; i++)
        if (lines[i].columns > 2)
            tree_problem(tree, i + 1, PROBLEM_WIDE_TABLE, "Write each row as a line \"name = meaning\".",
                         "A table of %d columns begins here; only two are understood, so each row was left whole.",
                         lines[i].columns);
}

static int by_slug(const void *a, const void *b)
{
    const struct notes_section *x = *(const struct notes_section *const *)a,
                               *y = *(const struct notes_section *const *)b;
    int order = strcmp(x->slug, y->slug);
    return order ? order : x->line - y->line;
}

/* The algorithms, each with the slots it has; the arena's, NULL when out of memory. */
static struct family *families_of(struct tree *tree, size_t *count)
{
    const struct notes *notes = tree->notes;
    const struct notes_section **sorted = arena_take(tree->arena, (notes->section_count + 1) * sizeof(void *));
    struct family *families = arena_take(tree->arena, (notes->section_count + 1) * sizeof *families);
    *count = 0;
    if (!sorted || !families)
        return NULL;
    for (size_t i = 0; i < notes->section_count; i++)
        sorted[i] = &notes->sections[i];
    qsort(sorted, notes->section_count, sizeof(void *), by_slug);
    for (size_t i = 0; i < notes->section_count; i++) {
        if (i == 0 || strcmp(sorted[i]->slug, sorted[i - 1]->slug) != 0)
            families[(*count)++] = (struct family){0};
        families[*count - 1].last = sorted[i];
        families[*count - 1].slots |= slot_bit(sorted[i]->slot);
    }
    return families;
}

static void report_lack(struct tree *tree, const struct family *family, unsigned lack)
{
    const struct notes *notes = tree->notes;
    const struct notes_section *last = family->last;
    bool ends_notes = last == &notes->sections[notes->section_count - 1];
    struct str names = {0};
    for (unsigned i = 0; notes_slots[i]; i++)
        if (lack & 1u << i)
            str_printf(&names, "%s'%s'", names.len ? " and no " : "no ", notes_slots[i]);
    tree_problem(tree, last->line, PROBLEM_UNFINISHED,
                 "Add the missing sections; until then no question is made of what is not there.",
                 "%s '%s' has %s, which every other algorithm of these notes has%s.",
                 ends_notes ? "The notes break off:" : "Something is missing:", last->algorithm, str_text(&names),
                 ends_notes ? "; its last section is the end of the notes" : "");
    tree->failed = tree->failed || names.failed;
    str_free(&names);
}

/* What all siblings have and one has not. At the end of the notes each lack counts, elsewhere only several: one topic
 * less may be on purpose. Algorithms with no known topic at all are left out. */
static int check_siblings(struct tree *tree)
{
    size_t count, compared = 0, having[32] = {0};
    struct family *families = families_of(tree, &count);
    const struct notes_section *end = &tree->notes->sections[tree->notes->section_count - 1];
    if (!families)
        return -1;
    tree->notes->algorithm_count = (int)count;
    for (size_t i = 0; i < count; i++) {
        compared += families[i].slots != 0;
        for (unsigned bit = 0; bit < 32; bit++)
            having[bit] += families[i].slots >> bit & 1u;
    }
    for (size_t i = 0; i < count && compared > MIN_SIBLINGS; i++) {
        unsigned lack = 0;
        for (unsigned bit = 0; bit < 32; bit++)
            if (having[bit] == compared - 1 && !(families[i].slots >> bit & 1u))
                lack |= 1u << bit;
        if (families[i].slots && lack && (families[i].last == end || (lack & (lack - 1))))
            report_lack(tree, &families[i], lack);
    }
    return 0;
}

static void check_end(struct tree *tree, const struct line *lines, int count)
{
    const struct notes *notes = tree->notes;
    const struct notes_fact *last = notes->fact_count ? &notes->facts[notes->fact_count - 1] : NULL;
    int fences = 0, fence = 0;
    for (int i = 0; i < count; i++)
        if (lines[i].shape == SHAPE_FENCE) {
            fences++;
            fence = i + 1;
        }
    if (fences % 2)
        tree_problem(tree, fence, PROBLEM_UNFINISHED, "Close it with a line of the same marks.",
                     "The block of code that begins here does not end; all lines below were read as code.");
    else if (last && !last->lead_in && lines[last->last_line - 1].shape == SHAPE_TEXT && grammar_breaks_off(last->text))
        tree_problem(tree, last->last_line, PROBLEM_UNFINISHED, "Complete the last fact.",
                     "The notes seem to break off in the middle of this line.");
}

static int by_line(const void *a, const void *b)
{
    const struct notes_problem *x = a, *y = b;
    if (x->line != y->line)
        return x->line - y->line;
    return x->kind != y->kind ? (int)x->kind - (int)y->kind : strcmp(x->message, y->message);
}

int check_notes(struct tree *tree, const struct line *lines, int line_count, int loose_from, int loose_to)
{
    struct notes *notes = tree->notes;
    if (!notes->section_count)
        return 0;
    check_loose(tree, loose_from, loose_to);
    check_run_together(tree, lines, line_count);
    check_tables(tree, lines, line_count);
    check_end(tree, lines, line_count);
    if (check_empty(tree, lines) != 0 || check_siblings(tree) != 0 || tree->failed || tree->arena->failed)
        return -1;
    if (notes->problem_count)
        qsort(notes->problems, notes->problem_count, sizeof *notes->problems, by_line);
    return 0;
}
