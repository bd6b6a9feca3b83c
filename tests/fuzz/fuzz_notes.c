/* Any bytes are either refused with a sentence or read into notes that keep every promise of notes.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/study/notes.h"
#include "web/study/utf8.h"

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_text(const char *text, size_t most)
{
    size_t len = strlen(text);
    check(len <= most && utf8_valid_length(text, len) == len);
}

static void check_optional(const char *text)
{
    if (text)
        check_text(text, NOTES_MAX_LINE);
}

static void check_sections(const struct notes *notes)
{
    check(notes->algorithm_count >= 1 && (size_t)notes->algorithm_count <= notes->section_count);
    for (size_t i = 0; i < notes->section_count; i++) {
        const struct notes_section *s = &notes->sections[i];
        bool known = false;
        check(s->line >= 1 && s->line <= notes->line_count);
        check(i == 0 || s->line > notes->sections[i - 1].line);
        check_text(s->heading, NOTES_MAX_LINE);
        check_text(s->algorithm, NOTES_MAX_LINE);
        check_text(s->topic, NOTES_MAX_LINE);
        check(*s->slug && strspn(s->slug, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(s->slug));
        for (size_t slot = 0; notes_slots[slot]; slot++)
            known = known || strcmp(notes_slots[slot], s->slot) == 0;
        check(known);
    }
}

static void check_facts(const struct notes *notes)
{
    for (size_t i = 0; i < notes->fact_count; i++) {
        const struct notes_fact *f = &notes->facts[i];
        const struct notes_fact *parent = f->parent >= 0 ? &notes->facts[f->parent] : NULL;
        check(f->line >= 1 && f->last_line >= f->line && f->last_line <= notes->line_count);
        check(i == 0 || (f->line >= notes->facts[i - 1].line && f->section >= notes->facts[i - 1].section));
        check(f->section >= 0 && (size_t)f->section < notes->section_count);
        check(f->parent >= -1 && f->parent < (int)i);
        check(f->depth == (parent ? parent->depth + 1 : 0));
        check(!parent || parent->section == f->section);
        check(*f->text != '\0');
        check_text(f->text, NOTES_MAX_LINE);
        check_optional(f->source);
        check_optional(f->often_wrong);
        check_optional(f->why);
        check(f->lead_in == (notes->roles[f->line - 1] == LINE_LEAD_IN) || notes->roles[f->line - 1] == LINE_FACT);
    }
}

/* Each line that says something is found again: as a heading, in a fact, or as a mark. */
static void check_roles(const struct notes *notes)
{
    size_t fact = 0, titles = 0;
    for (int i = 0; i < notes->line_count; i++) {
        enum line_role role = notes->roles[i];
        check(role <= LINE_MARK);
        titles += role == LINE_DECK_TITLE;
        while (fact < notes->fact_count && notes->facts[fact].last_line < i + 1)
            fact++;
        if (role == LINE_FACT || role == LINE_LEAD_IN)
            check(fact < notes->fact_count && notes->facts[fact].line == i + 1);
        if (role == LINE_CONTINUATION)
            check(fact < notes->fact_count && notes->facts[fact].line < i + 1);
    }
    check(titles == (notes->title != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct notes notes;
    struct error err = {0};
    char *bytes = malloc(size ? size : 1); /* as large as the input, so that reading past its end is seen */
    check(bytes != NULL);
    if (size)
        memcpy(bytes, data, size);
    if (notes_parse(&notes, bytes, size, &err) != 0) {
        check(err.code == ERROR_INPUT || err.code == ERROR_LIMIT);
        check(*err.what && *err.fix && !notes.memory);
        free(bytes);
        return 0;
    }
    free(bytes); /* the notes must not point into the input */
    check_sections(&notes);
    check_facts(&notes);
    check_roles(&notes);
    for (size_t i = 0; i < notes.problem_count; i++) {
        check(notes.problems[i].line >= 1 && notes.problems[i].line <= notes.line_count);
        check(i == 0 || notes.problems[i].line >= notes.problems[i - 1].line);
        check_text(notes.problems[i].message, 2 * NOTES_MAX_LINE);
        check_text(notes.problems[i].fix, NOTES_MAX_LINE);
    }
    notes_free(&notes);
    return 0;
}
