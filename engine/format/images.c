#include "engine/format/images.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/format/files.h"
#include "engine/format/image.h"
#include "engine/format/images_file.h"

#define BLOCK 65536

static const struct files_reader readers[] = {
    {"application/x-recordio", images_record_read}, {"application/jsonlines", images_manifest_read}, {NULL, NULL}};

static bool is_reader(const char *type)
{
    const struct files_reader *r = readers;
    while (r->type && strcmp(r->type, type) != 0)
        r++;
    return r->type != NULL;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Whether a folder holds files of records or manifests, by their names. */
static bool holds_records(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    bool found = false;
    while (folder && !found && (entry = readdir(folder))) {
        const char *dot = strrchr(entry->d_name, '.');
        found = entry->d_name[0] != '.' && dot &&
                (strcmp(dot, ".rec") == 0 || strcmp(dot, ".manifest") == 0 || strcmp(dot, ".jsonl") == 0);
    }
    if (folder)
        closedir(folder);
    return found;
}

static int read_type(const struct channel *channel, const char *annotation, bool pipe, struct images *s,
                     struct error *err)
{
    const char *path = channel->path, *type = NULL;
    bool folder = is_folder(path);
    if (!channel->content_type && folder)
        type = !annotation && holds_records(path) ? readers[0].type : "application/x-image";
    else if (!(type = format_type(channel, path, readers[0].type, err)))
        return -1;
    if (!is_reader(type) && !folder)
        return error_set(err, ERROR_INPUT, path, "give the folder that the images are in",
                         "Data of type %s are a folder of images", type);
    if (!is_reader(type) && pipe)
        return error_set(err, ERROR_INPUT, path, "use --mode File, or records",
                         "A pipe sends records; a folder of images is no pipe");
    if (!is_reader(type))
        return images_folder_read(path, annotation, type, s, err);
    if (annotation)
        return error_set(err, ERROR_INPUT, annotation, "leave the folder of annotations out",
                         "Data of type %s hold their annotations themselves", type);
    return files_read(channel, readers, "Images", s, &s->bytes_read, err);
}

int images_read(const struct channel *channel, const char *annotation, int epoch, struct images *s, struct error *err)
{
    char buffer[PATH_MAX];
    struct channel now = *channel;
    int status;
    *s = (struct images){0};
    if (epoch >= 0)
        now.path = format_epoch_path(channel->path, epoch, buffer);
    files_name(now.path, s->name, sizeof s->name);
    status = read_type(&now, annotation, epoch >= 0, s, err);
    if (status == 0 && s->count == 0)
        status = error_set(err, ERROR_INPUT, now.path, "give at least one image", "There are no images in it");
    if (status < 0)
        images_free(s);
    return status;
}

int images_load(const char *path, uint8_t **bytes, size_t *len, uint64_t *bytes_read, struct error *err)
{
    struct input *in = input_open(path, err);
    struct str all = {0};
    char block[BLOCK];
    long got = in ? 0 : -1;
    if (in)
        input_take_plain(in);
    while (got >= 0 && (got = input_read(in, block, sizeof block, err)) > 0) {
        str_append(&all, block, (size_t)got);
        if (all.failed)
            got = error_set(err, ERROR_SYSTEM, path, "give fewer images or more memory", "There is not enough memory");
        else if (all.len > IMAGES_FILE_BYTES_MAX)
            got = error_set(err, ERROR_LIMIT, path, "make the image smaller", "The file has more than %u MiB",
                            IMAGES_FILE_BYTES_MAX >> 20);
    }
    input_close(in);
    if (got < 0) {
        str_free(&all);
        return -1;
    }
    *len = all.len;
    *bytes_read += all.len;
    *bytes = all.len ? realloc(all.data, all.len) : (uint8_t *)calloc(1, 1);
    if (!*bytes)
        *bytes = (uint8_t *)all.data;
    else if (all.len == 0)
        str_free(&all);
    return *bytes ? 0 : error_set(err, ERROR_SYSTEM, path, NULL, "There is not enough memory");
}

int images_add(struct images *s, uint8_t *bytes, size_t len, const char *name, const char *file, struct annotation *a,
               const struct place *at, struct error *err)
{
    enum image_coding coding;
    uint32_t width, height;
    if (image_look(bytes, len, file, &coding, &width, &height, err) < 0 ||
        annotation_settle(a, width, height, at, err) < 0 || annotation_name(a, s, at, err) < 0) {
        free(bytes);
        return -1;
    }
    if (images_append(s, coding, bytes, len, width, height, a->fraction, a->boxes, name) < 0)
        return error_set(err, ERROR_SYSTEM, file, "give fewer images or more memory",
                         "There is not enough memory for the images");
    return 0;
}
