/* Thrift's compact protocol: bytes worked out by hand from its rules, cut anywhere, nested without end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/format/thrift.h"

/* field 1: i32 -3 (zigzag 5); field 2: true; field 4: "ab"; field 20: list of two i32 [1, 300]; field 21: struct with
 * field 1 i64 64; field 22: map of one pair i32 1 -> list of one true; field 23: double; stop */
static const unsigned char message[] = {0x15, 5,    0x11, 0x28, 2,    'a', 'b',  0x09, 40,   0x25, 2,    0xd8,
                                        0x04, 0x1c, 0x16, 0x80, 0x01, 0,   0x1b, 1,    0x59, 2,    0x11, 1,
                                        0x17, 0,    0,    0,    0,    0,   0,    0,    0,    0};

static bool read_all(const unsigned char *bytes, size_t len, bool skip)
{
    struct thrift t = thrift_open(bytes, len);
    unsigned seen = 0;
    thrift_begin(&t);
    for (int id; thrift_next(&t, &id);) {
        const unsigned char *text;
        enum thrift_type element;
        int64_t sum = 0;
        seen++;
        if (skip) {
            thrift_skip(&t);
        } else if (id == 1) {
            int64_t value = thrift_integer(&t);
            assert_true(t.wrong || value == -3);
        } else if (id == 2) {
            assert_true(thrift_bool(&t));
        } else if (id == 4) {
            assert_true((thrift_binary(&t, &text) == 2 && memcmp(text, "ab", 2) == 0) || t.wrong);
        } else if (id == 20) {
            for (size_t n = thrift_list(&t, &element); thrift_element(&t, element, &n);)
                sum += thrift_integer(&t);
            assert_true(t.wrong || sum == 301);
        } else if (id == 21) {
            thrift_begin(&t);
            for (int inner; thrift_next(&t, &inner);)
                assert_true(thrift_integer(&t) == 64 || t.wrong);
        } else {
            thrift_skip(&t);
        }
    }
    assert_true(t.wrong || seen == 7);
    return !t.wrong;
}

static void reads_fields_and_skips(void **state)
{
    (void)state;
    for (int skip = 0; skip < 2; skip++) {
        assert_true(read_all(message, sizeof message, skip));
        for (size_t len = 0; len < sizeof message; len++)
            assert_false(read_all(message, len, skip));
    }
}

static void ends_at_any_nesting(void **state)
{
    unsigned char deep[4096];
    struct thrift t;
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        memset(deep, kind ? 0x19 : 0x1c, sizeof deep); /* lists of lists, structs in structs */
        t = thrift_open(deep, sizeof deep);
        thrift_begin(&t);
        for (int id; thrift_next(&t, &id);)
            thrift_skip(&t);
        assert_non_null(t.wrong);
        assert_non_null(strstr(t.wrong, "too deep"));
    }
}

static void refuses_what_is_wrong(void **state)
{
    static const struct {
        unsigned char bytes[16];
        size_t len;
        const char *says;
    } cases[] = {
        {{0x1d, 0}, 2, "unknown type"},                                /* type 13 */
        {{0x18, 0xff, 0xff, 0xff, 0xff, 0x0f}, 6, "end too early"},    /* a text of 4 GiB */
        {{0x19, 0xfc, 0xff, 0xff, 0xff, 0x7f, 0}, 7, "end too early"}, /* a list of 268 million */
        {{0x16, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}, 12, "too many bytes"},
        {{0x05, 1, 0}, 3, "unknown type or number"}, /* field -1 */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct thrift t = thrift_open(cases[i].bytes, cases[i].len);
        thrift_begin(&t);
        for (int id; thrift_next(&t, &id);)
            thrift_skip(&t);
        if (!t.wrong || !strstr(t.wrong, cases[i].says))
            fail_msg("case %zu says: %s", i, t.wrong ? t.wrong : "nothing");
    }
}

static void writes_what_it_reads(void **state)
{
    struct str out = {0};
    struct thrift_writer w = {.out = &out};
    static const unsigned char wanted[] = {0x15, 5,    0x38, 2,    'a',  'b',  0x09, 40, 0x25,
                                           2,    0xd8, 0x04, 0x1c, 0x16, 0x80, 0x01, 0,  0};
    (void)state;
    thrift_put_begin(&w, 0);
    thrift_put_integer(&w, 1, THRIFT_I32, -3);
    thrift_put_text(&w, 4, "ab");
    thrift_put_list(&w, 20, THRIFT_I32, 2);
    thrift_put_integer(&w, 0, THRIFT_I32, 1);
    thrift_put_integer(&w, 0, THRIFT_I32, 300);
    thrift_put_begin(&w, 21);
    thrift_put_integer(&w, 1, THRIFT_I64, 64);
    thrift_put_end(&w);
    thrift_put_end(&w);
    assert_int_equal(out.len, sizeof wanted);
    assert_memory_equal(out.data, wanted, sizeof wanted);
    str_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_fields_and_skips),
        cmocka_unit_test(ends_at_any_nesting),
        cmocka_unit_test(refuses_what_is_wrong),
        cmocka_unit_test(writes_what_it_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
