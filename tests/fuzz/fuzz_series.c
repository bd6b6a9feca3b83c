/* Any bytes as JSON Lines of time series: no crash, and what is taken is whole: the same counts in all, arrays of the
 * lengths they claim, nothing infinite, features without holes. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/format/series.h"
#include "engine/format/series_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct series_set *set)
{
    size_t seen = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct series *s = &set->items[i];
        if (set->features && s->feature_length < s->length)
            abort();
        for (size_t k = 0; k < s->length; k++) {
            seen += isnan(s->target[k]) ? 0 : 1;
            if (isinf(s->target[k]))
                abort();
        }
        for (size_t k = 0; k < set->features * s->feature_length; k++)
            if (!isfinite(s->feature[k]))
                abort();
        for (size_t k = 0; k < set->categories; k++)
            if (s->category[k] < 0)
                abort();
        if (moment_of(s->start).year < 1 || moment_of(s->start).year > 9999)
            abort();
    }
    if (seen != set->observations)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input *in = input_open_bytes(bytes, size, "fuzz");
    struct series_set set = {0}, one = {0};
    struct series_reading reading = {.set = &set};
    struct error err = {0};
    const char *text = (const char *)bytes, *end = text + size, *p;
    if (series_json_lines(in, &reading, &err) < 0 && (err.code == ERROR_NONE || !err.what[0] || !err.where[0]))
        abort();
    check(&set);
    p = size ? series_read_object(text, end, "request", 1, &one, &err) : NULL;
    if (p && (p <= text || p > end || one.count != 1))
        abort();
    check(&one);
    series_draft_free(&reading.draft);
    series_free(&set);
    series_free(&one);
    input_close(in);
    return 0;
}
