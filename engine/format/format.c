#include "engine/format/format.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "engine/format/csv.h"
#include "engine/format/libsvm.h"
#include "engine/format/output.h"
#include "engine/format/record.h"

#define BLOCK 262144 /* bytes gathered before they are written */
#define CSV_LABEL "label_size=1"

/* `read` and `append`, which adds a row to a file's bytes, are NULL for one that the service has and this build does
 * not. `endings` tell it from a name. */
static const struct format {
    const char *type, *endings;
    int (*read)(struct input *in, struct dataset_builder *b, struct error *err);
    int (*append)(struct str *out, const struct dataset *d, size_t row, struct error *err);
} formats[] = {
    {"text/csv", ".csv", csv_read, csv_append},
    {"application/x-recordio-protobuf", ".pbr.rec.recordio", record_read, record_append},
    {"application/x-parquet", ".parquet", NULL, NULL},
    {"application/jsonlines", ".json.jsonl", NULL, NULL},
    {"text/libsvm", ".libsvm.svm", libsvm_read, libsvm_append},
};
enum { FORMATS = sizeof formats / sizeof *formats };

static int refuse(const char *type, const char *where, bool known, struct error *err)
{
    char fix[256];
    size_t used = (size_t)snprintf(fix, sizeof fix, "this build has");
    for (int i = 0; i < FORMATS; i++)
        if (formats[i].read)
            used += (size_t)snprintf(fix + used, sizeof fix - used, " %s", formats[i].type);
    if (known)
        return error_set(err, ERROR_INPUT, where, fix, "Data of type %s cannot be read or written by this build", type);
    return error_set(err, ERROR_INPUT, where, fix, "There is no content type '%.100s'", type);
}

/* Of the parameters after the type only csv's label_size=1 is known. */
static int check_parameters(const char *type, const char *at, struct error *err)
{
    while (*at) {
        at += strspn(at, "; ");
        size_t len = strcspn(at, "; ");
        if (len && !(len == strlen(CSV_LABEL) && strncasecmp(at, CSV_LABEL, len) == 0))
            return error_set(err, ERROR_INPUT, "--content-type", "leave it out, or write text/csv;" CSV_LABEL,
                             "Training data need one label, in the first column; '%.*s' of '%.100s' cannot be had",
                             (int)(len < 40 ? len : 40), at, type);
        at += len;
    }
    return 0;
}

static const struct format *format_of_type(const char *type, struct error *err)
{
    size_t len = strcspn(type, "; ");
    for (int i = 0; i < FORMATS; i++) {
        if (strlen(formats[i].type) != len || strncasecmp(formats[i].type, type, len) != 0)
            continue;
        if (!formats[i].read) {
            refuse(formats[i].type, type, true, err);
            return NULL;
        }
        return check_parameters(type, type + len, err) < 0 ? NULL : &formats[i];
    }
    refuse(type, "", false, err);
    return NULL;
}

/* ".parquet" of "a/b.parquet.gz"; NULL when no format has the ending. */
static const struct format *find_ending(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t len = strlen(name), start;
    char ending[16];
    if (len > 3 && strcmp(name + len - 3, ".gz") == 0)
        len -= 3;
    for (start = len; start > 0 && name[start - 1] != '.'; start--)
        continue;
    if (start == 0 || len - start == 0 || len - start > sizeof ending - 2)
        return NULL;
    snprintf(ending, sizeof ending, ".%.*s", (int)(len - start), name + start);
    for (int i = 0; i < FORMATS; i++) {
        const char *found = strstr(formats[i].endings, ending);
        if (found && (found[strlen(ending)] == '.' || !found[strlen(ending)]))
            return &formats[i];
    }
    return NULL;
}

/* What has no known ending is taken for CSV. */
static const struct format *format_of_name(const char *path, struct error *err)
{
    const struct format *format = find_ending(path);
    if (format && !format->read) {
        refuse(format->type, path, true, err);
        return NULL;
    }
    return format ? format : &formats[0];
}

/* What the caller says of the format; NULL: nothing. */
struct choice {
    const char *type;
    const char *const *allowed; /* ends at NULL */
};

static int check_allowed(const struct format *format, const char *path, const char *const *types, struct error *err)
{
    char fix[256];
    size_t used = (size_t)snprintf(fix, sizeof fix, "flashlab-engine convert turns it into");
    if (!types)
        return 0;
    for (const char *const *type = types; *type; type++) {
        if (strcmp(*type, format->type) == 0)
            return 0;
        used += (size_t)snprintf(fix + used, sizeof fix - used, "%s %s", type == types ? "" : " or", *type);
    }
    return error_set(err, ERROR_INPUT, path, fix, "This algorithm does not take data of type %s", format->type);
}

static int read_file(const char *path, const struct choice *choice, struct dataset_builder *b, struct error *err)
{
    const struct format *format = choice->type ? format_of_type(choice->type, err) : format_of_name(path, err);
    struct input *in = format && check_allowed(format, path, choice->allowed, err) == 0 ? input_open(path, err) : NULL;
    int status = in ? format->read(in, b, err) : -1;
    if (in)
        b->data->bytes_read += input_raw_bytes(in);
    input_close(in);
    return status;
}

static int is_data(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && entry->d_name[0] != '_';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_folder(const char *path, const struct choice *choice, struct dataset_builder *b, struct error *err)
{
    struct dirent **entries;
    char file[PATH_MAX];
    int status = 0, count = scandir(path, &entries, is_data, by_name);
    if (count < 0)
        return error_set(err, ERROR_INPUT, path, "check who may read it", "The folder cannot be read: %s",
                         strerror(errno));
    for (int i = 0; i < count; i++) {
        int length = snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (status == 0 && length >= (int)sizeof file)
            status = error_set(err, ERROR_INPUT, path, "use shorter names", "The path of a file in it is too long");
        if (status == 0)
            status = read_file(file, choice, b, err);
        free(entries[i]);
    }
    free(entries);
    return status;
}

int format_read(const char *path, const char *content_type, const char *const *allowed, struct dataset *d,
                struct error *err)
{
    const struct choice choice = {content_type, allowed};
    struct dataset_builder b = {.data = d};
    struct stat status;
    bool folder = strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISDIR(status.st_mode);
    const char *slash = strrchr(path, '/');
    *d = (struct dataset){0};
    snprintf(d->name, sizeof d->name, "%s",
             strcmp(path, "-") == 0 ? "standard input"
             : slash && slash[1]    ? slash + 1
                                    : path);
    if ((folder ? read_folder : read_file)(path, &choice, &b, err) < 0) {
        dataset_free(d);
        return -1;
    }
    if (d->rows == 0) {
        dataset_free(d);
        return error_set(err, ERROR_INPUT, path, "give a file with rows in it", "There are no rows in it");
    }
    if (d->columns == 0) {
        dataset_free(d);
        return error_set(err, ERROR_INPUT, path, "give rows with at least one feature", "No row has a feature");
    }
    dataset_builder_finish(&b);
    return 0;
}

/* --- writing --------------------------------------------------------------------------------------------------------
 */

static const struct format *format_of_output(const char *path, const char *content_type, struct error *err)
{
    if (content_type)
        return format_of_type(content_type, err);
    if (find_ending(path))
        return format_of_name(path, err);
    error_set(err, ERROR_INPUT, path, "add --to TYPE, such as --to text/csv",
              "The name does not tell which format to write");
    return NULL;
}

int format_check_output(const char *path, const char *content_type, struct error *err)
{
    return format_of_output(path, content_type, err) ? 0 : -1;
}

static int write_rows(struct output *out, const struct format *format, const struct dataset *d, struct error *err)
{
    struct str text = {0};
    int status = 0;
    for (size_t row = 0; status == 0 && row < d->rows; row++) {
        status = format->append(&text, d, row, err);
        if (status == 0 && (text.len >= BLOCK || row + 1 == d->rows)) {
            status = text.failed ? error_set(err, ERROR_SYSTEM, d->name, NULL, "There is not enough memory to write it")
                                 : output_write(out, text.data, text.len, err);
            str_clear(&text);
        }
    }
    str_free(&text);
    return status;
}

int format_write(const char *path, const char *content_type, const struct dataset *d, struct error *err)
{
    const struct format *format = format_of_output(path, content_type, err);
    struct output *out = format ? output_open(path, err) : NULL;
    if (!out)
        return -1;
    if (write_rows(out, format, d, err) == 0)
        return output_close(out, err);
    output_abandon(out);
    return -1;
}
