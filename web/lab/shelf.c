#include "web/lab/shelf.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "web/disk.h"

#define PATH_BYTES 1400

void shelf_path(const struct shelf *s, const char *id, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", s->dir, id);
}

/* Calls `each` with the names in a folder, but for . and .. */
static void for_each_name(const char *dir, void (*each)(const char *dir, const char *name))
{
    struct dirent **entries;
    int count = scandir(dir, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0)
            each(dir, entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

static void remove_file(const char *dir, const char *name)
{
    char path[PATH_BYTES];
    if (snprintf(path, sizeof path, "%s/%s", dir, name) < (int)sizeof path)
        unlink(path);
}

static void remove_model(const char *dir, const char *name)
{
    char path[PATH_BYTES];
    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
        return;
    for_each_name(path, remove_file);
    rmdir(path);
}

int shelf_open(struct shelf *s, const char *data, struct error *err)
{
    snprintf(s->dir, sizeof s->dir, "%s/models", data);
    if ((mkdir(data, 0700) < 0 && errno != EEXIST) || (mkdir(s->dir, 0700) < 0 && errno != EEXIST))
        return error_set(err, ERROR_SYSTEM, s->dir, "name a folder that can be written to with --data DIR",
                         "The folder of the models could not be made: %s", strerror(errno));
    for_each_name(s->dir, remove_model);
    return 0;
}

bool shelf_holds(const struct shelf *s, const char *id)
{
    char path[PATH_BYTES];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s/model.json", s->dir, id);
    return stat(path, &status) == 0 && status.st_size > 0; /* the trainer writes it last */
}

void shelf_remove(const struct shelf *s, const char *id)
{
    remove_model(s->dir, id);
}

/* --- as an archive ------------------------------------------------------------------------------------------------ */

static la_ssize_t append(struct archive *a, void *context, const void *bytes, size_t len)
{
    struct str *out = context;
    (void)a;
    str_append(out, bytes, len);
    return out->failed ? -1 : (la_ssize_t)len;
}

static bool add_file(struct archive *a, const char *dir, const char *name)
{
    size_t len;
    char *bytes = disk_read(dir, name, &len);
    struct archive_entry *entry = archive_entry_new();
    bool done = false;
    if (bytes && entry) {
        archive_entry_set_pathname(entry, name);
        archive_entry_set_size(entry, (la_int64_t)len);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        done = archive_write_header(a, entry) == ARCHIVE_OK && archive_write_data(a, bytes, len) == (la_ssize_t)len;
    }
    archive_entry_free(entry);
    free(bytes);
    return done;
}

static bool add_files(struct archive *a, const char *dir)
{
    struct dirent **entries;
    int count = scandir(dir, &entries, NULL, alphasort);
    bool done = count >= 0;
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.')
            done = done && add_file(a, dir, entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return done;
}

int shelf_pack(const struct shelf *s, const char *id, struct str *out, struct error *err)
{
    char dir[PATH_BYTES];
    struct archive *a = archive_write_new();
    bool done;
    shelf_path(s, id, dir, sizeof dir);
    done = a && archive_write_set_format_ustar(a) == ARCHIVE_OK && archive_write_add_filter_gzip(a) == ARCHIVE_OK &&
           archive_write_open(a, out, NULL, append, NULL) == ARCHIVE_OK && add_files(a, dir) &&
           archive_write_close(a) == ARCHIVE_OK;
    archive_write_free(a);
    return done ? 0
                : error_set(err, ERROR_SYSTEM, id, "train it again",
                            "The model of this run could not be packed: it may be larger than %u MiB",
                            DISK_MAX_BYTES >> 20);
}
