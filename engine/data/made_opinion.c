/* Sentences with an opinion: one good or bad word among others, and perhaps "not". Right before the opinion it turns
 * the meaning around; elsewhere it means nothing. With a "not" in every sentence, before the opinion in half of them,
 * no word tells the label: only two words side by side do. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/rng.h"
#include "engine/data/made.h"
#include "engine/data/made_lexicon.h"
#include "engine/data/parts.h"

#define TEST_LINES 2000
#define FILLERS 240 /* different words that say nothing */
#define SHORTEST 5
#define LENGTH_MAX 300

enum { STREAM_PART = 51 }; /* of the seed; three parts */

struct plan {
    size_t length;
    double negated, adjacent, noise;
};

/* Small words, then nouns of the first topics. */
static const char *filler(size_t i)
{
    size_t noun = i - LEXICON_SMALL;
    return i < LEXICON_SMALL ? lexicon_small[i] : lexicon_noun[noun / LEXICON_NOUNS][noun % LEXICON_NOUNS];
}

static bool chance(struct rng *r, double share)
{
    return rng_uniform(r) < share;
}

/* A place that is not `opinion`, nor beside it. */
static size_t place_apart(struct rng *r, size_t length, size_t opinion)
{
    for (;;) {
        size_t place = rng_below(r, length);
        if (place + 1 < opinion || place > opinion + 1)
            return place;
    }
}

static int draw_line(const struct plan *p, struct rng *r, struct text *t)
{
    const char *word[LENGTH_MAX + 1];
    bool good = rng_below(r, 2), negated = chance(r, p->negated), adjacent = negated && chance(r, p->adjacent);
    size_t opinion = adjacent ? 1 + rng_below(r, p->length - 1) : rng_below(r, p->length);
    bool said = good != adjacent;
    word[0] = said != chance(r, p->noise) ? TEXT_LABEL_PREFIX "positive" : TEXT_LABEL_PREFIX "negative";
    for (size_t i = 0; i < p->length; i++)
        word[1 + i] = filler(rng_below(r, FILLERS));
    word[1 + opinion] = lexicon_opinion[good][rng_below(r, LEXICON_OPINIONS)];
    if (negated)
        word[1 + (adjacent ? opinion - 1 : place_apart(r, p->length, opinion))] = "not";
    for (size_t i = 0; i <= p->length; i++)
        if (text_append_token(t, word[i], strlen(word[i])) != TEXT_ADDED)
            return -1;
    return text_end_line(t) == TEXT_ADDED ? 0 : -1;
}

static int make(const double *v, uint64_t seed, struct parts *parts, struct error *err)
{
    static const char *const names[PARTS] = {"train", "validation", "test"};
    size_t n = (size_t)v[0], half = n / 2, other = (size_t)(v[5] > 0 ? v[5] : v[1]);
    size_t lines[PARTS] = {n, half < 200 ? 200 : half > 2000 ? 2000 : half, TEST_LINES};
    if (other < SHORTEST)
        return error_set(err, ERROR_INPUT, "test_length", "give 0, or at least 5",
                         "A sentence of %zu words has no room for a \"not\" apart from the opinion", other);
    for (int part = 0; part < PARTS; part++) {
        struct plan p = {(size_t)v[1], v[2], v[3], v[4]};
        struct text *t = &parts->text[part];
        struct rng r;
        if (part != PART_TRAIN) {
            p.length = other;
            p.noise = 0;
        }
        rng_init(&r, seed, STREAM_PART + (uint64_t)part);
        snprintf(t->name, sizeof t->name, "opinion_text (%s)", names[part]);
        while (t->lines < lines[part])
            if (draw_line(&p, &r, t) < 0)
                return error_set(err, ERROR_SYSTEM, NULL, "make fewer sentences",
                                 "There is not enough memory for made text");
    }
    return 0;
}

const struct made made_opinion_text = {
    .about = {"opinion_text",
              "Good or bad?",
              "sentences with one opinion among words that say nothing; \"not\" turns it around where it stands right "
              "before it. The label says what is meant",
              "binary",
              {{"n", 3000, 20, 50000, true, "training sentences"},
               {"length", 10, SHORTEST, LENGTH_MAX, true, "words of a sentence"},
               {"not", 0, 0, 1, false, "share of sentences with a \"not\""},
               {"adjacent", 0.5, 0, 1, false, "share of those where it stands right before the opinion"},
               {"noise", 0, 0, 0.5, false, "share of training labels that are wrong"},
               {"test_length", 0, 0, LENGTH_MAX, true,
                "words of a sentence to validate and test with; 0: as many as in training"},
               {0}}},
    .kind = DATA_TEXT,
    .make = make,
};
