/* Pairs of token sequences whose targets follow from their sources by a rule, with the vocabularies of both sides.
 *
 *   tok_map   letters; the target is the source, the source backwards, or the source in the order of the alphabet
 *   toy_mt    sentences of a made language, and another that has its own word for each of theirs and its own order:
 *             the article is gone, adjectives stand behind their noun, and the verb stands last */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/rng.h"
#include "engine/data/made.h"
#include "engine/data/parts.h"

#define VALIDATION 200
#define TEST 1000
#define WORD 16
#define LONGEST 40 /* tokens of a made sequence, at most */

enum { STREAM_WORDS = 501, STREAM_PAIRS };

struct sequence {
    int32_t token[LONGEST];
    size_t count;
};

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "make fewer pairs", "There is not enough memory for the made data");
}

static void put(struct sequence *s, int32_t token)
{
    if (s->count < LONGEST)
        s->token[s->count++] = token;
}

/* A vocabulary of the reserved words and these, in their order. */
static int make_vocabulary(struct vocabulary *v, char (*words)[WORD], size_t count, struct error *err)
{
    for (uint32_t i = 0; i < VOCABULARY_RESERVED; i++)
        if (vocabulary_add(v, vocabulary_reserved[i], strlen(vocabulary_reserved[i]), i) != VOCABULARY_ADDED)
            return no_memory(err);
    for (size_t i = 0; i < count; i++)
        if (vocabulary_add(v, words[i], strlen(words[i]), (uint32_t)(VOCABULARY_RESERVED + i)) != VOCABULARY_ADDED)
            return no_memory(err);
    return 0;
}

/* Draws a source and its target. */
typedef void draw_pair(const void *rule, struct rng *r, struct sequence *source, struct sequence *target);

static int fill_parts(struct parts *p, const char *name, size_t rows, uint64_t seed, draw_pair *draw, const void *rule,
                      struct error *err)
{
    static const char *const part_names[PARTS] = {"train", "validation", "test"};
    const size_t counts[PARTS] = {rows, VALIDATION, TEST};
    p->kind = DATA_PAIRS;
    for (unsigned part = 0; part < PARTS; part++) {
        struct pairs *pairs = &p->pairs[part];
        struct rng r;
        rng_init(&r, seed, STREAM_PAIRS + part);
        snprintf(pairs->name, sizeof pairs->name, "%s (%s)", name, part_names[part]);
        for (size_t i = 0; i < counts[part]; i++) {
            struct sequence source = {0}, target = {0};
            draw(rule, &r, &source, &target);
            if (pairs_append(pairs, source.token, source.count, target.token, target.count, NAN) < 0)
                return no_memory(err);
        }
    }
    return 0;
}

/* --- letters --------------------------------------------------------------------------------------------------------
 */

enum { COPY, REVERSE, SORT };

struct letters {
    int task;
    size_t count, shortest, longest;
};

static int by_id(const void *left, const void *right)
{
    int32_t x = *(const int32_t *)left, y = *(const int32_t *)right;
    return (x > y) - (x < y);
}

static void draw_letters(const void *rule, struct rng *r, struct sequence *source, struct sequence *target)
{
    const struct letters *l = rule;
    size_t count = l->shortest + rng_below(r, l->longest - l->shortest + 1);
    for (size_t i = 0; i < count; i++)
        put(source, VOCABULARY_RESERVED + (int32_t)rng_below(r, l->count));
    for (size_t i = 0; i < count; i++)
        put(target, source->token[l->task == REVERSE ? count - 1 - i : i]);
    if (l->task == SORT)
        qsort(target->token, count, sizeof *target->token, by_id);
}

enum { LETTERS_N, LETTERS_TASK, LETTERS_VOCABULARY, LETTERS_SHORTEST, LETTERS_LONGEST };

static int make_letters(const double *values, uint64_t seed, struct parts *parts, struct error *err)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCD";
    const struct letters rule = {(int)values[LETTERS_TASK], (size_t)values[LETTERS_VOCABULARY],
                                 (size_t)values[LETTERS_SHORTEST], (size_t)values[LETTERS_LONGEST]};
    char words[sizeof alphabet][WORD] = {0};
    if (rule.shortest > rule.longest)
        return error_set(err, ERROR_INPUT, "shortest", "give at most longest",
                         "tok_map: shortest = %zu is above longest = %zu", rule.shortest, rule.longest);
    for (size_t i = 0; alphabet[i]; i++)
        words[i][0] = alphabet[i];
    for (int side = 0; side < 2; side++)
        if (make_vocabulary(&parts->vocabulary[side], words, rule.count, err) < 0)
            return -1;
    return fill_parts(parts, "tok_map", (size_t)values[LETTERS_N], seed, draw_letters, &rule, err);
}

const struct made made_tok_map = {
    .about = {.name = "tok_map",
              .title = "Letters copied, reversed or sorted",
              .help = "sequences of random letters; the target follows from the source by a rule",
              .task = "translation",
              .parameters = {{"n", 2000, 10, 100000, true, "training pairs"},
                             {"task", 0, 0, 2, true, "0: copy, 1: reverse, 2: sort"},
                             {"vocabulary", 20, 10, 30, true, "letters"},
                             {"shortest", 4, 1, LONGEST, true, "letters of a sequence at least"},
                             {"longest", 8, 1, LONGEST, true, "letters of a sequence at most"}}},
    .kind = DATA_PAIRS,
    .make = make_letters,
};

/* --- two made languages ---------------------------------------------------------------------------------------------
 */

#define WORDS_MAX 200

/* Ids: the article first, then nouns, adjectives, verbs and adverbs; on the other side the same without the article. */
struct grammar {
    size_t nouns, adjectives, verbs, adverbs;
    bool swap;
    int32_t target[WORDS_MAX + 1]; /* of each word: the other language's, whose ids are in another order */
};

/* The k-th word of two syllables, by sets of letters; two different k give two different words. */
static void spell(char *word, const char *consonants, const char *vowels, size_t k, const char *ending)
{
    size_t c = strlen(consonants), v = strlen(vowels), syllable[2] = {k % (c * v), k / (c * v) % (c * v)};
    snprintf(word, WORD, "%c%c%c%c%s", consonants[syllable[0] % c], vowels[syllable[0] / c],
             consonants[syllable[1] % c], vowels[syllable[1] / c], ending);
}

static void shuffled(uint32_t *order, size_t count, struct rng *r)
{
    for (size_t i = 0; i < count; i++)
        order[i] = (uint32_t)i;
    rng_shuffle(r, order, count);
}

/* Frequent words come far more often than rare ones. */
static int32_t draw_word(struct rng *r, size_t first, size_t count)
{
    double u = rng_uniform(r);
    return (int32_t)(first + (size_t)(u * u * (double)count));
}

/* The article, up to two adjectives and a noun; on the other side the noun and then its adjectives. */
static void draw_phrase(const struct grammar *g, struct rng *r, struct sequence *source, struct sequence *target)
{
    size_t adjectives = rng_below(r, 3);
    int32_t word[3];
    put(source, VOCABULARY_RESERVED);
    for (size_t i = 0; i < adjectives; i++)
        put(source, word[i] = draw_word(r, VOCABULARY_RESERVED + 1 + g->nouns, g->adjectives));
    put(source, word[adjectives] = draw_word(r, VOCABULARY_RESERVED + 1, g->nouns));
    for (size_t i = 0; i <= adjectives; i++)
        put(target, g->target[word[g->swap ? adjectives - i : i] - VOCABULARY_RESERVED]);
}

static void draw_sentence(const void *rule, struct rng *r, struct sequence *source, struct sequence *target)
{
    const struct grammar *g = rule;
    size_t verbs = VOCABULARY_RESERVED + 1 + g->nouns + g->adjectives;
    int32_t verb, adverb = 0;
    draw_phrase(g, r, source, target);
    put(source, verb = draw_word(r, verbs, g->verbs));
    if (!g->swap)
        put(target, g->target[verb - VOCABULARY_RESERVED]);
    draw_phrase(g, r, source, target);
    if (rng_below(r, 2)) {
        put(source, adverb = draw_word(r, verbs + g->verbs, g->adverbs));
        put(target, g->target[adverb - VOCABULARY_RESERVED]);
    }
    if (g->swap)
        put(target, g->target[verb - VOCABULARY_RESERVED]);
}

enum { TOY_N, TOY_WORDS, TOY_SWAP };

/* Nouns are 45 in 100 of the words, adjectives and verbs 25 each, the rest adverbs. */
static void make_grammar(struct grammar *g, size_t words, bool swap)
{
    *g = (struct grammar){.nouns = words * 45 / 100, .adjectives = words / 4, .verbs = words / 4, .swap = swap};
    g->adverbs = words - g->nouns - g->adjectives - g->verbs;
}

static int make_sentences(const double *values, uint64_t seed, struct parts *parts, struct error *err)
{
    char from[WORDS_MAX + 1][WORD] = {{0}}, to[WORDS_MAX][WORD] = {{0}};
    uint32_t spelling[WORDS_MAX + 1], place[WORDS_MAX];
    size_t words = (size_t)values[TOY_WORDS];
    struct grammar g;
    struct rng r;
    make_grammar(&g, words, values[TOY_SWAP] != 0);
    rng_init(&r, seed, STREAM_WORDS);
    shuffled(spelling, words, &r);
    shuffled(place, words, &r);
    snprintf(from[0], WORD, "the");
    for (size_t i = 0; i < words; i++) {
        const char *ending = i < g.nouns                            ? "um"
                             : i < g.nouns + g.adjectives           ? "is"
                             : i < g.nouns + g.adjectives + g.verbs ? "at"
                                                                    : "e";
        spell(from[1 + i], "bdgklmnprst", "aeiou", spelling[i] * 13 + 5, "");
        spell(to[place[i]], "fhjlmnrvz", "aiou", spelling[i] * 7 + 3, ending);
        g.target[1 + i] = VOCABULARY_RESERVED + (int32_t)place[i];
    }
    if (make_vocabulary(&parts->vocabulary[0], from, words + 1, err) < 0 ||
        make_vocabulary(&parts->vocabulary[1], to, words, err) < 0)
        return -1;
    return fill_parts(parts, "toy_mt", (size_t)values[TOY_N], seed, draw_sentence, &g, err);
}

const struct made made_toy_mt = {
    .about = {.name = "toy_mt",
              .title = "Sentences of one made language in another",
              .help = "the other language has a word for each of theirs, puts adjectives behind nouns and verbs last",
              .task = "translation",
              .parameters = {{"n", 1000, 10, 100000, true, "training pairs"},
                             {"words", 80, 60, WORDS_MAX, true, "words besides the article"},
                             {"swap", 1, 0, 1, true, "1: the other language has its own order; 0: word by word"}}},
    .kind = DATA_PAIRS,
    .make = make_sentences,
};
