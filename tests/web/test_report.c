/* The report on notes and cards, made of small notes and cards written down here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "web/study/report.h"

static const char text[] = "Trees and more\n"
                           "Trees - Input\n"           /* 2 */
                           "Formats:\n"                /* 3 */
                           "CSV\n"                     /* 4, fact 1 */
                           "Forests - Input\n"         /* 5 */
                           "Parquet\n"                 /* 6, fact 2 */
                           "\n"                        /* 7 */
                           "Trees - Hyperparameters\n" /* 8 */
                           "Source: trees.md\n"        /* 9 */
                           "depth\n"                   /* 10, fact 3 */
                           "-> at most 6\n"            /* 11 */
                           "Tress - Modes\n"           /* 12 */
                           "\"Greedy\" and exact\n";   /* 13, fact 4 */

static struct card cards[] = {
    {.type = CARD_RECALL, .fact = 1, .line = 4},
    {.type = CARD_SINGLE, .fact = 2, .line = 6},
    {.type = CARD_CLOZE, .fact = 3, .line = 10},
    {.type = CARD_SINGLE, .fact = 3, .line = 10},
};
static struct refusal refusals[] = {
    {.line = 13, .template_name = NULL, .reason = "No question could be made of it."},
    {.line = 6, .template_name = "which-format", .reason = "Too few wrong answers are known."},
};
static const struct deck deck = {
    .cards = cards, .card_count = 4, .refusals = refusals, .refusal_count = 2, .facts = 4, .facts_covered = 3};

static struct notes parse(const char *from)
{
    struct notes notes;
    struct error err = {0};
    if (notes_parse(&notes, from, strlen(from), &err) != 0)
        fail_msg("not parsed: %s (%s)", err.what, err.where);
    return notes;
}

static void test_text(void **state)
{
    static const char expected[] =
        "Trees and more\n"
        "\n"
        "Trees: 3 sections, 3 facts, 3 cards\n"
        "  line 2     Input (input): 1 fact, 1 card\n"
        "  line 8     Hyperparameters (hyperparameters): 1 fact, 2 cards\n"
        "  line 12    Modes (modes): 1 fact, 0 cards\n"
        "Forests: 1 section, 1 fact, 1 card\n"
        "  line 5     Input (input): 1 fact, 1 card\n"
        "\n"
        "1 line to look at:\n"
        "  line 12: The heading 'Tress - Modes' is taken as 'Trees', which most headings call "
        "it. Correct the spelling, or give it a name that differs by more than a letter or "
        "two.\n"
        "\n"
        "4 sections, 2 algorithms, 4 facts, 4 cards (recall 1, cloze 1, single 2)\n";
    struct notes notes = parse(text);
    struct str out = {0};
    (void)state;
    deck_report_text(&notes, &deck, false, &out);
    assert_string_equal(str_text(&out), expected);
    str_free(&out);
    notes_free(&notes);
}

static void test_full_text(void **state)
{
    struct notes notes = parse(text);
    struct str out = {0};
    (void)state;
    deck_report_text(&notes, &deck, true, &out);
    assert_non_null(strstr(str_text(&out), "\n  line 13: No question could be made of it.\n"));
    assert_non_null(strstr(str_text(&out), "\n  line 6, which-format: Too few wrong answers are known.\n"));
    assert_non_null(strstr(str_text(&out), "\nfacts covered: 3 of 4 (75 %)\n"));
    assert_non_null(strstr(str_text(&out), "13 lines: 1 blank, 1 deck_title, 4 heading, 4 fact, 1 lead_in, "
                                           "1 continuation, 1 mark\n"));
    str_free(&out);
    notes_free(&notes);
}

static double number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItem(object, key);
    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

static void test_json(void **state)
{
    struct notes notes = parse(text);
    struct str out = {0};
    cJSON *json;
    const cJSON *problem, *refusal;
    (void)state;
    deck_report_json(&notes, &deck, &out);
    json = cJSON_Parse(str_text(&out));
    assert_non_null(json);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(json, "title")), "Trees and more");
    assert_int_equal(number(json, "sections"), 4);
    assert_int_equal(number(json, "algorithms"), 2);
    assert_int_equal(number(json, "facts"), 4);
    assert_int_equal(number(json, "facts_covered"), 3);
    assert_int_equal(number(cJSON_GetObjectItem(json, "lines"), "lead_in"), 1);
    assert_int_equal(number(cJSON_GetObjectItem(json, "lines"), "heading"), 4);
    assert_int_equal(number(cJSON_GetObjectItem(json, "cards"), "single"), 2);
    problem = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "problems"), 0);
    assert_int_equal(number(problem, "line"), 12);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(problem, "kind")), "heading_folded");
    assert_non_null(cJSON_GetStringValue(cJSON_GetObjectItem(problem, "fix")));
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "problems")), 1);
    refusal = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "refusals"), 0);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(refusal, "template")));
    refusal = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "refusals"), 1);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(refusal, "template")), "which-format");
    cJSON_Delete(json);
    str_free(&out);
    notes_free(&notes);
}

/* Notes of nothing but a block of code: no title, no cards, a fact of two lines. */
static void test_bare(void **state)
{
    struct notes notes = parse("```\nx = 1:\ny = 2\n```\n- \"Uses\":\n");
    struct deck none = {0};
    struct str out = {0};
    cJSON *json;
    (void)state;
    deck_report_text(&notes, &none, true, &out);
    assert_non_null(strstr(str_text(&out), "\nfacts covered: 0 of 0 (0 %)\n"));
    assert_non_null(
        strstr(str_text(&out), "\n1 section, 1 algorithm, 1 fact, 0 cards (recall 0, cloze 0, single 0)\n"));
    str_clear(&out);
    deck_report_json(&notes, &none, &out);
    json = cJSON_Parse(str_text(&out));
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "title")));
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "problems")), 2);
    cJSON_Delete(json);
    str_free(&out);
    notes_free(&notes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_full_text),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_bare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
