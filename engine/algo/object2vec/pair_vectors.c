#include "engine/algo/object2vec/pair_vectors.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "engine/format/lines.h"
#include "engine/format/number.h"

#define VOCABULARY_BYTES_MAX (256u << 20)

struct word {
    const char *text; /* of the JSON tree */
    int32_t id;
};

struct loading {
    const struct pair_side *side;
    int number;
    cJSON *tree;
    struct word *words;
    size_t count;
    float *table;  /* vocabulary x width */
    uint8_t *seen; /* vocabulary */
    size_t found;
};

static int no_memory(const char *where, struct error *err)
{
    return error_set(err, ERROR_SYSTEM, where, "give smaller files",
                     "There is not enough memory for pretrained vectors");
}

static int path_of(char path[PATH_MAX], const char *folder, const char *name, struct error *err)
{
    if (snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX)
        return 0;
    return error_set(err, ERROR_INPUT, "--auxiliary", "use a shorter path", "The folder's name is too long");
}

/* --- words and their ids --------------------------------------------------------------------------------------------
 */

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct word *)a)->text, ((const struct word *)b)->text);
}

static int read_text(const char *path, struct str *text, struct error *err)
{
    char block[65536];
    long got = 0;
    struct input *in = input_open(path, err);
    if (!in)
        return -1;
    while (text->len <= VOCABULARY_BYTES_MAX && (got = input_read(in, block, sizeof block, err)) > 0)
        str_append(text, block, (size_t)got);
    input_close(in);
    if (got < 0)
        return -1;
    if (text->len > VOCABULARY_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, path, "give a smaller vocabulary", "The file is above 256 MiB");
    return text->failed ? no_memory(path, err) : 0;
}

static int add_word(struct loading *l, const cJSON *item, const char *path, struct error *err)
{
    double id = cJSON_IsNumber(item) ? item->valuedouble : -1;
    if (!item->string || !cJSON_IsNumber(item) || id != floor(id) || id < 0)
        return error_set(err, ERROR_INPUT, path, "write {\"word\": id, ...} with whole ids from 0",
                         "The word '%.60s' has no id that is a whole number", item->string ? item->string : "");
    if (id >= (double)l->side->vocabulary)
        return error_set(err, ERROR_INPUT, path, "raise the vocab_size, or leave the word out",
                         "The word '%.60s' has id %.0f, but enc%d_vocab_size is %zu", item->string, id, l->number,
                         l->side->vocabulary);
    l->words[l->count++] = (struct word){item->string, (int32_t)id};
    return 0;
}

static int read_words(struct loading *l, const char *path, struct error *err)
{
    struct str text = {0};
    const cJSON *item;
    size_t size = 0;
    int status = read_text(path, &text, err);
    if (status == 0)
        l->tree = cJSON_ParseWithLength(str_text(&text), text.len);
    str_free(&text);
    if (status < 0)
        return -1;
    if (!cJSON_IsObject(l->tree))
        return error_set(err, ERROR_INPUT, path, "write {\"word\": id, ...}", "The vocabulary is no JSON object");
    cJSON_ArrayForEach (item, l->tree)
        size++;
    l->words = malloc((size + 1) * sizeof *l->words);
    if (!l->words)
        return no_memory(path, err);
    cJSON_ArrayForEach (item, l->tree)
        if (add_word(l, item, path, err) < 0)
            return -1;
    qsort(l->words, l->count, sizeof *l->words, by_text);
    return 0;
}

/* --- vectors --------------------------------------------------------------------------------------------------------
 */

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p;
}

static size_t fields_of(const char *p, const char *end)
{
    size_t fields = 0;
    for (p = skip_space(p, end); p < end; p = skip_space(p, end), fields++)
        while (p < end && *p != ' ' && *p != '\t')
            p++;
    return fields;
}

/* The ids of a word: several words may not share an id, but a word has one. */
static const struct word *find_word(const struct loading *l, const char *text, size_t len)
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strncmp(l->words[middle].text, text, len);
        if (order == 0 && l->words[middle].text[len])
            order = 1;
        if (order == 0)
            return &l->words[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static int take_line(void *context, const char *line, const char *end, const struct place *at, struct error *err)
{
    struct loading *l = context;
    const char *p = line, *text;
    const struct word *word;
    size_t width = l->side->width, fields = fields_of(line, end);
    float *row;
    if (at->line == 1 && fields == 2 && width > 1)
        return 0;
    if (fields != width + 1)
        return place_error(at, NULL, 0, ERROR_INPUT, "set enc*_token_embedding_dim to the vectors' width",
                           fields > width + 1 ? "There are more numbers than enc*_token_embedding_dim behind the word"
                                              : "There are fewer numbers than enc*_token_embedding_dim behind the word",
                           err);
    text = p = skip_space(p, end);
    while (p < end && *p != ' ' && *p != '\t')
        p++;
    word = find_word(l, text, (size_t)(p - text));
    if (!word)
        return 0;
    row = l->table + (size_t)word->id * width;
    for (size_t i = 0; i < width; i++) {
        const char *begin = p = skip_space(p, end);
        double value;
        while (p < end && *p != ' ' && *p != '\t')
            p++;
        if (!number_fills(begin, (size_t)(p - begin), &value) || !(fabs(value) < 1e30))
            return place_error(at, "column", i + 2, ERROR_INPUT, "write word and numbers, with blanks between them",
                               "This is no number", err);
        row[i] = (float)value;
    }
    l->found += !l->seen[word->id];
    l->seen[word->id] = 1;
    return 0;
}

static int read_vectors(struct loading *l, const char *path, struct error *err)
{
    struct input *in = input_open(path, err);
    int status = in ? lines_read(in, take_line, l, err) : -1;
    input_close(in);
    if (status == 0 && !l->found)
        return error_set(err, ERROR_INPUT, path, "give the vocabulary that belongs to these vectors",
                         "No word of the file is in %s", l->side->words);
    return status;
}

static int load(struct loading *l, struct pair_net *net, const char *folder, struct error *err)
{
    char words[PATH_MAX], vectors[PATH_MAX];
    size_t vocabulary = l->side->vocabulary;
    if (path_of(words, folder, l->side->words, err) < 0 || path_of(vectors, folder, l->side->vectors, err) < 0)
        return -1;
    l->table = malloc(vocabulary * l->side->width * sizeof *l->table);
    l->seen = calloc(vocabulary, 1);
    if (!l->table || !l->seen)
        return no_memory(vectors, err);
    parameters_get(&net->parameters, net->table[l->number], l->table);
    if (read_words(l, words, err) < 0 || read_vectors(l, vectors, err) < 0)
        return -1;
    parameters_set(&net->parameters, net->table[l->number], l->table);
    return 0;
}

int pair_vectors_load(struct pair_net *net, int side, const char *folder, struct event_sink *sink, struct error *err)
{
    struct loading l = {.side = &net->design.side[side], .number = side};
    char key[48];
    int status;
    snprintf(key, sizeof key, "enc%d_pretrained_embedding_file", side);
    if (!folder)
        return error_set(err, ERROR_INPUT, key, "give the folder with --auxiliary DIR",
                         "%s names a file of the auxiliary channel, and there is no such channel", key);
    status = load(&l, net, folder, err);
    if (status == 0)
        event_log(sink, "%zu of %zu tokens of in%d have a pretrained vector%s", l.found, l.side->vocabulary, side,
                  l.side->frozen ? "; the whole table is kept as it is" : "");
    cJSON_Delete(l.tree);
    free(l.words);
    free(l.table);
    free(l.seen);
    return status;
}
