#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "web/config.h"

#define READ(c, err, ...)                                                                                              \
    config_read(c, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), (char *[]){__VA_ARGS__}, err)

static void defaults_are_solo_on_loopback(void **state)
{
    struct config c;
    struct error err = {0};
    (void)state;
    assert_int_equal(config_read(&c, 0, NULL, &err), 0);
    assert_string_equal(c.listen, "127.0.0.1:8080");
    assert_string_equal(c.data, "data");
    assert_string_equal(c.static_dir, "");
    assert_int_equal(c.threads, 64);
    assert_int_equal(c.run_seconds, 120);
    assert_int_equal(c.run_memory_mb, 2048);
    assert_true(c.runs >= 1);
    assert_string_equal(strrchr(c.engine, '/'), "/flashlab-engine");
}

static void command_line_wins_over_environment(void **state)
{
    struct config c;
    struct error err = {0};
    (void)state;
    setenv("FLASHLAB_DATA", "from-environment", 1);
    setenv("FLASHLAB_RUNS", "3", 1);
    assert_int_equal(READ(&c, &err, "--data=here", "--threads", "8", "--run-memory", "512"), 0);
    assert_string_equal(c.data, "here");
    assert_int_equal(c.runs, 3);
    assert_int_equal(c.threads, 8);
    assert_int_equal(c.run_memory_mb, 512);
    setenv("FLASHLAB_RUNS", "none", 1);
    assert_int_equal(READ(&c, &err, "--data", "here"), -1);
    assert_string_equal(err.where, "FLASHLAB_RUNS");
    unsetenv("FLASHLAB_DATA");
    unsetenv("FLASHLAB_RUNS");
}

static void an_address_is_written_in_many_ways(void **state)
{
    static const char *const cases[][2] = {{"127.0.0.1:80", "127.0.0.1:80"},
                                           {"localhost:9000", "127.0.0.1:9000"},
                                           {"9000", "127.0.0.1:9000"},
                                           {":9000", "127.0.0.1:9000"},
                                           {"127.1.2.3:0", "127.1.2.3:0"}};
    struct config c;
    struct error err = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(READ(&c, &err, "--listen", (char *)cases[i][0]), 0);
        assert_string_equal(c.listen, cases[i][1]);
    }
}

static void an_address_others_can_reach_is_refused(void **state)
{
    static const char *const cases[] = {"0.0.0.0:80", "128.0.0.1:80", "192.168.0.1:80", "255.255.255.255:1"};
    struct config c;
    struct error err = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(READ(&c, &err, "--listen", (char *)cases[i]), -1);
        assert_int_equal(err.code, ERROR_INPUT);
        assert_non_null(strstr(err.what, "no accounts"));
    }
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const cases[] = {"",
                                        "x",
                                        "127.0.0.1",
                                        "127.0.0.1:",
                                        "127.0.0.1:x",
                                        "127.0.0.1:65536",
                                        "127.0.0.1:-1",
                                        "::1:80",
                                        "[::1]:80",
                                        "example.com:80",
                                        "127.0.0.1:+80",
                                        "127.0.0.1: 80",
                                        "127.0.0.1:80s",
                                        "127.0.0.1:80,443"};
    struct config c;
    struct error err = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (READ(&c, &err, "--listen", (char *)cases[i]) == 0)
            fail_msg("'%s' was taken for %s", cases[i], c.listen);
}

static void bounds_are_kept(void **state)
{
    char long_text[2000];
    struct config c;
    struct error err = {0};
    (void)state;
    memset(long_text, 'a', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    assert_int_equal(READ(&c, &err, "--data", long_text), -1);
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_int_equal(READ(&c, &err, "--threads", "3"), -1);
    assert_int_equal(READ(&c, &err, "--threads", "513"), -1);
    assert_int_equal(READ(&c, &err, "--threads", "99999999999999999999"), -1);
    assert_int_equal(READ(&c, &err, "--run-seconds", "1.5"), -1);
    assert_int_equal(READ(&c, &err, "--thread", "8"), -1);
    assert_int_equal(READ(&c, &err, "--threads"), -1);
    assert_int_equal(READ(&c, &err, "--threads="), -1);
    assert_int_equal(READ(&c, &err, "notes.txt"), -1);
    assert_int_equal(READ(&c, &err, "--static", "/dev/null"), -1);
    assert_string_equal(err.where, "--static");
    assert_int_equal(READ(&c, &err, "--static", "/dev"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_solo_on_loopback),      cmocka_unit_test(command_line_wins_over_environment),
        cmocka_unit_test(an_address_is_written_in_many_ways), cmocka_unit_test(an_address_others_can_reach_is_refused),
        cmocka_unit_test(what_is_no_address_is_refused),      cmocka_unit_test(bounds_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
