#include "engine/algo/object2vec/pair_batch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_ORDER 11 /* of the seed: order and negatives */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "give fewer pairs, or a smaller mini_batch_size or max_seq_len",
                     "There is not enough memory for the pairs");
}

/* --- which pairs were given as positive -----------------------------------------------------------------------------
 */

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
    return hash ^ (hash >> 29);
}

static uint64_t hash_pair(const struct pairs *p, size_t first, size_t second)
{
    const size_t pair[2] = {first, second};
    uint64_t hash = 1;
    for (int side = 0; side < 2; side++) {
        size_t count;
        const int32_t *token = pairs_tokens(p, side, pair[side], &count);
        hash = mix(hash, count);
        for (size_t i = 0; i < count; i++)
            hash = mix(hash, (uint64_t)token[i] + 1);
    }
    return hash ? hash : 1;
}

static bool is_known(const struct pair_epoch *e, uint64_t hash)
{
    size_t at = hash & (e->slots - 1);
    while (e->known[at] && e->known[at] != hash)
        at = (at + 1) & (e->slots - 1);
    return e->known[at] == hash;
}

static int learn_positives(struct pair_epoch *e, size_t positives)
{
    const struct pairs *p = e->pairs;
    for (e->slots = 16; e->slots < 2 * positives; e->slots *= 2)
        ;
    e->known = calloc(e->slots, sizeof *e->known);
    if (!e->known)
        return -1;
    for (size_t i = 0; i < p->count; i++) {
        uint64_t hash;
        size_t at;
        if (!(p->label[i] > 0))
            continue;
        hash = hash_pair(p, i, i);
        for (at = hash & (e->slots - 1); e->known[at] && e->known[at] != hash;)
            at = (at + 1) & (e->slots - 1);
        e->known[at] = hash;
    }
    return 0;
}

/* --- an epoch -------------------------------------------------------------------------------------------------------
 */

int pair_epoch_open(struct pair_epoch *e, const struct pairs *p, const struct pair_design *d, uint64_t seed,
                    struct error *err)
{
    size_t positives = 0;
    *e = (struct pair_epoch){.pairs = p, .batch = d->batch, .negatives = d->negatives, .bucket_width = d->bucket_width};
    for (size_t i = 0; i < p->count; i++)
        positives += p->label[i] > 0;
    if (d->negatives && !positives)
        return error_set(err, ERROR_INPUT, "negative_sampling_rate", "leave it out, or give pairs with a label above 0",
                         "Negatives are made of pairs with a label above 0, and no training pair has one");
    if (p->count > UINT32_MAX || positives * d->negatives > UINT32_MAX - p->count)
        return error_set(err, ERROR_LIMIT, p->name, "give fewer pairs, or a smaller negative_sampling_rate",
                         "An epoch takes at most %u pairs with the negatives", UINT32_MAX);
    e->count = p->count + positives * d->negatives;
    for (int side = 0; side < 2; side++)
        e->longest[side] = d->side[side].longest;
    rng_init(&e->rng, seed, STREAM_ORDER);
    e->entry = malloc((e->count + 1) * sizeof *e->entry);
    e->spare = malloc((e->count + 1) * sizeof *e->spare);
    e->cut = malloc((e->count + 2) * sizeof *e->cut);
    e->order = malloc((e->count + 1) * sizeof *e->order);
    if (e->entry && e->spare && e->cut && e->order && (!d->negatives || learn_positives(e, positives) == 0))
        return 0;
    pair_epoch_close(e);
    return no_memory(err);
}

void pair_epoch_close(struct pair_epoch *e)
{
    free(e->entry);
    free(e->spare);
    free(e->cut);
    free(e->order);
    free(e->known);
    *e = (struct pair_epoch){0};
}

static uint32_t draw_other(struct pair_epoch *e, size_t pair)
{
    uint32_t other = 0;
    for (int i = 0; i < PAIR_DRAWS; i++) {
        other = (uint32_t)rng_below(&e->rng, e->pairs->count);
        if (!is_known(e, hash_pair(e->pairs, pair, other)))
            break;
    }
    return other;
}

static void draw_entries(struct pair_epoch *e)
{
    size_t at = 0;
    for (size_t i = 0; i < e->pairs->count; i++) {
        float label = e->pairs->label[i];
        e->entry[at++] = (struct pair_entry){{(uint32_t)i, (uint32_t)i}, label};
        for (size_t k = 0; label > 0 && k < e->negatives; k++)
            e->entry[at++] = (struct pair_entry){{(uint32_t)i, draw_other(e, i)}, 0};
    }
}

static void shuffle_entries(struct pair_epoch *e)
{
    for (size_t i = e->count; i > 1; i--) {
        size_t other = (size_t)rng_below(&e->rng, i);
        struct pair_entry kept = e->entry[i - 1];
        e->entry[i - 1] = e->entry[other];
        e->entry[other] = kept;
    }
}

static size_t bucket_of(const struct pair_epoch *e, int side, const struct pair_entry *entry)
{
    size_t count;
    pairs_tokens(e->pairs, side, entry->pair[side], &count);
    return (smaller(count, e->longest[side]) - 1) / e->bucket_width;
}

/* A stable sort by the bucket of one side. Buckets are at most 5,000. */
static void sort_by_bucket(struct pair_epoch *e, int side)
{
    size_t first[PAIRS_TOKENS_MAX + 2] = {0};
    struct pair_entry *sorted = e->spare;
    for (size_t i = 0; i < e->count; i++)
        first[bucket_of(e, side, &e->entry[i]) + 1]++;
    for (size_t k = 1; k < PAIRS_TOKENS_MAX + 2; k++)
        first[k] += first[k - 1];
    for (size_t i = 0; i < e->count; i++)
        sorted[first[bucket_of(e, side, &e->entry[i])]++] = e->entry[i];
    e->spare = e->entry;
    e->entry = sorted;
}

static bool same_buckets(const struct pair_epoch *e, const struct pair_entry *a, const struct pair_entry *b)
{
    return !e->bucket_width || (bucket_of(e, 0, a) == bucket_of(e, 0, b) && bucket_of(e, 1, a) == bucket_of(e, 1, b));
}

static void cut_batches(struct pair_epoch *e)
{
    size_t begin = 0;
    e->batches = 0;
    for (size_t i = 0; i < e->count; i++) {
        if (i != begin && (i - begin == e->batch || !same_buckets(e, &e->entry[begin], &e->entry[i]))) {
            e->cut[e->batches++] = begin;
            begin = i;
        }
    }
    if (begin < e->count)
        e->cut[e->batches++] = begin;
    e->cut[e->batches] = e->count;
    for (size_t b = 0; b < e->batches; b++)
        e->order[b] = (uint32_t)b;
}

void pair_epoch_draw(struct pair_epoch *e)
{
    draw_entries(e);
    shuffle_entries(e);
    if (e->bucket_width) {
        sort_by_bucket(e, 1);
        sort_by_bucket(e, 0);
    }
    cut_batches(e);
    if (e->bucket_width)
        rng_shuffle(&e->rng, e->order, e->batches);
}

struct pair_range pair_epoch_batch(const struct pair_epoch *e, size_t b)
{
    return (struct pair_range){e->cut[e->order[b]], e->cut[e->order[b] + 1]};
}

/* --- sequences side by side -----------------------------------------------------------------------------------------
 */

static int32_t *integers(size_t n)
{
    return malloc((n + 1) * sizeof(int32_t));
}

static bool open_layout(struct pair_sequences *s, const struct pair_side *side, size_t tokens)
{
    if (s->network == PAIR_POOLED)
        return true;
    s->place = integers(tokens);
    if (s->network == PAIR_HCNN) {
        s->gap = side->filter - 1;
        s->line = integers(tokens + s->room * s->gap);
        s->alive = integers(tokens + s->room * s->gap);
        return s->place && s->line && s->alive;
    }
    s->distinct = integers(tokens);
    s->number = integers(side->vocabulary);
    for (size_t i = 0; s->number && i < side->vocabulary; i++)
        s->number[i] = -1;
    return s->place && s->distinct && s->number;
}

int pair_sequences_open(struct pair_sequences *s, const struct pair_side *side, size_t rows, size_t longest,
                        struct error *err)
{
    size_t tokens = rows * longest;
    *s = (struct pair_sequences){.room = rows, .network = side->network};
    if (rows * (longest + side->filter) > INT32_MAX)
        return error_set(err, ERROR_LIMIT, "mini_batch_size", "give smaller mini-batches or shorter sequences",
                         "A mini-batch of %zu sequences of %zu tokens is too large", rows, longest);
    s->packed = integers(tokens);
    s->start = integers(rows + 1);
    s->length = integers(rows);
    if (s->packed && s->start && s->length && open_layout(s, side, tokens))
        return 0;
    pair_sequences_close(s);
    return no_memory(err);
}

void pair_sequences_close(struct pair_sequences *s)
{
    free(s->packed);
    free(s->start);
    free(s->length);
    free(s->line);
    free(s->alive);
    free(s->distinct);
    free(s->number);
    free(s->place);
    *s = (struct pair_sequences){0};
}

void pair_sequences_begin(struct pair_sequences *s)
{
    s->rows = s->steps = 0;
    s->start[0] = 0;
}

void pair_sequences_add(struct pair_sequences *s, const int32_t *token, size_t count)
{
    size_t at = (size_t)s->start[s->rows];
    memcpy(s->packed + at, token, count * sizeof *token);
    s->length[s->rows++] = (int32_t)count;
    s->start[s->rows] = (int32_t)(at + count);
    s->steps = count > s->steps ? count : s->steps;
}

static void set_place(struct pair_sequences *s, size_t step, size_t row, size_t place)
{
    s->place[step * s->rows + row] = (int32_t)place;
}

static void lay_line(struct pair_sequences *s)
{
    s->lined = 0;
    for (size_t b = 0; b < s->rows; b++) {
        for (size_t i = 0; i < (size_t)s->length[b]; i++, s->lined++) {
            set_place(s, i, b, s->lined);
            s->line[s->lined] = s->packed[(size_t)s->start[b] + i];
            s->alive[s->lined] = (int32_t)s->lined;
        }
        for (size_t i = 0; i < s->gap; i++, s->lined++)
            s->line[s->lined] = s->alive[s->lined] = -1;
    }
}

static void lay_distinct(struct pair_sequences *s)
{
    s->different = 0;
    for (size_t b = 0; b < s->rows; b++)
        for (size_t i = 0; i < (size_t)s->length[b]; i++) {
            int32_t token = s->packed[(size_t)s->start[b] + i];
            if (s->number[token] < 0) {
                s->distinct[s->different] = token;
                s->number[token] = (int32_t)s->different++;
            }
            set_place(s, i, b, (size_t)s->number[token]);
        }
    for (size_t i = 0; i < s->different; i++)
        s->number[s->distinct[i]] = -1;
}

void pair_sequences_end(struct pair_sequences *s)
{
    if (s->network == PAIR_POOLED)
        return;
    for (size_t i = 0; i < s->steps * s->rows; i++)
        s->place[i] = -1;
    if (s->network == PAIR_HCNN)
        lay_line(s);
    else
        lay_distinct(s);
}

size_t pair_longest(const struct pairs *p, int side, size_t limit)
{
    size_t longest = 1, count;
    for (size_t i = 0; i < p->count; i++) {
        pairs_tokens(p, side, i, &count);
        longest = count > longest ? count : longest;
    }
    return smaller(longest, limit);
}

/* --- what cannot be taken -------------------------------------------------------------------------------------------
 */

static int check_sequence(const struct pairs *p, size_t pair, int side, const struct pair_side *d, const char *where,
                          struct error *err)
{
    size_t count;
    const int32_t *token = pairs_tokens(p, side, pair, &count);
    char fix[128];
    snprintf(fix, sizeof fix, "raise enc%d_vocab_size to at least one more than the largest id", side);
    if (!count)
        return error_set(err, ERROR_INPUT, where, "leave the pair out, or give it at least one token",
                         "The sequence in%d is empty", side);
    for (size_t i = 0; i < count; i++)
        if (token[i] < 0 || (size_t)token[i] >= d->vocabulary)
            return error_set(err, ERROR_INPUT, where, fix, "in%d holds token %d, but enc%d_vocab_size is %zu", side,
                             token[i], side, d->vocabulary);
    return 0;
}

static int check_label(float label, const struct pair_design *d, const char *where, struct error *err)
{
    if (isnan(label))
        return error_set(err, ERROR_INPUT, where, "add \"label\" to the line", "The pair has no label");
    if (!isfinite(label))
        return error_set(err, ERROR_INPUT, where, "give finite labels", "The label is not finite");
    if (d->classes && (label != floorf(label) || label < 0))
        return error_set(err, ERROR_INPUT, where, "give classes from 0, or output_layer=mean_squared_error for scores",
                         "The label %g is no class", (double)label);
    if (d->classes && label >= (float)d->outputs)
        return error_set(err, ERROR_INPUT, where, "raise num_classes, or number the classes from 0",
                         "The label %g is beyond num_classes = %zu", (double)label, d->outputs);
    return 0;
}

int pair_check(const struct pairs *p, const struct pair_design *d, const char *part, size_t *cut, struct error *err)
{
    char where[256];
    for (size_t i = 0; i < p->count; i++) {
        snprintf(where, sizeof where, "%s: %.120s, pair %zu", part, p->name, i + 1);
        for (int side = 0; side < 2; side++) {
            size_t count;
            if (check_sequence(p, i, side, &d->side[side], where, err) < 0)
                return -1;
            pairs_tokens(p, side, i, &count);
            *cut += count > d->side[side].longest;
        }
        if (check_label(p->label[i], d, where, err) < 0)
            return -1;
    }
    return 0;
}
