/* Any bytes in any format, the first byte choosing it, the second the rows of a chunk: what comes in chunks is what
 * comes at once. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/csv.h"
#include "engine/format/jsonlines.h"
#include "engine/format/libsvm.h"
#include "engine/format/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

typedef int read_rows(struct input *in, const struct layout *layout, struct dataset_builder *b, struct error *err);
static read_rows *const readers[] = {csv_read, record_read, jsonlines_read, libsvm_read};

/* What comes at once, and how many of its rows have come in chunks. */
struct comparison {
    const struct dataset *whole;
    size_t rows;
};

static bool same(const float *a, const float *b, size_t count)
{
    return count == 0 || memcmp(a, b, count * sizeof *a) == 0;
}

static int compare(void *context, const struct dataset *chunk, struct error *err)
{
    struct comparison *c = context;
    const struct dataset *whole = c->whole;
    (void)err;
    if (!chunk->rows || c->rows + chunk->rows > whole->rows || !chunk->start != !whole->start ||
        !same(chunk->y, whole->y + c->rows, chunk->rows))
        abort();
    for (size_t i = 0; i < chunk->rows; i++) {
        float weight = whole->weight ? whole->weight[c->rows + i] : 1;
        if ((chunk->weight ? chunk->weight[i] : 1) != weight ||
            (whole->group && chunk->group[i] != whole->group[c->rows + i]))
            abort();
    }
    if (chunk->start) {
        size_t first = whole->start[c->rows];
        if (chunk->start[chunk->rows] != whole->start[c->rows + chunk->rows] - first)
            abort();
        if (chunk->start[chunk->rows] &&
            (!same(chunk->value, whole->value + first, chunk->start[chunk->rows]) ||
             memcmp(chunk->index, whole->index + first, chunk->start[chunk->rows] * sizeof *chunk->index) != 0))
            abort();
    } else if (chunk->columns != whole->columns ||
               !same(chunk->x, whole->x + c->rows * whole->columns, chunk->rows * chunk->columns)) {
        abort();
    }
    c->rows += chunk->rows;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct dataset whole = {0}, chunk = {0};
    struct comparison c = {&whole, 0};
    struct dataset_builder all = {.data = &whole}, parts = {.data = &chunk, .take = compare, .context = &c};
    struct layout layout = {0};
    struct error err = {0};
    struct input *in;
    if (size < 2)
        return 0;
    layout.weights = bytes[0] & 4;
    parts.chunk_rows = bytes[1] % 8u;
    parts.chunk_cells = bytes[1] / 8u;
    in = input_open_bytes(bytes + 2, size - 2, "fuzz");
    if (readers[bytes[0] % 4](in, &layout, &all, &err) == 0 && whole.rows) {
        struct input *again = input_open_bytes(bytes + 2, size - 2, "fuzz");
        if (readers[bytes[0] % 4](again, &layout, &parts, &err) != 0 || dataset_builder_rest(&parts, &err) != 0 ||
            c.rows != whole.rows)
            abort();
        input_close(again);
    }
    input_close(in);
    dataset_free(&whole);
    dataset_free(&chunk);
    return 0;
}
