#include "web/study/notes_heading.h"

#include <stdlib.h>
#include <string.h>

#include "web/study/notes_fold.h"
#include "web/study/notes_grammar.h"
#include "web/study/slot.h"
#include "web/study/utf8.h"

#define MAX_WORDS_LEFT 6
#define MAX_WORDS_RIGHT 8
#define ACCEPTED 3 /* the evidence that makes a heading */

/* A line "left - right" that may be a heading. */
struct candidate {
    int line;
    const char *left, *right, *left_key, *right_key;
    bool other_rights, other_lefts; /* the left comes back with another right, and the other way round */
    bool topic_taken;               /* the right is the topic of an accepted heading */
    bool near;                      /* the left is a near spelling of that of the heading above or below */
    bool known, spaced, taken;
};

static bool is_content(const struct line *line)
{
    return line->shape != SHAPE_BLANK && line->shape != SHAPE_RULE;
}

static int by_left(const void *a, const void *b)
{
    const struct candidate *x = *(const struct candidate *const *)a, *y = *(const struct candidate *const *)b;
    int order = strcmp(x->left_key, y->left_key);
    order = order ? order : strcmp(x->right_key, y->right_key);
    return order ? order : x->line - y->line;
}

static int by_right(const void *a, const void *b)
{
    const struct candidate *x = *(const struct candidate *const *)a, *y = *(const struct candidate *const *)b;
    int order = strcmp(x->right_key, y->right_key);
    order = order ? order : strcmp(x->left_key, y->left_key);
    return order ? order : x->line - y->line;
}

/* May `text` be a heading at all, split at `dash`? */
static bool has_title_shape(const char *left, const char *right)
{
    int left_words = grammar_words(left), right_words = grammar_words(right);
    bool question = right[strlen(right) - 1] == '?';
    if (left_words < 1 || left_words > MAX_WORDS_LEFT || right_words < 1 || right_words > MAX_WORDS_RIGHT)
        return false;
    if (strchr(".,;:!", right[strlen(right) - 1]) || strpbrk(left, "=:;?!") || strpbrk(right, "=:;!"))
        return false;
    if (grammar_is_statement(left))
        return false;
    return question || !grammar_is_statement(right);
}

static bool has_arrow(const char *text)
{
    for (; *text; text++)
        if (line_arrow(text, strlen(text)))
            return true;
    return false;
}

static bool candidate_of(struct candidate *out, const struct line *lines, int i, struct arena *arena)
{
    struct line_dash dash;
    const struct line *line = &lines[i];
    const char *left;
    if (line->shape != SHAPE_TEXT || line->bullet != BULLET_NONE || strlen(line->text) > 160)
        return false;
    if (!line_dash_find(line->text, 0, &dash) || dash.at == 0 || has_arrow(line->text))
        return false;
    left = arena_copy(arena, line->text, dash.at);
    if (!line->text[dash.at + dash.size] || !has_title_shape(left, line->text + dash.at + dash.size))
        return false;
    *out = (struct candidate){.line = i, .left = left, .right = line->text + dash.at + dash.size};
    out->left_key = slot_slug(arena, out->left);
    out->right_key = slot_slug(arena, out->right);
    out->known = strcmp(slot_of_topic(out->right), "other") != 0;
    out->spaced = i == 0 || !is_content(&lines[i - 1]);
    return true;
}

/* Marks which lefts and rights come back in other company. `sorted` has room for count pointers. */
static void weigh_company(struct candidate *candidates, size_t count, struct candidate **sorted)
{
    for (size_t i = 0; i < count; i++)
        sorted[i] = &candidates[i];
    qsort(sorted, count, sizeof(struct candidate *), by_left);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && strcmp(sorted[to]->left_key, sorted[from]->left_key) == 0;)
            to++;
        for (size_t i = from; i < to; i++)
            sorted[i]->other_rights = strcmp(sorted[from]->right_key, sorted[to - 1]->right_key) != 0;
    }
    qsort(sorted, count, sizeof(struct candidate *), by_right);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && strcmp(sorted[to]->right_key, sorted[from]->right_key) == 0;)
            to++;
        for (size_t i = from; i < to; i++)
            sorted[i]->other_lefts = strcmp(sorted[from]->left_key, sorted[to - 1]->left_key) != 0;
    }
}

static int candidate_score(const struct candidate *c)
{
    size_t size;
    int32_t first = utf8_character(c->right, strlen(c->right), &size);
    bool alone = !c->other_rights && !c->other_lefts && !c->spaced;
    int score = 2 * c->other_rights + c->other_lefts + c->spaced + 2 * c->topic_taken + 2 * c->near;
    score += c->known ? (alone ? 1 : 2) : 0;
    score -= utf8_is_lower(utf8_character(c->left, strlen(c->left), &size));
    score += first >= '0' && first <= '9' ? -1 : !utf8_is_lower(first);
    score -= grammar_words(c->right) > 5;
    score -= strchr(c->right, ',') != NULL;
    return score;
}

/* Accepts by score, then once more where the topic is that of an accepted heading. Needs `sorted` by right. */
static void accept(struct candidate *candidates, size_t count, struct candidate **sorted)
{
    for (size_t i = 0; i < count; i++)
        candidates[i].taken = candidate_score(&candidates[i]) >= ACCEPTED;
    for (size_t from = 0, to; from < count; from = to) {
        bool taken = false;
        for (to = from; to < count && strcmp(sorted[to]->right_key, sorted[from]->right_key) == 0; to++)
            taken = taken || sorted[to]->taken;
        for (size_t i = from; i < to; i++) {
            sorted[i]->topic_taken = taken;
            sorted[i]->taken = candidate_score(sorted[i]) >= ACCEPTED;
        }
    }
}

static void weigh_neighbour(struct candidate *c, const struct candidate *neighbour)
{
    if (neighbour && strcmp(c->left_key, neighbour->left_key) != 0 && fold_is_near(c->left_key, neighbour->left_key)) {
        c->near = true;
        c->taken = candidate_score(c) >= ACCEPTED;
    }
}

/* A misspelt name stands alone, but most often beside sections of what was meant. */
static void accept_near(struct candidate *candidates, size_t count)
{
    const struct candidate *neighbour = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!candidates[i].taken)
            weigh_neighbour(&candidates[i], neighbour);
        else
            neighbour = &candidates[i];
    }
    neighbour = NULL;
    for (size_t i = count; i-- > 0;) {
        if (!candidates[i].taken)
            weigh_neighbour(&candidates[i], neighbour);
        else
            neighbour = &candidates[i];
    }
}

/* A heading of an unknown topic with nothing below it is a fact; headings that mostly have nothing below them are none.
 */
static void refuse_empty(struct candidate *candidates, size_t count, const struct line *lines, int line_count)
{
    size_t taken = 0, empty = 0;
    int content_from = line_count; /* the first line after the candidate that says something and is no heading */
    for (size_t i = count; i-- > 0;) {
        struct candidate *c = &candidates[i];
        int next = c->line + 1;
        bool nothing;
        if (!c->taken)
            continue;
        while (next < line_count && !is_content(&lines[next]))
            next++;
        nothing = next == line_count || next == content_from;
        if (nothing && !c->known && !c->other_lefts) {
            c->taken = false;
            continue;
        }
        content_from = c->line;
        taken++;
        empty += nothing;
    }
    for (size_t i = 0; empty * 2 > taken && i < count; i++)
        candidates[i].taken = false;
}

/* Headings "Algorithm - Topic" of plain notes. found->items has room for a heading per line. */
static int find_plain(struct heading_list *found, const struct line *lines, int count, struct arena *arena)
{
    struct candidate *candidates = malloc((size_t)count * sizeof *candidates);
    struct candidate **sorted = malloc((size_t)count * sizeof(struct candidate *));
    size_t used = 0;
    if (!candidates || !sorted) {
        free(candidates);
        free(sorted);
        return -1;
    }
    for (int i = 0; i < count; i++)
        used += i != found->title_line && candidate_of(&candidates[used], lines, i, arena);
    weigh_company(candidates, used, sorted);
    accept(candidates, used, sorted);
    accept_near(candidates, used);
    refuse_empty(candidates, used, lines, count);
    for (size_t i = 0; i < used; i++) {
        const struct candidate *c = &candidates[i];
        if (c->taken)
            found->items[found->count++] = (struct heading){.line = c->line,
                                                            .text = lines[c->line].text,
                                                            .algorithm = c->left,
                                                            .slug = c->left_key,
                                                            .topic = c->right,
                                                            .slot = slot_of_topic(c->right)};
    }
    free(candidates);
    free(sorted);
    return 0;
}

/* What the levels of Markdown headings stand for. */
struct outline {
    int algorithm, topic;          /* levels; 0: not used */
    int first, first_level, total; /* the first heading */
};

static bool has_dash(const char *text)
{
    struct line_dash dash;
    return line_dash_find(text, 0, &dash) && dash.at > 0;
}

/* One heading of the highest level before all others is the deck's title, unless topics follow it directly. */
static bool first_is_title(const struct line *lines, int count, const struct outline *o, const int *levels)
{
    int second = o->first_level + 1, known = 0, named = 0;
    while (second < 7 && !levels[second])
        second++;
    if (o->first < 0 || levels[o->first_level] != 1 || has_dash(lines[o->first].text))
        return false;
    for (int i = 0; i < o->first; i++)
        if (is_content(&lines[i]))
            return false;
    for (int level = 1; level < o->first_level; level++)
        if (levels[level])
            return false;
    for (int i = 0; i < count; i++) {
        if (lines[i].shape != SHAPE_HASH || lines[i].level != second)
            continue;
        named++;
        known += !has_dash(lines[i].text) && strcmp(slot_of_topic(lines[i].text), "other") != 0;
    }
    return known * 2 <= named;
}

static struct outline outline_of(struct heading_list *found, const struct line *lines, int count)
{
    struct outline o = {.first = -1};
    int levels[8] = {0};
    for (int i = 0; i < count; i++) {
        if (lines[i].shape != SHAPE_HASH)
            continue;
        levels[lines[i].level]++;
        o.total++;
        if (o.first < 0) {
            o.first = i;
            o.first_level = lines[i].level;
        }
    }
    if (first_is_title(lines, count, &o, levels)) {
        found->title = lines[o.first].text;
        found->title_line = o.first;
        levels[o.first_level] = 0;
        o.total--;
    }
    for (int level = 1; level < 7; level++) {
        if (!levels[level])
            continue;
        if (!o.algorithm)
            o.algorithm = level;
        else if (!o.topic)
            o.topic = level;
        else if (!found->lead_level)
            found->lead_level = level;
    }
    return o;
}

/* A heading without headings below it: "Algorithm - Topic", or an algorithm without topics. */
static struct heading split_heading(const char *text, struct arena *arena)
{
    struct line_dash dash;
    struct heading h = {.text = text, .algorithm = text, .topic = "Overview"};
    if (line_dash_find(text, 0, &dash) && dash.at > 0 && text[dash.at + dash.size]) {
        h.algorithm = arena_copy(arena, text, dash.at);
        h.topic = text + dash.at + dash.size;
    }
    return h;
}

static void find_markdown(struct heading_list *found, const struct line *lines, int count, const struct outline *o,
                          struct arena *arena)
{
    const char *algorithm = found->title ? found->title : "Notes";
    int after = -1; /* level of the heading that comes next, looking from the end */
    int *below = arena_take(arena, (size_t)count * sizeof *below);
    if (!below)
        return;
    for (int i = count - 1; i >= 0; i--) {
        below[i] = after;
        if (lines[i].shape == SHAPE_HASH)
            after = lines[i].level;
    }
    for (int i = 0; i < count; i++) {
        struct heading h = {.text = lines[i].text, .topic = lines[i].text};
        if (lines[i].shape != SHAPE_HASH || i == found->title_line || (lines[i].level > o->topic && o->topic) ||
            (!o->topic && lines[i].level > o->algorithm))
            continue;
        if (lines[i].level == o->algorithm) {
            bool parent = o->topic && below[i] == o->topic;
            h = split_heading(lines[i].text, arena);
            if (parent)
                h = (struct heading){.text = lines[i].text, .algorithm = lines[i].text, .topic = "Overview"};
            else if (h.algorithm == lines[i].text && found->title && strcmp(slot_of_topic(h.text), "other") != 0)
                h = (struct heading){.text = lines[i].text, .algorithm = found->title, .topic = lines[i].text};
            h.parent = parent;
            algorithm = h.algorithm;
        } else {
            h.algorithm = algorithm;
        }
        h.line = i;
        h.slug = slot_slug(arena, h.algorithm);
        h.slot = slot_of_topic(h.topic);
        found->items[found->count++] = h;
    }
}

/* The first line with words is the title when it is short and a heading follows it. */
static void find_title(struct heading_list *found, const struct line *lines, int count)
{
    int first = 0, next;
    while (first < count && !is_content(&lines[first]))
        first++;
    next = first + 1;
    while (next < count && !is_content(&lines[next]))
        next++;
    if (first >= count || lines[first].shape != SHAPE_TEXT || lines[first].bullet || found->title)
        return;
    if (grammar_words(lines[first].text) > 10 || strchr(".,;:", lines[first].text[strlen(lines[first].text) - 1]))
        return;
    if (found->count ? found->items[0].line == next : next > first + 1 || (next < count && lines[next].bullet)) {
        found->title = lines[first].text;
        found->title_line = first;
    }
}

int heading_find(struct heading_list *found, const struct line *lines, int count, struct arena *arena)
{
    struct outline o;
    *found = (struct heading_list){.title_line = -1};
    found->items = arena_take(arena, ((size_t)count + 1) * sizeof *found->items);
    if (!found->items)
        return -1;
    o = outline_of(found, lines, count);
    if (o.total)
        find_markdown(found, lines, count, &o, arena);
    else if (find_plain(found, lines, count, arena) != 0)
        return -1;
    find_title(found, lines, count);
    return arena->failed ? -1 : heading_fold(found, arena);
}
