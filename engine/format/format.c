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
#include <unistd.h>

#include "engine/format/csv.h"
#include "engine/format/jsonlines.h"
#include "engine/format/libsvm.h"
#include "engine/format/output.h"
#include "engine/format/parquet.h"
#include "engine/format/record.h"
#include "engine/format/writer.h"

#define BLOCK 262144 /* bytes gathered before they are written */
#define CHUNK_ROWS 65536
#define CHUNK_CELLS (1u << 20)
#define CSV_LABEL "label_size=1"

/* `names` are taken as content types too, `endings` tell a format from a file's name. Written are rows one after
 * another
 * (`append`) or in blocks (`write`); `end` makes what follows the last row, `leave` frees what the writer keeps of its
 * own; both may be NULL. Without `read` it is no table: other readers take it (format_type). */
static const struct format {
    const char *type, *names, *endings;
    int (*read)(struct input *in, const struct layout *layout, struct dataset_builder *b, struct error *err);
    int (*append)(struct writer *w, const struct dataset *d, size_t row, struct error *err);
    int (*write)(struct writer *w, const struct dataset *d, struct error *err);
    int (*end)(struct writer *w, struct error *err);
    void (*leave)(struct writer *w);
} formats[] = {
    {"text/csv", "csv", ".csv", csv_read, csv_append, NULL, NULL, NULL},
    {"application/x-recordio-protobuf", "recordio-protobuf", ".pbr.rec.recordio", record_read, record_append, NULL,
     NULL, NULL},
    {"application/x-parquet", "parquet", ".parquet", parquet_read, NULL, parquet_write, parquet_end, parquet_leave},
    {"application/jsonlines", "jsonlines application/json json", ".json.jsonl.manifest", jsonlines_read,
     jsonlines_append, NULL, NULL, NULL},
    {"text/libsvm", "libsvm text/x-libsvm", ".libsvm.svm", libsvm_read, libsvm_append, NULL, libsvm_end, NULL},
    {"text/plain", "plain", ".txt", NULL, NULL, NULL, NULL, NULL},
    {"application/x-recordio", "x-recordio", ".rec", NULL, NULL, NULL, NULL, NULL},
    {"application/x-image", "x-image", "", NULL, NULL, NULL, NULL, NULL},
    {"image/jpeg", "image/jpg jpeg jpg", ".jpg.jpeg", NULL, NULL, NULL, NULL, NULL},
    {"image/png", "png", ".png", NULL, NULL, NULL, NULL, NULL},
};
enum { FORMATS = sizeof formats / sizeof *formats };

static int refuse(const char *type, struct error *err)
{
    char fix[256];
    size_t used = (size_t)snprintf(fix, sizeof fix, "this build has");
    for (int i = 0; i < FORMATS; i++)
        used += (size_t)snprintf(fix + used, sizeof fix - used, " %s", formats[i].type);
    return error_set(err, ERROR_INPUT, "", fix, "There is no content type '%.100s'", type);
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

/* Is the word among those of the list, which blanks separate? */
static bool among(const char *list, const char *word, size_t len)
{
    for (; *list; list += strspn(list, " ")) {
        size_t length = strcspn(list, " ");
        if (length == len && strncasecmp(list, word, len) == 0)
            return true;
        list += length;
    }
    return false;
}

static const struct format *format_of_type(const char *type, struct error *err)
{
    size_t len = strcspn(type, "; ");
    for (int i = 0; i < FORMATS; i++) {
        if (!among(formats[i].type, type, len) && !among(formats[i].names, type, len))
            continue;
        return check_parameters(type, type + len, err) < 0 ? NULL : &formats[i];
    }
    refuse(type, err);
    return NULL;
}

static bool takes(const char *const *types, const char *type)
{
    while (types && *types && strcmp(*types, type) != 0)
        types++;
    return !types || *types;
}

/* ".parquet" of "a/b.parquet.gz"; NULL when no format has the ending. Of two with one ending (.rec) that which is
 * among `types`, else the first. */
static const struct format *find_ending(const char *path, const char *const *types)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const struct format *first = NULL;
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
        if (!found || (found[strlen(ending)] && found[strlen(ending)] != '.'))
            continue;
        if (takes(types, formats[i].type))
            return &formats[i];
        first = first ? first : &formats[i];
    }
    return first;
}

const char *format_type_of_name(const char *path)
{
    const struct format *format = find_ending(path, NULL);
    return format ? format->type : NULL;
}

/* What has no ending of a table is taken for CSV. */
static const struct format *format_of_name(const char *path)
{
    const struct format *format = find_ending(path, NULL);
    return format && format->read ? format : &formats[0];
}

/* The format of a table of this type. */
static const struct format *table_of_type(const char *type, struct error *err)
{
    const struct format *format = format_of_type(type, err);
    if (format && !format->read)
        error_set(err, ERROR_INPUT, "--content-type", "give rows of numbers, such as text/csv",
                  "Data of type %s are no table", format->type);
    return format && format->read ? format : NULL;
}

static int check_allowed(const struct format *format, const char *path, const char *const *types, struct error *err)
{
    char fix[256];
    bool tables = false; /* which convert turns into each other; series and pairs are made of nothing else */
    size_t used;
    if (!types)
        return 0;
    for (const char *const *type = types; *type; type++)
        tables = tables || strcmp(*type, "text/csv") == 0;
    used = (size_t)snprintf(fix, sizeof fix, tables ? "flashlab-engine convert turns it into" : "give");
    for (const char *const *type = types; *type; type++) {
        if (strcmp(*type, format->type) == 0)
            return 0;
        used += (size_t)snprintf(fix + used, sizeof fix - used, "%s %s", type == types ? "" : " or", *type);
    }
    if (strcmp(path, "-") != 0 && access(path, F_OK) < 0) /* what is not there has no type to blame */
        return error_set(err, ERROR_INPUT, path, "check the path and who may read it", "The file cannot be opened: %s",
                         strerror(errno));
    return error_set(err, ERROR_INPUT, path, fix, "This algorithm does not take data of type %s", format->type);
}

const char *format_type(const struct channel *channel, const char *path, const char *otherwise, struct error *err)
{
    const struct format *ending = channel->content_type ? NULL : find_ending(path, channel->allowed);
    const char *told = ending && (ending->read || takes(channel->allowed, ending->type)) ? ending->type : NULL;
    const char *asked = channel->content_type ? channel->content_type : told ? told : otherwise;
    const struct format *format = format_of_type(asked, err);
    return format && check_allowed(format, path, channel->allowed, err) == 0 ? format->type : NULL;
}

/* libsvm tells how wide its rows are only at its end, so they are gathered before they are handed on. */
static bool gathers(const struct format *format)
{
    return format->read == libsvm_read;
}

/* Pipe mode, chunks of a size that was asked for, is not for what has to be gathered. */
static int check_streams(const struct format *format, const char *path, struct dataset_builder *b, struct error *err)
{
    if (!gathers(format) || !b->take)
        return 0;
    if (b->chunk_cells == 0)
        return error_set(err, ERROR_INPUT, path, "flashlab-engine convert turns it into text/csv or others",
                         "Data of type %s cannot be streamed: their width shows only at the end", format->type);
    b->chunk_rows = b->chunk_cells = 0;
    return 0;
}

static int read_file(const char *path, const struct channel *channel, struct dataset_builder *b, struct error *err)
{
    const struct layout layout = {.weights = channel->weights, .float32 = channel->float32};
    const struct format *format =
        channel->content_type ? table_of_type(channel->content_type, err) : format_of_name(path);
    bool fine =
        format && check_allowed(format, path, channel->allowed, err) == 0 && check_streams(format, path, b, err) == 0;
    struct input *in = fine ? input_open(path, err) : NULL;
    int status = in ? format->read(in, &layout, b, err) : -1;
    if (in)
        b->data->bytes_read += input_raw_bytes(in);
    if (in && channel->bytes_read)
        *channel->bytes_read += input_raw_bytes(in);
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

static int read_folder(const char *path, const struct channel *channel, struct dataset_builder *b, struct error *err)
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
            status = read_file(file, channel, b, err);
        free(entries[i]);
    }
    free(entries);
    return status;
}

static void name_data(struct dataset *d, const char *path)
{
    const char *slash = strrchr(path, '/');
    *d = (struct dataset){0};
    snprintf(d->name, sizeof d->name, "%.100s",
             strcmp(path, "-") == 0 ? "standard input"
             : slash && slash[1]    ? slash + 1
                                    : path);
}

/* The channel at `path`, file or folder. 0, 1 where the builder's taker had enough, -1. */
static int read_channel(const char *path, const struct channel *channel, struct dataset_builder *b, struct error *err)
{
    struct stat status;
    bool folder = strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISDIR(status.st_mode);
    int answer = (folder ? read_folder : read_file)(path, channel, b, err);
    if (answer != 0)
        return answer;
    if (dataset_builder_empty(b))
        return error_set(err, ERROR_INPUT, path, "give a file with rows in it", "There are no rows in it");
    if (b->data->columns == 0)
        return error_set(err, ERROR_INPUT, path, "give rows with at least one feature", "No row has a feature");
    return 0;
}

int format_read(const struct channel *channel, struct dataset *d, struct error *err)
{
    struct dataset_builder b = {.data = d};
    name_data(d, channel->path);
    if (read_channel(channel->path, channel, &b, err) < 0) {
        dataset_free(d);
        return -1;
    }
    dataset_builder_finish(&b);
    return 0;
}

const char *format_epoch_path(const char *path, int epoch, char buffer[PATH_MAX])
{
    struct stat status;
    if (strcmp(path, "-") == 0 || stat(path, &status) == 0)
        return path;
    if (snprintf(buffer, PATH_MAX, "%s_%d", path, epoch) >= PATH_MAX || stat(buffer, &status) < 0)
        return path;
    return buffer;
}

int format_stream(const struct channel *channel, int epoch, size_t rows, dataset_take *take, void *context,
                  struct error *err)
{
    char buffer[PATH_MAX];
    const char *path = format_epoch_path(channel->path, epoch, buffer);
    struct dataset d;
    struct dataset_builder b = {.data = &d, .take = take, .context = context};
    int status;
    b.chunk_rows = rows ? rows : CHUNK_ROWS;
    b.chunk_cells = rows ? 0 : CHUNK_CELLS;
    name_data(&d, path);
    status = read_channel(path, channel, &b, err);
    if (status == 0)
        status = dataset_builder_rest(&b, err);
    dataset_free(&d);
    return status < 0 ? -1 : 0;
}

/* --- writing --------------------------------------------------------------------------------------------------------
 */

static const struct format *format_of_output(const char *path, const char *content_type, struct error *err)
{
    const struct format *told = find_ending(path, NULL);
    if (content_type)
        return table_of_type(content_type, err);
    if (told && told->read)
        return format_of_name(path);
    error_set(err, ERROR_INPUT, path, "add --to TYPE, such as --to text/csv",
              "The name does not tell which format to write");
    return NULL;
}

struct format_output {
    const struct format *format;
    struct output *file;
    struct writer writer;
};

struct format_output *format_open(const char *path, const char *content_type, bool weights, struct error *err)
{
    const struct format *format = format_of_output(path, content_type, err);
    struct format_output *out = format ? calloc(1, sizeof *out) : NULL;
    if (!out) {
        if (format)
            error_set(err, ERROR_SYSTEM, path, NULL, "There is not enough memory to write it");
        return NULL;
    }
    out->format = format;
    out->writer.layout.weights = weights;
    out->file = output_open(path, err);
    if (out->file)
        return out;
    free(out);
    return NULL;
}

/* Sends on what the writer has made, where that is `least` bytes. */
static int send_bytes(struct format_output *out, size_t least, const char *name, struct error *err)
{
    struct str *bytes = &out->writer.bytes;
    if (bytes->failed)
        return error_set(err, ERROR_SYSTEM, name, NULL, "There is not enough memory to write it");
    if (bytes->len < least || output_write(out->file, bytes->data, bytes->len, err) < 0)
        return bytes->len < least ? 0 : -1;
    str_clear(bytes);
    return 0;
}

int format_put(struct format_output *out, const struct dataset *chunk, struct error *err)
{
    struct writer *w = &out->writer;
    if (w->rows && w->columns != chunk->columns)
        return error_set(err, ERROR_INPUT, chunk->name, "give every file the same columns",
                         "From row %zu on there are %zu features, before %zu", w->rows + 1, chunk->columns, w->columns);
    w->columns = chunk->columns;
    if (out->format->write) {
        if (out->format->write(w, chunk, err) < 0)
            return -1;
        w->rows += chunk->rows;
        return send_bytes(out, BLOCK, chunk->name, err);
    }
    for (size_t row = 0; row < chunk->rows; row++) {
        if (out->format->append(w, chunk, row, err) < 0 || send_bytes(out, BLOCK, chunk->name, err) < 0)
            return -1;
        w->rows++;
    }
    return 0;
}

/* Frees all but the file. */
static struct output *leave(struct format_output *out)
{
    struct output *file = out->file;
    if (out->format->leave)
        out->format->leave(&out->writer);
    str_free(&out->writer.bytes);
    free(out);
    return file;
}

int format_close(struct format_output *out, struct error *err)
{
    if ((out->format->end && out->format->end(&out->writer, err) < 0) || send_bytes(out, 1, "output", err) < 0) {
        format_abandon(out);
        return -1;
    }
    return output_close(leave(out), err);
}

void format_abandon(struct format_output *out)
{
    if (out)
        output_abandon(leave(out));
}

int format_write(const char *path, const char *content_type, bool weights, const struct dataset *d, struct error *err)
{
    struct format_output *out = format_open(path, content_type, weights, err);
    if (!out)
        return -1;
    if (format_put(out, d, err) == 0)
        return format_close(out, err);
    format_abandon(out);
    return -1;
}
