#include "engine/algo/blazingtext/word_file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/algo/blazingtext/word_layout.h"
#include "engine/algo/blazingtext/word_model.h"

#define READ_BLOCK 65536u  /* read at once: what stays in a near cache */
#define ENTRY_BYTES_MIN 11 /* a letter, a zero, a count, a kind */
#define LABELS_BYTES_MAX ((size_t)1 << 30)

struct file_in {
    int fd;
    const char *path;
    unsigned char *block; /* READ_BLOCK bytes */
    size_t at, have;
    uint64_t base, size; /* of the block in the file; of the file */
    bool seen;           /* of buckets only those that were seen are there */
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
    in->have = read_at(in->fd, in->block, READ_BLOCK, in->base);
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
    if (n[NUMBER_MAGIC] != WORD_MAGIC && n[NUMBER_MAGIC] != WORD_MAGIC_SEEN)
        return damaged(in, "This is no model of BlazingText");
    if (n[NUMBER_VERSION] != WORD_VERSION)
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
    in->seen = n[NUMBER_MAGIC] == WORD_MAGIC_SEEN;
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

/* The buckets that have rows, each once. */
static int read_seen(struct file_in *in, struct buckets *b)
{
    uint32_t all = b->all;
    int64_t seen = 0;
    if (take(in, &seen, sizeof seen) < 0)
        return -1;
    if (seen < 0 || seen > all || (uint64_t)seen > (in->size - place(in)) / sizeof(uint32_t))
        return damaged(in, "The model's file counts its buckets wrongly");
    if (buckets_open(b, all) < 0)
        return error_set(in->err, ERROR_SYSTEM, in->path, NULL, "There is not enough memory for the model");
    for (int64_t i = 0; i < seen; i++) {
        uint32_t bucket = 0;
        int32_t row;
        if (take(in, &bucket, sizeof bucket) < 0)
            return -1;
        row = bucket < all ? buckets_add(b, bucket) : -2;
        if (row == -1)
            return error_set(in->err, ERROR_SYSTEM, in->path, NULL, "There is not enough memory for the model");
        if (row != i)
            return damaged(in, "The model's file has a bucket twice, or one that cannot be");
    }
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
    uint64_t rows, at;
    if (in->seen && read_seen(in, &m->buckets) < 0)
        return -1;
    rows = m->dictionary.words + (in->seen ? m->buckets.seen : (uint64_t)m->buckets.all);
    m->file = calloc(1, sizeof *m->file);
    if (!m->file)
        return error_set(in->err, ERROR_SYSTEM, in->path, NULL, "There is not enough memory for the model");
    *m->file = (struct word_file){in->fd, in->seen, m->width, read_shape(in, rows, m->width)};
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
        in.block = malloc(READ_BLOCK);
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
