/* notes_read: notes from a file or from standard input, never more of it than may be read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "web/study/notes.h"

/* Reads at most one byte more than is allowed, so that files which tell no size are refused as well. */
static char *read_stream(FILE *file, size_t *len)
{
    char *bytes = malloc(NOTES_MAX_BYTES + 1);
    *len = bytes ? fread(bytes, 1, NOTES_MAX_BYTES + 1, file) : 0;
    return bytes;
}

static int too_large(const char *name, struct error *err)
{
    return error_set(err, ERROR_LIMIT, name, "Split the notes into several decks.",
                     "The file is larger than notes may be: %u bytes.", NOTES_MAX_BYTES);
}

static int read_open(struct notes *notes, FILE *file, const char *name, struct error *err)
{
    char where[sizeof err->where];
    struct stat status;
    size_t len;
    char *bytes;
    int result;
    if (fstat(fileno(file), &status) == 0) {
        if (S_ISDIR(status.st_mode))
            return error_set(err, ERROR_INPUT, name, "Name one file of notes in it.",
                             "This is a folder, not a file of notes.");
        if (S_ISREG(status.st_mode) && status.st_size > (off_t)NOTES_MAX_BYTES)
            return too_large(name, err);
    }
    bytes = read_stream(file, &len);
    if (!bytes)
        return error_set(err, ERROR_SYSTEM, name, "Try again when the machine is less busy.",
                         "There was no memory left to read the notes.");
    if (ferror(file))
        result = error_set(err, ERROR_SYSTEM, name, "Check the disk and try again.", "The file could not be read: %s.",
                           strerror(errno));
    else if (len > NOTES_MAX_BYTES)
        result = too_large(name, err);
    else if ((result = notes_parse(notes, bytes, len, err)) != 0) {
        snprintf(where, sizeof where, "%s%s%.100s", name, *err->where ? ", " : "", err->where);
        memcpy(err->where, where, sizeof where);
    }
    free(bytes);
    return result;
}

int notes_read(struct notes *notes, const char *path, struct error *err)
{
    bool is_input = strcmp(path, "-") == 0;
    FILE *file = is_input ? stdin : fopen(path, "rbe");
    int result;
    *notes = (struct notes){0};
    if (!file)
        return error_set(err, ERROR_INPUT, path, "Check the name and that you may read the file.",
                         "The notes could not be opened: %s.", strerror(errno));
    result = read_open(notes, file, is_input ? "standard input" : path, err);
    if (!is_input)
        fclose(file);
    return result;
}
