#include "engine/format/files.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What is read, and how. */
struct reading {
    const struct channel *channel;
    const struct files_reader *readers;
    const char *what;
    void *context;
    uint64_t *bytes_read;
};

static const struct files_reader *find_reader(const struct reading *r, const char *path, struct error *err)
{
    const char *type = format_type(r->channel, path, r->readers[0].type, err);
    char fix[256];
    size_t used = (size_t)snprintf(fix, sizeof fix, "give");
    if (!type)
        return NULL;
    for (const struct files_reader *reader = r->readers; reader->type; reader++) {
        if (strcmp(reader->type, type) == 0)
            return reader;
        used +=
            (size_t)snprintf(fix + used, sizeof fix - used, "%s %s", reader == r->readers ? "" : " or", reader->type);
    }
    error_set(err, ERROR_INPUT, path, fix, "%s are not read from data of type %s", r->what, type);
    return NULL;
}

static int read_file(const struct reading *r, const char *path, struct error *err)
{
    const struct files_reader *reader = find_reader(r, path, err);
    struct input *in = reader ? input_open(path, err) : NULL;
    int status = in ? reader->read(in, r->context, err) : -1;
    if (in)
        *r->bytes_read += input_raw_bytes(in);
    if (in && r->channel->bytes_read)
        *r->channel->bytes_read += input_raw_bytes(in);
    input_close(in);
    return status;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int refuse_entry(const FTSENT *entry, struct error *err)
{
    if (entry->fts_info == FTS_DC)
        return error_set(err, ERROR_INPUT, entry->fts_path, "take the link out", "The folder holds itself by a link");
    return error_set(err, ERROR_INPUT, entry->fts_path, "check who may read it", "It cannot be read: %s",
                     strerror(entry->fts_errno));
}

static int read_entry(const struct reading *r, FTS *tree, FTSENT *entry, struct error *err)
{
    if (entry->fts_level > 0 && (entry->fts_name[0] == '.' || strcmp(entry->fts_name, "_SUCCESS") == 0)) {
        fts_set(tree, entry, FTS_SKIP);
        return 0;
    }
    switch (entry->fts_info) {
    case FTS_D:
    case FTS_DP:
        return 0;
    case FTS_DC:
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return refuse_entry(entry, err);
    default:
        return read_file(r, entry->fts_path, err);
    }
}

static int read_folder(const struct reading *r, const char *path, struct error *err)
{
    char *copy = strdup(path), *const roots[] = {copy, NULL};
    FTS *tree = copy ? fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name) : NULL;
    FTSENT *entry;
    int status = 0;
    if (!tree)
        status = error_set(err, ERROR_SYSTEM, path, NULL, "The folder cannot be opened: %s", strerror(errno));
    while (status == 0 && (entry = fts_read(tree)))
        status = read_entry(r, tree, entry, err);
    if (tree)
        fts_close(tree);
    free(copy);
    return status;
}

int files_read(const struct channel *channel, const struct files_reader *readers, const char *what, void *context,
               uint64_t *bytes_read, struct error *err)
{
    const struct reading r = {channel, readers, what, context, bytes_read};
    struct stat status;
    bool folder = strcmp(channel->path, "-") != 0 && stat(channel->path, &status) == 0 && S_ISDIR(status.st_mode);
    return (folder ? read_folder : read_file)(&r, channel->path, err);
}

void files_name(const char *path, char *name, size_t size)
{
    const char *slash = strrchr(path, '/'), *text = slash && slash[1] ? slash + 1 : path;
    snprintf(name, size, "%.100s", strcmp(path, "-") == 0 ? "standard input" : text);
}
