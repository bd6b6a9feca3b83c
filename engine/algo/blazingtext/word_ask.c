/* Requests to a trained model: what word_model.h says of word_ask. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/algo/blazingtext/word_model.h"
#include "engine/algo/blazingtext/word_near.h"
#include "engine/base/json.h"
#include "engine/format/number.h"
#include "engine/format/scan.h"

#define NAME "request"
#define ANSWER_BYTES_MAX ((size_t)256 << 20)
#define PIECES_BYTES_MAX ((size_t)64 << 20) /* shares of one line */
#define SHAPE "write {\"instances\":[\"a word or sentence\"],\"configuration\":{\"k\":2}}"
#define LINE_SHAPE "write {\"source\":\"a sentence\",\"k\":2}"

struct asked {
    struct word_model model;
    struct word_near near;
};

void *word_ask_load(const char *dir, const struct settings *s, struct error *err)
{
    struct asked *a = calloc(1, sizeof *a);
    if (!a) {
        error_set(err, ERROR_SYSTEM, dir, NULL, "There is not enough memory for the model");
        return NULL;
    }
    if (word_model_load(&a->model, dir, s, err) < 0) {
        free(a);
        return NULL;
    }
    word_near_open(&a->near, &a->model);
    return a;
}

void word_ask_unload(void *model)
{
    struct asked *a = model;
    word_near_close(&a->near);
    word_model_free(&a->model);
    free(a);
}

/* --- one answer -----------------------------------------------------------------------------------------------------
 */

/* What is asked of each instance; 0: not asked. */
struct wish {
    uint32_t k, neighbours;
    bool shares;
};

struct asking {
    struct asked *to;
    struct wish wish;
    struct str text; /* of the instance */
    float *numbers;  /* labels, or width */
    struct json json;
    struct scan scan; /* for errors: where it stands */
};

static int no_memory(const struct asking *q)
{
    return scan_complain(&q->scan, ERROR_SYSTEM, "send less at a time", "There is not enough memory to answer");
}

static void put_number(struct json *j, const char *key, float value)
{
    char text[NUMBER_TEXT + 1];
    if (!isfinite(value)) {
        json_null(j, key);
        return;
    }
    text[number_write(text, value)] = '\0';
    json_raw(j, key, text);
}

static void put_vector(struct json *j, const float *vector, size_t width)
{
    char text[NUMBER_TEXT + 1];
    json_array(j, "vector");
    for (size_t i = 0; i < width; i++) {
        text[number_write_nine(text, vector[i])] = '\0';
        json_raw(j, NULL, text);
    }
    json_end(j);
}

static void put_hits(struct asking *q, const char *key, const struct word_hit *hits, int count)
{
    json_array(&q->json, key);
    for (int i = 0; i < count; i++) {
        size_t len;
        const char *word = dictionary_spelling(&q->to->model.dictionary, hits[i].word, &len);
        json_object(&q->json, NULL);
        json_string_n(&q->json, "word", word, len);
        put_number(&q->json, "cosine", hits[i].cosine);
        json_end(&q->json);
    }
    json_end(&q->json);
}

/* The `k` nearest to a vector that is scaled here, but these words. */
static int put_nearest(struct asking *q, const char *key, float *vector, uint32_t k, const int32_t *leave, size_t count)
{
    struct word_hit hits[WORD_NEAR_MAX];
    int found;
    word_near_scale(vector, q->to->model.width);
    found = word_near_find(&q->to->near, vector, k, leave, count, hits);
    if (found < 0)
        return no_memory(q);
    put_hits(q, key, hits, found);
    return 0;
}

static int answer_word(struct asking *q)
{
    const struct word_model *m = &q->to->model;
    const char *word = str_text(&q->text);
    bool known = word_model_vector(m, word, q->text.len, q->numbers);
    int32_t id = dictionary_find(&m->dictionary, word, q->text.len);
    int status = 0;
    json_object(&q->json, NULL);
    json_string_n(&q->json, "word", word, q->text.len);
    put_vector(&q->json, q->numbers, m->width);
    if (q->wish.neighbours) {
        json_bool(&q->json, "known", known);
        if (known)
            status = put_nearest(q, "neighbours", q->numbers, q->wish.neighbours, &id, 1);
        else
            put_hits(q, "neighbours", NULL, 0);
    }
    json_end(&q->json);
    return status;
}

static const char *label_of(const struct word_model *m, size_t label, size_t *len)
{
    return dictionary_spelling(&m->dictionary, (int32_t)(m->dictionary.words + label), len);
}

/* {label: number} */
static void put_labels(struct json *j, const struct word_model *m, const char *key, const float *numbers)
{
    char name[TEXT_WORD_MAX + 1];
    json_object(j, key);
    for (size_t i = 0; i < m->dictionary.labels; i++) {
        size_t len;
        const char *label = label_of(m, i, &len);
        snprintf(name, sizeof name, "%.*s", (int)len, label);
        put_number(j, name, numbers[i]);
    }
    json_end(j);
}

static int put_pieces(struct asking *q)
{
    const struct word_model *m = &q->to->model;
    size_t count, labels = m->dictionary.labels;
    struct word_piece *pieces;
    int status;
    if (q->text.len / 2 * (size_t)m->word_ngrams * labels * sizeof(float) > PIECES_BYTES_MAX)
        return scan_complain(&q->scan, ERROR_LIMIT, "ask for shares of a shorter text",
                             "The text has too many pieces to tell each one's share");
    status = word_model_pieces(m, str_text(&q->text), q->text.len, &pieces, &count);
    memset(q->numbers, 0, labels * sizeof *q->numbers);
    for (size_t i = 0; i < count && status == 0; i++)
        for (size_t k = 0; k < labels; k++)
            q->numbers[k] += pieces[i].share[k];
    put_labels(&q->json, m, "scores", q->numbers);
    json_array(&q->json, "pieces");
    for (size_t i = 0; i < count && status == 0; i++) {
        json_object(&q->json, NULL);
        json_string(&q->json, "text", pieces[i].text);
        put_labels(&q->json, m, "share", pieces[i].share);
        json_end(&q->json);
    }
    json_end(&q->json);
    word_pieces_free(pieces, count);
    return status < 0 ? no_memory(q) : 0;
}

struct ranked {
    float probability;
    uint32_t label;
};

static int by_probability(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->probability != y->probability)
        return x->probability < y->probability ? 1 : -1;
    return (x->label > y->label) - (x->label < y->label);
}

static int answer_sentence(struct asking *q)
{
    const struct word_model *m = &q->to->model;
    size_t labels = m->dictionary.labels, k = q->wish.k ? q->wish.k : 1;
    struct ranked *rank = malloc(labels * sizeof *rank);
    if (!rank || word_model_classify(m, str_text(&q->text), q->text.len, q->numbers) < 0) {
        free(rank);
        return no_memory(q);
    }
    for (size_t i = 0; i < labels; i++)
        rank[i] = (struct ranked){isfinite(q->numbers[i]) ? q->numbers[i] : 0, (uint32_t)i};
    qsort(rank, labels, sizeof *rank, by_probability);
    json_object(&q->json, NULL);
    json_array(&q->json, "label");
    for (size_t i = 0; i < k && i < labels; i++) {
        size_t len;
        const char *label = label_of(m, rank[i].label, &len);
        json_string_n(&q->json, NULL, label, len);
    }
    json_end(&q->json);
    json_array(&q->json, "prob");
    for (size_t i = 0; i < k && i < labels; i++)
        put_number(&q->json, NULL, rank[i].probability);
    json_end(&q->json);
    free(rank);
    if (q->wish.shares && put_pieces(q) < 0)
        return -1;
    json_end(&q->json);
    return 0;
}

/* Of the text in q->text. */
static int answer(struct asking *q)
{
    if ((q->to->model.classifier ? answer_sentence : answer_word)(q) < 0)
        return -1;
    if (q->json.out->failed)
        return no_memory(q);
    if (q->json.out->len > ANSWER_BYTES_MAX)
        return scan_complain(&q->scan, ERROR_LIMIT, "send fewer at a time", "The answer is above 256 MiB");
    return 0;
}

/* --- analogies ------------------------------------------------------------------------------------------------------
 */

/* Adds the word's vector, scaled, times `sign` to the sum. */
static int add_word(struct asking *q, const char *word, size_t len, float sign, float *sum, bool *known)
{
    size_t width = q->to->model.width;
    float *vector = malloc((width + 1) * sizeof *vector);
    if (!vector)
        return no_memory(q);
    *known = word_model_vector(&q->to->model, word, len, vector);
    word_near_scale(vector, width);
    for (size_t i = 0; i < width; i++)
        sum[i] += sign * vector[i];
    free(vector);
    return 0;
}

/* The three words stand in q->text one behind the other, each with a zero. */
static int answer_analogy(struct asking *q)
{
    static const float signs[3] = {-1, 1, 1};
    const char *word[3];
    int32_t id[3];
    bool known[3] = {false, false, false};
    word[0] = str_text(&q->text);
    memset(q->numbers, 0, q->to->model.width * sizeof *q->numbers);
    for (int i = 0; i < 3; i++) {
        size_t len = strlen(word[i]);
        if (add_word(q, word[i], len, signs[i], q->numbers, &known[i]) < 0)
            return -1;
        id[i] = dictionary_find(&q->to->model.dictionary, word[i], len);
        if (i < 2)
            word[i + 1] = word[i] + len + 1;
    }
    json_object(&q->json, NULL);
    json_array(&q->json, "analogy");
    for (int i = 0; i < 3; i++)
        json_string(&q->json, NULL, word[i]);
    json_end(&q->json);
    json_array(&q->json, "unknown");
    for (int i = 0; i < 3; i++)
        if (!known[i])
            json_string(&q->json, NULL, word[i]);
    json_end(&q->json);
    if (!(known[0] && known[1] && known[2]))
        put_hits(q, "nearest", NULL, 0);
    else if (put_nearest(q, "nearest", q->numbers, q->wish.k ? q->wish.k : 5, id, 3) < 0)
        return -1;
    json_end(&q->json);
    return 0;
}

static int read_analogy(struct asking *q, struct scan *s)
{
    int more, count = 0;
    str_clear(&q->text);
    if (scan_open(s, '[') < 0)
        return -1;
    while ((more = scan_element(s, count == 0)) > 0) {
        if (++count > 3)
            break;
        if (scan_text(s, &q->text) < 0)
            return -1;
        str_putc(&q->text, '\0');
    }
    if (more < 0)
        return -1;
    if (count != 3)
        return scan_complain(s, ERROR_INPUT, "write three words, such as [\"man\",\"king\",\"woman\"]",
                             "An analogy has three words");
    return answer_analogy(q);
}

/* --- requests -------------------------------------------------------------------------------------------------------
 */

enum { INSTANCES, ANALOGIES, CONFIGURATION, SOURCE, K, NEIGHBOURS, SHARES };

static const struct scan_key word_wishes[] = {{"k", K}, {"neighbours", NEIGHBOURS}, {NULL, 0}};
static const struct scan_key class_wishes[] = {{"k", K}, {"shares", SHARES}, {NULL, 0}};
static const struct scan_key request_keys[] = {
    {"instances", INSTANCES}, {"analogies", ANALOGIES}, {"configuration", CONFIGURATION}, {NULL, 0}};
static const struct scan_key line_keys[] = {
    {"source", SOURCE}, {"k", K}, {"neighbours", NEIGHBOURS}, {"shares", SHARES}, {NULL, 0}};

static int read_flag(struct scan *s, bool *flag)
{
    s->p = scan_space(s->p, s->end);
    *flag = s->end - s->p >= 4 && memcmp(s->p, "true", 4) == 0;
    if (!*flag && !(s->end - s->p >= 5 && memcmp(s->p, "false", 5) == 0))
        return scan_unexpected(s, "true or false");
    s->p += *flag ? 4 : 5;
    return 0;
}

static int read_count(struct scan *s, uint32_t most, uint32_t *count)
{
    const char *fix = "write a whole number from 1";
    if (scan_whole(s, most, count, fix) < 0)
        return -1;
    return *count ? 0 : scan_complain(s, ERROR_INPUT, fix, "0 answers were asked for");
}

static int read_wish(struct asking *q, struct scan *s, int meaning)
{
    bool classifier = q->to->model.classifier;
    if (meaning == NEIGHBOURS && classifier)
        return scan_complain(s, ERROR_INPUT, "ask a model of mode skipgram, cbow or batch_skipgram",
                             "A classifier has no neighbours of words");
    if (meaning == SHARES && !classifier)
        return scan_complain(s, ERROR_INPUT, "ask a model of mode supervised", "Word vectors have no shares");
    if (meaning == SHARES)
        return read_flag(s, &q->wish.shares);
    if (meaning == NEIGHBOURS)
        return read_count(s, WORD_NEAR_MAX, &q->wish.neighbours);
    return read_count(s, classifier ? TEXT_WORDS_MAX : WORD_NEAR_MAX, &q->wish.k);
}

static int read_configuration(struct asking *q, struct scan *s)
{
    int meaning;
    if (scan_open(s, '{') < 0)
        return -1;
    for (bool first = true;
         (meaning = scan_key(s, first, q->to->model.classifier ? class_wishes : word_wishes, false)) >= 0;
         first = false)
        if (read_wish(q, s, meaning) < 0)
            return -1;
    return meaning == SCAN_END ? 0 : -1;
}

static int read_instance(struct asking *q, struct scan *s)
{
    str_clear(&q->text);
    return scan_text(s, &q->text) < 0 ? -1 : answer(q);
}

/* Answers each element of the list at `p`; NULL: there is none. */
static int read_list(struct asking *q, const char *p, int (*read)(struct asking *, struct scan *))
{
    struct place at = {.file = NAME, .line = 0, .unit = "instance"};
    struct scan s = q->scan;
    int more = 0;
    s.p = p;
    s.at = &at;
    if (!p)
        return 0;
    if (scan_open(&s, '[') < 0)
        return -1;
    for (; (more = scan_element(&s, at.line == 0)) > 0;) {
        at.line++;
        q->scan.at = &at;
        if (read(q, &s) < 0)
            return -1;
    }
    return more;
}

/* Finds the lists and reads the configuration, wherever they stand. */
static int read_request(struct asking *q, const char **instances, const char **analogies)
{
    struct scan *s = &q->scan;
    int meaning;
    bool configured = false;
    if (scan_open(s, '{') < 0)
        return -1;
    for (bool first = true; (meaning = scan_key(s, first, request_keys, false)) >= 0; first = false) {
        const char **list = meaning == INSTANCES ? instances : analogies;
        if (meaning == CONFIGURATION ? configured : *list != NULL)
            return scan_complain(s, ERROR_INPUT, SHAPE, "The request has a key twice");
        if (meaning == CONFIGURATION) {
            configured = true;
            if (read_configuration(q, s) < 0)
                return -1;
            continue;
        }
        *list = s->p;
        if (scan_pass(s) < 0)
            return -1;
    }
    if (meaning != SCAN_END)
        return -1;
    if (scan_space(s->p, s->end) < s->end)
        return scan_complain(s, ERROR_INPUT, SHAPE, "Something follows the JSON object of the request");
    if (!*instances && !*analogies)
        return scan_complain(s, ERROR_INPUT, SHAPE, "The request has no instances");
    if (*analogies && q->to->model.classifier)
        return scan_complain(s, ERROR_INPUT, "ask a model of mode skipgram, cbow or batch_skipgram",
                             "A classifier has no analogies");
    return 0;
}

static int ask_json(struct asking *q, const struct request *in)
{
    const struct place at = {.file = NAME, .line = 1};
    const char *instances = NULL, *analogies = NULL;
    q->scan.p = in->len ? in->bytes : "";
    q->scan.end = q->scan.p + in->len;
    q->scan.at = &at;
    q->scan.shape = SHAPE;
    if (read_request(q, &instances, &analogies) < 0)
        return -1;
    json_array(&q->json, NULL);
    if (read_list(q, instances, read_instance) < 0 || read_list(q, analogies, read_analogy) < 0)
        return -1;
    json_end(&q->json);
    return 0;
}

static int end_line(struct asking *q)
{
    struct str *out = q->json.out;
    str_putc(out, '\n');
    q->json = json_begin(out);
    return 0;
}

static int ask_object(void *context, const char *line, const char *end, const struct place *at, struct error *err)
{
    struct asking *q = context;
    struct scan s = {.p = line, .end = end, .at = at, .shape = LINE_SHAPE, .err = err};
    int meaning;
    bool source = false;
    q->scan = s;
    q->wish = (struct wish){0};
    str_clear(&q->text);
    if (scan_open(&s, '{') < 0)
        return -1;
    for (bool first = true; (meaning = scan_key(&s, first, line_keys, false)) >= 0; first = false) {
        if (meaning == SOURCE && source)
            return scan_complain(&s, ERROR_INPUT, LINE_SHAPE, "The line has two sources");
        source = source || meaning == SOURCE;
        if ((meaning == SOURCE ? scan_text(&s, &q->text) : read_wish(q, &s, meaning)) < 0)
            return -1;
    }
    if (meaning != SCAN_END)
        return -1;
    if (!source)
        return scan_complain(&s, ERROR_INPUT, LINE_SHAPE, "The line has no source");
    if (scan_space(s.p, end) < end)
        return scan_complain(&s, ERROR_INPUT, LINE_SHAPE, "Something follows the JSON object");
    return answer(q) < 0 ? -1 : end_line(q);
}

static int ask_line(void *context, const char *line, const char *end, const struct place *at, struct error *err)
{
    struct asking *q = context;
    q->scan = (struct scan){.p = line, .end = end, .at = at, .shape = "save the text as UTF-8", .err = err};
    str_clear(&q->text);
    while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    str_append(&q->text, line, (size_t)(end - line));
    if (!scan_is_utf8(line, (size_t)(end - line)))
        return scan_complain(&q->scan, ERROR_INPUT, q->scan.shape, "The line holds bytes that are no UTF-8");
    return answer(q) < 0 ? -1 : end_line(q);
}

static int ask_lines(struct asking *q, const struct request *in, lines_take *take, struct error *err)
{
    struct input *bytes = input_open_bytes(in->bytes, in->len, NAME);
    int status;
    if (!bytes)
        return error_set(err, ERROR_SYSTEM, NAME, NULL, "There is not enough memory to read it");
    input_take_plain(bytes);
    status = lines_read_long(bytes, PAYLOAD_BYTES_MAX, take, q, err);
    input_close(bytes);
    return status;
}

static bool is_type(const char *type, const char *wanted)
{
    size_t len = strcspn(type, "; ");
    return strlen(wanted) == len && strncasecmp(type, wanted, len) == 0;
}

static int ask_as(struct asking *q, const struct request *in, struct answer *out, struct error *err)
{
    const char *type = in->content_type && *in->content_type ? in->content_type : "application/json";
    bool json = is_type(type, "application/json");
    bool lines = is_type(type, "application/jsonlines"), plain = is_type(type, "text/plain");
    int status;
    if (!json && !lines && !plain)
        return error_set(err, ERROR_INPUT, NAME,
                         "requests may be application/json, application/jsonlines or text/plain",
                         "A request cannot be of type '%.100s'", type);
    snprintf(out->content_type, sizeof out->content_type, "%s", json ? "application/json" : "application/jsonlines");
    status = json ? ask_json(q, in) : ask_lines(q, in, lines ? ask_object : ask_line, err);
    if (status == 0 && out->bytes.len == 0)
        return error_set(err, ERROR_INPUT, NAME, lines ? LINE_SHAPE : "write a sentence in each line",
                         "There is nothing in the request");
    return status;
}

int word_ask(const void *model, const struct request *in, struct answer *out, struct error *err)
{
    struct asked *a = (struct asked *)model; /* `near` guards itself */
    size_t numbers = a->model.classifier ? a->model.dictionary.labels : a->model.width;
    struct asking q = {.to = a, .json = json_begin(&out->bytes), .scan = {.err = err}};
    int status;
    if (in->len > PAYLOAD_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, NAME, "send less at a time", "A request may have %u MiB at most",
                         PAYLOAD_BYTES_MAX >> 20);
    q.numbers = malloc((numbers + 1) * sizeof *q.numbers);
    status = q.numbers ? ask_as(&q, in, out, err)
                       : error_set(err, ERROR_SYSTEM, NAME, NULL, "There is not enough memory to answer");
    if (status == 0 && out->bytes.failed)
        status = error_set(err, ERROR_SYSTEM, NAME, NULL, "There is not enough memory to answer");
    free(q.numbers);
    str_free(&q.text);
    return status;
}
