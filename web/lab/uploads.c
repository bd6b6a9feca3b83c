#include "web/lab/uploads.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 2048

static int cannot_store(const char *path, struct error *err)
{
    return error_set(err, ERROR_SYSTEM, path, "free some room on the server's disk", "The data could not be stored: %s",
                     strerror(errno));
}

/* No separators and no leading dot: a name, never a path. */
static void clean_name(const char *name, char out[UPLOAD_NAME_MAX + 1])
{
    const char *slash = strrchr(name, '/'), *from = slash ? slash + 1 : name;
    size_t len = strlen(from), used = 0;
    from += len > UPLOAD_NAME_MAX ? len - UPLOAD_NAME_MAX : 0; /* the ending matters */
    for (; *from; from++)
        out[used++] = isalnum((unsigned char)*from) || strchr("-_.", *from) ? *from : '_';
    out[used] = '\0';
    if (used == 0)
        snprintf(out, UPLOAD_NAME_MAX + 1, "data.csv");
    if (out[0] == '.')
        out[0] = '_';
}

static int is_entry(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Removes a folder with the one file in it. */
static void remove_upload(const char *dir)
{
    struct dirent **entries;
    char path[PATH_BYTES];
    int count = scandir(dir, &entries, is_entry, NULL);
    for (int i = 0; i < count; i++) {
        if (snprintf(path, sizeof path, "%s/%s", dir, entries[i]->d_name) < (int)sizeof path)
            unlink(path);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    rmdir(dir);
}

/* Removes the oldest while there are too many; equal times in any order. */
static void remove_oldest(const char *dir)
{
    struct dirent **entries;
    char path[PATH_BYTES], oldest[PATH_BYTES] = "";
    struct stat status;
    time_t first = 0;
    int count = scandir(dir, &entries, is_entry, NULL);
    for (int i = 0; i < count; i++) {
        bool fits = snprintf(path, sizeof path, "%s/%s", dir, entries[i]->d_name) < (int)sizeof path;
        if (fits && stat(path, &status) == 0 && (!oldest[0] || status.st_mtime < first)) {
            first = status.st_mtime;
            memcpy(oldest, path, sizeof oldest);
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    if (count >= UPLOADS_KEPT)
        remove_upload(oldest);
}

static int write_file(const char *path, const void *bytes, size_t len, struct error *err)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return cannot_store(path, err);
    for (size_t done = 0; done < len;) {
        ssize_t now = write(file, (const char *)bytes + done, len - done);
        if (now < 0 && errno != EINTR) {
            cannot_store(path, err);
            close(file);
            unlink(path);
            return -1;
        }
        done += now > 0 ? (size_t)now : 0;
    }
    return close(file) < 0 ? cannot_store(path, err) : 0;
}

int uploads_add(const char *data, const char *name, const void *bytes, size_t len, char id[UPLOAD_ID_LENGTH + 1],
                char stored[UPLOAD_NAME_MAX + 1], struct error *err)
{
    unsigned char chance[UPLOAD_ID_LENGTH / 2];
    char dir[PATH_BYTES], path[PATH_BYTES + UPLOAD_NAME_MAX + 2];
    clean_name(name, stored);
    randombytes_buf(chance, sizeof chance);
    sodium_bin2hex(id, UPLOAD_ID_LENGTH + 1, chance, sizeof chance);
    snprintf(dir, sizeof dir, "%s/uploads", data);
    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return cannot_store(dir, err);
    remove_oldest(dir);
    snprintf(dir, sizeof dir, "%s/uploads/%s", data, id);
    if (mkdir(dir, 0700) < 0)
        return cannot_store(dir, err);
    snprintf(path, sizeof path, "%s/%s", dir, stored);
    if (write_file(path, bytes, len, err) == 0)
        return 0;
    rmdir(dir);
    return -1;
}

bool uploads_find(const char *data, const char *id, char *path, size_t size)
{
    struct dirent **entries;
    char dir[PATH_BYTES];
    bool found = false;
    int count;
    if (strlen(id) != UPLOAD_ID_LENGTH || id[strspn(id, "0123456789abcdef")] != '\0')
        return false;
    snprintf(dir, sizeof dir, "%s/uploads/%s", data, id);
    count = scandir(dir, &entries, is_entry, NULL);
    for (int i = 0; i < count; i++) {
        found = found || snprintf(path, size, "%s/%s", dir, entries[i]->d_name) < (int)size;
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return found;
}
