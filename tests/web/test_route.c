#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "web/route.h"

static const struct route table[] = {
    {"GET", "/", handle_page, 0, "", NULL, NULL},
    {"GET", "/decks", handle_decks, 0, "", NULL, NULL},
    {"POST", "/decks", handle_deck_import, 0, "", NULL, NULL},
    {"GET", "/decks/new", handle_page, 0, "", NULL, NULL},
    {"DELETE", "/decks/{id}", handle_deck_delete, 0, "", NULL, NULL},
    {"GET", "/runs/{id}/events/{n}", handle_run_events, 0, "", NULL, NULL},
    {"GET", "/a/{version}/{rest...}", handle_asset, 0, "", NULL, NULL},
    {NULL, NULL, NULL, 0, NULL, NULL, NULL},
};

static void check_value(const struct route_match *m, int i, const char *name, const char *text)
{
    assert_true(i < m->value_count);
    assert_int_equal(m->values[i].name_len, strlen(name));
    assert_memory_equal(m->values[i].name, name, strlen(name));
    assert_int_equal(m->values[i].text_len, strlen(text));
    assert_memory_equal(m->values[i].text, text, strlen(text));
}

static void whole_paths(void **state)
{
    struct route_match m;
    (void)state;
    route_find(table, "GET", "/", &m);
    assert_true(m.route && m.route->handle == handle_page);
    route_find(table, "POST", "/decks", &m);
    assert_true(m.route && m.route->handle == handle_deck_import);
    route_find(table, "HEAD", "/decks", &m);
    assert_true(m.route && m.route->handle == handle_decks);
}

static void what_does_not_match(void **state)
{
    static const char *const paths[] = {"",
                                        "decks",
                                        "//",
                                        "/decks/",
                                        "/decks//",
                                        "/deck",
                                        "/deckss",
                                        "/Decks",
                                        "/runs//events/1",
                                        "/runs/1/events/",
                                        "/runs/1/events/1/2",
                                        "/a/",
                                        "/a/v",
                                        "/a/v/"};
    struct route_match m;
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        route_find(table, "GET", paths[i], &m);
        if (m.route || m.allow[0])
            fail_msg("'%s' matched %s", paths[i], m.route ? m.route->pattern : m.allow);
    }
}

static void values(void **state)
{
    struct route_match m;
    (void)state;
    route_find(table, "GET", "/runs/ab%2Fc/events/7", &m);
    assert_non_null(m.route);
    assert_int_equal(m.value_count, 2);
    check_value(&m, 0, "id", "ab%2Fc");
    check_value(&m, 1, "n", "7");
    route_find(table, "GET", "/a/0f/js/view/card.js", &m);
    assert_int_equal(m.value_count, 2);
    check_value(&m, 0, "version", "0f");
    check_value(&m, 1, "rest", "js/view/card.js");
}

static void the_first_row_wins_and_all_are_allowed(void **state)
{
    struct route_match m;
    (void)state;
    route_find(table, "PUT", "/decks", &m);
    assert_null(m.route);
    assert_string_equal(m.allow, "GET, HEAD, POST, OPTIONS");
    route_find(table, "DELETE", "/decks/new", &m);
    assert_true(m.route && m.route->handle == handle_deck_delete);
    check_value(&m, 0, "id", "new");
    assert_string_equal(m.allow, "GET, HEAD, DELETE, OPTIONS");
}

/* Every pattern of the real table can be reached by its own text: no row hides another. */
static void no_row_hides_another(void **state)
{
    struct route_match m;
    (void)state;
    for (const struct route *row = routes; row->method; row++) {
        route_find(routes, row->method, row->pattern, &m);
        assert_ptr_equal(m.route, row);
        assert_true(row->summary[0] && row->handle);
        assert_true(!row->fields || row->max_body > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_paths),
        cmocka_unit_test(what_does_not_match),
        cmocka_unit_test(values),
        cmocka_unit_test(the_first_row_wins_and_all_are_allowed),
        cmocka_unit_test(no_row_hides_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
