/* A trained model on disk, and its answers: requests as text or as records of ids, each answered in its own form.
 *
 *   application/json                {"instances":[{"data":"a b c", "configuration":{"attention_matrix":"true"}}]}
 *                                   {"predictions":[{"target":"x y", "matrix":[[..]..]}]}   rows: the target's tokens,
 *                                   columns: the source's tokens and its </s>
 *   application/jsonlines           {"source":"a b c"}                                 {"target":"x y"}
 *   application/x-recordio-protobuf source int32                                       target int32 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "engine/algo/seq2seq/search.h"
#include "engine/algo/seq2seq/seq2seq.h"
#include "engine/data/pairs.h"
#include "engine/format/sequence.h"
#include "engine/model.h"
#include "engine/nn/weights.h"

#define ASKED_MAX 100000 /* sequences of one request */
#define TOGETHER 64      /* sequences that are translated at once, at most */
#define NUMBERS ((size_t)1 << 23)

const char *const seq2seq_accepts[] = {"application/json", "application/jsonlines", "application/x-recordio-protobuf",
                                       NULL};

struct saved {
    struct network network;
    struct vocabulary vocabulary[2];
    size_t beam;
};

/* --- disk -----------------------------------------------------------------------------------------------------------
 */

static int load_vocabulary(const char *dir, const char *name, struct vocabulary *v, struct error *err)
{
    size_t len = 0;
    char *bytes = model_read_file(dir, name, &len, err);
    int status = bytes ? vocabulary_read(v, bytes, len, name, err) : -1;
    free(bytes);
    return status;
}

static int load_weights(const char *dir, struct saved *m, const struct settings *settings, struct error *err)
{
    const size_t words[2] = {m->vocabulary[0].size, m->vocabulary[1].size};
    struct shape shape;
    int status = shape_read(&shape, settings, words, err);
    if (status == 0)
        status = network_open(&m->network, &shape, &backend_cpu, 0, err);
    if (status == 0)
        status = weights_load(&m->network.parameters, dir, SEQ2SEQ_WEIGHTS, err);
    return status;
}

void *seq2seq_load(const char *dir, const struct settings *settings, struct error *err)
{
    struct saved *m = calloc(1, sizeof *m);
    if (!m) {
        error_set(err, ERROR_SYSTEM, dir, NULL, "There is not enough memory for the model");
        return NULL;
    }
    m->beam = (size_t)settings_number(settings, "beam_size");
    if (load_vocabulary(dir, SEQ2SEQ_SOURCE, &m->vocabulary[0], err) == 0 &&
        load_vocabulary(dir, SEQ2SEQ_TARGET, &m->vocabulary[1], err) == 0 && load_weights(dir, m, settings, err) == 0)
        return m;
    seq2seq_unload(m);
    return NULL;
}

void seq2seq_unload(void *model)
{
    struct saved *m = model;
    if (!m)
        return;
    network_close(&m->network);
    vocabulary_free(&m->vocabulary[0]);
    vocabulary_free(&m->vocabulary[1]);
    free(m);
}

/* --- what is asked --------------------------------------------------------------------------------------------------
 */

/* Sources in the order of the request: `pairs` has side 0 only. */
struct asked {
    const struct saved *model;
    struct pairs pairs;
    bool *matrix; /* of each: is its attention wanted? NULL: of none */
    struct translation *said;
};

static int refuse(size_t number, const char *unit, const char *fix, const char *what, struct error *err)
{
    char where[64];
    snprintf(where, sizeof where, "%s %zu", unit, number);
    return error_set(err, ERROR_INPUT, where, fix, "%s", what);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Tokens stand between blanks; those that are not in the vocabulary become <unk>. */
static int take_text(struct asked *a, const char *text, size_t number, const char *unit, struct error *err)
{
    size_t count = 0, room = strlen(text) / 2 + 2;
    int32_t *token = malloc(room * sizeof *token);
    int status;
    if (!token)
        return error_set(err, ERROR_SYSTEM, NULL, "send less", "There is not enough memory for the request");
    for (const char *p = text; *p;) {
        const char *word = p;
        while (*p && !is_blank(*p))
            p++;
        if (p > word)
            token[count++] = vocabulary_id(&a->model->vocabulary[0], word, (size_t)(p - word));
        while (*p && is_blank(*p))
            p++;
    }
    if (!count)
        status = refuse(number, unit, "give tokens separated by spaces", "The sequence is empty", err);
    else if (a->pairs.count == ASKED_MAX)
        status = refuse(number, unit, "send fewer at once", "More than 100000 sequences are asked for", err);
    else
        status = pairs_append(&a->pairs, token, count, NULL, 0, NAN) == 0
                     ? 0
                     : error_set(err, ERROR_SYSTEM, NULL, "send less", "There is not enough memory for the request");
    free(token);
    return status;
}

/* true or false, in quotes too, as the service's example writes it. */
static bool is_answer(const cJSON *item, bool yes)
{
    return (yes ? cJSON_IsTrue(item) : cJSON_IsFalse(item)) ||
           (cJSON_IsString(item) && strcasecmp(item->valuestring, yes ? "true" : "false") == 0);
}

/* What an instance may ask for; `how` is NULL where it asks for nothing. */
static int take_configuration(const cJSON *how, bool *matrix, size_t number, struct error *err)
{
    static const char fix[] = "write \"configuration\":{\"attention_matrix\":true}";
    const cJSON *item;
    if (how && !cJSON_IsObject(how))
        return refuse(number, "instance", fix, "The configuration is no JSON object", err);
    cJSON_ArrayForEach (item, how) {
        if (strcmp(item->string, "attention_matrix") != 0)
            return refuse(number, "instance", fix, "The configuration knows attention_matrix and nothing else", err);
        *matrix = is_answer(item, true);
        if (!*matrix && !is_answer(item, false))
            return refuse(number, "instance", fix, "attention_matrix is neither true nor false", err);
    }
    return 0;
}

static int take_instances(struct asked *a, const struct request *in, struct error *err)
{
    static const char fix[] = "write {\"instances\":[{\"data\":\"tokens separated by spaces\"}]}";
    cJSON *root = cJSON_ParseWithLength(in->bytes, in->len);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "instances"), *item;
    size_t number = 0, count = (size_t)cJSON_GetArraySize(list);
    int status = cJSON_IsArray(list) && count
                     ? 0
                     : error_set(err, ERROR_INPUT, "request", fix,
                                 root ? "The request has no list \"instances\" with something in it"
                                      : "The request is not JSON");
    a->matrix = calloc(count + 1, sizeof *a->matrix);
    if (status == 0 && !a->matrix)
        status = error_set(err, ERROR_SYSTEM, NULL, "send less", "There is not enough memory for the request");
    if (status == 0)
        cJSON_ArrayForEach (item, list) {
            const cJSON *data = cJSON_GetObjectItemCaseSensitive(item, "data");
            const cJSON *how = cJSON_GetObjectItemCaseSensitive(item, "configuration");
            status = take_configuration(how, &a->matrix[number], number + 1, err);
            number++;
            if (status < 0)
                break;
            if (!cJSON_IsString(data))
                status = refuse(number, "instance", fix, "The instance has no text \"data\"", err);
            else
                status = take_text(a, data->valuestring, number, "instance", err);
            if (status < 0)
                break;
        }
    cJSON_Delete(root);
    return status;
}

static int take_line(struct asked *a, const char *line, size_t len, size_t number, struct error *err)
{
    static const char fix[] = "write {\"source\":\"tokens separated by spaces\"} in each line";
    cJSON *root = cJSON_ParseWithLength(line, len);
    const cJSON *source = cJSON_GetObjectItemCaseSensitive(root, "source");
    int status = cJSON_IsString(source) ? take_text(a, source->valuestring, number, "line", err)
                                        : refuse(number, "line", fix, "The line has no text \"source\"", err);
    cJSON_Delete(root);
    return status;
}

static int take_lines(struct asked *a, const struct request *in, struct error *err)
{
    const char *p = in->bytes, *end = p + in->len;
    for (size_t number = 1; p < end; number++) {
        const char *line = p, *stop = memchr(p, '\n', (size_t)(end - p));
        stop = stop ? stop : end;
        p = stop + 1;
        while (line < stop && is_blank(*line))
            line++;
        if (line < stop && take_line(a, line, (size_t)(stop - line), number, err) < 0)
            return -1;
    }
    return a->pairs.count ? 0
                          : error_set(err, ERROR_INPUT, "request", "send one object per line", "There are no lines");
}

static int take_records(struct asked *a, const struct request *in, struct error *err)
{
    size_t words = a->model->vocabulary[0].size;
    if (sequence_read_records(in->bytes, in->len, &a->pairs, err) < 0)
        return -1;
    if (!a->pairs.count)
        return error_set(err, ERROR_INPUT, "request", "send records with source", "There are no records");
    for (size_t i = 0; i < a->pairs.count; i++) {
        size_t count;
        const int32_t *token = pairs_tokens(&a->pairs, 0, i, &count);
        if (!count)
            return refuse(i + 1, "record", "leave it out", "The source sequence is empty", err);
        for (size_t k = 0; k < count; k++)
            if (token[k] <= VOCABULARY_PAD || (size_t)token[k] >= words)
                return refuse(i + 1, "record", "use the ids of vocab.src.json, without padding",
                              "A token is not in the vocabulary of the model", err);
    }
    return 0;
}

/* --- translating ----------------------------------------------------------------------------------------------------
 */

/* Sequences in the order of their lengths, so that those taken together need little padding. */
struct place {
    size_t length, index;
};

static int by_length(const void *left, const void *right)
{
    const struct place *x = left, *y = right;
    return x->length != y->length ? (x->length < y->length ? -1 : 1) : x->index < y->index ? -1 : 1;
}

static size_t taken(const struct asked *a, size_t i, const int32_t **token)
{
    size_t count, most = a->model->network.shape.source.steps - 1;
    *token = pairs_tokens(&a->pairs, 0, i, &count);
    return count < most ? count : most;
}

/* `rows` of them at once; `source` and `length` have room. */
static int translate_some(struct asked *a, struct search *search, const struct place *place, size_t rows,
                          int32_t *source, int32_t *length, struct error *err)
{
    size_t steps = place[rows - 1].length + 1;
    struct translation said[TOGETHER];
    bool attention = false;
    for (size_t row = 0; row < rows; row++) {
        const int32_t *token;
        size_t count = taken(a, place[row].index, &token);
        for (size_t t = 0; t < steps; t++)
            source[t * rows + row] = t < count ? token[t] : t == count ? VOCABULARY_END : -1;
        length[row] = (int32_t)count + 1;
        attention |= a->matrix && a->matrix[place[row].index];
    }
    if (search_run(search, source, length, steps, rows, attention, said, err) < 0)
        return -1;
    for (size_t row = 0; row < rows; row++)
        a->said[place[row].index] = said[row];
    return 0;
}

static int translate(struct asked *a, struct error *err)
{
    size_t count = a->pairs.count, steps = a->model->network.shape.source.steps;
    size_t together = NUMBERS / (a->model->beam * a->model->network.shape.target.words) + 1;
    struct place *place = calloc(count, sizeof *place);
    int32_t *source = calloc(TOGETHER * (steps + 1), sizeof *source), *length = source;
    struct search search = {0};
    int status = -1;
    together = together < TOGETHER ? together : TOGETHER;
    a->said = calloc(count, sizeof *a->said);
    if (!place || !source || !a->said) {
        error_set(err, ERROR_SYSTEM, NULL, "send less", "There is not enough memory for the translations");
    } else {
        status = search_open(&search, &a->model->network, 1, a->model->beam, err);
        length = source + TOGETHER * steps;
    }
    for (size_t i = 0; status == 0 && i < count; i++) {
        const int32_t *token;
        place[i] = (struct place){taken(a, i, &token), i};
    }
    if (status == 0)
        qsort(place, count, sizeof *place, by_length);
    for (size_t at = 0; status == 0 && at < count; at += together)
        status =
            translate_some(a, &search, place + at, count - at < together ? count - at : together, source, length, err);
    search_close(&search);
    free(place);
    free(source);
    return status;
}

/* --- answers --------------------------------------------------------------------------------------------------------
 */

static void write_target(const struct asked *a, const struct translation *said, struct json *j, struct str *text)
{
    str_clear(text);
    for (size_t i = 0; i < said->count; i++) {
        if (i)
            str_putc(text, ' ');
        str_puts(text, vocabulary_word(&a->model->vocabulary[1], said->token[i]));
    }
    json_string(j, "target", str_text(text));
}

static void write_matrix(const struct translation *said, struct json *j)
{
    json_array(j, "matrix");
    for (size_t i = 0; i < said->count; i++) {
        json_array(j, NULL);
        for (size_t k = 0; k < said->places; k++)
            json_float(j, NULL, (double)said->weight[i * said->places + k]);
        json_end(j);
    }
    json_end(j);
}

static int write_json(const struct asked *a, struct str *out, struct error *err)
{
    struct json j = json_begin(out);
    struct str text = {0};
    (void)err;
    json_object(&j, NULL);
    json_array(&j, "predictions");
    for (size_t i = 0; i < a->pairs.count; i++) {
        json_object(&j, NULL);
        write_target(a, &a->said[i], &j, &text);
        if (a->matrix && a->matrix[i])
            write_matrix(&a->said[i], &j);
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
    str_free(&text);
    return 0;
}

static int write_lines(const struct asked *a, struct str *out, struct error *err)
{
    struct str text = {0};
    (void)err;
    for (size_t i = 0; i < a->pairs.count; i++) {
        struct json j = json_begin(out);
        json_object(&j, NULL);
        write_target(a, &a->said[i], &j, &text);
        json_end(&j);
        str_putc(out, '\n');
    }
    str_free(&text);
    return 0;
}

static int write_records(const struct asked *a, struct str *out, struct error *err)
{
    for (size_t i = 0; i < a->pairs.count; i++)
        if (sequence_append(out, NULL, 0, a->said[i].token, a->said[i].count, err) < 0)
            return -1;
    return 0;
}

static const struct form {
    const char *type;
    int (*take)(struct asked *a, const struct request *in, struct error *err);
    int (*write)(const struct asked *a, struct str *out, struct error *err);
} forms[] = {
    {"application/json", take_instances, write_json},
    {"application/jsonlines", take_lines, write_lines},
    {"application/x-recordio-protobuf", take_records, write_records},
};

enum { FORMS = sizeof forms / sizeof *forms };

/* By a content type, whose parameters behind a semicolon do not count. NULL type: JSON. */
static const struct form *form_of(const char *type, struct error *err)
{
    size_t len = type ? strcspn(type, "; ") : 0;
    for (const struct form *f = forms; f < forms + FORMS; f++)
        if (!len || (strlen(f->type) == len && strncasecmp(f->type, type, len) == 0))
            return f;
    error_set(err, ERROR_INPUT, "Content-Type",
              "use application/json, application/jsonlines or application/x-recordio-protobuf",
              "Seq2Seq does not read requests of type '%.60s'", type);
    return NULL;
}

/* An answer has the form of its request where nothing else is asked for. */
static const struct form *form_of_answer(const struct form *asked, const char *accept, struct error *err)
{
    const char *types[FORMS + 1] = {asked->type}, *type;
    size_t count = 1;
    for (const struct form *f = forms; f < forms + FORMS; f++)
        if (f != asked)
            types[count++] = f->type;
    types[count] = NULL;
    type = payload_type(accept, types, err);
    return type ? form_of(type, err) : NULL;
}

int seq2seq_invoke(const void *model, const struct request *in, struct answer *out, struct error *err)
{
    struct asked a = {.model = model};
    const struct form *from = form_of(in->content_type, err);
    const struct form *to = from ? form_of_answer(from, in->accept, err) : NULL;
    int status = to ? from->take(&a, in, err) : -1;
    if (status == 0)
        status = translate(&a, err);
    if (status == 0)
        status = to->write(&a, &out->bytes, err);
    if (status == 0 && out->bytes.failed)
        status = error_set(err, ERROR_SYSTEM, "answer", NULL, "There is not enough memory for the answer");
    if (status == 0)
        snprintf(out->content_type, sizeof out->content_type, "%s", to->type);
    for (size_t i = 0; a.said && i < a.pairs.count; i++)
        translation_free(&a.said[i]);
    free(a.said);
    free(a.matrix);
    pairs_free(&a.pairs);
    return status;
}
