/* Build tool: writes the base of an Object Detection model, without its heads, as one of content/pretrained's files.
 *
 *     pack-base MODEL_FOLDER OUT
 */
#include <stdio.h>
#include <string.h>

#include "engine/algo/detection/detection.h"
#include "engine/algo/detection/model.h"
#include "engine/algo/detection/start.h"
#include "engine/model.h"

static int write_file(const char *path, const struct str *bytes, struct error *err)
{
    FILE *file = fopen(path, "wb");
    size_t written = file ? fwrite(bytes->data, 1, bytes->len, file) : 0;
    if (!file || fclose(file) != 0 || written != bytes->len)
        return error_set(err, ERROR_SYSTEM, path, "is there room, and may it be written?", "The file was not written");
    return 0;
}

static int pack(const char *dir, const char *path, struct error *err)
{
    struct model model = {0};
    struct str bytes = {0};
    int status = model_load(&model, dir, err);
    if (status == 0 && model.algorithm != &object_detection)
        status = error_set(err, ERROR_INPUT, dir, "name an Object Detection model", "This is a model of %s",
                           model.algorithm->title);
    if (status == 0)
        status = start_pack(detection_model_net(model.loaded), &bytes, err);
    if (status == 0)
        status = write_file(path, &bytes, err);
    str_free(&bytes);
    model_unload(&model);
    return status;
}

int main(int argc, char **argv)
{
    struct error err = {0};
    if (argc != 3) {
        fprintf(stderr, "pack-base MODEL_FOLDER OUT\n");
        return 1;
    }
    if (pack(argv[1], argv[2], &err) == 0)
        return 0;
    fprintf(stderr, "pack-base: %s: %s\n", err.where, err.what);
    return error_exit_status(&err);
}
