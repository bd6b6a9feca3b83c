/* RecordIO and the protobuf Record: frames worked out by hand from the two formats' rules, what is refused and how. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/format/record.h"
#include "engine/format/record.pb-c.h"
#include "engine/format/recordio.h"

#define DENSE                                                                                                          \
    "0a23d7ce 2c000000 0a160a0676616c756573120c120a0a080000803f00000040 12120a0676616c7565731208 12060a040000803f"
#define SPARSE                                                                                                         \
    "0a23d7ce 2e000000 0a180a0676616c756573120e120c0a04000040401201051a010a 12120a0676616c756573120812060a0400000000 " \
    "0000"
#define SEQUENCES "0a23d7ce 25000000 0a120a06736f7572636512083a060a040401ac02 0a0f0a0674617267657412053a030a0105 000000"
#define LABEL "12120a0676616c7565731208 12060a040000803f" /* 20 bytes: 1 */

static size_t from_hex(const char *hex, unsigned char *bytes)
{
    size_t len = 0;
    unsigned value;
    int used;
    for (; sscanf(hex, " %2x%n", &value, &used) == 1; hex += used)
        bytes[len++] = (unsigned char)value;
    return len;
}

static int read_bytes(const void *bytes, size_t len, struct dataset *d, struct error *err)
{
    struct input *in = input_open_bytes(bytes, len, "t.pbr");
    struct dataset_builder b = {.data = d};
    int status;
    *d = (struct dataset){0};
    *err = (struct error){0};
    status = record_read(in, &(struct layout){0}, &b, err);
    dataset_builder_finish(&b);
    input_close(in);
    return status;
}

static int read_hex(const char *hex, struct dataset *d, struct error *err)
{
    unsigned char bytes[512];
    return read_bytes(bytes, from_hex(hex, bytes), d, err);
}

/* A frame around the payload that `hex` spells. */
static int read_payload(const char *hex, struct dataset *d, struct error *err)
{
    unsigned char bytes[512];
    struct str frame = {0};
    int status;
    recordio_append(&frame, bytes, from_hex(hex, bytes));
    status = read_bytes(frame.data, frame.len, d, err);
    str_free(&frame);
    return status;
}

static void reads_dense_and_sparse(void **state)
{
    struct dataset d;
    struct error err;
    float row[10];
    (void)state;
    assert_int_equal(read_hex(DENSE DENSE, &d, &err), 0);
    assert_int_equal(d.rows, 2);
    assert_int_equal(d.columns, 2);
    assert_true(d.y[1] == 1 && d.x[0] == 1 && d.x[1] == 2 && d.x[2] == 1 && d.x[3] == 2);
    dataset_free(&d);
    assert_int_equal(read_hex(SPARSE SPARSE, &d, &err), 0);
    assert_int_equal(d.rows, 2);
    assert_int_equal(d.columns, 10);
    assert_int_equal(d.start[2], 2);
    dataset_row(&d, 1, row);
    for (int i = 0; i < 10; i++)
        assert_true(row[i] == (i == 5 ? 3 : 0));
    assert_true(d.y[1] == 0);
    dataset_free(&d);
}

static void reads_every_type_of_number(void **state)
{
    static const struct {
        const char *payload;
        float x[2];
    } cases[] = {
        /* float64 [1.5, -2], int32 [-1 in ten bytes, 300], float32 unpacked, shape [2] with dense values */
        {"0a1e0a0676616c756573 1214 1a12 0a10 000000000000f83f 00000000000000c0" LABEL, {1.5f, -2}},
        {"0a1a0a0676616c756573 1210 3a0e 0a0c ffffffffffffffffff01 ac02" LABEL, {-1, 300}},
        {"0a180a0676616c756573 120e 120c 0d0000803f 0d0000c07f 1a00" LABEL, {1, NAN}},
        {"0a190a0676616c756573 120f 120d 0a080000803f00000040 1a0102" LABEL, {1, 2}},
        /* uid and metadata are passed over */
        {"0a160a0676616c756573 120c 120a 0a080000803f00000040" LABEL "1a0161 220162", {1, 2}},
    };
    struct dataset d;
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = read_payload(cases[i].payload, &d, &err);
        if (status < 0 || d.columns != 2)
            fail_msg("case %zu: %s", i, err.what);
        for (int k = 0; k < 2; k++)
            assert_true(isnan(cases[i].x[k]) ? isnan(d.x[k]) : d.x[k] == cases[i].x[k]);
        dataset_free(&d);
    }
}

static void unpacks_sequences(void **state)
{
    unsigned char bytes[64];
    struct input *in = input_open_bytes(bytes, from_hex(SEQUENCES, bytes), "t.pbr");
    struct recordio r;
    struct error err;
    struct dataset d;
    const unsigned char *payload;
    size_t len;
    Aialgs__Data__Record *record;
    const Aialgs__Data__Int32Tensor *t;
    (void)state;
    recordio_init(&r, in);
    assert_int_equal(recordio_next(&r, &payload, &len, &err), 1);
    assert_int_equal(len, 37);
    record = aialgs__data__record__unpack(NULL, len, payload);
    assert_non_null(record);
    assert_int_equal(record->n_features, 2);
    assert_string_equal(record->features[0]->key, "source");
    t = record->features[0]->value->int32_tensor;
    assert_true(t->n_values == 3 && t->values[0] == 4 && t->values[1] == 1 && t->values[2] == 300);
    assert_string_equal(record->features[1]->key, "target");
    t = record->features[1]->value->int32_tensor;
    assert_true(t->n_values == 1 && t->values[0] == 5);
    aialgs__data__record__free_unpacked(record, NULL);
    assert_int_equal(recordio_next(&r, &payload, &len, &err), 0);
    recordio_free(&r);
    input_close(in);
    assert_int_equal(read_hex(SEQUENCES, &d, &err), -1);
    assert_string_equal(err.what, "The label is missing");
    dataset_free(&d);
}

static void joins_and_cuts_at_the_magic(void **state)
{
    static const struct {
        const char *payload, *frame;
    } cases[] = {
        {"01020304", "0a23d7ce 04000000 01020304"},
        {"", "0a23d7ce 00000000"},
        {"010a23d7ce", "0a23d7ce 05000000 010a23d7ce 000000"}, /* not at a multiple of four: left alone */
        {"0a23d7ce", "0a23d7ce 00000020 0a23d7ce 00000060"},
        {"01020304 0a23d7ce 05", "0a23d7ce 04000020 01020304 0a23d7ce 01000060 05000000"},
        {"0a23d7ce 0a23d7ce 07", "0a23d7ce 00000020 0a23d7ce 00000040 0a23d7ce 01000060 07000000"},
    };
    unsigned char payload[64], frame[64];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = from_hex(cases[i].payload, payload), frame_len = from_hex(cases[i].frame, frame), got_len;
        struct input *in = input_open_bytes(frame, frame_len, "t.rec");
        struct str out = {0};
        struct recordio r;
        struct error err;
        const unsigned char *got;
        recordio_append(&out, payload, len);
        assert_int_equal(out.len, frame_len);
        assert_memory_equal(out.data, frame, frame_len);
        recordio_init(&r, in);
        assert_int_equal(recordio_next(&r, &got, &got_len, &err), 1);
        assert_int_equal(got_len, len);
        assert_true(len == 0 || memcmp(got, payload, len) == 0);
        assert_int_equal(recordio_next(&r, &got, &got_len, &err), 0);
        recordio_free(&r);
        input_close(in);
        str_free(&out);
    }
}

/* Records longer than the reader's block, many of them. */
static void reads_long_records(void **state)
{
    enum { COUNT = 7, LENGTH = 700001 };
    unsigned char *payload = malloc(LENGTH);
    struct str file = {0};
    struct recordio r;
    struct error err;
    struct input *in;
    const unsigned char *got;
    size_t len;
    (void)state;
    for (int k = 0; k < COUNT; k++) {
        memset(payload, 'a' + k, LENGTH);
        recordio_append(&file, payload, (size_t)(LENGTH - k));
    }
    in = input_open_bytes(file.data, file.len, "t.rec");
    recordio_init(&r, in);
    for (int k = 0; k < COUNT; k++) {
        assert_int_equal(recordio_next(&r, &got, &len, &err), 1);
        assert_int_equal(len, LENGTH - k);
        assert_true(got[0] == 'a' + k && got[len - 1] == 'a' + k);
    }
    assert_int_equal(recordio_next(&r, &got, &len, &err), 0);
    recordio_free(&r);
    input_close(in);
    str_free(&file);
    free(payload);
}

static void refuses_with_file_and_record(void **state)
{
    static const struct {
        const char *frames, *where, *says;
    } cases[] = {
        {DENSE "0a23d7cf 00000000", "t.pbr, record 2", "does not begin with the bytes"},
        {DENSE "0a23d7", "t.pbr, record 2", "ends inside"},
        {"0a23d7ce 0400", "t.pbr, record 1", "ends inside"},
        {"0a23d7ce 04000000 0102", "t.pbr, record 1", "ends inside"},
        {"0a23d7ce 01000000 01", "t.pbr, record 1", "ends inside"},
        {"0a23d7ce ffffff1f 01", "t.pbr, record 1", "ends inside"},
        {"0a23d7ce 00000080", "t.pbr, record 1", "unknown flag"},
        {"0a23d7ce 00000060", "t.pbr, record 1", "first part of this record is missing"},
        {"0a23d7ce 00000040", "t.pbr, record 1", "first part of this record is missing"},
        {"0a23d7ce 00000020", "t.pbr, record 1", "ends inside"},
        {"0a23d7ce 00000020" DENSE, "t.pbr, record 1", "before the parts of this one end"},
        {"0a23d7ce 04000000 ffffffff", "t.pbr, record 1", "no protobuf message"},
        {"0a23d7ce 00000000", "t.pbr, record 1", "label is missing"},
        {DENSE SPARSE, "t.pbr, record 2", "are sparse, those of the rows before are dense"},
        {SPARSE DENSE, "t.pbr, record 2", "are dense, those of the rows before are sparse"},
    };
    static const struct {
        const char *payload, *says;
    } records[] = {
        {LABEL, "The features are missing"},
        {"0a0a0a03616263 1203 1201 00" LABEL, "no protobuf message"},
        {"0a070a03616263 1200" LABEL, "have the key 'abc'"},
        {"0a0a0a0676616c756573 1200" LABEL, "hold no numbers"},
        {"0a0f0a0676616c756573 1205 4a03 0a0161" LABEL, "hold no numbers"},
        {"0a0c0a0676616c756573 1202 1200" LABEL, "are empty"},
        {"0a120a0676616c756573 1208 1206 0a040000807f" LABEL, "too large for 32-bit floats"},
        {"0a100a0676616c756573 1206 1204 0a020000" LABEL, "no protobuf message"}, /* two bytes are no float */
        {"0a160a0676616c756573 120c 1a0a 0a08 000000000000f07e" LABEL, "too large for 32-bit floats"},
        {"0a150a0676616c756573 120b 1209 0a040000803f 120100" LABEL, "have no shape"},
        {"0a180a0676616c756573 120e 120c 0a040000803f 120105 1a0105" LABEL, "key outside their shape"},
        {"0a190a0676616c756573 120f 120d 0a040000803f 12020102 1a0105" LABEL, "as many keys as values"},
        {"0a1d0a0676616c756573 1213 1211 0a080000803f0000803f 12020201 1a0105" LABEL, "keys that do not rise"},
        {"0a1d0a0676616c756573 1213 1211 0a080000803f0000803f 12020101 1a0105" LABEL, "keys that do not rise"},
        {"0a150a0676616c756573 120b 1209 0a040000803f 1a0102" LABEL, "do not fill their shape"},
        {"0a1e0a0676616c756573 1214 1212 0a040000803f 1a0a ffffffffffffffffff01" LABEL, "too large a shape"},
        {"0a120a0676616c756573 1208 1206 0a040000803f", "label is missing"},
        {"0a120a0676616c756573 1208 1206 0a040000803f 120c0a0676616c756573 1202 1200", "is not one number"},
        {"0a120a0676616c756573 1208 1206 0a040000803f 12120a0676616c7565731208 12060a040000c07f",
         "not a finite number"},
    };
    struct dataset d;
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(read_hex(cases[i].frames, &d, &err), -1);
        if (!strstr(err.what, cases[i].says) || strcmp(err.where, cases[i].where) != 0)
            fail_msg("case %zu says: %s (%s)", i, err.what, err.where);
        assert_true(err.fix[0]);
        dataset_free(&d);
    }
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        int status = read_payload(records[i].payload, &d, &err);
        if (status == 0)
            fail_msg("record %zu is taken", i);
        if (!strstr(err.what, records[i].says))
            fail_msg("record %zu says: %s", i, err.what);
        dataset_free(&d);
    }
}

/* Linear Learner takes float32 only; requests need no label. */
static void layouts_restrict_and_relax(void **state)
{
    static const char wide[] = "0a160a0676616c756573 120c 1a0a 0a08 000000000000f03f" LABEL;
    static const char bare[] = "0a120a0676616c756573 1208 1206 0a040000803f";
    static const struct {
        const char *payload;
        struct layout layout;
        const char *says; /* NULL: fine */
    } cases[] = {
        {wide, {0}, NULL},
        {wide, {.float32 = true}, "another type than float32"},
        {bare, {0}, "label is missing"},
        {bare, {.label = LABEL_NONE}, NULL},
        {bare, {.label = LABEL_NONE, .columns = 1}, NULL},
        {bare, {.label = LABEL_NONE, .columns = 2}, "have 1 columns, the model takes 2"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char bytes[256];
        struct str frame = {0};
        struct dataset d = {0};
        struct dataset_builder b = {.data = &d};
        struct error err = {0};
        struct input *in;
        recordio_append(&frame, bytes, from_hex(cases[i].payload, bytes));
        in = input_open_bytes(frame.data, frame.len, "t.pbr");
        assert_int_equal(record_read(in, &cases[i].layout, &b, &err), cases[i].says ? -1 : 0);
        if (cases[i].says && !strstr(err.what, cases[i].says))
            fail_msg("case %zu says: %s", i, err.what);
        assert_true(cases[i].says || (d.rows == 1 && d.columns == 1 && d.x[0] == 1));
        input_close(in);
        dataset_free(&d);
        str_free(&frame);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_dense_and_sparse),     cmocka_unit_test(reads_every_type_of_number),
        cmocka_unit_test(unpacks_sequences),          cmocka_unit_test(joins_and_cuts_at_the_magic),
        cmocka_unit_test(reads_long_records),         cmocka_unit_test(refuses_with_file_and_record),
        cmocka_unit_test(layouts_restrict_and_relax),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
