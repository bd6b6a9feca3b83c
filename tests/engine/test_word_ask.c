/* What models of BlazingText answer: each kind of request with its answer, and what is refused. */
#include <cjson/cJSON.h>

#include "tests/engine/word_models.h"

/* The answer as JSON; the caller deletes. NULL: refused, err says why. */
static cJSON *ask(void *model, const char *type, const char *text, struct error *err)
{
    const struct request in = {.content_type = type, .bytes = text, .len = strlen(text), .accept = "text/csv"};
    struct answer out = {0};
    cJSON *json = NULL;
    *err = (struct error){0};
    if (word_ask(model, &in, &out, err) == 0) {
        assert_string_equal(out.content_type, type && strstr(type, "lines")  ? "application/jsonlines"
                                              : type && strstr(type, "text") ? "application/jsonlines"
                                                                             : "application/json");
        json = cJSON_Parse(str_text(&out.bytes));
        assert_non_null(json);
    } else {
        assert_true(err->what[0] && err->where[0]);
    }
    str_free(&out.bytes);
    return json;
}

static void *open_model(bool classifier)
{
    struct word_model m;
    struct settings s = {0};
    struct error err;
    void *model;
    if (classifier)
        make_classifier(&m);
    else
        make_vectors(&m, false);
    save(&m, at("asked"));
    word_model_free(&m);
    settings_set(&s, "mode", classifier ? "supervised" : "cbow", &err);
    model = word_ask_load(at("asked"), &s, &err);
    assert_non_null(model);
    return model;
}

static const cJSON *get(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!item)
        fail_msg("no '%s' in the answer", name);
    return item;
}

static void words_are_answered(void **state)
{
    void *model = open_model(false);
    struct error err;
    struct word_model m;
    float vector[WIDTH], zeros[WIDTH] = {0};
    const cJSON *first, *second;
    cJSON *json = ask(model, "application/json", "{\"instances\":[\"cat\",\"nobody\"]}", &err);
    (void)state;
    make_vectors(&m, false);
    word_model_vector(&m, "cat", 3, vector);
    assert_int_equal(cJSON_GetArraySize(json), 2);
    first = cJSON_GetArrayItem(json, 0);
    second = cJSON_GetArrayItem(json, 1);
    assert_string_equal(get(first, "word")->valuestring, "cat");
    assert_int_equal(cJSON_GetArraySize(get(first, "vector")), WIDTH);
    for (int i = 0; i < WIDTH; i++) {
        assert_true((float)cJSON_GetArrayItem(get(first, "vector"), i)->valuedouble == vector[i]);
        assert_true((float)cJSON_GetArrayItem(get(second, "vector"), i)->valuedouble == zeros[i]);
    }
    assert_null(cJSON_GetObjectItem(first, "neighbours"));
    cJSON_Delete(json);
    json = ask(model, NULL, "{\"instances\":[]}", &err);
    assert_int_equal(cJSON_GetArraySize(json), 0);
    cJSON_Delete(json);
    word_model_free(&m);
    word_ask_unload(model);
}

static float cosine(const float *a, const float *b)
{
    float ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < WIDTH; i++) {
        ab += a[i] * b[i];
        aa += a[i] * a[i];
        bb += b[i] * b[i];
    }
    return ab / sqrtf(aa * bb);
}

static void neighbours_are_by_cosine(void **state)
{
    void *model = open_model(false);
    struct error err;
    struct word_model m;
    float last = 2, cat[WIDTH], other[WIDTH];
    const cJSON *hit, *list;
    cJSON *json = ask(model, "application/json",
                      "{\"configuration\":{\"neighbours\":9},\"instances\":[\"cat\",\"nobody\"]}", &err);
    (void)state;
    make_vectors(&m, false);
    word_model_vector(&m, "cat", 3, cat);
    list = get(cJSON_GetArrayItem(json, 0), "neighbours");
    assert_int_equal(cJSON_GetArraySize(list), WORDS - 1);
    cJSON_ArrayForEach (hit, list) {
        const char *word = get(hit, "word")->valuestring;
        float near = (float)get(hit, "cosine")->valuedouble;
        assert_string_not_equal(word, "cat");
        assert_true(word_model_vector(&m, word, strlen(word), other));
        assert_true(fabsf(near - cosine(cat, other)) < 1e-5f && near <= last);
        last = near;
    }
    assert_true(cJSON_IsTrue(get(cJSON_GetArrayItem(json, 0), "known")));
    assert_true(cJSON_IsFalse(get(cJSON_GetArrayItem(json, 1), "known")));
    assert_int_equal(cJSON_GetArraySize(get(cJSON_GetArrayItem(json, 1), "neighbours")), 0);
    cJSON_Delete(json);
    word_model_free(&m);
    word_ask_unload(model);
}

static void analogies_leave_their_words_out(void **state)
{
    void *model = open_model(false);
    struct error err;
    struct word_model m;
    float v[3][WIDTH], other[WIDTH], last = 2;
    const cJSON *hit, *list;
    cJSON *json =
        ask(model, "application/json",
            "{\"analogies\":[[\"the\",\"cat\",\"sat\"],[\"the\",\"no\",\"cat\"]],\"configuration\":{\"k\":2}}", &err);
    (void)state;
    make_vectors(&m, false);
    for (int i = 0; i < 3; i++) {
        float length = 0;
        word_model_vector(&m, words[i], strlen(words[i]), v[i]);
        for (int k = 0; k < WIDTH; k++)
            length += v[i][k] * v[i][k];
        for (int k = 0; k < WIDTH; k++)
            v[i][k] /= sqrtf(length);
    }
    for (int k = 0; k < WIDTH; k++)
        v[0][k] = v[1][k] - v[0][k] + v[2][k];
    list = get(cJSON_GetArrayItem(json, 0), "nearest");
    assert_int_equal(cJSON_GetArraySize(list), 2);
    cJSON_ArrayForEach (hit, list) {
        const char *word = get(hit, "word")->valuestring;
        float near = (float)get(hit, "cosine")->valuedouble;
        assert_true(strcmp(word, "the") != 0 && strcmp(word, "cat") != 0 && strcmp(word, "sat") != 0);
        word_model_vector(&m, word, strlen(word), other);
        assert_true(fabsf(near - cosine(v[0], other)) < 1e-5f && near <= last);
        last = near;
    }
    assert_int_equal(cJSON_GetArraySize(get(cJSON_GetArrayItem(json, 1), "nearest")), 0);
    assert_string_equal(cJSON_GetArrayItem(get(cJSON_GetArrayItem(json, 1), "unknown"), 0)->valuestring, "no");
    cJSON_Delete(json);
    word_model_free(&m);
    word_ask_unload(model);
}

static void sentences_are_answered(void **state)
{
    static const char *const requests[][2] = {
        {"application/json", "{\"instances\":[\"the cat sat\"],\"configuration\":{\"k\":2,\"shares\":true}}"},
        {"application/jsonlines", "{\"source\":\"the cat sat\", \"k\":2,\"shares\":true}\n"},
        {"text/plain", "the cat sat\n"},
        {"application/json; charset=utf-8", "{\"instances\":[\"the cat sat\"],\"configuration\":{\"k\":9}}"},
    };
    static const int answers[] = {2, 2, 1, 3};
    void *model = open_model(true);
    struct word_model m;
    float p[3];
    (void)state;
    make_classifier(&m);
    word_model_classify(&m, "the cat sat", 11, p);
    for (int i = 0; i < 4; i++) {
        struct error err;
        cJSON *json = ask(model, requests[i][0], requests[i][1], &err);
        const cJSON *one = cJSON_IsArray(json) ? cJSON_GetArrayItem(json, 0) : json;
        double last = 1;
        assert_int_equal(cJSON_GetArraySize(get(one, "label")), answers[i]);
        for (int k = 0; k < answers[i]; k++) {
            const char *label = cJSON_GetArrayItem(get(one, "label"), k)->valuestring;
            double probability = cJSON_GetArrayItem(get(one, "prob"), k)->valuedouble;
            int number = strcmp(label, "__label__1") == 0 ? 0 : strcmp(label, "__label__good") == 0 ? 1 : 2;
            assert_true(fabs(probability - (double)p[number]) < 1e-6 && probability <= last);
            last = probability;
        }
        if (i < 2) {
            double sum = 0;
            const cJSON *piece;
            cJSON_ArrayForEach (piece, get(one, "pieces"))
                sum += get(get(piece, "share"), "__label__good")->valuedouble;
            assert_true(fabs(sum - get(get(one, "scores"), "__label__good")->valuedouble) < 1e-5);
        } else {
            assert_null(cJSON_GetObjectItem(one, "pieces"));
        }
        cJSON_Delete(json);
    }
    word_model_free(&m);
    word_ask_unload(model);
}

static void wrong_requests_are_told_what_is_right(void **state)
{
    static const struct {
        bool classifier;
        const char *type, *text, *what;
    } cases[] = {
        {false, "text/csv", "cat", "cannot be of type 'text/csv'"},
        {false, "application/json", "", "{ should come"},
        {false, "application/json", "{}", "no instances"},
        {false, "application/json", "{\"instances\":\"cat\"}", "[ should come"},
        {false, "application/json", "{\"instances\":[4]}", "stands where \""},
        {false, "application/json", "{\"instances\":[\"cat\"", "no JSON"},
        {false, "application/json", "{\"instances\":[\"cat\"]} more", "Something follows"},
        {false, "application/json", "{\"instances\":[],\"instances\":[]}", "a key twice"},
        {false, "application/json", "{\"instances\":[],\"other\":[]}", "'other' is not known"},
        {false, "application/json", "{\"instances\":[],\"configuration\":{\"shares\":true}}", "'shares' is not known"},
        {false, "application/json", "{\"instances\":[],\"configuration\":{\"neighbours\":0}}", "0 answers"},
        {false, "application/json", "{\"instances\":[],\"configuration\":{\"neighbours\":5000}}", "'5000' is no whole"},
        {false, "application/json", "{\"analogies\":[[\"a\",\"b\"]]}", "three words"},
        {false, "application/json", "{\"analogies\":[[\"a\",\"b\",\"c\",\"d\"]]}", "three words"},
        {false, "application/jsonlines", "{\"source\":\"a\",\"shares\":true}", "have no shares"},
        {true, "application/json", "{\"instances\":[],\"configuration\":{\"k\":0}}", "0 answers"},
        {true, "application/json", "{\"instances\":[],\"configuration\":{\"k\":\"two\"}}", "no whole number"},
        {true, "application/json", "{\"instances\":[],\"configuration\":{\"shares\":1}}", "true or false"},
        {true, "application/json", "{\"instances\":[\"\\ud800\"]}", "escape"},
        {true, "application/json", "{\"analogies\":[]}", "no analogies"},
        {true, "application/jsonlines", "\n", "nothing in the request"},
        {true, "application/jsonlines", "{\"k\":1}", "no source"},
        {true, "application/jsonlines", "{\"source\":\"a\",\"neighbours\":1}", "no neighbours"},
        {true, "text/plain", "\xff\xfe", "no UTF-8"},
    };
    void *model[2] = {open_model(false), open_model(true)};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err;
        cJSON *json = ask(model[cases[i].classifier], cases[i].type, cases[i].text, &err);
        if (json || !strstr(err.what, cases[i].what))
            fail_msg("%s: %s", cases[i].text, json ? "answered" : err.what);
    }
    word_ask_unload(model[0]);
    word_ask_unload(model[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_answered),
        cmocka_unit_test(neighbours_are_by_cosine),
        cmocka_unit_test(analogies_leave_their_words_out),
        cmocka_unit_test(sentences_are_answered),
        cmocka_unit_test(wrong_requests_are_told_what_is_right),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
