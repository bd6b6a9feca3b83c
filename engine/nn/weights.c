#include "engine/nn/weights.h"

#include <stdlib.h>

#include "engine/model.h"

int weights_save(const struct parameters *p, struct model_writer *to, const char *name, struct error *err)
{
    struct str bytes = {0};
    int status;
    if (!to)
        return 0;
    status = parameters_write(p, &bytes, err);
    if (status == 0)
        status = model_writer_put(to, name, bytes.data, bytes.len, err);
    str_free(&bytes);
    return status;
}

int weights_load(struct parameters *p, const char *dir, const char *name, struct error *err)
{
    size_t len = 0;
    char *bytes = model_read_file(dir, name, &len, err);
    int status = bytes ? parameters_read(p, bytes, len, name, err) : -1;
    free(bytes);
    return status;
}
