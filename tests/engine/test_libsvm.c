/* Reading libsvm: what is taken, what is refused and with which words, and a real data set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/format/csv.h"
#include "engine/format/format.h"
#include "engine/format/libsvm.h"
#include "engine/format/record.h"

static int read_text(const char *text, struct dataset *d, struct error *err)
{
    struct input *in = input_open_bytes(text, strlen(text), "t.svm");
    struct dataset_builder b = {.data = d};
    int status;
    *d = (struct dataset){0};
    *err = (struct error){0};
    status = libsvm_read(in, &(struct layout){0}, &b, err);
    dataset_builder_finish(&b);
    input_close(in);
    return status;
}

static void takes_labels_weights_and_entries(void **state)
{
    static const struct {
        const char *text;
        size_t rows, columns, entries;
        float cells[12]; /* label, weight, features, row after row */
    } cases[] = {
        {"1 0:2.5 2:3\n0 1:-4e1\n", 2, 3, 3, {1, 1, 2.5f, 0, 3, 0, 1, 0, -40, 0}},
        {"-1:0.5 0:1\n+2 1:7", 2, 2, 2, {-1, .5f, 1, 0, 2, 1, 0, 7}},
        {"# all\n\n1\t0:1   1:2\t# rest 5:5\r\n 3 # none\n", 2, 2, 2, {1, 1, 1, 2, 3, 1, 0, 0}},
        {"1 0:0 1:1\n", 1, 2, 2, {1, 1, 0, 1}},
        {"1:0 000:4\n", 1, 1, 1, {1, 0, 4}},
    };
    struct dataset d;
    struct error err;
    float row[8];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const float *wanted = cases[i].cells;
        if (read_text(cases[i].text, &d, &err) < 0)
            fail_msg("case %zu: %s", i, err.what);
        assert_int_equal(d.rows, cases[i].rows);
        assert_int_equal(d.columns, cases[i].columns);
        assert_int_equal(d.start[d.rows], cases[i].entries);
        for (size_t r = 0; r < d.rows; r++, wanted += d.columns + 2) {
            dataset_row(&d, r, row);
            assert_true(d.y[r] == wanted[0] && (d.weight ? d.weight[r] : 1) == wanted[1]);
            assert_memory_equal(row, wanted + 2, d.columns * sizeof *row);
        }
        dataset_free(&d);
    }
}

static void refuses_with_file_line_and_entry(void **state)
{
    static const struct {
        const char *text, *where, *says;
    } cases[] = {
        {"1 0:1\n1 3:1 2:1\n", "t.svm, line 2, entry 2", "'2:1' does not have a larger index"},
        {"1 3:1 3:1\n", "t.svm, line 1, entry 2", "does not have a larger index"},
        {"1 qid: 0:1\n", "t.svm, line 1, entry 1", "'qid:' is not a qid"},
        {"1 qid:-4 0:1\n", "t.svm, line 1, entry 1", "is not a qid"},
        {"1 qid:4294967296 0:1\n", "t.svm, line 1, entry 1", "is not a qid"},
        {"1 0:1 qid:4\n", "t.svm, line 1, entry 2", "is not index:value"},
        {"qid:4 0:1\n", "t.svm, line 1", "is not a label"},
        {"1 qid:4 0:1\n1 0:1\n", "t.svm, line 2, entry 1", "has no qid, the rows before have one"},
        {"1 0:1\n1 qid:4 0:1\n", "t.svm, line 2, entry 1", "has a qid, the rows before have none"},
        {"1 qid:4 0:1\n1 qid:3 0:1\n", "t.svm, line 2, entry 1", "smaller than the qid"},
        {"cat 0:1\n", "t.svm, line 1", "'cat' is not a label"},
        {"nan 0:1\n", "t.svm, line 1", "'nan' is not a label"},
        {"1: 0:1\n", "t.svm, line 1", "'1:' is not a label"},
        {"1:-2 0:1\n", "t.svm, line 1", "negative weight"},
        {"0:1 1:2:3\n", "t.svm, line 1, entry 1", "'1:2:3' is not index:value"},
        {"1 0:1 5\n", "t.svm, line 1, entry 2", "'5' is not index:value"},
        {"1 -1:1\n", "t.svm, line 1, entry 1", "is not index:value"},
        {"1 0:x\n", "t.svm, line 1, entry 1", "is not index:value"},
        {"1 0:1,1:2\n", "t.svm, line 1, entry 1", "is not index:value"},
        {"1 0:inf\n", "t.svm, line 1, entry 1", "is not index:value"},
        {"1 0:1e39\n", "t.svm, line 1, entry 1", "fits 32 bits"},
        {"1 2147483647:1\n", "t.svm, line 1, entry 1", "index above"},
        {"1 99999999999999999999999:1\n", "t.svm, line 1, entry 1", "index above"},
        {"1,2,3\n", "t.svm, line 1", "'1,2,3' is not a label"},
    };
    struct dataset d;
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(read_text(cases[i].text, &d, &err), -1);
        if (!strstr(err.what, cases[i].says) || strcmp(err.where, cases[i].where) != 0)
            fail_msg("case %zu says: %s (%s)", i, err.what, err.where);
        assert_int_equal(err.code, ERROR_INPUT);
        assert_true(err.fix[0]);
        dataset_free(&d);
    }
}

static void groups_rows_by_query(void **state)
{
    static const char text[] = "1 qid:0 0:1\n0:0.5 qid:7\n2 qid:7 1:1\n0 qid:4294967295 0:2";
    static const uint32_t wanted[] = {0, 7, 7, 4294967295u};
    struct writer w = {0};
    struct dataset d;
    struct error err;
    (void)state;
    assert_int_equal(read_text(text, &d, &err), 0);
    assert_int_equal(d.rows, 4);
    assert_memory_equal(d.group, wanted, sizeof wanted);
    assert_true(d.weight[1] == .5f && d.weight[2] == 1);
    for (; w.rows < d.rows; w.rows++)
        assert_int_equal(libsvm_append(&w, &d, w.rows, &err), 0);
    assert_string_equal(w.bytes.data, text);
    str_clear(&w.bytes);
    assert_int_equal(csv_append(&w, &d, 0, &err), -1);
    assert_non_null(strstr(err.what, "cannot hold the groups"));
    assert_int_equal(record_append(&w, &d, 0, &err), -1);
    assert_non_null(strstr(err.what, "cannot hold the group"));
    str_free(&w.bytes);
    dataset_free(&d);
}

/* UCI's mushrooms as XGBoost ships them: 6,513 and 1,611 rows of 22 attributes, one-hot in 126 columns from 1. */
static void reads_the_mushrooms(void **state)
{
    static const struct {
        const char *file;
        size_t rows;
    } cases[] = {{"agaricus.txt.train.gz", 6513}, {"agaricus.txt.test.gz", 1611}};
    const char *shared = getenv("FLASHLAB_SHARED");
    char path[256];
    struct dataset d;
    struct error err;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/data/agaricus/%s", shared ? shared : "../shared", cases[i].file);
        if (access(path, R_OK) < 0) {
            print_message("skipped: %s is not there\n", path);
            skip();
        }
        if (format_read(&(struct channel){.path = path, .content_type = "text/libsvm", .allowed = NULL}, &d, &err) < 0)
            fail_msg("%s: %s", err.where, err.what);
        assert_int_equal(d.rows, cases[i].rows);
        assert_int_equal(d.columns, 127);
        assert_int_equal(d.start[d.rows], 22 * d.rows);
        for (size_t k = 0; k < d.start[d.rows]; k++)
            assert_true(d.value[k] == 1 && d.index[k] > 0);
        assert_true(d.bytes_read > 1000);
        dataset_free(&d);
    }
}

static void refuses_rows_of_both_kinds_and_rows_without_features(void **state)
{
    static const char *const types[] = {"text/csv", NULL};
    char folder[] = "/tmp/flashlab-libsvm-XXXXXX", path[64];
    static const char *const names[] = {"a.csv", "b.svm", "c.csv"};
    static const char *const texts[] = {"1,2\n", "1 0:1\n", "3,4\n"};
    struct dataset d;
    struct error err;
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        FILE *f = fopen(path, "w");
        fputs(texts[i], f);
        fclose(f);
    }
    assert_int_equal(format_read(&(struct channel){.path = folder, .content_type = NULL, .allowed = NULL}, &d, &err),
                     -1);
    assert_non_null(strstr(err.what, "rows before are dense"));
    assert_non_null(strstr(err.where, "b.svm, line 1"));
    assert_int_equal(format_read(&(struct channel){.path = folder, .content_type = NULL, .allowed = types}, &d, &err),
                     -1);
    assert_non_null(strstr(err.what, "does not take data of type text/libsvm"));
    assert_non_null(strstr(err.fix, "convert turns it into text/csv"));
    snprintf(path, sizeof path, "%s/a.csv", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(format_read(&(struct channel){.path = folder, .content_type = NULL, .allowed = NULL}, &d, &err),
                     -1);
    assert_non_null(strstr(err.what, "rows before are sparse"));
    snprintf(path, sizeof path, "%s/b.svm", folder);
    FILE *f = fopen(path, "w");
    fputs("1\n0\n", f);
    fclose(f);
    assert_int_equal(format_read(&(struct channel){.path = path, .content_type = NULL, .allowed = NULL}, &d, &err), -1);
    assert_non_null(strstr(err.what, "No row has a feature"));
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/c.csv", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_labels_weights_and_entries),
        cmocka_unit_test(refuses_with_file_line_and_entry),
        cmocka_unit_test(groups_rows_by_query),
        cmocka_unit_test(reads_the_mushrooms),
        cmocka_unit_test(refuses_rows_of_both_kinds_and_rows_without_features),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
