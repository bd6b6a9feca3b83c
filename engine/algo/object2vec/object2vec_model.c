/* A trained model on disk, and its answers: scores of pairs, or one encoder's vectors where only one side is given. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/algo/object2vec/object2vec.h"
#include "engine/algo/object2vec/pair_ask.h"
#include "engine/format/scan.h"
#include "engine/format/sequence.h"
#include "engine/model.h"
#include "engine/nn/weights.h"

#define MODE "INFERENCE_PREFERRED_MODE" /* the service's name */
#define LENGTHS "infer_max_seqlens"
#define LENGTH_MAX 5000
#define NAME "request"
#define SHAPE "write {\"instances\":[{\"in0\":[1,2],\"in1\":[3]}]}"

const char *const object2vec_accepts[] = {"application/json", "application/jsonlines", NULL};
static const char *const lines_first[] = {"application/jsonlines", "application/json", NULL};

/* --- disk -----------------------------------------------------------------------------------------------------------
 */

struct asked {
    struct settings settings; /* resolved; the design's texts point here */
    struct pair_net net;
};

/* The service keeps one of the two networks on its GPU by this. Here both are in memory, so either word is right. */
static int check_mode(struct error *err)
{
    const char *mode = getenv(MODE);
    if (!mode || !*mode || strcmp(mode, "classification") == 0 || strcmp(mode, "embedding") == 0)
        return 0;
    return error_set(err, ERROR_INPUT, MODE, "give classification or embedding, or leave it out",
                     MODE " cannot be '%.60s'; it chooses which network is kept on a GPU, here both always answer",
                     mode);
}

static int read_model(struct asked *m, const char *dir, const struct settings *settings, struct error *err)
{
    struct pair_design d;
    int status;
    if (check_mode(err) < 0 || algorithm_resolve(&object2vec, settings, &m->settings, err) < 0 ||
        pair_design_read(&d, &m->settings, err) < 0)
        return -1;
    status = pair_net_open(&m->net, &d, &backend_cpu, 0, err);
    if (status == 0)
        status = weights_load(&m->net.parameters, dir, OBJECT2VEC_FILE, err);
    if (status == 0)
        pair_net_get_middle(&m->net);
    return status;
}

void *object2vec_load(const char *dir, const struct settings *settings, struct error *err)
{
    struct asked *m = calloc(1, sizeof *m);
    if (!m) {
        error_set(err, ERROR_SYSTEM, dir, NULL, "There is not enough memory for the model");
        return NULL;
    }
    if (read_model(m, dir, settings, err) == 0)
        return m;
    object2vec_unload(m);
    return NULL;
}

void object2vec_unload(void *model)
{
    struct asked *m = model;
    if (m)
        pair_net_close(&m->net);
    free(m);
}

/* --- reading a request ----------------------------------------------------------------------------------------------
 */

enum { IN0 = 1, IN1 = 2, BOTH = IN0 | IN1 };

struct question {
    const struct asked *model;
    struct pairs pairs;
    int given;         /* the same of all instances */
    bool lines;        /* JSON Lines */
    size_t longest[2]; /* sequences are cut to it */
};

static int refuse(size_t number, const char *fix, const char *what, struct error *err)
{
    char where[48];
    snprintf(where, sizeof where, number ? NAME ", instance %zu" : NAME, number);
    return error_set(err, ERROR_INPUT, where, fix, "%s", what);
}

static int check_tokens(const struct question *q, int side, struct error *err)
{
    size_t count, vocabulary = q->model->net.design.side[side].vocabulary;
    const int32_t *token = pairs_tokens(&q->pairs, side, q->pairs.count - 1, &count);
    char what[128];
    if (!(q->given & (1 << side)))
        return 0;
    snprintf(what, sizeof what, "The sequence in%d is empty", side);
    if (!count)
        return refuse(q->pairs.count, "give it at least one token, or leave it out", what, err);
    for (size_t i = 0; i < count; i++)
        if (token[i] < 0 || (size_t)token[i] >= vocabulary) {
            snprintf(what, sizeof what, "in%d holds token %d, but the model knows ids below %zu", side, token[i],
                     vocabulary);
            return refuse(q->pairs.count, "give ids as in the training data", what, err);
        }
    return 0;
}

/* The instance at `p`; NULL and an error. */
static const char *read_one(struct question *q, const char *p, const char *end, struct error *err)
{
    int given = 0;
    p = sequence_read_object(p, end, NAME, q->pairs.count + 1, &q->pairs, &given, err);
    if (!p)
        return NULL;
    if (q->given && given != q->given) {
        refuse(q->pairs.count, "send pairs, single in0 and single in1 in requests of their own",
               "The instances before it had other sides: scores and embeddings cannot be asked for at once", err);
        return NULL;
    }
    q->given = given;
    return check_tokens(q, 0, err) < 0 || check_tokens(q, 1, err) < 0 ? NULL : p;
}

static int read_list(struct question *q, struct scan *s)
{
    int more;
    if (scan_open(s, '[') < 0)
        return -1;
    for (bool first = true; (more = scan_element(s, first)) > 0; first = false) {
        s->p = read_one(q, s->p, s->end, s->err);
        if (!s->p)
            return -1;
    }
    return more;
}

static int read_json(struct question *q, const char *p, const char *end, struct error *err)
{
    static const struct scan_key keys[] = {{"instances", 0}, {"configuration", 1}, {NULL, 0}};
    const struct place at = {NAME, 1, NULL};
    struct scan s = {.p = p, .end = end, .at = &at, .shape = SHAPE, .err = err};
    bool seen = false, first = true;
    int meaning;
    if (scan_open(&s, '{') < 0)
        return -1;
    for (; (meaning = scan_key(&s, first, keys, false)) >= 0; first = false) {
        if (meaning == 0 && seen)
            return scan_complain(&s, ERROR_INPUT, SHAPE, "\"instances\" stands there twice");
        seen |= meaning == 0;
        if ((meaning == 0 ? read_list(q, &s) : scan_pass(&s)) < 0)
            return -1;
    }
    if (meaning == SCAN_END && scan_space(s.p, end) != end)
        return scan_complain(&s, ERROR_INPUT, SHAPE, "Something follows the request's object");
    return meaning == SCAN_END ? 0 : -1;
}

static int read_jsonlines(struct question *q, const char *p, const char *end, struct error *err)
{
    while ((p = scan_space(p, end)) < end) {
        const char *stop;
        p = read_one(q, p, end, err);
        if (!p)
            return -1;
        stop = memchr(p, '\n', (size_t)(end - p));
        stop = stop ? stop : end;
        if (scan_space(p, stop) != stop)
            return refuse(q->pairs.count, "write one instance in each line", "Something follows the instance", err);
    }
    return 0;
}

/* "application/json; infer_max_seqlens=12,15": for enc0 and enc1. */
static int read_lengths(struct question *q, const char *type, struct error *err)
{
    const char *at = strstr(type, LENGTHS);
    char *end;
    for (int side = 0; side < 2; side++)
        q->longest[side] = q->model->net.design.side[side].longest;
    if (!at)
        return 0;
    at += strlen(LENGTHS);
    for (int side = 0; side < 2; side++) {
        long length;
        at += strspn(at, side ? " ," : " =");
        length = strtol(at, &end, 10);
        if (end == at || length < 1 || length > LENGTH_MAX)
            return error_set(err, ERROR_INPUT, "Content-Type",
                             "write " LENGTHS "=ENC0,ENC1 with whole numbers 1 to 5000",
                             LENGTHS " of enc%d is no length: '%.40s'", side, at);
        q->longest[side] = (size_t)length;
        at = end;
    }
    return 0;
}

static bool is_type(const char *type, const char *name)
{
    size_t len = strcspn(type, "; ");
    return len == strlen(name) && strncasecmp(type, name, len) == 0;
}

static int read_request(struct question *q, const struct request *in, struct error *err)
{
    const char *type = in->content_type && *in->content_type ? in->content_type : "application/json";
    const char *p = in->bytes, *end = p + in->len;
    int status;
    q->lines = is_type(type, "application/jsonlines");
    if (!q->lines && !is_type(type, "application/json"))
        return error_set(err, ERROR_INPUT, "Content-Type", "send application/json or application/jsonlines",
                         "Object2Vec does not read '%.100s'", type);
    if (in->len > PAYLOAD_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, NAME, "send fewer instances at a time", "A request may have %u MiB at most",
                         PAYLOAD_BYTES_MAX >> 20);
    if (read_lengths(q, type, err) < 0)
        return -1;
    status = q->lines ? read_jsonlines(q, p, end, err) : read_json(q, p, end, err);
    if (status == 0 && !q->pairs.count)
        return refuse(0, "send at least one", "There are no instances in the request", err);
    return status;
}

/* --- answers --------------------------------------------------------------------------------------------------------
 */

static int ask_all(struct question *q, struct pair_ask *ask, size_t width, float *values, struct error *err)
{
    for (size_t at = 0; at < q->pairs.count; at += PAIR_ASK_MAX) {
        size_t end = q->pairs.count - at < PAIR_ASK_MAX ? q->pairs.count : at + PAIR_ASK_MAX;
        float *out = values + at * width;
        int status = q->given == BOTH ? pair_ask_outputs(ask, &q->pairs, at, end, out, err)
                                      : pair_ask_vectors(ask, &q->pairs, q->given == IN1, at, end, out, err);
        if (status < 0)
            return -1;
        for (size_t i = 0; q->given == BOTH && q->model->net.design.classes && i < end - at; i++)
            pair_ask_softmax(out + i * width, width);
    }
    return 0;
}

static int answer(struct question *q, const struct request *in, struct answer *out, struct error *err)
{
    const struct pair_net *net = &q->model->net;
    size_t longest[2], width = q->given == BOTH ? net->design.outputs : net->design.dim;
    struct payload_field field = {q->given == BOTH ? "scores" : "embeddings", NULL, width, true};
    struct tape *tape = tape_open(&backend_cpu, 1, err);
    struct pair_ask ask = {0};
    float *values;
    int status = -1;
    if (!tape)
        return -1;
    for (int side = 0; side < 2; side++)
        longest[side] = pair_longest(&q->pairs, side, q->longest[side]);
    values = malloc((q->pairs.count * width + 1) * sizeof *values);
    if (!values)
        error_set(err, ERROR_SYSTEM, NULL, "send fewer instances", "There is not enough memory for the answer");
    else if (pair_ask_open(&ask, net, tape, longest, err) == 0 && ask_all(q, &ask, width, values, err) == 0) {
        field.values = values;
        status = payload_write(in, q->lines ? lines_first : object2vec_accepts, &field, 1, q->pairs.count, out, err);
    }
    free(values);
    pair_ask_close(&ask);
    tape_close(tape);
    return status;
}

int object2vec_invoke(const void *model, const struct request *in, struct answer *out, struct error *err)
{
    struct question q = {.model = model};
    int status = read_request(&q, in, err);
    if (status == 0)
        status = answer(&q, in, out, err);
    pairs_free(&q.pairs);
    return status;
}
