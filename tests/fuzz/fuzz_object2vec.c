/* Requests to a model of Object2Vec: no bytes may crash it, and what it answers is JSON. The first byte chooses the
 * content type, a line of its own may hold more of it. */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/algo/object2vec/object2vec.h"
#include "engine/algo/object2vec/pair_net.h"

static void need(bool truth)
{
    if (!truth)
        abort();
}

static void save(const char *dir, const struct settings *s)
{
    struct pair_design d;
    struct pair_net net;
    struct str bytes = {0};
    struct error err;
    char path[64];
    FILE *out;
    need(pair_design_read(&d, s, &err) == 0 && pair_net_open(&net, &d, &backend_cpu, 1, &err) == 0);
    need(parameters_write(&net.parameters, &bytes, &err) == 0);
    snprintf(path, sizeof path, "%s/%s", dir, OBJECT2VEC_FILE);
    out = fopen(path, "wb");
    need(out && fwrite(bytes.data, 1, bytes.len, out) == bytes.len && fclose(out) == 0);
    str_free(&bytes);
    pair_net_close(&net);
}

static void *open_model(void)
{
    static const char *const pairs[][2] = {{"enc0_max_seq_len", "8"},
                                           {"enc0_vocab_size", "20"},
                                           {"enc0_network", "hcnn"},
                                           {"enc0_layers", "2"},
                                           {"enc1_network", "bilstm"},
                                           {"enc1_max_seq_len", "5"},
                                           {"enc1_vocab_size", "12"},
                                           {"enc0_token_embedding_dim", "3"},
                                           {"enc1_token_embedding_dim", "2"},
                                           {"enc_dim", "4"},
                                           {"mlp_dim", "3"}};
    struct settings given = {0}, all;
    struct error err;
    char dir[] = "/tmp/flashlab-fuzz-XXXXXX", path[64];
    void *model;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        need(settings_set(&given, pairs[i][0], pairs[i][1], &err) == 0);
    need(algorithm_resolve(&object2vec, &given, &all, &err) == 0 && mkdtemp(dir));
    save(dir, &all);
    model = object2vec_load(dir, &all, &err);
    snprintf(path, sizeof path, "%s/%s", dir, OBJECT2VEC_FILE);
    unlink(path);
    rmdir(dir);
    need(model);
    return model;
}

static void try_request(const void *model, const char *type, const uint8_t *bytes, size_t len)
{
    struct request in = {.content_type = type, .bytes = bytes, .len = len};
    struct answer out = {0};
    struct error err = {0};
    if (object2vec_invoke(model, &in, &out, &err) == 0) {
        cJSON *json = cJSON_Parse(str_text(&out.bytes));
        need(json);
        cJSON_Delete(json);
    } else {
        need(err.what[0]);
    }
    str_free(&out.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = {"application/json", "application/jsonlines",
                                        "application/json; infer_max_seqlens=3,2"};
    static void *model;
    char type[128];
    const uint8_t *line;
    if (!model)
        model = open_model();
    if (size == 0)
        return 0;
    if (*data % 4 < 3) {
        try_request(model, types[*data % 4], data + 1, size - 1);
        return 0;
    }
    line = memchr(data, '\n', size);
    if (!line)
        return 0;
    snprintf(type, sizeof type, "application/jsonlines;%.*s", (int)(line - data < 99 ? line - data : 99),
             (const char *)data);
    try_request(model, type, line + 1, size - (size_t)(line - data) - 1);
    return 0;
}
