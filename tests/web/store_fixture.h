/* For the tests of the store: a folder of its own for each test, a store in it, decks made by hand. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs those above */
#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "web/store/store.h"

#define MINUTE 60000LL
#define DAY 86400000LL
#define NOW 1790000000000LL

/* --- a folder, a store in it, decks made by hand --------------------------------------------------------------------
 */

struct fixture {
    char dir[64], path[96];
    struct store *store;
    struct error err;
};

static const char *const slugs[] = {"linear-learner", "xgboost"};
static const char *const titles[] = {"Linear Learner", "XGBoost"};
static const char *const answer_text[] = {"yes"};

static inline struct card make_card(unsigned number, int algorithm)
{
    struct card card = {.type = CARD_RECALL,
                        .algorithm = titles[algorithm],
                        .slug = slugs[algorithm],
                        .topic = "Input",
                        .slot = number % 2 ? "input" : "metrics",
                        .stem = "Is it so?",
                        .answers = answer_text,
                        .answer_count = 1,
                        .explanation = "It is so.",
                        .line = (int)number,
                        .template_name = "recall"};
    snprintf(card.id, sizeof card.id, "%016x", number);
    return card;
}

/* Cards of the numbers first..last, the lower half of the range Linear Learner, the upper XGBoost. */
static inline struct deck make_deck(unsigned first, unsigned last)
{
    struct deck deck = {.card_count = last - first + 1};
    unsigned i;
    deck.cards = calloc(deck.card_count, sizeof *deck.cards);
    assert_non_null(deck.cards);
    for (i = 0; i < deck.card_count; i++)
        deck.cards[i] = make_card(first + i, i >= (deck.card_count + 1) / 2);
    return deck;
}

static inline struct deck_changes sync_range(struct fixture *f, const char *id, unsigned first, unsigned last)
{
    struct deck deck = make_deck(first, last);
    struct deck_changes changes;
    if (store_deck_sync(f->store, id, id, &deck, &changes, &f->err))
        fail_msg("%s: %s", f->err.where, f->err.what);
    free(deck.cards);
    return changes;
}

static inline void open_store(struct fixture *f)
{
    f->store = store_open(f->dir, &f->err);
    if (!f->store)
        fail_msg("%s: %s", f->err.where, f->err.what);
}

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    snprintf(f->dir, sizeof f->dir, "/tmp/flashlab-store-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof f->path, "%s/flashlab.db", f->dir);
    *state = f;
    open_store(f);
    return 0;
}

static inline int tear_down(void **state)
{
    static const char *const names[] = {"flashlab.db", "flashlab.db-wal", "flashlab.db-shm", "lock"};
    struct fixture *f = *state;
    char path[128];
    size_t i;
    store_close(f->store);
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", f->dir, names[i]);
        unlink(path);
    }
    i = (size_t)rmdir(f->dir);
    free(f);
    return (int)i;
}

static const char *number_id(unsigned number)
{
    static char id[CARD_ID_LENGTH + 1];
    snprintf(id, sizeof id, "%016x", number);
    return id;
}

static inline int add_review(struct fixture *f, const char *id, const char *card, enum grade grade, int64_t at,
                             struct schedule *after)
{
    struct review review = {.grade = grade, .chosen = -1, .elapsed_ms = 900, .at_ms = at}, stored;
    snprintf(review.id, sizeof review.id, "%s", id);
    snprintf(review.card, sizeof review.card, "%s", card);
    return store_review_add(f->store, &review, &stored, after, &f->err);
}

static inline struct schedule review_ok(struct fixture *f, const char *id, const char *card, enum grade grade,
                                        int64_t at)
{
    struct schedule after;
    int rc = add_review(f, id, card, grade, at, &after);
    if (rc != 1)
        fail_msg("%d %s: %s", rc, f->err.where, f->err.what);
    return after;
}

/* The id of the card that is next, "" when none is. */
static const char *next_id(struct fixture *f, struct study_filter filter, int64_t now, struct study_counts *counts)
{
    static char id[CARD_ID_LENGTH + 1];
    struct store_card card;
    struct study_counts mine;
    int rc = store_study_next(f->store, &filter, now, &card, counts ? counts : &mine, &f->err);
    if (rc < 0)
        fail_msg("%s: %s", f->err.where, f->err.what);
    id[0] = '\0';
    if (rc == 1) {
        snprintf(id, sizeof id, "%s", card.id);
        store_card_free(&card);
    }
    return id;
}

static inline void assert_changes(struct deck_changes changes, int added, int kept, int hidden)
{
    assert_int_equal(changes.added, added);
    assert_int_equal(changes.kept, kept);
    assert_int_equal(changes.hidden, hidden);
}

/* One number by SQL, behind the store's back. */
static inline int64_t query_number(struct fixture *f, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    int64_t value;
    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    value = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return value;
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
