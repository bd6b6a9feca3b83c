/* The pure parts of reading a request: decoding, and what client and server agree on for a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/decode.h"
#include "web/negotiate.h"
#include "web/page.h"

static void clean_addresses(void **state)
{
    static const char *const clean[] = {"", "/", "/a%20b", "/%C3%A9", "/%e2%82%ac", "/%F0%9F%98%80", "a=1&b=%2B"};
    static const char *const dirty[] = {"%",       "%4",    "%4g",           "/%00",    "/%0a",
                                        "/%7F",    "/\x01", "/\xC3\xA9\xFF", "/%C0%AF", "/%ED%A0%80",
                                        "/%E2%82", "/%80",  "/%F5%80%80%80", "%C3x"};
    (void)state;
    for (size_t i = 0; i < sizeof clean / sizeof *clean; i++)
        if (!decode_is_clean(clean[i]))
            fail_msg("'%s' is clean", clean[i]);
    for (size_t i = 0; i < sizeof dirty / sizeof *dirty; i++)
        if (decode_is_clean(dirty[i]))
            fail_msg("'%s' is not clean", dirty[i]);
}

static void queries(void **state)
{
    char text[] = "deck=a%26b&&x&after=1+2%2B3&=empty&deck=second";
    char many[] = "a=1&b=2&c=3";
    struct query_pair pairs[8];
    (void)state;
    assert_int_equal(decode_query(text, pairs, 8), 5);
    assert_string_equal(pairs[0].name, "deck");
    assert_string_equal(pairs[0].value, "a&b");
    assert_string_equal(pairs[1].name, "x");
    assert_string_equal(pairs[1].value, "");
    assert_string_equal(pairs[2].name, "after");
    assert_string_equal(pairs[2].value, "1 2+3");
    assert_string_equal(pairs[3].name, "");
    assert_string_equal(pairs[4].value, "second");
    assert_int_equal(decode_query(many, pairs, 2), -1);
}

static const char *fault(const char *text)
{
    return decode_json_fault(text, strlen(text));
}

static void nesting(void **state)
{
    char text[2 * JSON_MAX_NESTING + 3];
    size_t n = JSON_MAX_NESTING;
    (void)state;
    memset(text, '[', n);
    memset(text + n, ']', n);
    assert_null(decode_json_fault(text, 2 * n));
    memset(text, '{', n + 1);
    assert_non_null(decode_json_fault(text, n + 1));
    assert_null(fault("[[],[],[],{\"a\":{}}]"));
    assert_null(fault("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\""));
}

static void bytes_json_may_not_hold(void **state)
{
    (void)state;
    assert_null(fault("{\"a\":\"\\\\u0000\",\n\t\"b\":\"\\\"[\"}"));
    assert_non_null(fault("{\"a\":\"\\u0000\"}"));
    assert_non_null(fault("{\"a\":\"\n\"}"));
    assert_non_null(fault("{\"a\":\x01}"));
    assert_non_null(fault("\"\xC0\xAF\""));
    assert_non_null(fault("\"\xED\xA0\x80\""));
    assert_non_null(decode_json_fault("{}\0", 3));
    assert_non_null(decode_json_fault("\"\\\0\"", 4));
    assert_null(fault("\"\\"));
}

static void codings(void **state)
{
    static const struct {
        const char *accept;
        bool gzip, brotli;
        enum coding coding;
    } cases[] = {
        {NULL, true, true, CODING_IDENTITY},
        {"", true, true, CODING_IDENTITY},
        {"gzip, deflate, br", true, true, CODING_BROTLI},
        {"gzip, deflate, br, zstd", true, false, CODING_GZIP},
        {"GZIP", true, true, CODING_GZIP},
        {"x-gzip", true, true, CODING_GZIP},
        {"br;q=0.2, gzip;q=0.9", true, true, CODING_GZIP},
        {"br; q=0.9,gzip ;q=0.2", true, true, CODING_BROTLI},
        {"br;q=0, gzip;q=0.000", true, true, CODING_IDENTITY},
        {"br;q=0.001", true, true, CODING_BROTLI},
        {"*", true, true, CODING_BROTLI},
        {"*;q=0", true, true, CODING_NONE},
        {"identity;q=0", true, true, CODING_NONE},
        {"identity;q=0, gzip", true, true, CODING_GZIP},
        {"identity;q=0, gzip", false, false, CODING_NONE},
        {"identity, gzip;q=0.5", true, true, CODING_IDENTITY},
        {"br;q=nonsense", true, true, CODING_IDENTITY},
        {"brotli, gzipped", true, true, CODING_IDENTITY},
        {",,, ,br", true, true, CODING_BROTLI},
        {"deflate", true, true, CODING_IDENTITY},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (negotiate_coding(cases[i].accept, cases[i].gzip, cases[i].brotli) != cases[i].coding)
            fail_msg("'%s' gave %d", cases[i].accept,
                     negotiate_coding(cases[i].accept, cases[i].gzip, cases[i].brotli));
}

static void freshness(void **state)
{
    const char *tag = "\"abc-br\"";
    (void)state;
    assert_false(negotiate_not_modified(NULL, tag));
    assert_true(negotiate_not_modified("\"abc-br\"", tag));
    assert_true(negotiate_not_modified("W/\"abc-br\"", tag));
    assert_true(negotiate_not_modified("\"x\", \"y, z\",\t\"abc-br\"", tag));
    assert_true(negotiate_not_modified("*", tag));
    assert_false(negotiate_not_modified("\"abc\"", tag));
    assert_false(negotiate_not_modified("abc-br", tag));
    assert_false(negotiate_not_modified("\"abc-br", tag));
    assert_false(negotiate_not_modified("w/\"abc-br\"", tag));
    assert_false(negotiate_not_modified("W/", tag));
    assert_false(negotiate_not_modified("\"", tag));
}

static void content_types(void **state)
{
    (void)state;
    assert_string_equal(negotiate_content_type("js/main.js"), "text/javascript; charset=utf-8");
    assert_string_equal(negotiate_content_type("icon.svg"), "image/svg+xml");
    assert_string_equal(negotiate_content_type("no.such"), "application/octet-stream");
    assert_string_equal(negotiate_content_type("plain"), "application/octet-stream");
    assert_true(negotiate_is_json("application/json"));
    assert_true(negotiate_is_json("Application/JSON; charset=UTF-8"));
    assert_true(negotiate_is_json("application/json;charset=\"utf-8\""));
    assert_false(negotiate_is_json("application/jsonp"));
    assert_false(negotiate_is_json("text/plain"));
    assert_false(negotiate_is_json("application/json; charset=utf-16"));
    assert_false(negotiate_is_json(NULL));
}

/* The hashes are openssl's: printf 'let a;' | openssl dgst -sha256 -binary | base64 */
static void page_policy(void **state)
{
    const char *html = "<script src=\"/a/{{version}}/x.js\"></script><script>let a;</script><p>{{version}}</p>";
    struct page page;
    (void)state;
    assert_int_equal(page_make(&page, html, strlen(html), "v1"), 0);
    assert_string_equal(page.html, "<script src=\"/a/v1/x.js\"></script><script>let a;</script><p>v1</p>");
    assert_int_equal(page.len, strlen(page.html));
    assert_non_null(strstr(page.policy, "script-src 'self' 'sha256-81WALLbUROF1pWdYjuQYKuIcGgY/+TqVJr8UsV6Tkvo=';"));
    page_free(&page);
    assert_int_equal(page_make(&page, "<script>", 8, "v1"), 0);
    assert_non_null(strstr(page.policy, "script-src 'self';"));
    page_free(&page);
    assert_int_equal(page_make(&page, "", 0, "v1"), 0);
    page_free(&page);
}

static void too_many_scripts_do_not_overflow_the_policy(void **state)
{
    char html[20 * 20 + 1] = "";
    struct page page;
    (void)state;
    for (int i = 0; i < 20; i++)
        strcat(html, "<script>1</script>");
    assert_int_equal(page_make(&page, html, strlen(html), "v1"), -1);
    page_free(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_addresses),
        cmocka_unit_test(queries),
        cmocka_unit_test(nesting),
        cmocka_unit_test(bytes_json_may_not_hold),
        cmocka_unit_test(codings),
        cmocka_unit_test(freshness),
        cmocka_unit_test(content_types),
        cmocka_unit_test(page_policy),
        cmocka_unit_test(too_many_scripts_do_not_overflow_the_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
