#include "engine/algo/blazingtext/word_text.h"

#include <math.h>
#include <stdlib.h>

#include "engine/base/array.h"

#define PARTS_MAX 400 /* subwords of a word that are read */

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "give a larger min_count, or less text",
                     "There is not enough memory for the text");
}

static uint32_t to_bits(double probability)
{
    return probability >= 1 ? UINT32_MAX : (uint32_t)(probability * 0x1p32);
}

/* --- reading --------------------------------------------------------------------------------------------------------
 */

double word_text_kept(double share, double threshold)
{
    double ratio = share > 0 && threshold > 0 ? threshold / share : 1;
    return fmin(sqrt(ratio) + ratio, 1);
}

static int fill_tokens(struct word_text *w, const struct dictionary *d, double threshold, struct error *err)
{
    int32_t *map = dictionary_map(d, w->text);
    double all = 0;
    w->token = malloc(w->text->words * sizeof *w->token);
    if (!map || !w->token) {
        free(map);
        return no_memory(err);
    }
    for (size_t i = 0; i < d->words; i++)
        all += (double)d->count[i];
    for (size_t i = 0; i < w->text->words; i++) {
        double share = map[i] < 0 ? 0 : (double)d->count[map[i]] / all;
        w->token[i] = (struct word_token){map[i], to_bits(word_text_kept(share, threshold))};
    }
    free(map);
    return 0;
}

/* --- negatives ------------------------------------------------------------------------------------------------------
 */

/* Words below the mean are filled up from words above it (Vose 1991). */
static void pair_up(struct word_noise *noise, double *share, int32_t *small, int32_t *large, size_t words)
{
    size_t smalls = 0, larges = 0;
    for (size_t i = 0; i < words; i++)
        if (share[i] < 1)
            small[smalls++] = (int32_t)i;
        else
            large[larges++] = (int32_t)i;
    while (smalls && larges) {
        int32_t less = small[--smalls], more = large[larges - 1];
        noise[less] = (struct word_noise){to_bits(share[less]), more};
        share[more] -= 1 - share[less];
        if (share[more] < 1) {
            larges--;
            small[smalls++] = more;
        }
    }
    while (larges--)
        noise[large[larges]] = (struct word_noise){UINT32_MAX, large[larges]};
    while (smalls--)
        noise[small[smalls]] = (struct word_noise){UINT32_MAX, small[smalls]};
}

static int fill_noise(struct word_text *w, const struct dictionary *d, struct error *err)
{
    double *share = malloc(d->words * sizeof *share), all = 0;
    int32_t *rest = malloc(2 * d->words * sizeof *rest);
    w->noise = malloc(d->words * sizeof *w->noise);
    if (share && rest && w->noise) {
        for (size_t i = 0; i < d->words; i++)
            all += share[i] = pow((double)d->count[i], WORD_NOISE_POWER);
        for (size_t i = 0; i < d->words; i++)
            share[i] *= (double)d->words / all;
        pair_up(w->noise, share, rest, rest + d->words, d->words);
    }
    free(rest);
    free(share);
    return share && rest && w->noise ? 0 : no_memory(err);
}

/* --- subwords -------------------------------------------------------------------------------------------------------
 */

static int add_parts(struct word_text *w, size_t word, size_t *room, const uint32_t *hash, size_t count,
                     struct buckets *buckets)
{
    size_t used = w->part_at[word];
    int32_t *part = array_room(w->part, room, used + count + 1, sizeof *part);
    if (!part)
        return -1;
    w->part = part;
    w->part[used++] = (int32_t)word;
    for (size_t k = 0; k < count; k++) {
        int32_t row = buckets_add(buckets, hash[k] % buckets->all);
        if (row < 0)
            return -1;
        w->part[used++] = (int32_t)w->words + row;
    }
    w->part_at[word + 1] = used;
    w->most_parts = count + 1 > w->most_parts ? count + 1 : w->most_parts;
    return 0;
}

static int fill_parts(struct word_text *w, const struct dictionary *d, const struct word_plan *p,
                      struct buckets *buckets, struct error *err)
{
    uint32_t hash[PARTS_MAX];
    size_t room = 0;
    w->part_at = calloc(d->words + 1, sizeof *w->part_at);
    if (!w->part_at || buckets_open(buckets, p->buckets) < 0)
        return no_memory(err);
    for (size_t i = 0; i < d->words; i++) {
        size_t len, count;
        const char *word = dictionary_spelling(d, (int32_t)i, &len);
        count = dictionary_subwords(word, len, p->min_char, p->max_char, hash, PARTS_MAX);
        if (add_parts(w, i, &room, hash, count, buckets) < 0)
            return no_memory(err);
    }
    return 0;
}

int word_text_open(struct word_text *w, const struct text *t, const struct dictionary *d, const struct word_plan *p,
                   struct buckets *buckets, struct error *err)
{
    *w = (struct word_text){.text = t, .words = d->words, .most_parts = 1};
    if (fill_tokens(w, d, p->sampling, err) < 0 || fill_noise(w, d, err) < 0)
        return -1;
    return p->subwords ? fill_parts(w, d, p, buckets, err) : 0;
}

void word_text_close(struct word_text *w)
{
    free(w->token);
    free(w->noise);
    free(w->part_at);
    free(w->part);
    *w = (struct word_text){0};
}
