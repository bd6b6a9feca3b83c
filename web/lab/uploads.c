#include "web/lab/uploads.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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

/* Removes a folder with the files in it. */
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

/* A new folder with a name that nobody guesses. */
static int begin(const char *data, char id[UPLOAD_ID_LENGTH + 1], char *dir, size_t size, struct error *err)
{
    unsigned char chance[UPLOAD_ID_LENGTH / 2];
    randombytes_buf(chance, sizeof chance);
    sodium_bin2hex(id, UPLOAD_ID_LENGTH + 1, chance, sizeof chance);
    snprintf(dir, size, "%s/uploads", data);
    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return cannot_store(dir, err);
    remove_oldest(dir);
    snprintf(dir, size, "%s/uploads/%s", data, id);
    return mkdir(dir, 0700) < 0 ? cannot_store(dir, err) : 0;
}

/* How many files an upload has, and how large they are together. */
static int weigh(const char *dir, size_t *bytes)
{
    struct dirent **entries;
    char path[PATH_BYTES];
    struct stat status;
    int count = scandir(dir, &entries, is_entry, NULL);
    *bytes = 0;
    for (int i = 0; i < count; i++) {
        if (snprintf(path, sizeof path, "%s/%s", dir, entries[i]->d_name) < (int)sizeof path &&
            stat(path, &status) == 0)
            *bytes += (size_t)status.st_size;
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return count;
}

/* -1 where the upload that is there cannot take a file of that name and length. */
static int join(const char *data, const char *id, const char *name, size_t len, char *dir, size_t size,
                struct error *err)
{
    char path[PATH_BYTES + UPLOAD_NAME_MAX + 2];
    size_t bytes;
    if (!uploads_folder(data, id, dir, size))
        return error_set(err, ERROR_INPUT, "X-Upload", "send all files again", "There is no such upload (any more)");
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (access(path, F_OK) == 0)
        return error_set(err, ERROR_INPUT, name, "name it differently", "The upload has a file of that name already");
    if (weigh(dir, &bytes) >= UPLOAD_FILES_MAX)
        return error_set(err, ERROR_LIMIT, name, "leave out what is not needed", "An upload holds at most %d files",
                         UPLOAD_FILES_MAX);
    if (bytes + len > UPLOAD_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, name, "leave out what is not needed, or make the files smaller",
                         "An upload holds at most %u MiB together", UPLOAD_BYTES_MAX >> 20);
    return 0;
}

int uploads_add(const char *data, const char *name, const void *bytes, size_t len, char id[UPLOAD_ID_LENGTH + 1],
                char stored[UPLOAD_NAME_MAX + 1], struct error *err)
{
    char dir[PATH_BYTES], path[PATH_BYTES + UPLOAD_NAME_MAX + 2];
    bool fresh = !id[0];
    clean_name(name, stored);
    if ((fresh ? begin(data, id, dir, sizeof dir, err) : join(data, id, stored, len, dir, sizeof dir, err)) < 0)
        return -1;
    snprintf(path, sizeof path, "%s/%s", dir, stored);
    if (write_file(path, bytes, len, err) == 0)
        return 0;
    if (fresh)
        rmdir(dir);
    return -1;
}

bool uploads_folder(const char *data, const char *id, char *path, size_t size)
{
    struct stat status;
    if (strlen(id) != UPLOAD_ID_LENGTH || id[strspn(id, "0123456789abcdef")] != '\0')
        return false;
    return snprintf(path, size, "%s/uploads/%s", data, id) < (int)size && stat(path, &status) == 0 &&
           S_ISDIR(status.st_mode);
}

static bool is_image(const char *name)
{
    static const char *const endings[] = {".jpg", ".jpeg", ".png"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return false;
}

bool uploads_find(const char *data, const char *id, char *path, size_t size)
{
    struct dirent **entries;
    char dir[PATH_BYTES];
    int count, others = 0;
    bool fits;
    if (!uploads_folder(data, id, dir, sizeof dir))
        return false;
    fits = snprintf(path, size, "%s", dir) < (int)size;
    count = scandir(dir, &entries, is_entry, NULL);
    for (int i = 0; i < count; i++) {
        if (!is_image(entries[i]->d_name) && ++others == 1)
            fits = snprintf(path, size, "%s/%s", dir, entries[i]->d_name) < (int)size;
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    if (others > 1)
        fits = snprintf(path, size, "%s", dir) < (int)size;
    return count > 0 && fits;
}
