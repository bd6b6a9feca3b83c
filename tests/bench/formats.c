/* Seconds that one thread takes for a file: `formats read FILE [TYPE]` makes dense rows of it, `formats copy FILE`
 * copies its bytes from memory to memory that is new, `formats again FILE` to memory that was written before. `formats
 * series FILE` and `formats pairs FILE` read it three times and tell the processor's seconds of the fastest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/clock.h"
#include "engine/format/format.h"
#include "engine/format/sequence.h"
#include "engine/format/series.h"

static int read_rows(const char *path, const char *type)
{
    const struct channel channel = {.path = path, .content_type = type};
    struct dataset d;
    struct error err;
    double started = clock_seconds();
    if (format_read(&channel, &d, &err) < 0 || dataset_dense(&d, DATASET_ZERO, &err) < 0) {
        fprintf(stderr, "%s (%s)\n", err.what, err.where);
        return 1;
    }
    printf("%.6f %zu %zu\n", clock_seconds() - started, d.rows, d.columns);
    dataset_free(&d);
    return 0;
}

static int copy(const char *path, int written)
{
    FILE *f = fopen(path, "rb");
    char *from, *to;
    double started;
    size_t len;
    if (!f || fseek(f, 0, SEEK_END) < 0)
        return 1;
    len = (size_t)ftell(f);
    rewind(f);
    from = malloc(len);
    to = malloc(len);
    if (!from || !to || fread(from, 1, len, f) != len)
        return 1;
    fclose(f);
    if (written)
        memset(to, 1, len);
    started = clock_seconds();
    memcpy(to, from, len);
    __asm__ volatile("" : : "r"(to) : "memory"); /* so that the copy is made */
    printf("%.6f %zu\n", clock_seconds() - started, len);
    free(from);
    free(to);
    return 0;
}

static double processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int read_series(const struct channel *channel, size_t *count, struct error *err)
{
    struct series_set set;
    int status = series_read(channel, &set, err);
    *count = status == 0 ? set.count : 0;
    if (status == 0)
        series_free(&set);
    return status;
}

static int read_pairs(const struct channel *channel, size_t *count, struct error *err)
{
    struct pairs pairs;
    int status = sequence_read(channel, &pairs, err);
    *count = status == 0 ? pairs.count : 0;
    if (status == 0)
        pairs_free(&pairs);
    return status;
}

static int read_thrice(const char *path, int (*read)(const struct channel *, size_t *, struct error *))
{
    const struct channel channel = {.path = path};
    double best = 1e9;
    size_t count = 0;
    for (int turn = 0; turn < 3; turn++) {
        struct error err;
        double started = processor_seconds(), took;
        if (read(&channel, &count, &err) < 0) {
            fprintf(stderr, "%s (%s)\n", err.what, err.where);
            return 1;
        }
        took = processor_seconds() - started;
        best = took < best ? took : best;
    }
    printf("%.6f %zu\n", best, count);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 3 && strcmp(argv[1], "read") == 0)
        return read_rows(argv[2], argc > 3 ? argv[3] : NULL);
    if (argc == 3 && (strcmp(argv[1], "copy") == 0 || strcmp(argv[1], "again") == 0))
        return copy(argv[2], strcmp(argv[1], "again") == 0);
    if (argc == 3 && (strcmp(argv[1], "series") == 0 || strcmp(argv[1], "pairs") == 0))
        return read_thrice(argv[2], strcmp(argv[1], "series") == 0 ? read_series : read_pairs);
    fprintf(stderr, "formats read|copy|again|series|pairs FILE [TYPE]\n");
    return 1;
}
