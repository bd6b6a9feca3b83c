#include "web/study/report.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"

static const char *const role_names[] = {
    [LINE_BLANK] = "blank",     [LINE_DECK_TITLE] = "deck_title",     [LINE_HEADING] = "heading", [LINE_FACT] = "fact",
    [LINE_LEAD_IN] = "lead_in", [LINE_CONTINUATION] = "continuation", [LINE_MARK] = "mark",
};

static const char *const type_names[] = {[CARD_RECALL] = "recall", [CARD_CLOZE] = "cloze", [CARD_SINGLE] = "single"};

static const char *const problem_names[] = {
    [PROBLEM_HEADING_FOLDED] = "heading_folded", [PROBLEM_RUN_TOGETHER] = "run_together",
    [PROBLEM_UNFINISHED] = "unfinished",         [PROBLEM_NO_SECTION] = "no_section",
    [PROBLEM_EMPTY_SECTION] = "empty_section",   [PROBLEM_ODD_MARK] = "odd_mark",
    [PROBLEM_WIDE_TABLE] = "wide_table",
};

const char *report_problem_name(enum problem_kind kind)
{
    return problem_names[kind];
}

void report_count(struct report_counts *counts, const struct notes *notes, const struct deck *deck)
{
    *counts = (struct report_counts){0};
    for (int i = 0; i < notes->line_count; i++)
        counts->lines[notes->roles[i]]++;
    for (size_t i = 0; i < notes->fact_count; i++)
        counts->facts += !notes->facts[i].lead_in && !notes->facts[i].also;
    for (size_t i = 0; i < deck->card_count; i++)
        counts->cards[deck->cards[i].type]++;
}

/* Floor, so that 100 % means all. */
static size_t percent(size_t part, size_t whole)
{
    return whole ? part * 100 / whole : 0;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* A fact's block of code has several lines; the report has one for each problem. */
static void put_line(struct str *out, const char *text)
{
    for (; *text; text++)
        str_putc(out, *text == '\n' ? ' ' : *text);
}

/* --- text -------------------------------------------------------------------------------------------------------- */

/* What one section brought. */
struct section_count {
    const struct notes_section *section;
    size_t order; /* of its algorithm in the notes */
    size_t facts, cards;
};

static int by_slug(const void *a, const void *b)
{
    const struct section_count *x = a, *y = b;
    int order = strcmp(x->section->slug, y->section->slug);
    return order ? order : x->section->line - y->section->line;
}

static int by_order(const void *a, const void *b)
{
    const struct section_count *x = a, *y = b;
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return x->section->line - y->section->line;
}

/* The sections of each algorithm together, in the order of the notes; NULL when out of memory. */
static struct section_count *count_sections(const struct notes *notes, const struct deck *deck)
{
    struct section_count *counts = calloc(notes->section_count + 1, sizeof *counts);
    if (!counts)
        return NULL;
    for (size_t i = 0; i < notes->section_count; i++)
        counts[i].section = &notes->sections[i];
    for (size_t i = 0; i < notes->fact_count; i++)
        counts[notes->facts[i].section].facts += !notes->facts[i].lead_in && !notes->facts[i].also;
    for (size_t i = 0; i < deck->card_count; i++)
        counts[notes->facts[deck->cards[i].fact].section].cards++;
    qsort(counts, notes->section_count, sizeof *counts, by_slug);
    for (size_t i = 0; i < notes->section_count; i++) {
        bool first = i == 0 || strcmp(counts[i].section->slug, counts[i - 1].section->slug) != 0;
        counts[i].order = first ? (size_t)counts[i].section->line : counts[i - 1].order;
    }
    qsort(counts, notes->section_count, sizeof *counts, by_order);
    return counts;
}

static void text_of_sections(const struct section_count *counts, size_t count, struct str *out)
{
    for (size_t from = 0, to; from < count; from = to) {
        size_t facts = 0, cards = 0;
        for (to = from; to < count && counts[to].order == counts[from].order; to++) {
            facts += counts[to].facts;
            cards += counts[to].cards;
        }
        str_printf(out, "%s: %zu section%s, %zu fact%s, %zu card%s\n", counts[from].section->algorithm, to - from,
                   plural(to - from), facts, plural(facts), cards, plural(cards));
        for (size_t i = from; i < to; i++)
            str_printf(out, "  line %-5d %s (%s): %zu fact%s, %zu card%s\n", counts[i].section->line,
                       counts[i].section->topic, counts[i].section->slot, counts[i].facts, plural(counts[i].facts),
                       counts[i].cards, plural(counts[i].cards));
    }
}

static void text_of_problems(const struct notes *notes, struct str *out)
{
    if (notes->problem_count)
        str_printf(out, "\n%zu line%s to look at:\n", notes->problem_count, plural(notes->problem_count));
    for (size_t i = 0; i < notes->problem_count; i++) {
        str_printf(out, "  line %d: ", notes->problems[i].line);
        put_line(out, notes->problems[i].message);
        str_printf(out, " %s\n", notes->problems[i].fix);
    }
}

static void text_of_refusals(const struct deck *deck, struct str *out)
{
    if (deck->refusal_count)
        str_printf(out, "\n%zu question%s not asked:\n", deck->refusal_count, plural(deck->refusal_count));
    for (size_t i = 0; i < deck->refusal_count; i++) {
        const struct refusal *r = &deck->refusals[i];
        str_printf(out, "  line %d%s%s: ", r->line, r->template_name ? ", " : "",
                   r->template_name ? r->template_name : "");
        put_line(out, r->reason);
        str_putc(out, '\n');
    }
}

void deck_report_text(const struct notes *notes, const struct deck *deck, bool report, struct str *out)
{
    struct report_counts counts;
    struct section_count *sections = count_sections(notes, deck);
    if (!sections) {
        out->failed = true;
        return;
    }
    report_count(&counts, notes, deck);
    if (notes->title)
        str_printf(out, "%s\n\n", notes->title);
    text_of_sections(sections, notes->section_count, out);
    free(sections);
    text_of_problems(notes, out);
    if (report) {
        text_of_refusals(deck, out);
        str_printf(out, "\n%d line%s:", notes->line_count, plural((size_t)notes->line_count));
        for (size_t i = 0; i < sizeof role_names / sizeof *role_names; i++)
            str_printf(out, "%s %zu %s", i ? "," : "", counts.lines[i], role_names[i]);
        str_printf(out, "\nfacts covered: %zu of %zu (%zu %%)\n", deck->facts_covered, deck->facts,
                   percent(deck->facts_covered, deck->facts));
    }
    str_printf(out, "\n%zu section%s, %d algorithm%s, %zu fact%s, %zu card%s (", notes->section_count,
               plural(notes->section_count), notes->algorithm_count, plural((size_t)notes->algorithm_count),
               counts.facts, plural(counts.facts), deck->card_count, plural(deck->card_count));
    for (size_t i = 0; i < sizeof type_names / sizeof *type_names; i++)
        str_printf(out, "%s%s %zu", i ? ", " : "", type_names[i], counts.cards[i]);
    str_puts(out, ")\n");
}

/* --- JSON -------------------------------------------------------------------------------------------------------- */

static void json_counts(struct json *j, const char *key, const char *const *names, const size_t *counts, size_t count)
{
    json_object(j, key);
    for (size_t i = 0; i < count; i++)
        json_integer(j, names[i], (long long)counts[i]);
    json_end(j);
}

void deck_report_json(const struct notes *notes, const struct deck *deck, struct str *out)
{
    struct report_counts counts;
    struct json j = json_begin(out);
    report_count(&counts, notes, deck);
    json_object(&j, NULL);
    json_string(&j, "title", notes->title);
    json_integer(&j, "sections", (long long)notes->section_count);
    json_integer(&j, "algorithms", notes->algorithm_count);
    json_integer(&j, "facts", (long long)counts.facts);
    json_integer(&j, "facts_covered", (long long)deck->facts_covered);
    json_counts(&j, "lines", role_names, counts.lines, sizeof role_names / sizeof *role_names);
    json_counts(&j, "cards", type_names, counts.cards, sizeof type_names / sizeof *type_names);
    json_array(&j, "problems");
    for (size_t i = 0; i < notes->problem_count; i++) {
        json_object(&j, NULL);
        json_integer(&j, "line", notes->problems[i].line);
        json_string(&j, "kind", report_problem_name(notes->problems[i].kind));
        json_string(&j, "message", notes->problems[i].message);
        json_string(&j, "fix", notes->problems[i].fix);
        json_end(&j);
    }
    json_end(&j);
    json_array(&j, "refusals");
    for (size_t i = 0; i < deck->refusal_count; i++) {
        json_object(&j, NULL);
        json_integer(&j, "line", deck->refusals[i].line);
        json_string(&j, "template", deck->refusals[i].template_name);
        json_string(&j, "reason", deck->refusals[i].reason);
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
}
