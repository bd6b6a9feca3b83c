#include "engine/model.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "engine/base/json.h"

#define FILES_MAX 8
#define DESCRIPTION "model.json"
#define FOREIGN "xgboost-model" /* what the real XGBoost's model is called by the service */

/* --- writing --------------------------------------------------------------------------------------------------------
 */

struct model_writer {
    const struct algorithm *algorithm;
    char dir[PATH_MAX];
    const char *names[FILES_MAX];
    int files[FILES_MAX], count;
    bool begun; /* the files hold this model; before, what stood there */
};

static int cannot_write(const char *path, struct error *err)
{
    return error_set(err, ERROR_INPUT, path, "name a folder that can be written to with --model DIR",
                     "The model cannot be saved there: %s", strerror(errno));
}

static int open_file(struct model_writer *w, const char *name, struct error *err)
{
    char path[PATH_MAX + 64];
    int file;
    snprintf(path, sizeof path, "%s/%s", w->dir, name);
    file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0)
        return cannot_write(path, err);
    w->names[w->count] = name;
    w->files[w->count++] = file;
    return 0;
}

struct model_writer *model_writer_open(const char *dir, const struct algorithm *a, struct error *err)
{
    struct model_writer *w;
    if (strlen(dir) >= PATH_MAX || !a->model_files) {
        error_set(err, ERROR_INPUT, "--model", a->model_files ? "use a shorter path" : "leave --model out",
                  a->model_files ? "The folder's name is too long" : "%s has no model that could be saved", a->title);
        return NULL;
    }
    w = calloc(1, sizeof *w);
    if (!w) {
        error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory");
        return NULL;
    }
    w->algorithm = a;
    snprintf(w->dir, sizeof w->dir, "%s", dir);
    if (mkdir(dir, 0777) < 0 && errno != EEXIST) {
        cannot_write(dir, err);
        goto failed;
    }
    for (const char *const *name = a->model_files; *name && w->count < FILES_MAX - 1; name++)
        if (open_file(w, *name, err) < 0)
            goto failed;
    if (open_file(w, DESCRIPTION, err) == 0)
        return w;
failed:
    model_writer_close(w);
    return NULL;
}

void model_writer_close(struct model_writer *w)
{
    for (int i = 0; w && i < w->count; i++)
        close(w->files[i]);
    free(w);
}

const char *model_writer_dir(const struct model_writer *w)
{
    return w->dir;
}

/* An earlier model in the folder lives until there is a new one. Its description goes first: a mix of two is no model.
 */
static int begin(struct model_writer *w, struct error *err)
{
    for (int i = w->count; !w->begun && i-- > 0;)
        if (ftruncate(w->files[i], 0) < 0 && errno != EINVAL) /* a device or a pipe has nothing to cut */
            return cannot_write(w->dir, err);
    w->begun = true;
    return 0;
}

/* The file `name` of the model that is written; -1 with an error. */
static int file_of(struct model_writer *w, const char *name, struct error *err)
{
    int i = 0;
    while (i < w->count && strcmp(w->names[i], name) != 0)
        i++;
    if (i == w->count)
        return error_set(err, ERROR_FAULT, name, "tell us", "No such file was announced for the model");
    return begin(w, err) < 0 ? -1 : w->files[i];
}

static int could_not(const struct model_writer *w, const char *name, struct error *err)
{
    char path[PATH_MAX + 64];
    bool large = errno == EFBIG;
    const char *why = strerror(errno);
    snprintf(path, sizeof path, "%s/%s", w->dir, name);
    return error_set(err, large ? ERROR_LIMIT : ERROR_SYSTEM, path,
                     large ? "train a smaller model (fewer buckets, shorter vectors), or outside the limits of the lab"
                           : "free some room on that disk",
                     "The model could not be written: %s", why);
}

int model_writer_put(struct model_writer *w, const char *name, const void *bytes, size_t len, struct error *err)
{
    int file = file_of(w, name, err);
    if (file < 0)
        return -1;
    for (size_t done = 0; done < len;) {
        ssize_t now = write(file, (const char *)bytes + done, len - done);
        if (now < 0 && errno == EINTR)
            continue;
        if (now < 0)
            return could_not(w, name, err);
        done += (size_t)now;
    }
    return 0;
}

int model_writer_skip(struct model_writer *w, const char *name, uint64_t zeros, struct error *err)
{
    static const char none[65536];
    int file = file_of(w, name, err);
    off_t end = file < 0 ? -1 : lseek(file, 0, SEEK_CUR);
    if (file < 0)
        return -1;
    if (end >= 0 && zeros <= (uint64_t)INT64_MAX - (uint64_t)end && ftruncate(file, end + (off_t)zeros) == 0)
        return lseek(file, (off_t)zeros, SEEK_CUR) < 0 ? could_not(w, name, err) : 0;
    if (end >= 0 && errno == EFBIG)
        return could_not(w, name, err);
    for (uint64_t left = zeros; left > 0;) { /* a device or a pipe */
        size_t now = left < sizeof none ? (size_t)left : sizeof none;
        if (model_writer_put(w, name, none, now, err) < 0)
            return -1;
        left -= now;
    }
    return 0;
}

/* Files of a kind of model that this one is not; a confined trainer must leave them empty. */
static void drop_empty(const struct model_writer *w)
{
    char path[PATH_MAX + 64];
    struct stat is;
    for (int i = 0; i < w->count; i++) {
        snprintf(path, sizeof path, "%s/%s", w->dir, w->names[i]);
        if (fstat(w->files[i], &is) == 0 && S_ISREG(is.st_mode) && is.st_size == 0)
            unlink(path);
    }
}

int model_writer_finish(struct model_writer *w, const struct settings *s, struct error *err)
{
    struct str text = {0};
    struct json j = json_begin(&text);
    int status;
    json_object(&j, NULL);
    json_string(&j, "algorithm", w->algorithm->name);
    json_object(&j, "hyperparameters");
    for (int i = 0; i < s->count; i++)
        json_string(&j, s->items[i].name, s->items[i].value);
    json_end(&j);
    json_end(&j);
    str_putc(&text, '\n');
    status = text.failed ? error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory")
                         : model_writer_put(w, DESCRIPTION, text.data, text.len, err);
    str_free(&text);
    if (status == 0)
        drop_empty(w);
    return status;
}

/* --- reading --------------------------------------------------------------------------------------------------------
 */

static char *read_stream(FILE *in, const char *path, size_t *len, struct error *err)
{
    struct str text = {0};
    char block[65536];
    size_t got;
    while ((got = fread(block, 1, sizeof block, in)) > 0 && text.len <= MODEL_BYTES_MAX)
        str_append(&text, block, got);
    if (ferror(in) || text.failed || text.len > MODEL_BYTES_MAX) {
        error_set(err, text.len > MODEL_BYTES_MAX ? ERROR_LIMIT : ERROR_SYSTEM, path, "give a smaller model",
                  "The model cannot be read: %s",
                  ferror(in)    ? strerror(errno)
                  : text.failed ? "out of memory"
                                : "a file of it is above 256 MiB");
        str_free(&text);
        return NULL;
    }
    str_append(&text, "", 0);
    *len = text.len;
    return text.data ? text.data : str_take(&text);
}

char *model_read_file(const char *dir, const char *name, size_t *len, struct error *err)
{
    char path[PATH_MAX];
    struct stat status;
    bool file = stat(dir, &status) == 0 && S_ISREG(status.st_mode); /* the one file is all there is */
    char *bytes;
    FILE *in;
    if (snprintf(path, sizeof path, file ? "%s" : "%s/%s", dir, name) >= (int)sizeof path) {
        error_set(err, ERROR_INPUT, "--model", "use a shorter path", "The folder's name is too long");
        return NULL;
    }
    in = fopen(path, "rbe");
    if (!in) {
        error_set(err, ERROR_INPUT, path, "name the folder that train --model DIR filled",
                  "This is no complete model: %s", strerror(errno));
        return NULL;
    }
    bytes = read_stream(in, path, len, err);
    fclose(in);
    return bytes;
}

static bool exists(const char *dir, const char *name)
{
    char path[PATH_MAX];
    struct stat status;
    return snprintf(path, sizeof path, "%s/%s", dir, name) < (int)sizeof path && stat(path, &status) == 0 &&
           status.st_size > 0;
}

static int read_settings(struct model *m, const cJSON *root, const char *path, struct error *err)
{
    const cJSON *item, *name = cJSON_GetObjectItemCaseSensitive(root, "algorithm");
    const cJSON *settings = cJSON_GetObjectItemCaseSensitive(root, "hyperparameters");
    if (!cJSON_IsString(name) || !cJSON_IsObject(settings))
        return error_set(err, ERROR_INPUT, path, "name the folder that train --model DIR filled",
                         "Its " DESCRIPTION " does not say which algorithm it is of");
    m->algorithm = algorithm_find(name->valuestring, err);
    if (!m->algorithm)
        return -1;
    cJSON_ArrayForEach (item, settings)
        if (!cJSON_IsString(item) || settings_set(&m->settings, item->string, item->valuestring, err) < 0)
            return error_set(err, ERROR_INPUT, path, "train the model again",
                             "Its " DESCRIPTION " holds a setting that is none");
    return 0;
}

static int read_description(struct model *m, const char *path, struct error *err)
{
    size_t len;
    char *text = model_read_file(path, DESCRIPTION, &len, err);
    cJSON *root = text ? cJSON_ParseWithLength(text, len) : NULL;
    int status = -1;
    if (text && !root)
        error_set(err, ERROR_INPUT, path, "train the model again", "Its " DESCRIPTION " is damaged or cut short");
    if (root)
        status = read_settings(m, root, path, err);
    cJSON_Delete(root);
    free(text);
    return status;
}

int model_load(struct model *m, const char *path, struct error *err)
{
    struct stat status;
    bool file = stat(path, &status) == 0 && S_ISREG(status.st_mode);
    *m = (struct model){0};
    if (file || (!exists(path, DESCRIPTION) && exists(path, FOREIGN)))
        m->algorithm = algorithm_find("xgboost", err);
    else if (read_description(m, path, err) < 0)
        return -1;
    if (!m->algorithm)
        return -1;
    if (!m->algorithm->load)
        return error_set(err, ERROR_INPUT, path, "use another algorithm", "A model of %s cannot be asked",
                         m->algorithm->title);
    m->loaded = m->algorithm->load(path, &m->settings, err);
    return m->loaded ? 0 : -1;
}

void model_unload(struct model *m)
{
    if (m->loaded)
        m->algorithm->unload(m->loaded);
    *m = (struct model){0};
}

int model_invoke(const struct model *m, const struct request *in, struct answer *out, struct error *err)
{
    return m->algorithm->invoke(m->loaded, in, out, err);
}
