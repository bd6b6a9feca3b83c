#include "engine/format/series.h"

#include "engine/format/files.h"
#include "engine/format/series_json.h"
#include "engine/format/series_parquet.h"

static const struct files_reader readers[] = {
    {"application/jsonlines", series_json_lines},
    {"application/x-parquet", series_parquet_read},
    {NULL, NULL},
};

int series_read(const struct channel *channel, struct series_set *set, struct error *err)
{
    struct series_reading reading = {.set = set};
    int status;
    *set = (struct series_set){0};
    files_name(channel->path, set->name, sizeof set->name);
    status = files_read(channel, readers, "Time series", &reading, &set->bytes_read, err);
    if (status == 0 && set->count == 0)
        status = error_set(err, ERROR_INPUT, channel->path, SERIES_SHAPE, "There are no series in it");
    series_draft_free(&reading.draft);
    if (status < 0)
        series_free(set);
    return status;
}

const char *series_read_object(const char *p, const char *end, const char *file, size_t number, struct series_set *set,
                               struct error *err)
{
    const struct place at = {.file = file, .line = number, .unit = "instance"};
    struct series_draft draft = {0};
    const char *next = series_json_read(&draft, p, end, &at, set, err);
    series_draft_free(&draft);
    return next;
}
