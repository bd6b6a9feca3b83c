#include "web/study/fact.h"

#include <stdlib.h>
#include <string.h>

#include "web/study/value.h"

#define JOIN_MAX 3   /* words that one concept may be split into */
#define LIST_MAX 100 /* entries of a list looked at for its first line */

uint64_t fact_mix(uint64_t h)
{
    h ^= h >> 32;
    h *= 0x9E3779B97F4A7C15u;
    h ^= h >> 29;
    h *= 0xBF58476D1CE4E5B9u;
    return h ^ (h >> 32);
}

uint64_t fact_hash(const char *text)
{
    uint64_t h = 14695981039346656037u;
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211u;
    return fact_mix(h);
}

/* --- what a fact stands in ---------------------------------------------------------------------------------------- */

const struct notes_section *fact_section(const struct fact_table *t, int fact)
{
    return &t->notes->sections[t->notes->facts[fact].section];
}

bool fact_is_asked(const struct fact_table *t, int fact)
{
    return t->facts[fact].algorithm >= 0 && !t->facts[fact].silent;
}

bool fact_in_slot(const struct fact_table *t, int fact, const char *slot)
{
    return t->facts[fact].algorithm >= 0 && strcmp(fact_section(t, fact)->slot, slot) == 0;
}

int fact_slot(const struct fact_table *t, int fact)
{
    int slot = 0;
    while (notes_slots[slot] && strcmp(notes_slots[slot], fact_section(t, fact)->slot) != 0)
        slot++;
    return slot;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static int by_slug(const void *a, const void *b)
{
    const struct algorithm *x = a, *y = b;
    return strcmp(x->slug, y->slug);
}

static bool is_complete(const struct notes_section *s)
{
    return s->algorithm && *s->algorithm && s->slug && *s->slug && s->topic && s->slot;
}

/* The algorithms, sorted by slug and each once. */
static int find_algorithms(struct fact_table *t)
{
    const struct notes *notes = t->notes;
    int n = 0;
    t->algorithms = arena_take(t->arena, (notes->section_count + 1) * sizeof *t->algorithms);
    if (!t->algorithms)
        return -1;
    for (size_t i = 0; i < notes->section_count; i++)
        if (is_complete(&notes->sections[i]))
            t->algorithms[n++] = (struct algorithm){notes->sections[i].algorithm, notes->sections[i].slug};
    qsort(t->algorithms, (size_t)n, sizeof *t->algorithms, by_slug);
    for (int i = 0; i < n; i++)
        if (!t->algorithm_count || strcmp(t->algorithms[t->algorithm_count - 1].slug, t->algorithms[i].slug) != 0)
            t->algorithms[t->algorithm_count++] = t->algorithms[i];
    return 0;
}

static int algorithm_of(const struct fact_table *t, const struct notes_fact *f)
{
    const struct notes_section *s;
    const struct algorithm *found;
    if (f->section < 0 || (size_t)f->section >= t->notes->section_count || !f->text || !*f->text)
        return -1;
    s = &t->notes->sections[f->section];
    if (!is_complete(s))
        return -1;
    found = bsearch(&(struct algorithm){s->algorithm, s->slug}, t->algorithms, (size_t)t->algorithm_count,
                    sizeof *found, by_slug);
    return found ? (int)(found - t->algorithms) : -1;
}

/* A fact's parent stands above it and in the same section; other links are not followed. */
static bool has_parent(const struct fact_table *t, int fact)
{
    const struct notes_fact *f = &t->notes->facts[fact];
    return f->parent >= 0 && f->parent < fact && t->notes->facts[f->parent].section == f->section &&
           t->facts[f->parent].algorithm >= 0 && !t->notes->facts[f->parent].also;
}

static int read_facts(struct fact_table *t)
{
    t->facts = arena_take(t->arena, ((size_t)t->fact_count + 1) * sizeof *t->facts);
    if (!t->facts)
        return -1;
    for (int i = 0; i < t->fact_count; i++) {
        struct fact *own = &t->facts[i];
        *own = (struct fact){
            .algorithm = algorithm_of(t, &t->notes->facts[i]), .parent = -1, .first_child = -1, .next_child = -1};
        if (own->algorithm >= 0)
            own->words = text_words(&t->vocabulary, t->arena, t->notes->facts[i].text);
        own->silent = t->notes->facts[i].also;
    }
    for (int i = t->fact_count - 1; i >= 0; i--) {
        struct fact *own = &t->facts[i];
        if (own->algorithm < 0 || own->silent)
            continue;
        if (has_parent(t, i)) {
            struct fact *above = &t->facts[t->notes->facts[i].parent];
            own->parent = t->notes->facts[i].parent;
            own->next_child = above->first_child;
            above->first_child = i;
            above->child_count++;
        }
        if (!t->notes->facts[i].lead_in) {
            struct pair_place place = {fact_in_slot(t, i, "hyperparameters"), has_parent(t, i)};
            own->has_pair = pair_parse(&own->pair, t->arena, t->notes->facts[i].text, place);
            own->name = own->has_pair ? text_words(&t->vocabulary, t->arena, own->pair.name) : own->words;
        }
    }
    return t->vocabulary.failed ? -1 : 0;
}

/* --- slips -------------------------------------------------------------------------------------------------------- */

static int find_slips(struct fact_table *t)
{
    int count = (int)t->vocabulary.count, status;
    int *uses = calloc((size_t)count + 1, sizeof *uses);
    if (!uses)
        return -1;
    for (int i = 0; i < t->fact_count; i++)
        for (int j = 0; j < t->facts[i].words.count && !t->facts[i].silent; j++)
            uses[t->facts[i].words.ids[j]]++;
    status = slips_find(&t->slips, &t->vocabulary, uses, count, t->known_words, t->arena);
    free(uses);
    return status;
}

/* --- postings ----------------------------------------------------------------------------------------------------- */

static uint64_t posting_key(int algorithm, int word)
{
    return (uint64_t)algorithm << 32 | (uint32_t)word;
}

static int by_key(const void *a, const void *b)
{
    const struct posting *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->fact - y->fact;
}

static int post_facts(struct fact_table *t)
{
    size_t room = 1, n = 0;
    for (int i = 0; i < t->fact_count; i++)
        room += (size_t)t->facts[i].words.count * JOIN_MAX;
    t->postings = malloc(room * sizeof *t->postings);
    if (!t->postings)
        return -1;
    for (int i = 0; i < t->fact_count; i++) {
        struct words w = t->facts[i].words;
        for (int at = 0; at < w.count; at++)
            for (int len = 1; len <= JOIN_MAX && at + len <= w.count; len++) {
                int word = len == 1 ? w.ids[at] : text_joined(&t->vocabulary, w.ids + at, len);
                t->postings[n++] = (struct posting){posting_key(t->facts[i].algorithm, word), i};
            }
    }
    qsort(t->postings, n, sizeof *t->postings, by_key);
    t->posting_count = n;
    return t->vocabulary.failed ? -1 : 0;
}

static int find_posting(const struct fact_table *t, int algorithm, int word)
{
    uint64_t key = posting_key(algorithm, word);
    size_t low = 0, high = t->posting_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->postings[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low < t->posting_count && t->postings[low].key == key ? t->postings[low].fact : -1;
}

/* --- values in order ---------------------------------------------------------------------------------------------- */

static int compare_hashes(const struct value *x, const struct value *y)
{
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->fact - y->fact;
}

static int by_group(const void *a, const void *b)
{
    const struct value *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return x->group != y->group ? (x->group > y->group) - (x->group < y->group) : compare_hashes(x, y);
}

static int by_kind(const void *a, const void *b)
{
    const struct value *x = *(const struct value *const *)a, *y = *(const struct value *const *)b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return compare_hashes(x, y);
}

static int sort_values(struct fact_table *t)
{
    size_t n = (size_t)t->value_count;
    const struct value **order = malloc((n + 1) * sizeof(struct value *));
    t->ring = arena_take(t->arena, (n + 1) * sizeof *t->ring);
    if (!order || !t->ring) {
        free(order);
        return -1;
    }
    if (n)
        qsort(t->values, n, sizeof *t->values, by_group);
    for (size_t i = 0; i < n; i++)
        order[i] = &t->values[i];
    qsort(order, n, sizeof(struct value *), by_kind);
    for (size_t i = 0; i < n; i++)
        t->ring[i] = (int)(order[i] - t->values);
    free(order);
    return 0;
}

const struct value *fact_run_at(const struct fact_table *t, struct value_run run, int index)
{
    int at = run.first + index % run.count;
    return &t->values[run.ring ? t->ring[at] : at];
}

/* Is the value at this place of the order before (kind, group, hash)? */
static bool is_before(const struct value *v, bool ring, enum value_kind kind, int group, uint64_t hash)
{
    if (v->kind != kind)
        return v->kind < kind;
    if (!ring && v->group != group)
        return v->group < group;
    return v->hash < hash;
}

static int lower_bound(const struct fact_table *t, bool ring, enum value_kind kind, int group, uint64_t hash)
{
    int low = 0, high = t->value_count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        const struct value *v = &t->values[ring ? t->ring[middle] : middle];
        if (is_before(v, ring, kind, group, hash))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct value_run fact_run(const struct fact_table *t, enum value_kind kind, int group)
{
    bool ring = group < 0;
    int first = lower_bound(t, ring, kind, group, 0);
    int end = ring ? lower_bound(t, true, kind + 1, group, 0) : lower_bound(t, false, kind, group + 1, 0);
    return (struct value_run){first, end - first, ring};
}

int fact_run_start(const struct fact_table *t, struct value_run run, uint64_t seed)
{
    int low = 0, high = run.count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (fact_run_at(t, run, middle)->hash < seed)
            low = middle + 1;
        else
            high = middle;
    }
    return low < run.count ? low : 0;
}

/* --- truth -------------------------------------------------------------------------------------------------------- */

double fact_shared(const struct fact_table *t, struct words words, struct words other)
{
    int all = 0, shared = 0;
    for (int i = 0; i < words.count; i++) {
        if (text_is_stop(&t->vocabulary, words.ids[i]))
            continue;
        all++;
        shared += text_contains(other, words.ids[i]);
    }
    return all ? (double)shared / all : 0;
}

/* The word that says most: the longest that is no stop word. */
static int telling_word(const struct fact_table *t, struct words words)
{
    size_t most = 0;
    int found = 0;
    for (int i = 0; i < words.count; i++) {
        size_t len = strlen(t->vocabulary.words[words.ids[i]]);
        if (len > most && !text_is_stop(&t->vocabulary, words.ids[i])) {
            most = len;
            found = words.ids[i];
        }
    }
    return found;
}

int fact_mentions(const struct fact_table *t, int algorithm, const struct value *value)
{
    int fact = find_posting(t, algorithm, value->concept), word = telling_word(t, value->words);
    return fact >= 0 || !word ? fact : find_posting(t, algorithm, word);
}

/* A list is taken as complete when it has this many entries; two for most kinds, for one alone shows no list. */
static int least_entries(enum value_kind kind)
{
    return kind == VALUE_FORMAT ? 1 : 2;
}

static bool is_closed_kind(enum value_kind kind)
{
    return kind == VALUE_NAME || kind == VALUE_FORMAT || kind == VALUE_USE || kind == VALUE_METRIC ||
           kind == VALUE_MODE;
}

static const struct value *find_value(const struct fact_table *t, enum value_kind kind, int group,
                                      const struct value *like)
{
    for (int i = lower_bound(t, false, kind, group, like->hash); i < t->value_count; i++) {
        const struct value *v = &t->values[i];
        if (v->kind != kind || v->group != group || v->hash != like->hash)
            return NULL;
        if (v->concept == like->concept)
            return v;
    }
    return NULL;
}

/* "Document classification" is no wrong answer where "Classification" is a use. */
static bool is_special_case(const struct fact_table *t, int algorithm, const struct value *value)
{
    for (int i = 0; i < value->words.count; i++) {
        const struct term *term = term_find(&t->terms, value->words.ids[i]);
        if (term && term->common && term->kind == value->kind && find_posting(t, algorithm, value->words.ids[i]) >= 0)
            return true;
    }
    return false;
}

enum truth fact_truth(const struct fact_table *t, int algorithm, const struct value *value, int *line)
{
    const struct value *found = find_value(t, value->kind, algorithm, value);
    struct value_run own;
    int mention;
    if (found) {
        if (line)
            *line = found->line;
        return TRUTH_TRUE;
    }
    own = fact_run(t, value->kind, algorithm);
    mention = fact_mentions(t, algorithm, value);
    if (value->common || mention >= 0 || is_special_case(t, algorithm, value) || !is_closed_kind(value->kind) ||
        own.count < least_entries(value->kind))
        return TRUTH_UNKNOWN;
    if (line) {
        *line = fact_run_at(t, own, 0)->line;
        for (int i = 1; i < own.count && i < LIST_MAX; i++)
            if (fact_run_at(t, own, i)->line < *line)
                *line = fact_run_at(t, own, i)->line;
    }
    return TRUTH_FALSE;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

int fact_table_open(struct fact_table *t, const struct notes *notes, struct arena *arena)
{
    *t = (struct fact_table){.notes = notes, .arena = arena, .fact_count = (int)notes->fact_count};
    if (vocabulary_open(&t->vocabulary, arena) != 0 || term_table_open(&t->terms, &t->vocabulary, arena) != 0) {
        fact_table_close(t);
        return -1;
    }
    t->known_words = (int)t->vocabulary.count;
    if (find_algorithms(t) != 0 || read_facts(t) != 0 || find_slips(t) != 0 || post_facts(t) != 0 ||
        values_collect(t) != 0 || sort_values(t) != 0 || t->vocabulary.failed || arena->failed) {
        fact_table_close(t);
        return -1;
    }
    return 0;
}

void fact_table_close(struct fact_table *t)
{
    vocabulary_close(&t->vocabulary);
    free(t->values);
    free(t->postings);
    t->values = NULL;
    t->postings = NULL;
}
