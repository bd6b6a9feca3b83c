#include "engine/predict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/format/input.h"
#include "engine/model.h"

static int read_all(const char *path, struct str *bytes, struct error *err)
{
    char block[65536];
    long got = 0;
    struct input *in = input_open(path, err);
    if (!in)
        return -1;
    while (bytes->len <= PAYLOAD_BYTES_MAX && (got = input_read(in, block, sizeof block, err)) > 0)
        str_append(bytes, block, (size_t)got);
    input_close(in);
    if (got < 0)
        return -1;
    if (bytes->len > PAYLOAD_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, path, "cut it into smaller files", "One request takes at most %u MiB",
                         PAYLOAD_BYTES_MAX >> 20);
    return bytes->failed ? error_set(err, ERROR_SYSTEM, path, NULL, "There is not enough memory") : 0;
}

static int print(const struct answer *out, struct error *err)
{
    fwrite(out->bytes.data, 1, out->bytes.len, stdout);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    return error_set(err, ERROR_SYSTEM, "standard output", NULL, "The answer could not be written: %s",
                     strerror(errno));
}

int predict(const struct prediction *p, struct error *err)
{
    struct model model = {0};
    struct str bytes = {0};
    struct answer out = {0};
    struct request in = {.content_type = p->content_type, .accept = p->accept};
    int status = -1;
    if (!in.content_type)
        in.content_type = format_type_of_name(p->input);
    if (model_load(&model, p->model, err) == 0 && read_all(p->input, &bytes, err) == 0) {
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
