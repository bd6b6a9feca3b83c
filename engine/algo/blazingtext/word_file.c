#include "engine/algo/blazingtext/word_file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/algo/blazingtext/word_model.h"
#include "engine/base/str.h"
#include "engine/model.h"

#define MAGIC 793712314
#define VERSION 12
#define HOLE 16384u        /* fewer bytes of zeros are written like others */
#define BLOCK (1u << 20)   /* gathered before they are written; read at once */
#define ENTRY_BYTES_MIN 11 /* a letter, a zero, a count, a kind */
#define LABELS_BYTES_MAX ((size_t)1 << 30)

enum { KIND_CBOW = 1, KIND_SKIPGRAM, KIND_SUPERVISED };
enum { LOSS_NEGATIVES = 2, LOSS_SOFTMAX };

/* The numbers at the beginning, in their order. */
enum {
    NUMBER_MAGIC,
    NUMBER_VERSION,
    NUMBER_WIDTH,
    NUMBER_WINDOW,
    NUMBER_EPOCHS,
    NUMBER_LEAST,
    NUMBER_NEGATIVES,
    NUMBER_NGRAMS,
    NUMBER_LOSS,
    NUMBER_KIND,
    NUMBER_BUCKETS,
    NUMBER_MIN_CHAR,
    NUMBER_MAX_CHAR,
    NUMBER_UPDATE,
    NUMBERS
};

/* --- writing --------------------------------------------------------------------------------------------------------
 */

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
    if (o->bytes.len >= BLOCK)
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

static void put_numbers(struct file_out *o, const struct word_model *m)
{
    const int32_t numbers[NUMBERS] = {[NUMBER_MAGIC] = MAGIC,
                                      [NUMBER_VERSION] = VERSION,
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

static int put_all(struct file_out *o, const struct word_model *m)
{
    const struct dictionary *d = &m->dictionary;
    size_t row_bytes = m->width * sizeof(float);
    put_numbers(o, m);
    put_words(o, m);
    put_shape(o, d->words + (has_buckets(m) ? m->buckets.all : 0), m->width);
    for (size_t i = 0; i < d->words && o->status == 0; i++)
        put(o, m->vectors + i * m->width, row_bytes);
    if (has_buckets(m) && put_buckets(o, m) < 0)
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

/* --- reading --------------------------------------------------------------------------------------------------------
 */

struct file_in {
    int fd;
    const char *path;
    unsigned char *block; /* BLOCK bytes */
    size_t at, have;
    uint64_t base, size; /* of the block in the file; of the file */
    struct error *err;
};

static int damaged(const struct file_in *in, const char *what)
{
    return error_set(in->err, ERROR_INPUT, in->path, "train the model again", "%s", what);
}

static uint64_t place(const struct file_in *in)
{
    return in->base + in->at;
}

static size_t read_at(int fd, void *bytes, size_t len, uint64_t at)
{
    size_t done = 0;
    while (done < len) {
        ssize_t now = pread(fd, (char *)bytes + done, len - done, (off_t)(at + done));
        if (now < 0 && errno == EINTR)
            continue;
        if (now <= 0)
            break;
        done += (size_t)now;
    }
    return done;
}

/* The block begins at what is next. */
static void fill(struct file_in *in)
{
    in->base += in->at;
    in->have = read_at(in->fd, in->block, BLOCK, in->base);
    in->at = 0;
}

static int take(struct file_in *in, void *bytes, size_t len)
{
    if (in->have - in->at < len)
        fill(in);
    if (in->have < len)
        return damaged(in, "The model's file ends too early");
    memcpy(bytes, in->block + in->at, len);
    in->at += len;
    return 0;
}

/* The spelling at the place, with a zero behind it; *len without. NULL with an error. */
static const char *take_spelling(struct file_in *in, size_t *len)
{
    const unsigned char *end = memchr(in->block + in->at, '\0', in->have - in->at), *begin;
    if (!end) {
        fill(in);
        end = memchr(in->block, '\0', in->have);
    }
    begin = in->block + in->at;
    if (!end || end == begin || end - begin > TEXT_WORD_MAX) {
        damaged(in, !end           ? "The model's file ends inside a word"
                    : end == begin ? "The model's file holds an empty word"
                                   : "The model's file holds a word above 1,000 bytes");
        return NULL;
    }
    *len = (size_t)(end - begin);
    in->at += *len + 1;
    return (const char *)begin;
}

static int check_numbers(const struct file_in *in, const int32_t *n)
{
    bool classifier = n[NUMBER_KIND] == KIND_SUPERVISED;
    if (n[NUMBER_MAGIC] != MAGIC)
        return damaged(in, "This is no model of BlazingText");
    if (n[NUMBER_VERSION] != VERSION)
        return error_set(in->err, ERROR_INPUT, in->path, "write it with fastText 0.2 or later",
                         "The model's file is of version %d, read is 12", n[NUMBER_VERSION]);
    if (n[NUMBER_WIDTH] < 1 || n[NUMBER_WIDTH] > WORD_FILE_WIDTH_MAX || n[NUMBER_KIND] < KIND_CBOW ||
        n[NUMBER_KIND] > KIND_SUPERVISED || n[NUMBER_BUCKETS] < 0 || n[NUMBER_NGRAMS] < 1 || n[NUMBER_NGRAMS] > 1000 ||
        n[NUMBER_MAX_CHAR] < 0 || n[NUMBER_MAX_CHAR] > 1000 || n[NUMBER_MIN_CHAR] < 0)
        return damaged(in, "The model's file has settings that cannot be");
    if (classifier && n[NUMBER_LOSS] != LOSS_SOFTMAX)
        return error_set(in->err, ERROR_INPUT, in->path, "train with -loss softmax",
                         "The classifier was trained with another loss than softmax");
    return 0;
}

static int read_numbers(struct file_in *in, struct word_model *m)
{
    int32_t n[NUMBERS] = {0};
    if (take(in, n, sizeof n) < 0 || check_numbers(in, n) < 0 || take(in, &m->sampling, sizeof m->sampling) < 0)
        return -1;
    m->classifier = n[NUMBER_KIND] == KIND_SUPERVISED;
    m->mode = m->classifier ? "supervised" : n[NUMBER_KIND] == KIND_CBOW ? "cbow" : "skipgram";
    m->width = (size_t)n[NUMBER_WIDTH];
    m->word_ngrams = m->classifier ? n[NUMBER_NGRAMS] : 1;
    m->min_char = n[NUMBER_MIN_CHAR];
    m->max_char = n[NUMBER_MAX_CHAR];
    m->whole = m->max_char == 0;
    m->epochs = n[NUMBER_EPOCHS];
    m->window = n[NUMBER_WINDOW];
    m->negatives = n[NUMBER_NEGATIVES];
    m->least = n[NUMBER_LEAST];
    m->buckets.all = (uint32_t)n[NUMBER_BUCKETS];
    return 0;
}

/* Spellings with their counts, words before labels. */
static int read_entries(struct file_in *in, struct dictionary *d, int32_t all, int32_t words)
{
    for (int32_t i = 0; i < all; i++) {
        size_t len;
        const char *spelling = take_spelling(in, &len);
        char word[TEXT_WORD_MAX + 1];
        int64_t count = 0;
        char kind = 0;
        if (!spelling)
            return -1;
        memcpy(word, spelling, len); /* the block may move */
        if (take(in, &count, sizeof count) < 0 || take(in, &kind, 1) < 0)
            return -1;
        if (count < 0 || kind != (i >= words))
            return damaged(in, "The model's file does not hold its words before its labels");
        if (dictionary_add(d, word, len, (uint64_t)count, kind) < 0)
            return error_set(in->err, ERROR_SYSTEM, in->path, NULL, "There is not enough memory for the model");
    }
    return 0;
}

static int read_words(struct file_in *in, struct word_model *m)
{
    int32_t all = 0, words = 0, labels = 0;
    int64_t tokens = 0, pruned = 0;
    struct dictionary *d = &m->dictionary;
    if (take(in, &all, sizeof all) < 0 || take(in, &words, sizeof words) < 0 || take(in, &labels, sizeof labels) < 0 ||
        take(in, &tokens, sizeof tokens) < 0 || take(in, &pruned, sizeof pruned) < 0)
        return -1;
    if (words < 1 || labels < 0 || (int64_t)words + labels != all || (m->classifier && labels < 1) ||
        (uint32_t)all > TEXT_WORDS_MAX)
        return damaged(in, "The model's file counts its words wrongly");
    if (pruned >= 0)
        return error_set(in->err, ERROR_INPUT, in->path, "give the .bin file it was made from",
                         "Rows were taken out of the model to make it small, which is not read");
    if ((uint64_t)all > (in->size - place(in)) / ENTRY_BYTES_MIN)
        return damaged(in, "The model's file is too short for its words");
    if (dictionary_reserve(d, (size_t)all) < 0)
        return error_set(in->err, ERROR_SYSTEM, in->path, NULL, "There is not enough memory for the model");
    if (read_entries(in, d, all, words) < 0)
        return -1;
    d->tokens = tokens < 0 ? 0 : (uint64_t)tokens;
    return 0;
}

/* Of a matrix that has `rows` rows: the place of the first. 0 with an error. */
static uint64_t read_shape(struct file_in *in, uint64_t rows, size_t width)
{
    char packed = 0;
    int64_t m = 0, n = 0;
    if (take(in, &packed, 1) < 0 || take(in, &m, sizeof m) < 0 || take(in, &n, sizeof n) < 0)
        return 0;
    if (packed) {
        error_set(in->err, ERROR_INPUT, in->path, "give the .bin file it was made from",
                  "The model is a packed one (.ftz), which is not read");
        return 0;
    }
    if (m < 0 || (uint64_t)m != rows || n < 0 || (uint64_t)n != width ||
        rows * width * sizeof(float) > in->size - place(in)) {
        damaged(in, "The model's file has rows of another number or width than its words need, or ends too early");
        return 0;
    }
    return place(in);
}

static int read_labels(struct file_in *in, uint64_t at, struct word_model *m)
{
    size_t count = m->dictionary.labels * m->width, bytes = count * sizeof(float);
    double odd = 0;
    if (bytes > LABELS_BYTES_MAX)
        return error_set(in->err, ERROR_LIMIT, in->path, "train with fewer labels or a smaller vector_dim",
                         "The vectors of the model's labels take more than 1 GiB");
    m->labels = malloc(bytes + sizeof(float));
    if (!m->labels)
        return error_set(in->err, ERROR_SYSTEM, in->path, NULL, "There is not enough memory for the model");
    if (read_at(in->fd, m->labels, bytes, at) < bytes)
        return damaged(in, "The model's file ends too early");
    for (size_t i = 0; i < count; i++)
        odd += (double)(m->labels[i] - m->labels[i]); /* 0, but of what is no number */
    return odd == 0 ? 0 : damaged(in, "The model's file holds vectors that are no numbers");
}

static int read_matrices(struct file_in *in, struct word_model *m)
{
    uint64_t rows = m->dictionary.words + (uint64_t)m->buckets.all, at;
    m->file = calloc(1, sizeof *m->file);
    if (!m->file)
        return error_set(in->err, ERROR_SYSTEM, in->path, NULL, "There is not enough memory for the model");
    *m->file = (struct word_file){in->fd, m->width, read_shape(in, rows, m->width)};
    if (!m->file->inputs)
        return -1;
    if (!m->classifier)
        return 0;
    in->base = m->file->inputs + rows * m->width * sizeof(float);
    in->at = in->have = 0;
    at = read_shape(in, m->dictionary.labels, m->width);
    return at ? read_labels(in, at, m) : -1;
}

int word_file_open(struct word_model *m, const char *path, struct error *err)
{
    struct file_in in = {.fd = open(path, O_RDONLY | O_CLOEXEC), .path = path, .err = err};
    struct stat status;
    int answer = -1;
    if (in.fd < 0 || fstat(in.fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        error_set(err, ERROR_INPUT, path, "name the folder that train --model DIR filled",
                  "The model cannot be opened: %s", in.fd < 0 ? strerror(errno) : "it is no file");
    } else {
        in.size = (uint64_t)status.st_size;
        in.block = malloc(BLOCK);
        if (!in.block)
            error_set(err, ERROR_SYSTEM, path, NULL, "There is not enough memory for the model");
        else if (read_numbers(&in, m) == 0 && read_words(&in, m) == 0)
            answer = read_matrices(&in, m);
        free(in.block);
    }
    if (in.fd >= 0 && !m->file)
        close(in.fd);
    return answer;
}

void word_file_close(struct word_file *f)
{
    if (f)
        close(f->fd);
    free(f);
}

void word_file_row(const struct word_file *f, uint64_t number, float *row)
{
    size_t bytes = f->width * sizeof *row;
    bool odd = read_at(f->fd, row, bytes, f->inputs + number * bytes) < bytes;
    for (size_t i = 0; !odd && i < f->width; i++)
        odd = !isfinite(row[i]);
    if (odd)
        memset(row, 0, bytes);
}
