/* The writer of JSON: numbers that read back the same, text that is safe whatever it holds. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/json.h"

static void assert_number(double value, const char *expected)
{
    struct str out = {0};
    struct json j = json_begin(&out);
    json_number(&j, NULL, value);
    assert_string_equal(str_text(&out), expected);
    str_free(&out);
}

static void whole_numbers_have_no_exponent(void **state)
{
    (void)state;
    assert_number(0, "0");
    assert_number(-17, "-17");
    assert_number(1000000, "1000000");
    assert_number(9007199254740991.0, "9007199254740991");
}

static void fractions_read_back_the_same(void **state)
{
    (void)state;
    assert_number(0.1, "0.1");
    assert_number(1.0 / 3, "0.3333333333333333");
    assert_number(1e300, "1e+300");
}

static void what_is_no_number_is_null(void **state)
{
    (void)state;
    assert_number(NAN, "null");
    assert_number(INFINITY, "null");
}

static void assert_text(const char *text, size_t len, const char *expected)
{
    struct str out = {0};
    struct json j = json_begin(&out);
    json_string_n(&j, NULL, text, len);
    assert_string_equal(str_text(&out), expected);
    str_free(&out);
}

static void text_is_escaped(void **state)
{
    (void)state;
    assert_text("a\"b\\c\n\x01", 7, "\"a\\\"b\\\\c\\n\\u0001\"");
    assert_text("\0", 1, "\"\\u0000\"");
}

/* Overlong forms, surrogates, what is cut off: each bad byte becomes U+FFFD (Unicode 15, table 3-7). */
static void bad_utf8_is_replaced(void **state)
{
    (void)state;
    assert_text("\xC3\xA9", 2, "\"\xC3\xA9\"");
    assert_text("\xC0\x80", 2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
    assert_text("\xED\xA0\x80", 3, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
    assert_text("\xE2\x82", 2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

static void levels_close_and_commas_stand_between(void **state)
{
    struct str out = {0};
    struct json j = json_begin(&out);
    (void)state;
    json_object(&j, NULL);
    json_array(&j, "a");
    json_integer(&j, NULL, 1);
    json_bool(&j, NULL, true);
    json_end(&j);
    json_null(&j, "b");
    json_end(&j);
    assert_string_equal(str_text(&out), "{\"a\":[1,true],\"b\":null}");
    json_end(&j); /* one too many */
    assert_true(out.failed);
    str_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_have_no_exponent), cmocka_unit_test(fractions_read_back_the_same),
        cmocka_unit_test(what_is_no_number_is_null),      cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(bad_utf8_is_replaced),           cmocka_unit_test(levels_close_and_commas_stand_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
