/* Requests and answers: what the service's content types hold, what is refused and with which words. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/format/payload.h"
#include "engine/format/record.h"
#include "engine/format/recordio.h"

static int ask(const char *type, const char *bytes, size_t columns, struct dataset *d, struct error *err)
{
    const struct request in = {.content_type = type, .bytes = bytes, .len = strlen(bytes)};
    *err = (struct error){0};
    return payload_read(&in, columns, d, err);
}

static void takes_what_the_service_takes(void **state)
{
    static const char json[] = "application/json";
    static const struct {
        const char *type, *bytes;
        size_t rows, columns;
        float cells[8];
        bool sparse;
    } cases[] = {
        {NULL, "1,2\n3,4\n", 2, 2, {1, 2, 3, 4}, false},
        {"text/csv; label_size=0", "1,,3", 1, 3, {1, NAN, 3}, false},
        {"text/csv; charset=utf-8", "1.5\n", 1, 1, {1.5f}, false},
        {"csv", "1;2\n", 1, 2, {1, 2}, false},
        {"text/libsvm", "0:1 2:3\n7 1:5\n", 2, 3, {1, 0, 3, 0, 5, 0}, true},
        {"text/x-libsvm", "1:2\n", 1, 3, {0, 2, 0}, true},
        {"text/libsvm", "qid:4 0:1\n1 qid:2 1:2\n", 2, 2, {1, 0, 0, 2}, true},
        {"text/libsvm", "1:1 3:3\n2:2\n", 2, 3, {1, 0, 3, 0, 2, 0}, true}, /* counted from 1: nothing else fits */
        {json, "{\"instances\":[{\"features\":[1,-2.5e1]}]}", 1, 2, {1, -25}, false},
        {json,
         " {\n\"instances\" : [ {\"features\": [ 1 , null ] } ,\n{\"data\":{\"features\":{\"values\":[3,4]}}} ] } ",
         2,
         2,
         {1, NAN, 3, 4},
         false},
        {json,
         "{\"instances\":[{\"data\":{\"features\":{\"keys\":[1],\"shape\":[3],\"values\":[7]}}}]}",
         1,
         3,
         {0, 7, 0},
         true},
        {json,
         "{\"instances\":[{\"data\":{\"features\":{\"values\":[],\"keys\":[],\"shape\":[2]}}}]}",
         1,
         2,
         {0, 0},
         true},
        {json,
         "{\"instances\":[{\"features\":[1],\"label\":3,\"configuration\":{\"a\":[1,{\"b\":\"}\\\"\"}]}}],"
         "\"configuration\":null}",
         1,
         1,
         {1},
         false},
        {json, "{\"instances\":[{\"data\":{\"features\":{\"values\":[3,4],\"shape\":[2,1]}}}]}", 1, 2, {3, 4}, false},
        {"application/jsonlines", "{\"features\":[1,2]}\n\n{\"features\":[3,4]}", 2, 2, {1, 2, 3, 4}, false},
    };
    struct dataset d;
    struct error err;
    float row[8];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (ask(cases[i].type, cases[i].bytes, cases[i].columns, &d, &err) < 0)
            fail_msg("case %zu: %s (%s)", i, err.what, err.where);
        assert_int_equal(d.rows, cases[i].rows);
        assert_int_equal(d.columns, cases[i].columns);
        assert_int_equal(d.start != NULL, cases[i].sparse);
        for (size_t r = 0; r < d.rows; r++) {
            dataset_row(&d, r, row);
            for (size_t c = 0; c < d.columns; c++) {
                float wanted = cases[i].cells[r * d.columns + c];
                if (!(isnan(wanted) ? isnan(row[c]) : row[c] == wanted))
                    fail_msg("case %zu, row %zu, column %zu: %g", i, r, c, (double)row[c]);
            }
        }
        dataset_free(&d);
    }
}

static void refuses_with_the_instance(void **state)
{
    static const char json[] = "application/json", lines[] = "application/jsonlines", svm[] = "text/libsvm";
    static const struct {
        const char *type, *bytes, *where, *says;
    } cases[] = {
        {"application/x-parquet", "PAR1", "request", "cannot be of type 'application/x-parquet'"},
        {"text/csv;label_size=1", "1,2\n", "request", "'label_size=1' of"},
        {NULL, "", "request", "no rows"},
        {NULL, "1,2,3\n", "request, line 1", "has 3 columns, the model takes 2"},
        {NULL, "1,2\n1\n", "request, line 2", "has 1 columns, the model takes 2"},
        {NULL, "1,x\n", "request, line 1, column 2", "'x' is not a number"},
        {NULL, "\x1f\x8b\b", "request, line 1", "header"}, /* not unpacked */
        {svm, "0:1\n1:1 2:5\n", "request, row 2", "index 2, the model takes 2 features"},
        {svm, "1:1 3:5\n", "request, row 1", "index 3, the model takes 2 features"},
        {svm, "x 0:1\n", "request, line 1", "is not a label"},
        {svm, "1 0:1 0:2\n", "request, line 1, entry 2", "larger index"},
        {json, "", "request, line 1", "no JSON object"},
        {json, "[1]", "request, line 1", "no JSON object"},
        {json, "{}", "request, line 1", "no instances"},
        {json, "{\"instances\":[]}", "request", "no rows"},
        {json, "{\"instances\":{}}", "request, instance 1", "are no list"},
        {json, "{\"instances\":[{\"features\":[1,2]}", "request, instance 1", "a comma or ]"},
        {json, "{\"instances\":[{\"features\":[1,2]}]", "request, line 1", "a comma or }"},
        {json, "{\"instances\":[{\"features\":[1,2]},]}", "request, instance 2", "where { should come"},
        {json, "{\"instances\":[{\"features\":[1,2]}]} x", "request, line 1", "Something follows"},
        {json, "{\"instances\":[{\"features\":[1,2]}],\"instances\":[]}", "request, line 1", "twice"},
        {json, "{\"rows\":[]}", "request, line 1", "The key 'rows' is not known"},
        {json, "{\"instances\":[{\"features\":[1,2]},{\"features\":[1]}]}", "request, instance 2",
         "has 1 features, the model takes 2"},
        {json, "{\"instances\":[{\"features\":[1,NaN]}]}", "request, instance 1", "'NaN' is not a number of JSON"},
        {json, "{\"instances\":[{\"features\":[1,-Infinity]}]}", "request, instance 1", "'-Infinity' is not a number"},
        {json, "{\"instances\":[{\"features\":[1,1e39]}]}", "request, instance 1", "too large for 32-bit"},
        {json, "{\"instances\":[{\"features\":[1,\"2\"]}]}", "request, instance 1", "where a number should come"},
        {json, "{\"instances\":[{\"features\":[1,[2]]}]}", "request, instance 1", "where a number should come"},
        {json, "{\"instances\":[{\"features\":[1,,2]}]}", "request, instance 1", "where a number should come"},
        {json, "{\"instances\":[{\"features\":[1,2],\"id\":3}]}", "request, instance 1", "The key 'id' is not known"},
        {json, "{\"instances\":[{\"features\":[1,2],\"features\":[1,2]}]}", "request, instance 1", "given twice"},
        {json, "{\"instances\":[{}]}", "request, instance 1", "The features are missing"},
        {json, "{\"instances\":[{\"data\":{\"features\":{\"values\":[1],\"keys\":[0]}}}]}", "request, instance 1",
         "have no shape"},
        {json, "{\"instances\":[{\"data\":{\"features\":{\"values\":[1],\"keys\":[2],\"shape\":[2]}}}]}",
         "request, instance 1", "outside the shape"},
        {json, "{\"instances\":[{\"data\":{\"features\":{\"values\":[1,2],\"keys\":[1,1],\"shape\":[2]}}}]}",
         "request, instance 1", "do not rise"},
        {json, "{\"instances\":[{\"data\":{\"features\":{\"values\":[1],\"keys\":[-1],\"shape\":[2]}}}]}",
         "request, instance 1", "no whole number"},
        {json, "{\"instances\":[{\"data\":{\"features\":{\"values\":[1],\"keys\":[0.5],\"shape\":[2]}}}]}",
         "request, instance 1", "no whole number"},
        {json, "{\"instances\":[{\"data\":{\"features\":{\"values\":[1],\"keys\":[0,1],\"shape\":[2]}}}]}",
         "request, instance 1", "as many keys as values"},
        {json, "{\"instances\":[{\"data\":{\"features\":{\"values\":[1,2],\"shape\":[3]}}}]}", "request, instance 1",
         "do not fill their shape"},
        {json, "{\"instances\":[{\"data\":{\"features\":{\"values\":[1],\"keys\":[0],\"shape\":[99999,99999]}}}]}",
         "request, instance 1", "shape is too large"},
        {json, "{\"instances\":[{\"data\":{\"features\":{\"values\":[1],\"keys\":[0],\"shape\":[5]}}}]}",
         "request, instance 1", "has 5 features, the model takes 2"},
        {json,
         "{\"instances\":[{\"features\":[1,2]},{\"data\":{\"features\":{\"values\":[1],\"keys\":[0],"
         "\"shape\":[2]}}}]}",
         "request, instance 2", "is sparse, those before are dense"},
        {lines, "{\"features\":[1,2]} {\"features\":[1,2]}\n", "request, line 1", "Something follows the row"},
        {lines, "{\"features\":[1,2]}\n{\"features\":[1", "request, line 2", "The JSON ends where a comma or ]"},
    };
    struct dataset d;
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(ask(cases[i].type, cases[i].bytes, 2, &d, &err), -1);
        if (!strstr(err.what, cases[i].says) || strcmp(err.where, cases[i].where) != 0)
            fail_msg("case %zu says: %s (%s)", i, err.what, err.where);
        assert_int_equal(err.code, strstr(err.what, "shape is too large") ? ERROR_LIMIT : ERROR_INPUT);
        assert_true(err.fix[0]);
        assert_null(d.y);
    }
}

/* A configuration nested a million deep, which must not be followed by recursion. */
static void refuses_depth_and_length(void **state)
{
    static const char head[] = "{\"instances\":[{\"features\":[1,2],\"configuration\":";
    size_t deep = 1000000;
    char *text = malloc(sizeof head + deep);
    const struct request large = {.content_type = "text/csv", .bytes = "", .len = PAYLOAD_BYTES_MAX + 1};
    struct dataset d;
    struct error err;
    (void)state;
    strcpy(text, head);
    memset(text + strlen(head), '[', deep);
    text[sizeof head - 1 + deep] = '\0';
    assert_int_equal(ask("application/json", text, 2, &d, &err), -1);
    assert_non_null(strstr(err.what, "at most 64 levels"));
    assert_int_equal(payload_read(&large, 2, &d, &err), -1);
    assert_int_equal(err.code, ERROR_LIMIT);
    free(text);
}

/* A million instances; the last one is wrong the second time. */
static void reads_a_million_instances(void **state)
{
    struct str text = {0};
    struct dataset d;
    struct error err;
    (void)state;
    str_puts(&text, "{\"instances\":[");
    for (int i = 0; i < 1000000; i++)
        str_puts(&text, i ? ",{\"features\":[0.5,7]}" : "{\"features\":[0.5,7]}");
    str_puts(&text, "]}");
    assert_int_equal(ask("application/json", text.data, 2, &d, &err), 0);
    assert_int_equal(d.rows, 1000000);
    assert_true(d.x[1999998] == .5f && d.x[1999999] == 7);
    dataset_free(&d);
    text.data[text.len - 5] = 'x'; /* the 7 */
    assert_int_equal(ask("application/json", text.data, 2, &d, &err), -1);
    assert_string_equal(err.where, "request, instance 1000000");
    str_free(&text);
}

static const float scores[] = {.25f, .5f, 1e-7f, 3, NAN, INFINITY}, labels[] = {0, 1, 0};
static const struct payload_field both[] = {{"score", scores, 2, false}, {"predicted_label", labels, 1, false}};
static const struct payload_field single[] = {{"score", labels, 1, false}}, listed[] = {{"score", labels, 1, true}};
static const char *const all_types[] = {"text/csv", "application/json", "application/jsonlines",
                                        "application/x-recordio-protobuf", NULL};

static void answers_in_every_type(void **state)
{
    static const struct {
        const char *accept, *type, *bytes;
        const struct payload_field *fields;
        size_t count;
    } cases[] = {
        {NULL, "text/csv", "0.25,0.5,0\n1e-07,3,1\n,,0\n", both, 2},
        {"", "text/csv", "0\n1\n0\n", single, 1},
        {"*/*", "text/csv", "0\n1\n0\n", single, 1},
        {"text/html, application/*;q=0.8", "application/json",
         "{\"predictions\":[{\"score\":0},{\"score\":1},{\"score\":0}]}", single, 1},
        {"Application/JSON", "application/json",
         "{\"predictions\":[{\"score\":[0.25,0.5],\"predicted_label\":0},{\"score\":[1e-07,3],\"predicted_label\":1},"
         "{\"score\":[null,null],\"predicted_label\":0}]}",
         both, 2},
        {"application/jsonlines", "application/jsonlines", "{\"score\":[0]}\n{\"score\":[1]}\n{\"score\":[0]}\n",
         listed, 1},
    };
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct request in = {.accept = cases[i].accept};
        struct answer out = {0};
        assert_int_equal(payload_write(&in, all_types, cases[i].fields, cases[i].count, 3, &out, &err), 0);
        assert_string_equal(out.content_type, cases[i].type);
        assert_string_equal(out.bytes.data, cases[i].bytes);
        str_free(&out.bytes);
    }
}

/* The record of the reference's first vector, with its label map only: {"score": [1]} by hand. */
static void answers_as_records(void **state)
{
    static const unsigned char wanted[] = {0x0a, 0x23, 0xd7, 0xce, 0x13, 0,    0,    0,    0x12, 0x11,
                                           0x0a, 0x05, 's',  'c',  'o',  'r',  'e',  0x12, 0x08, 0x12,
                                           0x06, 0x0a, 0x04, 0,    0,    0x80, 0x3f, 0};
    static const float one = 1;
    const struct payload_field field = {"score", &one, 1, false};
    const struct request in = {.accept = "application/x-recordio-protobuf"};
    struct answer out = {0};
    struct error err;
    (void)state;
    assert_int_equal(payload_write(&in, all_types, &field, 1, 1, &out, &err), 0);
    assert_int_equal(out.bytes.len, sizeof wanted);
    assert_memory_equal(out.bytes.data, wanted, sizeof wanted);
    str_free(&out.bytes);
}

static void refuses_types_it_cannot_answer_in(void **state)
{
    static const char *const accepts[] = {"application/json", "text/csv", NULL};
    struct request in = {.accept = "application/x-recordio-protobuf"};
    struct answer out = {0};
    struct error err;
    (void)state;
    assert_int_equal(payload_write(&in, accepts, single, 1, 3, &out, &err), -1);
    assert_non_null(strstr(err.what, "of type 'application/x-recordio-protobuf' cannot be had"));
    assert_string_equal(err.fix, "ask for application/json or text/csv");
}

/* Records with and without label. */
static void reads_records(void **state)
{
    static const unsigned char bytes[] = {0x0a, 0x23, 0xd7, 0xce, 0x18, 0,    0,   0,    0x0a, 0x16, 0x0a,
                                          0x06, 'v',  'a',  'l',  'u',  'e',  's', 0x12, 0x0c, 0x12, 0x0a,
                                          0x0a, 0x08, 0,    0,    0x80, 0x3f, 0,   0,    0,    0x40};
    struct request in = {.content_type = "application/x-recordio-protobuf", .bytes = bytes, .len = sizeof bytes};
    struct dataset d;
    struct error err;
    (void)state;
    assert_int_equal(payload_read(&in, 2, &d, &err), 0);
    assert_true(d.rows == 1 && d.columns == 2 && d.x[0] == 1 && d.x[1] == 2);
    dataset_free(&d);
    assert_int_equal(payload_read(&in, 3, &d, &err), -1);
    assert_string_equal(err.where, "request, record 1");
    assert_non_null(strstr(err.what, "have 2 columns, the model takes 3"));
    in.len--;
    assert_int_equal(payload_read(&in, 2, &d, &err), -1);
    assert_non_null(strstr(err.what, "ends inside this record"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_the_service_takes),
        cmocka_unit_test(refuses_with_the_instance),
        cmocka_unit_test(refuses_depth_and_length),
        cmocka_unit_test(reads_a_million_instances),
        cmocka_unit_test(answers_in_every_type),
        cmocka_unit_test(answers_as_records),
        cmocka_unit_test(refuses_types_it_cannot_answer_in),
        cmocka_unit_test(reads_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
