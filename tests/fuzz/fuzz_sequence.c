/* Any bytes as pairs of token sequences, lines and records: no crash, no token below 0, no sequence empty or too long,
 * and records that were taken are the same after they were written and read again. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/sequence.h"
#include "engine/format/sequence_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct pairs *p, bool labels)
{
    for (size_t i = 0; i < p->count; i++) {
        if (labels != (bool)isfinite(p->label[i]))
            abort();
        for (int side = 0; side < 2; side++) {
            size_t count;
            const int32_t *tokens = pairs_tokens(p, side, i, &count);
            if (count == 0 || count > PAIRS_TOKENS_MAX)
                abort();
            for (size_t k = 0; k < count; k++)
                if (tokens[k] < 0)
                    abort();
        }
    }
}

static void check_error(int status, const struct error *err)
{
    if (status < 0 && (err->code == ERROR_NONE || !err->what[0] || !err->where[0]))
        abort();
}

static void write_and_compare(const struct pairs *p)
{
    struct str out = {0};
    struct pairs again = {0};
    struct error err;
    for (size_t i = 0; i < p->count; i++) {
        size_t count[2];
        const int32_t *source = pairs_tokens(p, 0, i, &count[0]), *target = pairs_tokens(p, 1, i, &count[1]);
        if (sequence_append(&out, source, count[0], target, count[1], &err) < 0)
            abort();
    }
    if (p->count) {
        struct input *in = input_open_bytes(out.data, out.len, "again");
        if (sequence_record_read(in, false, &again, &err) < 0 || again.count != p->count)
            abort();
        for (int side = 0; side < 2; side++)
            if (memcmp(p->start[side], again.start[side], (p->count + 1) * sizeof *p->start[side]) != 0 ||
                memcmp(p->token[side], again.token[side], p->start[side][p->count] * sizeof *p->token[side]) != 0)
                abort();
        input_close(in);
    }
    pairs_free(&again);
    str_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct pairs lines = {0}, records = {0}, request = {0};
    struct error err = {0};
    struct input *in = input_open_bytes(bytes, size, "fuzz");
    int given = 0;
    check_error(sequence_lines_read(in, &lines, &err), &err);
    check(&lines, true);
    input_close(in);
    in = input_open_bytes(bytes, size, "fuzz");
    check_error(sequence_record_read(in, false, &records, &err), &err);
    check(&records, false);
    write_and_compare(&records);
    input_close(in);
    check_error(sequence_read_records(bytes, size, &request, &err), &err);
    if (size &&
        sequence_read_object((const char *)bytes, (const char *)bytes + size, "request", 1, &request, &given, &err) &&
        (given < 1 || given > 3))
        abort();
    pairs_free(&lines);
    pairs_free(&records);
    pairs_free(&request);
    return 0;
}
