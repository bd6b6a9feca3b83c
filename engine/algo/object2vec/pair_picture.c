#include "engine/algo/object2vec/pair_picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"

#define EVERY 0.25 /* seconds between pictures */
#define SHOWN 20   /* objects whose tokens are told */

/* --- objects --------------------------------------------------------------------------------------------------------
 */

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "give a smaller enc_dim", "There is not enough memory for the picture");
}

static bool single_tokens(const struct pairs *p)
{
    return p->start[0][p->count] == p->count && pair_longest(p, 0, 2) == 1;
}

static int32_t group_of(const struct pairs *p, size_t pair)
{
    return p->group ? p->group[pair] : -1;
}

struct counted {
    int32_t token, group;
    size_t count;
};

static int by_count(const void *a, const void *b)
{
    const struct counted *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return (x->token > y->token) - (x->token < y->token);
}

/* Appends an object; room was made for EMBEDDING_MAX. */
static void add_object(struct pair_picture *p, const int32_t *token, size_t count, int32_t group)
{
    struct pairs *o = &p->objects;
    size_t at = o->start[0][o->count], used = 0;
    char *name = p->embedding.name[o->count];
    memcpy(o->token[0] + at, token, count * sizeof *token);
    o->start[0][o->count + 1] = at + count;
    embedding_group(&p->embedding, o->count++, group);
    p->embedding.count = o->count;
    for (size_t i = 0; i < count; i++) {
        if (used > sizeof *p->embedding.name - 16) { /* an id has at most 7 digits */
            snprintf(name + used, sizeof *p->embedding.name - used, " ...");
            break;
        }
        used += (size_t)snprintf(name + used, sizeof *p->embedding.name - used, "%s%d", i ? " " : "", token[i]);
    }
}

static int add_tokens(struct pair_picture *p, const struct pairs *from, size_t vocabulary, struct error *err)
{
    struct counted *seen = calloc(vocabulary, sizeof *seen);
    if (!seen)
        return no_memory(err);
    for (size_t i = 0; i < vocabulary; i++)
        seen[i] = (struct counted){(int32_t)i, -1, 0};
    for (size_t i = 0; i < from->count; i++) {
        struct counted *c = &seen[from->token[0][i]];
        c->count++;
        c->group = c->group < 0 ? group_of(from, i) : c->group;
    }
    qsort(seen, vocabulary, sizeof *seen, by_count);
    for (size_t i = 0; i < vocabulary && i < EMBEDDING_MAX && seen[i].count; i++)
        add_object(p, &seen[i].token, 1, seen[i].group);
    free(seen);
    return 0;
}

static void add_sequences(struct pair_picture *p, const struct pairs *from, size_t longest)
{
    for (size_t i = 0; i < from->count && i < EMBEDDING_MAX; i++) {
        size_t count;
        const int32_t *token = pairs_tokens(from, 0, i, &count);
        add_object(p, token, count < longest ? count : longest, group_of(from, i));
    }
}

int pair_picture_open(struct pair_picture *p, const struct training *t, const struct pair_design *d, struct error *err)
{
    const struct pairs *train = t->pairs[PART_TRAIN], *validation = t->pairs[PART_VALIDATION];
    const struct pairs *from = validation && validation->count ? validation : train;
    size_t most = EMBEDDING_MAX, longest = pair_longest(from, 0, d->side[0].longest);
    bool tokens = single_tokens(train) && single_tokens(from);
    *p = (struct pair_picture){.sink = t->sink};
    p->objects.start[0] = calloc(most + 1, sizeof *p->objects.start[0]);
    p->objects.token[0] = malloc(most * longest * sizeof *p->objects.token[0]);
    if (!p->objects.start[0] || !p->objects.token[0])
        return no_memory(err);
    if (embedding_open(&p->embedding, most, d->dim, err) < 0)
        return -1;
    if (tokens)
        return add_tokens(p, train, d->side[0].vocabulary, err);
    add_sequences(p, from, longest);
    return 0;
}

void pair_picture_close(struct pair_picture *p)
{
    free(p->objects.start[0]);
    free(p->objects.token[0]);
    embedding_close(&p->embedding);
    *p = (struct pair_picture){0};
}

/* --- the line -------------------------------------------------------------------------------------------------------
 */

/* Of the first objects what a request for them would hold. */
static void put_tokens(const struct pair_picture *p, struct json *j)
{
    json_array(j, "tokens");
    for (size_t i = 0; i < p->objects.count && i < SHOWN; i++) {
        size_t count;
        const int32_t *token = pairs_tokens(&p->objects, 0, i, &count);
        json_array(j, NULL);
        for (size_t k = 0; k < count; k++)
            json_integer(j, NULL, token[k]);
        json_end(j);
    }
    json_end(j);
}

static void send(const struct pair_picture *p, long epoch, long step)
{
    struct event e;
    event_begin(&e, p->sink, "picture");
    json_string(&e.json, "kind", "embedding");
    json_object(&e.json, "data");
    json_integer(&e.json, "epoch", epoch);
    json_integer(&e.json, "side", 0);
    embedding_put(&p->embedding, &e.json);
    put_tokens(p, &e.json);
    json_end(&e.json);
    json_integer(&e.json, "step", step);
    json_number(&e.json, "t", event_time(p->sink));
    event_send(&e);
}

int pair_picture_draw(struct pair_picture *p, struct pair_ask *ask, long epoch, long step, bool now, struct error *err)
{
    size_t n = p->objects.count;
    if (n < 3 || (!now && clock_seconds() - p->drawn < EVERY))
        return 0;
    if (pair_ask_vectors(ask, &p->objects, 0, 0, n, p->embedding.vectors, err) < 0 ||
        embedding_place(&p->embedding, err) < 0)
        return -1;
    send(p, epoch, step);
    p->drawn = clock_seconds();
    return 0;
}
