/* Channels in chunks: what comes in pieces is what comes at once, FIFOs as they are written, files cut anywhere. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <zlib.h>

#include "engine/format/format.h"
#include "engine/format/input.h"

static char folder[64];

static const char *at(const char *name)
{
    static char path[8][160];
    static int turn; /* a path stays for seven calls */
    turn = (turn + 1) % 8;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/flashlab-stream-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[96];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static void write_file(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

/* Rows of `columns` features, every other entry 0, in the file `path`. */
static void write_rows(const char *path, size_t rows, size_t columns)
{
    struct dataset d;
    struct error err;
    assert_int_equal(dataset_alloc(&d, rows, columns), 0);
    for (size_t i = 0; i < rows * columns; i++)
        d.x[i] = i % 2 ? 0 : (float)(i % 97) + .25f;
    for (size_t i = 0; i < rows; i++)
        d.y[i] = (float)(i % 3);
    if (format_write(path, NULL, false, &d, &err) < 0)
        fail_msg("%s (%s)", err.what, err.where);
    dataset_free(&d);
}

/* What the taker saw. */
struct seen {
    struct dataset all; /* to compare with */
    size_t rows, chunks, largest, enough;
    int mistakes;
};

static int look(void *context, const struct dataset *chunk, struct error *err)
{
    struct seen *s = context;
    float a[64], b[64];
    (void)err;
    for (size_t i = 0; s->all.rows && i < chunk->rows; i++) {
        dataset_row(chunk, i, a);
        dataset_row(&s->all, s->rows + i, b);
        s->mistakes += memcmp(a, b, chunk->columns * sizeof *a) != 0 || chunk->y[i] != s->all.y[s->rows + i];
    }
    s->rows += chunk->rows;
    s->chunks++;
    s->largest = chunk->rows > s->largest ? chunk->rows : s->largest;
    return s->enough && s->rows >= s->enough;
}

static void chunks_are_the_whole(void **state)
{
    static const char *const names[] = {"a.csv", "a.pbr", "a.jsonl", "a.csv.gz", "a.parquet"};
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct channel channel = {.path = at(names[i])};
        struct seen s = {0};
        write_rows(channel.path, 1005, 9);
        assert_int_equal(format_read(&channel, &s.all, &err), 0);
        assert_int_equal(format_stream(&channel, 0, 100, look, &s, &err), 0);
        assert_true(s.rows == 1005 && s.chunks == 11 && s.largest == 100 && s.mistakes == 0);
        s.rows = s.chunks = 0;
        s.enough = 250;
        assert_int_equal(format_stream(&channel, 0, 100, look, &s, &err), 0);
        assert_true(s.rows == 300 && s.chunks == 3);
        dataset_free(&s.all);
    }
}

static int complain(void *context, const struct dataset *chunk, struct error *err)
{
    (void)context;
    return error_set(err, ERROR_INPUT, chunk->name, NULL, "the taker says no");
}

static void folders_epochs_and_refusals(void **state)
{
    struct channel channel = {.path = at("many")};
    struct seen s = {0};
    struct error err;
    (void)state;
    mkdir(channel.path, 0700);
    write_rows(at("many/1.csv"), 70, 3);
    write_rows(at("many/2.jsonl"), 50, 3);
    assert_int_equal(format_read(&channel, &s.all, &err), 0);
    assert_int_equal(format_stream(&channel, 0, 40, look, &s, &err), 0);
    assert_true(s.rows == 120 && s.chunks == 3 && s.mistakes == 0);
    dataset_free(&s.all);
    assert_int_equal(format_stream(&channel, 0, 40, complain, &s, &err), -1);
    assert_string_equal(err.what, "the taker says no");

    s = (struct seen){0};
    channel = (struct channel){.path = at("train"), .content_type = "csv"};
    write_file(at("train_0"), "1,2\n", 4);
    write_file(at("train_1"), "1,2\n1,2\n", 8);
    assert_int_equal(format_stream(&channel, 1, 40, look, &s, &err), 0);
    assert_int_equal(s.rows, 2);
    assert_int_equal(format_stream(&channel, 0, 40, look, &s, &err), 0);
    assert_int_equal(s.rows, 3);
    assert_int_equal(format_stream(&channel, 2, 40, look, &s, &err), -1);
    assert_non_null(strstr(err.what, "cannot be opened"));

    channel = (struct channel){.path = at("a.svm")};
    write_rows(channel.path, 10, 3);
    assert_int_equal(format_stream(&channel, 0, 40, look, &s, &err), -1);
    assert_non_null(strstr(err.what, "text/libsvm cannot be streamed"));
    s = (struct seen){0};
    assert_int_equal(format_stream(&channel, 0, 0, look, &s, &err), 0);
    assert_true(s.rows == 10 && s.chunks == 1);
}

/* Writes a text into a FIFO a few bytes at a time. */
static void *write_slowly(void *text)
{
    FILE *f = fopen(at("fifo"), "w");
    for (const char *p = text; f && *p; p++) {
        fputc(*p, f);
        fflush(f);
        usleep(500);
    }
    if (f)
        fclose(f);
    return NULL;
}

static int read_fifo(const char *type, char *text, struct seen *s, struct error *err)
{
    struct channel channel = {.path = "fifo", .content_type = type};
    pthread_t writer;
    char path[160];
    int status;
    *s = (struct seen){0};
    snprintf(path, sizeof path, "%s/fifo", folder);
    channel.path = path;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_slowly, text), 0);
    status = format_stream(&channel, 0, 2, look, s, err);
    pthread_join(writer, NULL);
    unlink(path);
    return status;
}

static void reads_fifos_and_says_where_they_break_off(void **state)
{
    struct seen s;
    struct error err;
    (void)state;
    assert_int_equal(read_fifo("text/csv", (char[]){"1,2\n3,4\r\n5,6\n"}, &s, &err), 0);
    assert_true(s.rows == 3 && s.chunks == 2);
    assert_int_equal(read_fifo("text/csv", (char[]){"1,2,3\n4,5,6\n7,8,9\n4,5"}, &s, &err), -1);
    assert_non_null(strstr(err.where, "fifo, line 4"));
    assert_int_equal(s.rows, 2);
    assert_int_equal(
        read_fifo("jsonlines", (char[]){"{\"features\":[1],\"label\":0}\n{\"features\":[1],\"la"}, &s, &err), -1);
    assert_non_null(strstr(err.where, "fifo, line 2"));
}

/* Every format cut behind every byte: an error that names the file, or the rows that are whole, never another thing.
 * Text cut inside its last number cannot be told from a whole one, so only counts are compared there. */
static void files_cut_anywhere(void **state)
{
    static const char *const names[] = {"c.csv", "c.pbr", "c.jsonl", "c.svm", "c.csv.gz", "c.pbr.gz", "c.parquet"};
    static unsigned char bytes[8192];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[160];
        size_t len, errors = 0;
        FILE *f;
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        write_rows(path, 6, 4);
        f = fopen(path, "rb");
        len = fread(bytes, 1, sizeof bytes, f);
        fclose(f);
        assert_true(len > 20 && len < sizeof bytes);
        for (size_t cut = 0; cut < len; cut++) {
            struct channel channel = {.path = path};
            struct dataset d;
            struct error err = {0};
            write_file(path, bytes, cut);
            if (format_read(&channel, &d, &err) == 0) {
                assert_true(d.rows >= 1 && d.rows <= 6);
                if ((strstr(names[i], ".gz") && cut) || strstr(names[i], ".parquet"))
                    fail_msg("%s cut at %zu of %zu is taken", names[i], cut, len);
                dataset_free(&d);
                continue;
            }
            errors++;
            assert_true(err.code == ERROR_INPUT && err.what[0] && err.fix[0]);
            assert_non_null(strstr(err.where, names[i]));
        }
        assert_true(errors >= len / 4 || strcmp(names[i], "c.svm") == 0);
    }
}

static void records_cut_anywhere_name_the_record(void **state)
{
    static unsigned char bytes[4096];
    struct channel channel;
    char path[160], where[200];
    size_t len, record;
    FILE *f;
    (void)state;
    snprintf(path, sizeof path, "%s/d.pbr", folder);
    channel = (struct channel){.path = path};
    write_rows(path, 5, 4);
    f = fopen(path, "rb");
    len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_int_equal(len % 5, 0);
    record = len / 5;
    for (size_t cut = 1; cut < len; cut++) {
        struct dataset d;
        struct error err = {0};
        write_file(path, bytes, cut);
        if (cut % record == 0) {
            assert_int_equal(format_read(&channel, &d, &err), 0);
            assert_int_equal(d.rows, cut / record);
            dataset_free(&d);
            continue;
        }
        assert_int_equal(format_read(&channel, &d, &err), -1);
        snprintf(where, sizeof where, "%s, record %zu", path, cut / record + 1);
        assert_string_equal(err.where, where);
    }
}

/* Places in a plain file, in one that is packed, and in memory. */
static void reads_any_place(void **state)
{
    static const char text[] = "0123456789";
    gzFile packed = gzopen(at("p.gz"), "wb");
    (void)state;
    gzwrite(packed, text, 10);
    gzclose(packed);
    write_file(at("p"), text, 10);
    for (int i = 0; i < 3; i++) {
        struct error err;
        struct input *in = i == 2 ? input_open_bytes(text, 10, "p") : input_open(at(i ? "p.gz" : "p"), &err);
        uint64_t size;
        char buffer[8] = {0};
        assert_int_equal(input_random(in, &size, &err), 0);
        assert_int_equal(size, 10);
        assert_int_equal(input_read_at(in, 7, buffer, 3, &err), 0);
        assert_string_equal(buffer, "789");
        assert_int_equal(input_read_at(in, 0, buffer, 4, &err), 0);
        assert_string_equal(buffer, "0123");
        assert_int_equal(input_read_at(in, 8, buffer, 3, &err), -1);
        assert_non_null(strstr(err.what, "ends too early"));
        assert_int_equal(input_read_at(in, UINT64_MAX / 2, buffer, 3, &err), -1);
        input_close(in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_are_the_whole),
        cmocka_unit_test(folders_epochs_and_refusals),
        cmocka_unit_test(reads_fifos_and_says_where_they_break_off),
        cmocka_unit_test(files_cut_anywhere),
        cmocka_unit_test(reads_any_place),
        cmocka_unit_test(records_cut_anywhere_name_the_record),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
