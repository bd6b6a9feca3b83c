#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "engine/algo/blazingtext/word_file.h"
#include "engine/algo/blazingtext/word_layout.h"
#include "engine/algo/blazingtext/word_model.h"
#include "engine/base/str.h"
#include "engine/model.h"

#define HOLE 16384u /* fewer bytes of zeros are written like others */
#define SHARE 4     /* of the largest file that may be written, for one model */

struct file_out {
    struct model_writer *writer;
    const char *name;
    struct str bytes;
    uint64_t zeros; /* behind the bytes */
    struct error *err;
    int status;
};

static void flush(struct file_out *o)
{
    if (o->status == 0 && o->bytes.failed)
        o->status = error_set(o->err, ERROR_SYSTEM, o->name, NULL, "There is not enough memory to write it");
    if (o->status == 0 && o->bytes.len)
        o->status = model_writer_put(o->writer, o->name, o->bytes.data, o->bytes.len, o->err);
    str_clear(&o->bytes);
    if (o->status == 0 && o->zeros)
        o->status = model_writer_skip(o->writer, o->name, o->zeros, o->err);
    o->zeros = 0;
}

static void put(struct file_out *o, const void *bytes, size_t len)
{
    static const char none[HOLE];
    if (o->zeros && o->zeros < HOLE) {
        str_append(&o->bytes, none, o->zeros);
        o->zeros = 0;
    } else if (o->zeros) {
        flush(o);
    }
    str_append(&o->bytes, bytes, len);
    if (o->bytes.len >= WORD_BLOCK)
        flush(o);
}

static void put_int(struct file_out *o, int32_t value)
{
    put(o, &value, sizeof value);
}

static void put_long(struct file_out *o, int64_t value)
{
    put(o, &value, sizeof value);
}

static int32_t kind_of(const struct word_model *m)
{
    if (m->classifier)
        return KIND_SUPERVISED;
    return m->mode && strcmp(m->mode, "cbow") == 0 ? KIND_CBOW : KIND_SKIPGRAM;
}

static bool has_buckets(const struct word_model *m)
{
    return m->max_char > 0 || (m->classifier && m->word_ngrams > 1);
}

/* Would the rows of all buckets take more room than a file may have here? A confined trainer may not write much. */
static bool compact(const struct word_model *m)
{
    struct rlimit most;
    uint64_t bytes = (uint64_t)m->buckets.all * m->width * sizeof(float);
    return has_buckets(m) && getrlimit(RLIMIT_FSIZE, &most) == 0 && bytes > most.rlim_cur / SHARE;
}

static void put_numbers(struct file_out *o, const struct word_model *m)
{
    const int32_t numbers[NUMBERS] = {[NUMBER_MAGIC] = compact(m) ? WORD_MAGIC_SEEN : WORD_MAGIC,
                                      [NUMBER_VERSION] = WORD_VERSION,
                                      [NUMBER_WIDTH] = (int32_t)m->width,
                                      [NUMBER_WINDOW] = m->window,
                                      [NUMBER_EPOCHS] = m->epochs,
                                      [NUMBER_LEAST] = m->least,
                                      [NUMBER_NEGATIVES] = m->negatives,
                                      [NUMBER_NGRAMS] = m->classifier ? m->word_ngrams : 1,
                                      [NUMBER_LOSS] = m->classifier ? LOSS_SOFTMAX : LOSS_NEGATIVES,
                                      [NUMBER_KIND] = kind_of(m),
                                      [NUMBER_BUCKETS] = has_buckets(m) ? (int32_t)m->buckets.all : 0,
                                      [NUMBER_MIN_CHAR] = m->max_char > 0 ? m->min_char : 0,
                                      [NUMBER_MAX_CHAR] = m->max_char,
                                      [NUMBER_UPDATE] = 100};
    for (int i = 0; i < NUMBERS; i++)
        put_int(o, numbers[i]);
    put(o, &m->sampling, sizeof m->sampling);
}

static void put_words(struct file_out *o, const struct word_model *m)
{
    const struct dictionary *d = &m->dictionary;
    put_int(o, (int32_t)(d->words + d->labels));
    put_int(o, (int32_t)d->words);
    put_int(o, (int32_t)d->labels);
    put_long(o, (int64_t)d->tokens);
    put_long(o, -1); /* no rows were taken out */
    for (size_t i = 0; i < d->words + d->labels; i++) {
        size_t len;
        const char *spelling = dictionary_spelling(d, (int32_t)i, &len);
        char kind = i >= d->words;
        put(o, spelling, len);
        put(o, "", 1);
        put_long(o, (int64_t)d->count[i]);
        put(o, &kind, 1);
    }
}

static void put_shape(struct file_out *o, uint64_t rows, size_t width)
{
    put(o, "", 1); /* plain numbers, not packed ones */
    put_long(o, (int64_t)rows);
    put_long(o, (int64_t)width);
}

/* A bucket and its row, to be sorted by buckets. */
struct seen {
    uint32_t bucket, row;
};

static int by_bucket(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    return (x->bucket > y->bucket) - (x->bucket < y->bucket);
}

static int put_buckets(struct file_out *o, const struct word_model *m)
{
    const struct buckets *b = &m->buckets;
    size_t row_bytes = m->width * sizeof(float);
    struct seen *seen = malloc((b->seen + 1) * sizeof *seen);
    uint64_t next = 0;
    if (!seen)
        return error_set(o->err, ERROR_SYSTEM, o->name, NULL, "There is not enough memory to write it");
    for (size_t i = 0; i < b->seen; i++)
        seen[i] = (struct seen){b->number[i], (uint32_t)i};
    qsort(seen, b->seen, sizeof *seen, by_bucket);
    for (size_t i = 0; i < b->seen && o->status == 0; i++) {
        o->zeros += (seen[i].bucket - next) * row_bytes;
        put(o, m->vectors + (m->dictionary.words + seen[i].row) * m->width, row_bytes);
        next = (uint64_t)seen[i].bucket + 1;
    }
    o->zeros += (b->all - next) * row_bytes;
    free(seen);
    return o->status;
}

/* The numbers of the buckets that were seen; their rows stand behind the words' in this order. */
static void put_seen(struct file_out *o, const struct buckets *b)
{
    put_long(o, (int64_t)b->seen);
    put(o, b->number, b->seen * sizeof *b->number);
}

static uint64_t inputs_of(const struct word_model *m)
{
    if (!has_buckets(m))
        return m->dictionary.words;
    return m->dictionary.words + (compact(m) ? m->buckets.seen : m->buckets.all);
}

static int put_inputs(struct file_out *o, const struct word_model *m)
{
    size_t rows = m->dictionary.words + (compact(m) ? m->buckets.seen : 0);
    for (size_t i = 0; i < rows && o->status == 0; i++)
        put(o, m->vectors + i * m->width, m->width * sizeof(float));
    return has_buckets(m) && !compact(m) ? put_buckets(o, m) : o->status;
}

static int put_all(struct file_out *o, const struct word_model *m)
{
    const struct dictionary *d = &m->dictionary;
    size_t row_bytes = m->width * sizeof(float);
    put_numbers(o, m);
    put_words(o, m);
    if (compact(m))
        put_seen(o, &m->buckets);
    put_shape(o, inputs_of(m), m->width);
    if (put_inputs(o, m) < 0)
        return -1;
    put_shape(o, m->classifier ? d->labels : d->words, m->width);
    if (m->classifier)
        put(o, m->labels, d->labels * row_bytes);
    else
        o->zeros += d->words * row_bytes; /* what predicts neighbours is not kept: it begins at zero, as ever */
    flush(o);
    return o->status;
}

int word_file_write(const struct word_model *m, struct model_writer *w, const char *name, struct error *err)
{
    struct file_out out = {.writer = w, .name = name, .err = err};
    int status = put_all(&out, m);
    str_free(&out.bytes);
    return status;
}
