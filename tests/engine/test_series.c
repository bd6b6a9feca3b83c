/* Time series: the calendar, JSON Lines, folders, requests, what is refused and how. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/format/series.h"
#include "engine/format/series_json.h"

static int read_text(const char *text, struct series_set *set, struct error *err)
{
    struct input *in = input_open_bytes(text, strlen(text), "t.json");
    struct series_reading reading = {.set = set};
    int status;
    *set = (struct series_set){0};
    *err = (struct error){0};
    status = series_json_lines(in, &reading, err);
    series_draft_free(&reading.draft);
    input_close(in);
    return status;
}

/* --- the calendar ---------------------------------------------------------------------------------------------------
 */

/* The C library's calendar is the reference, from the year 1 to 9999 and around every new year. */
static void calendar_is_that_of_the_library(void **state)
{
    (void)state;
    for (int64_t t = -62135596800; t < 253402300800; t += 86400 * 37 + 12345) {
        time_t seconds = (time_t)t;
        struct tm tm;
        struct moment m = moment_of(t);
        gmtime_r(&seconds, &tm);
        assert_int_equal(m.year, tm.tm_year + 1900);
        assert_int_equal(m.month, tm.tm_mon + 1);
        assert_int_equal(m.day, tm.tm_mday);
        assert_int_equal(m.hour, tm.tm_hour);
        assert_int_equal(m.minute, tm.tm_min);
        assert_int_equal(m.second, tm.tm_sec);
        assert_int_equal(m.weekday, (tm.tm_wday + 6) % 7);
        assert_int_equal(m.day_of_year, tm.tm_yday);
        assert_int_equal(moment_seconds(m.year, m.month, m.day, m.hour, m.minute, m.second), t);
    }
    for (int year = 1; year < 10000; year += 3) {
        struct tm tm = {.tm_year = year - 1900, .tm_mday = 1};
        int64_t t = timegm(&tm);
        assert_int_equal(moment_seconds(year, 1, 1, 0, 0, 0), t);
        assert_int_equal(moment_of(t).year, year);
        assert_int_equal(moment_of(t - 1).year, year - 1);
        assert_int_equal(moment_of(t - 1).day, 31);
    }
}

static void reads_moments(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {{"1970-01-01", 0},
                {"1970-01-01 00:00:01", 1},
                {"2024-02-29T23:59:59", 1709251199},
                {"1750-01-01 00:00:00", -6942499200},
                {"2000-02-29", 951782400},
                {"9999-12-31 23:59:59", 253402300799},
                {"0001-01-01", -62135596800}};
    static const char *const bad[] = {"",
                                      "1970",
                                      "1970-1-1",
                                      "1970-01-01 ",
                                      "1970-13-01",
                                      "1970-00-01",
                                      "2023-02-29",
                                      "1900-02-29",
                                      "1970-04-31",
                                      "1970-01-01 24:00:00",
                                      "1970-01-01 00:60:00",
                                      "1970-01-01 00:00:60",
                                      "1970-01-01 00:00",
                                      "1970-01-01x00:00:00",
                                      "1970/01/01",
                                      "1970-01-01T00:00:00Z",
                                      "0000-01-01",
                                      "+970-01-01",
                                      "1970-01-01 00:00:0 "};
    int64_t seconds;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(moment_read(good[i].text, strlen(good[i].text), &seconds), 0);
        assert_int_equal(seconds, good[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (moment_read(bad[i], strlen(bad[i]), &seconds) == 0)
            fail_msg("'%s' was read", bad[i]);
}

/* --- JSON Lines -----------------------------------------------------------------------------------------------------
 */

static void reads_lines(void **state)
{
    static const char text[] =
        "\xEF\xBB\xBF{\"start\": \"2024-01-31 10:00:00\", \"target\": [1, null, \"NaN\", NaN, -4.5e1],"
        " \"cat\": [0, 3], \"dynamic_feat\": [[0, 1, 0, 0, 2], [5, 6, 7, 8, 9.5]]}\r\n"
        "\n"
        "  {\"x\": {\"deep\": [1, {\"a\": \"}\"}]}, \"item_id\": \"caf\\u00e9 \\ud83d\\ude00\\n\", \"cat\":[7,1],"
        "\"target\":[],\"start\":\"2024-02-01\",\"dynamic_feat\":[[1,2],[3,4]], \"y\": null}";
    struct series_set set;
    struct error err;
    const struct series *s;
    (void)state;
    if (read_text(text, &set, &err) < 0)
        fail_msg("%s: %s", err.where, err.what);
    assert_int_equal(set.count, 2);
    assert_int_equal(set.categories, 2);
    assert_int_equal(set.features, 2);
    assert_int_equal(set.observations, 2);
    s = &set.items[0];
    assert_int_equal(s->start, 1706695200);
    assert_int_equal(s->length, 5);
    assert_int_equal(s->line, 1);
    assert_null(s->item);
    assert_true(s->target[0] == 1 && isnan(s->target[1]) && isnan(s->target[2]) && isnan(s->target[3]) &&
                s->target[4] == -45);
    assert_true(s->category[0] == 0 && s->category[1] == 3);
    assert_int_equal(s->feature_length, 5);
    assert_true(s->feature[1] == 1 && s->feature[4] == 2 && s->feature[5] == 5 && s->feature[9] == 9.5f);
    s = &set.items[1];
    assert_int_equal(s->length, 0);
    assert_int_equal(s->line, 3);
    assert_int_equal(s->feature_length, 2); /* the future is known, the past is empty */
    assert_true(s->feature[0] == 1 && s->feature[3] == 4);
    assert_string_equal(s->item, "caf\xC3\xA9 \xF0\x9F\x98\x80\n");
    series_free(&set);
    assert_int_equal(read_text("{\"start\":\"2024-01-01\",\"target\":[3],\"item_id\":17}", &set, &err), 0);
    assert_string_equal(set.items[0].item, "17");
    series_free(&set);
}

/* Numbers of few digits have a way of their own, which must round as the C library does. */
static void short_numbers_round_as_others(void **state)
{
    struct str text = {0};
    uint64_t random = 1;
    struct series_set set;
    struct error err;
    enum { COUNT = 20000 };
    float *wanted = malloc(COUNT * sizeof *wanted);
    (void)state;
    assert_non_null(wanted);
    str_puts(&text, "{\"start\":\"2024-01-01\",\"target\":[");
    for (int i = 0; i < COUNT; i++) {
        char number[64];
        int whole, fraction;
        random = random * 6364136223846793005u + 1442695040888963407u;
        whole = (int)(random >> 60) % 9;
        fraction = (int)(random >> 56 & 15) % 10;
        snprintf(number, sizeof number, "%s%llu", random >> 40 & 1 ? "-" : "",
                 (unsigned long long)(random >> 20) % (unsigned long long)pow(10, whole + 1));
        if (fraction)
            snprintf(number + strlen(number), 40, ".%0*llu%s", fraction,
                     (unsigned long long)(random >> 12) % (unsigned long long)pow(10, fraction),
                     random >> 30 & 15 ? "" : "e-2");
        wanted[i] = (float)strtod(number, NULL);
        str_printf(&text, "%s%s%s", i ? "," : "", random >> 35 & 1 ? " " : "", number);
    }
    str_puts(&text, "]}");
    if (read_text(text.data, &set, &err) < 0)
        fail_msg("%s: %s", err.where, err.what);
    assert_int_equal(set.items[0].length, COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_true(set.items[0].target[i] == wanted[i]);
    series_free(&set);
    str_free(&text);
    free(wanted);
}

#define S "\"start\":\"2024-01-01\""

static void refuses_bad_lines(void **state)
{
    static const struct {
        const char *text, *where, *what;
    } cases[] = {
        {"{\"target\":[1]}", "t.json, line 1", "The series has no \"start\""},
        {"{" S "}", "t.json, line 1", "The series has no \"target\""},
        {"{" S ",\"target\":[1]}\n[1]", "t.json, line 2", "'[1]' stands where { should come"},
        {"{\"start\":\"2024-02-30\",\"target\":[1]}", "t.json, line 1", "The start '2024-02-30' is no time"},
        {"{\"start\":1704067200,\"target\":[1]}", "t.json, line 1",
         "'1704067200,\"target\":'... stands where a time in quotes should come"},
        {"{\"start\":\"2024", "t.json, line 1", "'\"2024' stands where a time that ends in quotes should come"},
        {"{" S ",\"target\":7}", "t.json, line 1", "'7}' stands where the list of the target's values should come"},
        {"{" S ",\"target\":[1,\"a\"]}", "t.json, line 1", "'\"a\"]}' stands where a number should come"},
        {"{" S ",\"target\":[1,2", "t.json, line 1", "The JSON ends where a comma or ] should come"},
        {"{" S ",\"target\":[1,2]", "t.json, line 1", "The JSON ends where a comma or } should come"},
        {"{" S ",\"target\":[1,,2]}", "t.json, line 1", "',2]}' stands where a number should come"},
        {"{" S ",\"target\":[[1]]}", "t.json, line 1", "'[1]]}' stands where a number should come"},
        {"{" S ",\"target\":[1e39]}", "t.json, line 1", "A number is too large for 32-bit floats"},
        {"{" S ",\"target\":[Infinity]}", "t.json, line 1", "'Infinity' is not a number of JSON"},
        {"{" S ",\"target\":[1],\"target\":[2]}", "t.json, line 1", "The key \"target\" stands there twice"},
        {"{" S ",\"target\":[1],\"cat\":[-1]}", "t.json, line 1", "'-1' is no whole number from 0 to 2147483647"},
        {"{" S ",\"target\":[1],\"cat\":[1.0]}", "t.json, line 1", "'1.0' is no whole number from 0 to 2147483647"},
        {"{" S ",\"target\":[1],\"cat\":[99999999999999999999999]}", "t.json, line 1",
         "'99999999999999999999999' is no whole number from 0 to 2147483647"},
        {"{" S ",\"target\":[1],\"cat\":3}", "t.json, line 1", "'3}' stands where [ should come"},
        {"{" S ",\"target\":[1],\"cat\":[0]}\n{" S ",\"target\":[1],\"cat\":[0,1]}", "t.json, line 2",
         "The series has 2 of \"cat\", the series before have 1"},
        {"{" S ",\"target\":[1],\"dynamic_feat\":[[1]]}\n{" S ",\"target\":[1]}", "t.json, line 2",
         "The series has 0 of \"dynamic_feat\", the series before have 1"},
        {"{" S ",\"target\":[1,2],\"dynamic_feat\":[[1]]}", "t.json, line 1",
         "Dynamic feature 1 has 1 values, the target has 2"},
        {"{" S ",\"target\":[1,2],\"dynamic_feat\":[[1,2,3],[1,2]]}", "t.json, line 1",
         "Dynamic feature 2 has 2 values, the first has 3"},
        {"{" S ",\"target\":[1],\"dynamic_feat\":[[null]]}", "t.json, line 1",
         "A value is missing in \"dynamic_feat\""},
        {"{" S ",\"target\":[1],\"dynamic_feat\":[1]}", "t.json, line 1", "'1]}' stands where [ should come"},
        {"{" S ",\"target\":[1]} {", "t.json, line 1", "Something follows the series in its line"},
        {"{" S ",\"target\":[1],\"item_id\":\"\\ud800\"}", "t.json, line 1",
         "A text holds a NUL or an escape that JSON does not have"},
        {"{" S ",\"target\":[1],\"item_id\":\"\xC0\x80\"}", "t.json, line 1", "A text is no UTF-8"},
        {"{" S ",\"target\":[1],\"other\":[", "t.json, line 1",
         "A value that is passed over is no JSON of at most 64 levels"},
    };
    struct series_set set;
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (read_text(cases[i].text, &set, &err) == 0)
            fail_msg("%s was read", cases[i].text);
        assert_string_equal(err.what, cases[i].what);
        assert_string_equal(err.where, cases[i].where);
        assert_true(err.fix[0]);
        series_free(&set);
    }
}

/* Brackets in brackets, in what is read and in what is passed over: neither recursion nor memory. */
static void deep_brackets_are_refused(void **state)
{
    static const char *const heads[] = {"{\"a\":", "{\"target\":", "{\"dynamic_feat\":", "{\"cat\":", ""};
    struct series_set set;
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct str text = {0};
        str_puts(&text, heads[i]);
        for (int k = 0; k < 200000; k++)
            str_putc(&text, '[');
        assert_int_equal(read_text(text.data, &set, &err), -1);
        str_free(&text);
        series_free(&set);
    }
}

static void counts_have_limits(void **state)
{
    struct str text = {0};
    struct series_set set;
    struct error err;
    (void)state;
    str_puts(&text, "{" S ",\"target\":[1],\"cat\":[0");
    for (int k = 0; k < 100; k++)
        str_puts(&text, ",1");
    str_puts(&text, "]}");
    assert_int_equal(read_text(text.data, &set, &err), -1);
    assert_string_equal(err.what, "The series has more than 100 categories");
    str_clear(&text);
    str_puts(&text, "{" S ",\"target\":[],\"dynamic_feat\":[[]");
    for (int k = 0; k < 100; k++)
        str_puts(&text, ",[]");
    str_puts(&text, "]}");
    assert_int_equal(read_text(text.data, &set, &err), -1);
    assert_string_equal(err.what, "The series has more than 100 dynamic features");
    str_clear(&text);
    str_puts(&text, "{" S ",\"target\":[0");
    for (size_t k = 1; k <= SERIES_LENGTH_MAX; k++)
        str_append(&text, ",1", 2);
    str_puts(&text, "]}");
    assert_int_equal(read_text(text.data, &set, &err), -1);
    assert_string_equal(err.what, "A list has more than 10,000,000 values");
    str_free(&text);
    series_free(&set);
}

/* Lines that are longer than the reader's buffer, between short ones. */
static void reads_long_lines(void **state)
{
    enum { LENGTH = 700000 };
    struct str text = {0};
    struct series_set set;
    struct error err;
    (void)state;
    for (int line = 0; line < 3; line++) {
        str_printf(&text, "{" S ",\"target\":[%d", line);
        for (int i = 1; i < (line == 1 ? LENGTH : 2); i++)
            str_printf(&text, ", %d.5", i);
        str_puts(&text, "]}\n");
    }
    if (read_text(text.data, &set, &err) < 0)
        fail_msg("%s: %s", err.where, err.what);
    assert_int_equal(set.count, 3);
    assert_int_equal(set.items[1].length, LENGTH);
    for (int i = 1; i < LENGTH; i++)
        assert_true(set.items[1].target[i] == (float)i + 0.5f);
    assert_true(set.items[2].length == 2 && set.items[2].target[0] == 2 && set.items[2].line == 3);
    series_free(&set);
    str_free(&text);
}

/* --- channels -------------------------------------------------------------------------------------------------------
 */

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[300];
    FILE *file;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void reads_folders_in_folders(void **state)
{
    char folder[] = "/tmp/flashlab-series-XXXXXX", path[300], command[300];
    uint64_t bytes = 0;
    struct channel channel = {.path = folder, .bytes_read = &bytes};
    struct series_set set;
    struct error err = {0};
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"b", ".hidden", "b/c"};
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    write_file(folder, "_SUCCESS", "no JSON");
    write_file(folder, ".x.json", "no JSON");
    write_file(folder, ".hidden/x.json", "no JSON");
    write_file(folder, "z.json", "{" S ",\"target\":[3]}");
    write_file(folder, "a.jsonl", "{" S ",\"target\":[1]}\n");
    write_file(folder, "b/c/part-0", "{" S ",\"target\":[2]}\n");
    if (series_read(&channel, &set, &err) < 0)
        fail_msg("%s: %s", err.where, err.what);
    assert_int_equal(set.count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(set.items[i].target[0] == (float)i + 1);
    assert_int_equal(set.bytes_read, bytes);
    assert_int_equal(bytes, 3 * strlen("{" S ",\"target\":[3]}") + 2);
    assert_int_equal(strncmp(set.name, "flashlab-series-", 16), 0);
    series_free(&set);
    snprintf(path, sizeof path, "%s/b/up", folder);
    assert_int_equal(symlink("..", path), 0);
    assert_int_equal(series_read(&channel, &set, &err), -1);
    assert_string_equal(err.what, "The folder holds itself by a link");
    assert_int_equal(unlink(path), 0);
    write_file(folder, "b/rows.csv", "1,2");
    assert_int_equal(series_read(&channel, &set, &err), -1);
    assert_string_equal(err.what, "Time series are not read from data of type text/csv");
    channel.content_type = "application/json"; /* then names do not count */
    assert_int_equal(series_read(&channel, &set, &err), -1);
    assert_non_null(strstr(err.where, "b/rows.csv, line 1"));
    snprintf(command, sizeof command, "rm -r %s/*", folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(series_read(&channel, &set, &err), -1);
    assert_string_equal(err.what, "There are no series in it");
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(series_read(&channel, &set, &err), -1);
}

/* The instances of a request, one after another. */
static void reads_objects_of_requests(void **state)
{
    static const char text[] = "{" S ",\"target\":[1,2],\"dynamic_feat\":[[1,2,3,4]]} , {\"target\":[1]}";
    const char *end = text + strlen(text), *p;
    struct series_set set = {0};
    struct error err;
    (void)state;
    p = series_read_object(text, end, "request", 1, &set, &err);
    assert_non_null(p);
    assert_true(p[1] == ',');
    assert_int_equal(set.items[0].feature_length, 4);
    assert_null(series_read_object(p + 3, end, "request", 2, &set, &err));
    assert_string_equal(err.where, "request, instance 2");
    assert_string_equal(err.what, "The series has no \"start\"");
    assert_int_equal(set.count, 1);
    series_free(&set);
}

/* The sums are those of Python's json module over the same file. */
static void reads_m4_hourly(void **state)
{
    const char *shared = getenv("FLASHLAB_SHARED");
    char path[300];
    struct channel channel = {.path = path};
    struct series_set set;
    struct error err;
    double sum = 0;
    (void)state;
    snprintf(path, sizeof path, "%s/data/m4_hourly/train.jsonl.gz", shared ? shared : "../shared");
    if (access(path, R_OK) < 0) {
        print_message("SKIP reads_m4_hourly: %s is not there\n", path);
        skip();
    }
    if (series_read(&channel, &set, &err) < 0)
        fail_msg("%s: %s", err.where, err.what);
    assert_int_equal(set.count, 414);
    assert_int_equal(set.observations, 353500);
    for (size_t i = 0; i < set.count; i++)
        for (size_t k = 0; k < set.items[i].length; k++)
            sum += (double)set.items[i].target[k];
    assert_float_equal(sum, 1981780885.6999993, 100); /* of numbers rounded to 24 bits */
    assert_string_equal(set.items[413].item, "H414");
    series_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calendar_is_that_of_the_library),
        cmocka_unit_test(reads_moments),
        cmocka_unit_test(reads_lines),
        cmocka_unit_test(short_numbers_round_as_others),
        cmocka_unit_test(refuses_bad_lines),
        cmocka_unit_test(deep_brackets_are_refused),
        cmocka_unit_test(counts_have_limits),
        cmocka_unit_test(reads_long_lines),
        cmocka_unit_test(reads_folders_in_folders),
        cmocka_unit_test(reads_objects_of_requests),
        cmocka_unit_test(reads_m4_hourly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
