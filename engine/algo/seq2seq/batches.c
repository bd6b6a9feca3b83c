#include "engine/algo/seq2seq/batches.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/data/vocabulary.h"

#define STREAM_BATCHES 401
#define POOL 64 /* batches that are sorted by length together */

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_LIMIT, "batch_size", "use a smaller batch_size, fewer pairs or more memory",
                     "The mini-batches do not fit into memory");
}

/* --- what may stand in a pair ---------------------------------------------------------------------------------------
 */

static int check_side(const struct pairs *p, int side, size_t i, size_t vocabulary, struct error *err)
{
    static const char *const names[] = {"source", "target"}, *const files[] = {"vocab.src.json", "vocab.trg.json"};
    size_t count;
    const int32_t *token = pairs_tokens(p, side, i, &count);
    if (count == 0)
        return error_set(err, ERROR_INPUT, p->name, "leave out pairs with an empty side",
                         "Record %zu: the %s sequence is empty", i + 1, names[side]);
    for (size_t k = 0; k < count; k++) {
        if (token[k] < 0 || (size_t)token[k] >= vocabulary)
            return error_set(err, ERROR_INPUT, p->name, "make data and vocabulary together",
                             "Record %zu: %s token %zu is %d, but %s has only the ids 0 to %zu", i + 1, names[side],
                             k + 1, token[k], files[side], vocabulary - 1);
        if (token[k] == VOCABULARY_PAD)
            return error_set(err, ERROR_INPUT, p->name, "leave padding out: each sequence has a length of its own",
                             "Record %zu: %s token %zu is 0, which is <pad>", i + 1, names[side], k + 1);
    }
    return 0;
}

int batches_check(const struct pairs *p, const size_t sizes[2], struct error *err)
{
    if (p->count == 0 || p->count > UINT32_MAX)
        return error_set(err, ERROR_INPUT, p->name, "give at least one record with source and target",
                         "There are %zu pairs", p->count);
    for (size_t i = 0; i < p->count; i++)
        if (check_side(p, 0, i, sizes[0], err) < 0 || check_side(p, 1, i, sizes[1], err) < 0)
            return -1;
    return 0;
}

/* --- lengths and buckets --------------------------------------------------------------------------------------------
 */

/* Tokens that are taken of a side. */
static size_t length_of(const struct batches *b, int side, size_t i)
{
    size_t count, most = side ? b->settings.max_target : b->settings.max_source;
    pairs_tokens(b->pairs, side, i, &count);
    return count < most ? count : most;
}

static void find_buckets(struct batches *b)
{
    double sum[2] = {0}, width = (double)b->settings.bucket_width, ratio;
    int longer;
    for (size_t i = 0; i < b->pairs->count; i++)
        for (int side = 0; side < 2; side++)
            sum[side] += (double)length_of(b, side, i);
    longer = sum[1] >= sum[0];
    ratio = sum[!longer] > 0 ? sum[longer] / sum[!longer] : 1;
    b->buckets = 1;
    for (size_t i = 0; i < b->pairs->count; i++) {
        double of_longer = ceil((double)length_of(b, longer, i) / width);
        double of_other = ceil((double)length_of(b, !longer, i) * ratio / width);
        b->bucket[i] = (uint32_t)fmin(fmax(of_longer, of_other), 1e6);
        b->buckets = b->bucket[i] >= b->buckets ? b->bucket[i] + 1 : b->buckets;
    }
}

static void find_longest(struct batches *b)
{
    for (size_t i = 0; i < b->pairs->count; i++) {
        size_t source = length_of(b, 0, i) + 1, target = length_of(b, 1, i) + 1;
        b->source_steps = source > b->source_steps ? source : b->source_steps;
        b->target_steps = target > b->target_steps ? target : b->target_steps;
    }
}

/* --- order ----------------------------------------------------------------------------------------------------------
 */

struct sorted {
    size_t length[2];
    uint32_t pair, place;
};

/* Longest targets first, then longest sources; equal ones stay in their order. */
static int by_length(const void *left, const void *right)
{
    const struct sorted *x = left, *y = right;
    for (int side = 1; side >= 0; side--)
        if (x->length[side] != y->length[side])
            return x->length[side] > y->length[side] ? -1 : 1;
    return x->place < y->place ? -1 : 1;
}

static int sort_pool(struct batches *b, uint32_t *pairs, size_t count)
{
    struct sorted *s = malloc((count + 1) * sizeof *s);
    if (!s)
        return -1;
    for (size_t i = 0; i < count; i++)
        s[i] = (struct sorted){{length_of(b, 0, pairs[i]), length_of(b, 1, pairs[i])}, pairs[i], (uint32_t)i};
    qsort(s, count, sizeof *s, by_length);
    for (size_t i = 0; i < count; i++)
        pairs[i] = s[i].pair;
    free(s);
    return 0;
}

/* Puts the pairs of each bucket together, keeping their order: `start` gets each bucket's first place. */
static void by_bucket(const struct batches *b, const uint32_t *from, uint32_t *to, size_t *start)
{
    memset(start, 0, (b->buckets + 1) * sizeof *start);
    for (size_t i = 0; i < b->pairs->count; i++)
        start[b->bucket[i] + 1]++;
    for (size_t k = 0; k < b->buckets; k++)
        start[k + 1] += start[k];
    for (size_t i = 0; i < b->pairs->count; i++)
        to[start[b->bucket[from[i]]]++] = from[i];
    for (size_t k = b->buckets; k > 0; k--)
        start[k] = start[k - 1];
    start[0] = 0;
}

static void cut(struct batches *b, size_t first, size_t end)
{
    size_t size = b->settings.batch_size;
    for (size_t at = first; at < end; at += size)
        b->begin[b->count++] = at;
    b->begin[b->count] = end;
}

/* Batches from the pairs in the order `from`. */
static int arrange(struct batches *b, const uint32_t *from, size_t pool)
{
    size_t *start = calloc(b->buckets + 2, sizeof *start);
    int status = start ? 0 : -1;
    b->count = 0;
    if (status == 0 && b->settings.bucketing)
        by_bucket(b, from, b->order, start);
    else
        memcpy(b->order, from, b->pairs->count * sizeof *from);
    for (size_t k = 0; status == 0 && b->settings.bucketing && k < b->buckets; k++) {
        for (size_t at = start[k]; status == 0 && at < start[k + 1]; at += pool)
            status = sort_pool(b, b->order + at, start[k + 1] - at < pool ? start[k + 1] - at : pool);
        cut(b, start[k], start[k + 1]);
    }
    if (!b->settings.bucketing)
        cut(b, 0, b->pairs->count);
    free(start);
    for (size_t i = 0; i < b->count; i++)
        b->batch_order[i] = (uint32_t)i;
    return status;
}

int batches_open(struct batches *b, const struct pairs *p, const struct batches_settings *s, uint64_t seed,
                 struct error *err)
{
    size_t count = p->count, most;
    uint32_t *all = calloc(count + 1, sizeof *all);
    *b = (struct batches){.pairs = p, .settings = *s};
    rng_init(&b->rng, seed, STREAM_BATCHES);
    b->order = calloc(count + 1, sizeof *b->order);
    b->bucket = calloc(count + 1, sizeof *b->bucket);
    if (!all || !b->order || !b->bucket)
        goto failed;
    if (s->bucketing)
        find_buckets(b);
    else
        find_longest(b);
    most = count / s->batch_size + b->buckets + 2; /* each bucket has at most one batch that is not full */
    b->begin = calloc(most + 1, sizeof *b->begin);
    b->batch_order = calloc(most + 1, sizeof *b->batch_order);
    for (size_t i = 0; i < count; i++)
        all[i] = (uint32_t)i;
    if (!b->begin || !b->batch_order || arrange(b, all, count) < 0)
        goto failed;
    free(all);
    return 0;
failed:
    free(all);
    batches_close(b);
    return no_memory(err);
}

void batches_close(struct batches *b)
{
    free(b->order);
    free(b->bucket);
    free(b->begin);
    free(b->batch_order);
    *b = (struct batches){0};
}

int batches_shuffle(struct batches *b, struct error *err)
{
    size_t count = b->pairs->count, size = b->settings.batch_size;
    size_t pool = size < SIZE_MAX / POOL ? size * POOL : size;
    uint32_t *all = calloc(count + 1, sizeof *all);
    int status = all ? 0 : -1;
    for (size_t i = 0; status == 0 && i < count; i++)
        all[i] = (uint32_t)i;
    if (status == 0) {
        rng_shuffle(&b->rng, all, count);
        status = arrange(b, all, pool);
    }
    if (status == 0)
        rng_shuffle(&b->rng, b->batch_order, b->count);
    free(all);
    return status < 0 ? no_memory(err) : 0;
}

/* --- arrays ---------------------------------------------------------------------------------------------------------
 */

static int make_room(struct batch *out, struct error *err)
{
    size_t source = out->source_steps * out->rows, target = out->target_steps * out->rows;
    size_t need = source + 5 * target + 2 * out->rows + 1;
    if (need > out->room) {
        int32_t *block = realloc(out->block, need * sizeof *block);
        if (!block)
            return no_memory(err);
        out->block = block;
        out->room = need;
    }
    out->source = out->block;
    out->input = out->source + source;
    out->output = out->input + target;
    out->real = out->output + target;
    out->real_row = out->real + target;
    out->said = out->real_row + target;
    out->source_length = out->said + target;
    out->target_length = out->source_length + out->rows;
    return 0;
}

static void fill_row(struct batch *out, const struct batches *b, size_t row)
{
    size_t count, rows = out->rows, pair = out->pair[row];
    const int32_t *source = pairs_tokens(b->pairs, 0, pair, &count), *target = pairs_tokens(b->pairs, 1, pair, &count);
    size_t n = length_of(b, 0, pair), m = length_of(b, 1, pair);
    for (size_t t = 0; t < out->source_steps; t++)
        out->source[t * rows + row] = t < n ? source[t] : t == n ? VOCABULARY_END : -1;
    for (size_t t = 0; t < out->target_steps; t++) {
        out->input[t * rows + row] = t == 0 ? VOCABULARY_BEGIN : t <= m ? target[t - 1] : -1;
        out->output[t * rows + row] = t < m ? target[t] : t == m ? VOCABULARY_END : -1;
    }
    out->source_length[row] = (int32_t)n + 1;
    out->target_length[row] = (int32_t)m + 1;
    out->source_tokens += n + 1;
    out->target_tokens += m + 1;
}

int batches_gather(struct batch *out, const struct batches *b, const uint32_t *pair, size_t rows, struct error *err)
{
    size_t real = 0;
    out->rows = rows;
    out->pair = pair;
    out->source_steps = b->source_steps;
    out->target_steps = b->target_steps;
    out->source_tokens = out->target_tokens = 0;
    for (size_t i = 0; i < rows; i++) {
        size_t source = length_of(b, 0, pair[i]) + 1, target = length_of(b, 1, pair[i]) + 1;
        out->source_steps = source > out->source_steps ? source : out->source_steps;
        out->target_steps = target > out->target_steps ? target : out->target_steps;
    }
    if (make_room(out, err) < 0)
        return -1;
    for (size_t i = 0; i < rows; i++)
        fill_row(out, b, i);
    for (size_t place = 0; place < out->target_steps * rows; place++)
        if (out->output[place] >= 0) {
            out->real[real] = (int32_t)place;
            out->real_row[real] = (int32_t)(place % rows);
            out->said[real++] = out->output[place];
        }
    out->all_target_tokens = out->target_tokens;
    return 0;
}

int batches_fill(const struct batches *b, size_t index, int rank, int ranks, struct batch *out, struct error *err)
{
    size_t batch = b->batch_order[index], begin = b->begin[batch], end = b->begin[batch + 1], all = 0, rows = 0;
    for (size_t i = begin; i < end; i++)
        all += length_of(b, 1, b->order[i]) + 1;
    for (size_t i = begin + (size_t)rank; i < end; i += (size_t)ranks)
        rows++;
    if (ranks > 1) {
        uint32_t *own = realloc(out->own, (rows + 1) * sizeof *own);
        if (!own)
            return no_memory(err);
        out->own = own;
        for (size_t i = 0; i < rows; i++)
            own[i] = b->order[begin + (size_t)rank + i * (size_t)ranks];
    }
    if (batches_gather(out, b, ranks > 1 ? out->own : b->order + begin, rows, err) < 0)
        return -1;
    out->all_target_tokens = all;
    return 0;
}

void batches_forget(struct batch *b)
{
    free(b->block);
    free(b->own);
    *b = (struct batch){0};
}
