#include "engine/predict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/format/input.h"
#include "engine/model.h"

static int print(const struct answer *out, struct error *err)
{
    fwrite(out->bytes.data, 1, out->bytes.len, stdout);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    return error_set(err, ERROR_SYSTEM, "standard output", NULL, "The answer could not be written: %s",
                     strerror(errno));
}

/* What the name says about a request: rows of a table may come as .txt, which is CSV then; what is asked of text comes
 * as one JSON object or, as .jsonl, in lines. */
static const char *type_of_name(const char *path, const struct algorithm *a)
{
    const char *type = format_type_of_name(path);
    size_t len = strlen(path);
    if (type && a->data != DATA_TEXT && strcmp(type, "text/plain") == 0)
        return NULL;
    return a->data == DATA_TEXT && len > 5 && strcmp(path + len - 5, ".json") == 0 ? "application/json" : type;
}

int predict(const struct prediction *p, struct error *err)
{
    struct model model = {0};
    struct str bytes = {0};
    struct answer out = {0};
    struct request in = {.content_type = p->content_type, .accept = p->accept};
    int status = -1;
    if (model_load(&model, p->model, err) < 0)
        return -1;
    if (!in.content_type)
        in.content_type = type_of_name(p->input, model.algorithm);
    if (input_all(p->input, PAYLOAD_BYTES_MAX, &bytes, err) == 0) {
        in.bytes = str_text(&bytes);
        in.len = bytes.len;
        if (model_invoke(&model, &in, &out, err) == 0)
            status = print(&out, err);
    }
    model_unload(&model);
    str_free(&bytes);
    str_free(&out.bytes);
    return status;
}
