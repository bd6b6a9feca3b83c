#include "engine/format/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define UNFINISHED ".part"

struct output {
    gzFile gz;                 /* zlib writes plain files too */
    char path[PATH_MAX];       /* for messages */
    char unfinished[PATH_MAX]; /* where the bytes go until all are there; "" for what is no file */
};

static bool packs(const char *path)
{
    size_t len = strlen(path);
    return len > 3 && strcmp(path + len - 3, ".gz") == 0;
}

/* Or will be one. */
static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) < 0 || S_ISREG(status.st_mode);
}

struct output *output_open(const char *path, struct error *err)
{
    bool standard = strcmp(path, "-") == 0;
    struct output *out = calloc(1, sizeof *out);
    int fd;
    if (!out || strlen(path) + sizeof UNFINISHED > sizeof out->path) {
        free(out);
        error_set(err, ERROR_SYSTEM, NULL, "use a shorter path", "There is no room for the path of the output");
        return NULL;
    }
    snprintf(out->path, sizeof out->path, "%s", standard ? "standard output" : path);
    if (!standard && is_file(path)) {
        snprintf(out->unfinished, sizeof out->unfinished, "%s" UNFINISHED, path);
        path = out->unfinished;
    }
    fd = standard ? dup(STDOUT_FILENO) : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    out->gz = fd < 0 ? NULL : gzdopen(fd, packs(out->path) ? "wb" : "wbT");
    if (out->gz)
        return out;
    error_set(err, ERROR_INPUT, out->path, "check the path and who may write there", "The output cannot be opened: %s",
              strerror(errno));
    if (fd >= 0)
        close(fd);
    free(out);
    return NULL;
}

static int failed(const struct output *out, struct error *err)
{
    return error_set(err, ERROR_SYSTEM, out->path, "check the space on the disk and who reads the pipe",
                     "Writing failed: %s", strerror(errno));
}

int output_write(struct output *out, const void *bytes, size_t len, struct error *err)
{
    const char *from = bytes;
    while (len > 0) {
        unsigned count = len < INT_MAX ? (unsigned)len : INT_MAX;
        if (gzwrite(out->gz, from, count) != (int)count)
            return failed(out, err);
        from += count;
        len -= count;
    }
    return 0;
}

static void take_away(const struct output *out)
{
    if (out->unfinished[0])
        unlink(out->unfinished);
}

int output_close(struct output *out, struct error *err)
{
    int status = gzclose(out->gz) == Z_OK ? 0 : failed(out, err);
    if (status == 0 && out->unfinished[0] && rename(out->unfinished, out->path) < 0)
        status = failed(out, err);
    if (status < 0)
        take_away(out);
    free(out);
    return status;
}

void output_abandon(struct output *out)
{
    gzclose(out->gz);
    take_away(out);
    free(out);
}
