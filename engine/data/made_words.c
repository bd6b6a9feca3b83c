/* Sentences about planted topics, for learning words. Every second word is a noun, of the sentence's topic or a stray
 * one; the small word before it is of the family that the noun's hidden role asks for. So what stands beside a noun
 * tells its role, and what stands further off its topic. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/rng.h"
#include "engine/data/made.h"
#include "engine/data/made_lexicon.h"
#include "engine/data/parts.h"

#define TEST_LINES 2000
#define NOUNS (LEXICON_TOPICS * LEXICON_NOUNS)
#define FAMILY (LEXICON_SMALL / 2)

enum { STREAM_PLANT = 41, STREAM_PART = 42, STREAM_SCRAMBLE = 45 }; /* of the seed; three parts */

struct plan {
    size_t topics, length; /* length: nouns of a sentence */
    double stray;
    bool labels;
    uint32_t role[NOUNS];          /* 0 or 1, half of each topic's nouns */
    uint32_t small[LEXICON_SMALL]; /* the family of role 0, then that of role 1 */
};

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "make fewer sentences", "There is not enough memory for made text");
}

static void plant(struct plan *p, uint64_t seed)
{
    struct rng r;
    rng_init(&r, seed, STREAM_PLANT);
    for (size_t topic = 0; topic < LEXICON_TOPICS; topic++) {
        uint32_t *role = p->role + topic * LEXICON_NOUNS;
        for (uint32_t i = 0; i < LEXICON_NOUNS; i++)
            role[i] = i % 2;
        rng_shuffle(&r, role, LEXICON_NOUNS);
    }
    for (uint32_t i = 0; i < LEXICON_SMALL; i++)
        p->small[i] = i;
    rng_shuffle(&r, p->small, LEXICON_SMALL);
}

static enum text_added add(struct text *t, const char *word)
{
    return text_append_token(t, word, strlen(word));
}

static int draw_line(const struct plan *p, struct rng *r, struct text *t)
{
    size_t topic = rng_below(r, p->topics);
    enum text_added status = TEXT_ADDED;
    if (p->labels) {
        char label[32];
        snprintf(label, sizeof label, TEXT_LABEL_PREFIX "%s", lexicon_topic[topic]);
        status = add(t, label);
    }
    for (size_t i = 0; status == TEXT_ADDED && i < p->length; i++) {
        size_t from = rng_uniform(r) < p->stray ? rng_below(r, p->topics) : topic, noun = rng_below(r, LEXICON_NOUNS);
        size_t family = p->role[from * LEXICON_NOUNS + noun] * FAMILY;
        status = add(t, lexicon_small[p->small[family + rng_below(r, FAMILY)]]);
        if (status == TEXT_ADDED)
            status = add(t, lexicon_noun[from][noun]);
    }
    return status == TEXT_ADDED && text_end_line(t) == TEXT_ADDED ? 0 : -1;
}

/* Every token to a place of its own in the whole text: the words and how often they come stay, all else goes. */
static void scramble(struct text *t, uint64_t seed)
{
    struct rng r;
    rng_init(&r, seed, STREAM_SCRAMBLE);
    for (size_t i = t->start[t->lines]; i > 1; i--) {
        size_t k = rng_below(&r, i);
        int32_t token = t->token[i - 1];
        t->token[i - 1] = t->token[k];
        t->token[k] = token;
    }
}

/* What was planted for each word of the text: small words and labels have nothing. */
static int set_groups(const struct plan *p, struct text *t)
{
    for (int kind = 0; kind < 2; kind++) {
        t->group[kind] = malloc(t->words * sizeof *t->group[kind]);
        if (!t->group[kind])
            return -1;
        for (size_t i = 0; i < t->words; i++)
            t->group[kind][i] = -1;
    }
    for (size_t noun = 0; noun < p->topics * LEXICON_NOUNS; noun++) {
        const char *word = lexicon_noun[noun / LEXICON_NOUNS][noun % LEXICON_NOUNS];
        int32_t id = text_find(t, word, strlen(word));
        if (id < 0)
            continue;
        t->group[0][id] = (int32_t)(noun / LEXICON_NOUNS);
        t->group[1][id] = (int32_t)p->role[noun];
    }
    return 0;
}

static int make_part(const struct plan *p, size_t lines, uint64_t seed, int part, struct text *t, struct error *err)
{
    static const char *const names[PARTS] = {"train", "validation", "test"};
    struct rng r;
    rng_init(&r, seed, STREAM_PART + (uint64_t)part);
    snprintf(t->name, sizeof t->name, "planted_words (%s)", names[part]);
    while (t->lines < lines)
        if (draw_line(p, &r, t) < 0)
            return no_memory(err);
    return set_groups(p, t) == 0 ? 0 : no_memory(err);
}

static int make(const double *v, uint64_t seed, struct parts *parts, struct error *err)
{
    struct plan p = {.topics = (size_t)v[1], .stray = v[2], .length = (size_t)v[3], .labels = v[5] > 0};
    size_t n = (size_t)v[0], half = n / 2;
    size_t lines[PARTS] = {n, half < 200 ? 200 : half > 2000 ? 2000 : half, TEST_LINES};
    if (p.labels && v[4] > 0)
        return error_set(err, ERROR_INPUT, "scramble", "leave scramble or labels at 0",
                         "Scrambled labels would stand in any sentence, or in none");
    plant(&p, seed);
    for (int part = 0; part < (p.labels ? PARTS : 1); part++)
        if (make_part(&p, lines[part], seed, part, &parts->text[part], err) < 0)
            return -1;
    if (v[4] > 0)
        scramble(&parts->text[PART_TRAIN], seed);
    return 0;
}

const struct made made_planted_words = {
    .about =
        {"planted_words",
         "Words with topics and roles",
         "sentences of nouns of one planted topic, and stray ones, each behind a small word that fits the noun's "
         "planted role. Two scores come for free: how many of a noun's nearest nouns share its topic, and its role",
         "multiclass",
         {{"n", 6000, 100, 60000, true, "training sentences"},
          {"topics", LEXICON_TOPICS, 2, LEXICON_TOPICS, true, "topics, of 24 nouns each"},
          {"stray", 0.15, 0, 1, false, "share of nouns that are of any topic"},
          {"length", 5, 1, 50, true, "nouns of a sentence, which has twice as many words"},
          {"scramble", 0, 0, 1, true, "1: all words are scrambled over the sentences, so nothing can be learned"},
          {"labels", 0, 0, 1, true,
           "1: the topic stands before each sentence as its label, and other sentences validate and test"},
          {0}}},
    .kind = DATA_TEXT,
    .make = make,
};
