/* Any bytes as a model's file, and as a request to a model: no crash, no memory that the file's size does not justify,
 * and what is answered is JSON. The first byte chooses. */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/algo/blazingtext/word_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool truth)
{
    if (!truth)
        abort();
}

static void put_int(struct str *out, int32_t value)
{
    str_append(out, &value, sizeof value);
}

static void put_long(struct str *out, int64_t value)
{
    str_append(out, &value, sizeof value);
}

/* A model as the reference program writes it, by hand. */
static void make_file(struct str *out, bool classifier)
{
    static const char *const words[] = {"</s>", "cat", "sat", "the", "__label__a", "__label__b"};
    const int32_t numbers[] = {793712314,
                               12,
                               2,
                               5,
                               5,
                               1,
                               5,
                               classifier ? 2 : 1,
                               classifier ? 3 : 2,
                               classifier ? 3 : 2,
                               10,
                               classifier ? 0 : 2,
                               classifier ? 0 : 3,
                               100};
    double sampling = 1e-4;
    int all = classifier ? 6 : 4, outputs = classifier ? 2 : 4;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        put_int(out, numbers[i]);
    str_append(out, &sampling, sizeof sampling);
    put_int(out, all);
    put_int(out, 4);
    put_int(out, all - 4);
    put_long(out, 40);
    put_long(out, -1);
    for (int i = 0; i < all; i++) {
        str_append(out, words[i], strlen(words[i]) + 1);
        put_long(out, 9);
        str_putc(out, i >= 4);
    }
    for (int matrix = 0; matrix < 2; matrix++) {
        int rows = matrix ? outputs : 14;
        str_putc(out, '\0');
        put_long(out, rows);
        put_long(out, 2);
        for (int i = 0; i < 2 * rows; i++) {
            float value = (float)(i % 5) - 1.5f;
            str_append(out, &value, sizeof value);
        }
    }
}

static void *load(const void *bytes, size_t len, bool classifier)
{
    static char dir[] = "/tmp/flashlab-fuzz-XXXXXX";
    static bool made;
    struct settings s = {0};
    struct error err = {0};
    char path[96];
    void *model;
    FILE *f;
    if (!made)
        need(mkdtemp(dir) != NULL);
    made = true;
    snprintf(path, sizeof path, "%s/%s", dir, classifier ? WORD_MODEL_CLASSIFIER : WORD_MODEL_VECTORS);
    f = fopen(path, "wb");
    need(f && fwrite(bytes, 1, len, f) == len && fclose(f) == 0);
    settings_set(&s, "mode", classifier ? "supervised" : "skipgram", &err);
    model = word_ask_load(dir, &s, &err);
    need(model || (err.what[0] && err.where[0]));
    unlink(path);
    rmdir(dir);
    made = false;
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    return model;
}

static void try_request(const void *model, const char *type, const void *bytes, size_t len)
{
    const struct request in = {.content_type = type, .bytes = bytes, .len = len};
    struct answer out = {0};
    struct error err = {0};
    if (word_ask(model, &in, &out, &err) == 0) {
        char *line = out.bytes.data;
        for (char *end; line && *line; line = end ? end + 1 : NULL) {
            cJSON *json;
            end = strchr(line, '\n');
            if (end)
                *end = '\0';
            json = cJSON_Parse(line);
            need(json != NULL);
            cJSON_Delete(json);
        }
    } else {
        need(err.what[0]);
    }
    str_free(&out.bytes);
}

static void try_file(const uint8_t *bytes, size_t len)
{
    static const char *const requests[] = {
        "{\"instances\":[\"the cat\",\"cat\"],\"configuration\":{\"k\":3}}",
        "{\"instances\":[\"cat\"],\"analogies\":[[\"the\",\"cat\",\"sat\"]],\"configuration\":{\"neighbours\":2}}",
        "{\"instances\":[\"the cat sat\"],\"configuration\":{\"shares\":true}}"};
    for (int classifier = 0; classifier < 2; classifier++) {
        void *model = load(bytes, len, classifier);
        for (int i = 0; model && i < 3; i++)
            try_request(model, "application/json", requests[i], strlen(requests[i]));
        if (model)
            word_ask_unload(model);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = {"application/json", "application/jsonlines", "text/plain"};
    static void *model[2];
    for (int classifier = 0; classifier < 2 && !model[classifier]; classifier++) {
        struct str file = {0};
        make_file(&file, classifier);
        model[classifier] = load(file.data, file.len, classifier);
        need(model[classifier] != NULL);
        str_free(&file);
    }
    if (size == 0)
        return 0;
    if (*data % 8 >= 6)
        try_file(data + 1, size - 1);
    else
        try_request(model[*data & 1], types[*data % 8 / 2], data + 1, size - 1);
    return 0;
}
