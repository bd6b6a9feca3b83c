/* Pairs of token sequences with planted truth, for Object2Vec. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/rng.h"
#include "engine/data/made.h"
#include "engine/data/parts.h"

#define TEST_PAIRS 2000
#define SENTENCE_MAX 64
#define VOCABULARY_MAX 2000

enum { STREAM_PLANT = 31, STREAM_PART = 32 }; /* of the seed: the truth; each part */

/* A pair as it is drawn. */
struct drawn {
    int32_t token[2][SENTENCE_MAX];
    size_t count[2];
    float label;
    int32_t group;
};

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "make fewer pairs", "There is not enough memory for made pairs");
}

static int append(struct pairs *p, const struct drawn *d, struct error *err)
{
    if (!p->group && !(p->group = malloc(sizeof *p->group)))
        return no_memory(err);
    if (pairs_append(p, d->token[0], d->count[0], d->token[1], d->count[1], d->label) < 0)
        return no_memory(err);
    p->group[p->count - 1] = d->group;
    return 0;
}

/* Draws the next pair; `plant` is what stays the same in all parts. */
typedef void draw_pair(void *plant, struct rng *r, struct drawn *d);

static size_t part_size(size_t train, int part)
{
    size_t half = train / 2;
    if (part == PART_TRAIN)
        return train;
    return part == PART_TEST ? TEST_PAIRS : half < 200 ? 200 : half > 2000 ? 2000 : half;
}

static int make_parts(struct parts *parts, const char *name, size_t train, uint64_t seed, draw_pair *draw, void *plant,
                      struct error *err)
{
    static const char *const names[PARTS] = {"train", "validation", "test"};
    for (int part = 0; part < PARTS; part++) {
        struct pairs *p = &parts->pairs[part];
        struct rng r;
        rng_init(&r, seed, STREAM_PART + (uint64_t)part);
        snprintf(p->name, sizeof p->name, "%s (%s)", name, names[part]);
        for (size_t i = 0; i < part_size(train, part); i++) {
            struct drawn d = {0};
            draw(plant, &r, &d);
            if (append(p, &d, err) < 0)
                return -1;
        }
    }
    return 0;
}

static bool chance(struct rng *r, double share)
{
    return rng_uniform(r) < share;
}

static int32_t below(struct rng *r, size_t n)
{
    return (int32_t)rng_below(r, n);
}

/* --- pair_topic: two sentences, are they about the same topic? ------------------------------------------------------
 */

struct topics {
    uint32_t word[VOCABULARY_MAX];           /* ids of the words, topic after topic */
    size_t topics, words, shortest, longest; /* words: of a topic */
    double stray, flip;
};

static void draw_sentence(const struct topics *t, struct rng *r, size_t topic, struct drawn *d, int side)
{
    d->count[side] = t->shortest + rng_below(r, t->longest - t->shortest + 1);
    for (size_t i = 0; i < d->count[side]; i++) {
        size_t from = chance(r, t->stray) ? rng_below(r, t->topics) : topic;
        d->token[side][i] = (int32_t)t->word[from * t->words + rng_below(r, t->words)];
    }
}

static void draw_topic(void *plant, struct rng *r, struct drawn *d)
{
    const struct topics *t = plant;
    bool same = rng_below(r, 2);
    size_t topic = rng_below(r, t->topics), other = topic;
    if (!same)
        other = (topic + 1 + rng_below(r, t->topics - 1)) % t->topics;
    draw_sentence(t, r, topic, d, 0);
    draw_sentence(t, r, other, d, 1);
    d->label = same != chance(r, t->flip);
    d->group = (int32_t)topic;
}

static int make_topic(const double *v, uint64_t seed, struct parts *parts, struct error *err)
{
    struct topics t = {.topics = (size_t)v[1],
                       .words = (size_t)v[2],
                       .stray = v[3],
                       .shortest = (size_t)v[4],
                       .longest = (size_t)v[4] + (size_t)v[4] / 2,
                       .flip = v[5]};
    struct rng r;
    rng_init(&r, seed, STREAM_PLANT);
    for (size_t i = 0; i < t.topics * t.words; i++)
        t.word[i] = (uint32_t)i;
    rng_shuffle(&r, t.word, t.topics * t.words);
    return make_parts(parts, "pair_topic", (size_t)v[0], seed, draw_topic, &t, err);
}

const struct made made_pair_topic = {
    .about = {"pair_topic",
              "Same topic?",
              "two sentences of words from planted topics, and stray words; the label says whether the topic is the "
              "same. The order of words means nothing",
              "binary",
              {{"n", 2000, 100, 50000, true, "training pairs"},
               {"topics", 8, 2, 20, true, "topics"},
               {"words", 20, 2, 100, true, "words of each topic: there are topics x words ids"},
               {"stray", 0.3, 0, 1, false, "share of words that are of any topic"},
               {"length", 8, 1, 40, true, "words of a sentence, to half as many more"},
               {"flip", 0, 0, 0.5, false, "share of labels that are wrong"},
               {0}}},
    .kind = DATA_PAIRS,
    .make = make_topic,
};

/* --- pair_bigram: the same two words side by side in both sentences; is their order the same? -----------------------
 */

struct markers {
    size_t pairs, fillers, length, gap; /* ids: 2 x pairs markers, then the fillers */
};

static void fill(const struct markers *m, struct rng *r, struct drawn *d, int side)
{
    d->count[side] = m->length;
    for (size_t i = 0; i < m->length; i++)
        d->token[side][i] = (int32_t)(2 * m->pairs + rng_below(r, m->fillers));
}

/* Marker `pair` in two places `apart`, the second of it first when `turned`. */
static void put_markers(struct rng *r, struct drawn *d, int side, size_t pair, size_t apart, bool turned)
{
    size_t at = rng_below(r, d->count[side] - apart);
    d->token[side][at] = (int32_t)(2 * pair + turned);
    d->token[side][at + apart] = (int32_t)(2 * pair + !turned);
}

static void draw_bigram(void *plant, struct rng *r, struct drawn *d)
{
    const struct markers *m = plant;
    size_t pair = rng_below(r, m->pairs);
    bool turned[2] = {rng_below(r, 2), rng_below(r, 2)};
    for (int side = 0; side < 2; side++) {
        fill(m, r, d, side);
        put_markers(r, d, side, pair, 1, turned[side]);
    }
    d->label = turned[0] == turned[1];
    d->group = turned[0];
}

static int make_bigram(const double *v, uint64_t seed, struct parts *parts, struct error *err)
{
    struct markers m = {.pairs = (size_t)v[1], .fillers = (size_t)v[2], .length = (size_t)v[3]};
    return make_parts(parts, "pair_bigram", (size_t)v[0], seed, draw_bigram, &m, err);
}

const struct made made_pair_bigram = {
    .about = {"pair_bigram",
              "Same order, side by side?",
              "both sentences hold the same two marker words side by side; the label says whether they stand in the "
              "same order. Which words there are says nothing",
              "binary",
              {{"n", 2000, 100, 50000, true, "training pairs"},
               {"markers", 1, 1, 20, true, "pairs of marker words: ids 0, 1 are the first"},
               {"fillers", 40, 2, 1000, true, "other words"},
               {"length", 8, 2, 60, true, "words of a sentence"},
               {0}}},
    .kind = DATA_PAIRS,
    .make = make_bigram,
};

/* --- pair_order: two markers far apart, and a token that names an order ---------------------------------------------
 */

static void draw_order(void *plant, struct rng *r, struct drawn *d)
{
    const struct markers *m = plant;
    size_t most = m->length - 1, apart = m->gap + rng_below(r, most - m->gap + 1);
    bool turned = rng_below(r, 2), named = rng_below(r, 2);
    fill(m, r, d, 0);
    put_markers(r, d, 0, 0, apart, turned);
    d->token[1][0] = named;
    d->count[1] = 1;
    d->label = turned == named;
    d->group = turned;
}

static int make_order(const double *v, uint64_t seed, struct parts *parts, struct error *err)
{
    struct markers m = {.pairs = 1, .fillers = (size_t)v[1], .length = (size_t)v[2], .gap = (size_t)v[3]};
    if (m.gap >= m.length)
        return error_set(err, ERROR_INPUT, "gap", "give a gap below the length",
                         "Two words of a sentence of %zu cannot be %zu apart", m.length, m.gap);
    return make_parts(parts, "pair_order", (size_t)v[0], seed, draw_order, &m, err);
}

const struct made made_pair_order = {
    .about = {"pair_order",
              "Does the name fit the order?",
              "in0 is a sentence with two marker words at least gap apart, in1 one token that names an order; the "
              "label says whether it is theirs",
              "binary",
              {{"n", 3000, 100, 50000, true, "training pairs"},
               {"fillers", 40, 2, 1000, true, "other words"},
               {"length", 10, 2, 60, true, "words of a sentence"},
               {"gap", 3, 1, 58, true, "least distance of the markers"},
               {0}}},
    .kind = DATA_PAIRS,
    .make = make_order,
};

/* --- shop_small: who likes what ------------------------------------------------------------------------------------
 */

#define SHOP_MAX 200 /* users, items */
#define SHOP_REST 30 /* pairs that are left to validate and test, at least */

struct shop {
    int32_t taste[2][SHOP_MAX]; /* of users, of items */
    size_t count[2], tastes, next, all;
    bool only;
    uint32_t *deal; /* all pairs, shuffled: no pair is drawn twice, in whatever part */
    double noise;
};

static void draw_shop(void *plant, struct rng *r, struct drawn *d)
{
    struct shop *s = plant;
    uint32_t pair = s->deal[s->next++];
    size_t user = pair / s->count[1], item = pair % s->count[1];
    bool like = s->taste[0][user] == s->taste[1][item];
    d->token[0][0] = (int32_t)user;
    d->token[1][0] = (int32_t)item;
    d->count[0] = d->count[1] = 1;
    d->label = like != chance(r, s->noise);
    d->group = s->taste[0][user];
}

/* Every taste has somebody and something. */
static void plant_shop(struct shop *s, struct rng *r)
{
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < s->count[side]; i++)
            s->taste[side][i] = i < s->tastes ? (int32_t)i : below(r, s->tastes);
    for (size_t i = 0; i < s->count[0] * s->count[1]; i++)
        s->deal[i] = (uint32_t)i;
    rng_shuffle(r, s->deal, s->count[0] * s->count[1]);
}

static int too_many(const struct shop *s, size_t train, struct error *err)
{
    return error_set(err, ERROR_INPUT, "n", "give fewer training pairs, or more users and items",
                     "%zu users and %zu items make %zu pairs: %zu for training leave too few to test", s->count[0],
                     s->count[1], s->all, train);
}

/* With `only`, pairs of label 0 are left out of the training part. */
static int deal_train(struct shop *s, struct rng *r, size_t train, struct pairs *p, struct error *err)
{
    while (p->count < train) {
        struct drawn d = {0};
        if (s->next + SHOP_REST > s->all)
            return too_many(s, train, err);
        draw_shop(s, r, &d);
        if ((d.label > 0 || !s->only) && append(p, &d, err) < 0)
            return -1;
    }
    return 0;
}

/* A third of what is left validates, the rest tests. */
static int deal_shop(struct shop *s, size_t train, uint64_t seed, struct parts *parts, struct error *err)
{
    static const char *const names[PARTS] = {"train", "validation", "test"};
    size_t rest;
    struct rng r;
    for (int part = 0; part < PARTS; part++)
        snprintf(parts->pairs[part].name, sizeof parts->pairs[part].name, "shop_small (%s)", names[part]);
    rng_init(&r, seed, STREAM_PART);
    if (deal_train(s, &r, train, &parts->pairs[PART_TRAIN], err) < 0)
        return -1;
    rest = s->all - s->next;
    for (size_t i = 0; i < rest; i++) {
        struct drawn d = {0};
        draw_shop(s, &r, &d);
        if (append(&parts->pairs[i < rest / 3 ? PART_VALIDATION : PART_TEST], &d, err) < 0)
            return -1;
    }
    return 0;
}

static int make_shop(const double *v, uint64_t seed, struct parts *parts, struct error *err)
{
    struct shop s = {.count = {(size_t)v[1], (size_t)v[2]}, .tastes = (size_t)v[3], .noise = v[4], .only = v[5] > 0};
    struct rng r;
    int status;
    s.all = s.count[0] * s.count[1];
    s.deal = malloc(s.all * sizeof *s.deal);
    if (!s.deal)
        return no_memory(err);
    rng_init(&r, seed, STREAM_PLANT);
    plant_shop(&s, &r);
    status = deal_shop(&s, (size_t)v[0], seed, parts, err);
    free(s.deal);
    return status;
}

const struct made made_shop_small = {
    .about = {"shop_small",
              "Who likes what",
              "users and items have a planted taste each; the label says whether a user likes an item, which is so "
              "where the tastes are the same",
              "binary",
              {{"n", 1600, 50, 30000, true, "training pairs; a third of the others validates, the rest tests"},
               {"users", 80, 4, SHOP_MAX, true, "ids of in0"},
               {"items", 60, 4, SHOP_MAX, true, "ids of in1"},
               {"tastes", 4, 2, 4, true, "hidden tastes"},
               {"noise", 0.05, 0, 0.5, false, "share of labels that are wrong"},
               {"only", 0, 0, 1, true, "1: only pairs with label 1 are there to train on"},
               {0}}},
    .kind = DATA_PAIRS,
    .make = make_shop,
};
