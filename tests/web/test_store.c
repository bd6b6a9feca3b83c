/* The store from outside: what is kept, what is asked next, what a review leads to. */
#include "tests/web/store_fixture.h"

/* --- decks ----------------------------------------------------------------------------------------------------------
 */

static void synchronising_keeps_hides_and_brings_back(void **state)
{
    struct fixture *f = *state;
    struct store_card card;
    struct study_counts counts;
    assert_changes(sync_range(f, "builtin", 1, 10), 10, 0, 0);
    review_ok(f, "r1", number_id(3), GRADE_EASY, NOW);
    assert_changes(sync_range(f, "builtin", 1, 10), 0, 10, 0);
    assert_changes(sync_range(f, "builtin", 5, 12), 2, 6, 4);
    next_id(f, (struct study_filter){0}, NOW, &counts);
    assert_int_equal(counts.total, 8);
    assert_int_equal(counts.fresh, 8); /* card 3, in review, is hidden */
    assert_changes(sync_range(f, "builtin", 1, 12), 4, 8, 0);
    assert_int_equal(store_card_get(f->store, number_id(3), &card, &f->err), 1);
    assert_int_equal(card.schedule.state, CARD_REVIEW);
    assert_int_equal(card.schedule.reps, 1);
    store_card_free(&card);
    next_id(f, (struct study_filter){0}, NOW, &counts);
    assert_int_equal(counts.total, 12);
    assert_int_equal(counts.fresh, 11);
}

static void a_hidden_card_can_still_be_answered_and_is_not_asked(void **state)
{
    struct fixture *f = *state;
    struct study_counts counts;
    sync_range(f, "builtin", 1, 2);
    sync_range(f, "builtin", 2, 2);
    review_ok(f, "r1", number_id(1), GRADE_AGAIN, NOW);
    assert_string_equal(next_id(f, (struct study_filter){0}, NOW + DAY, &counts), number_id(2));
    assert_int_equal(counts.learning, 0);
    assert_int_equal(counts.total, 1);
    sync_range(f, "builtin", 1, 2);
    assert_string_equal(next_id(f, (struct study_filter){0}, NOW + DAY, &counts), number_id(1));
    assert_int_equal(counts.learning, 1);
}

static void decks_with_the_same_question_have_cards_of_their_own(void **state)
{
    struct fixture *f = *state;
    struct store_card card;
    char mine[CARD_ID_LENGTH + 1], quoted[32];
    sync_range(f, "builtin", 1, 1);
    sync_range(f, "mine", 1, 1);
    sync_range(f, "yours", 1, 1);
    snprintf(mine, sizeof mine, "%s", next_id(f, (struct study_filter){.deck = "mine"}, NOW, NULL));
    assert_string_not_equal(mine, number_id(1));
    assert_string_not_equal(mine, next_id(f, (struct study_filter){.deck = "yours"}, NOW, NULL));
    assert_string_equal(number_id(1), next_id(f, (struct study_filter){.deck = "builtin"}, NOW, NULL));
    review_ok(f, "r1", mine, GRADE_EASY, NOW);
    assert_int_equal(store_card_get(f->store, number_id(1), &card, &f->err), 1);
    assert_int_equal(card.schedule.state, CARD_NEW);
    store_card_free(&card);
    assert_int_equal(store_card_get(f->store, mine, &card, &f->err), 1);
    assert_string_equal(card.deck, "mine");
    assert_string_equal(card.slug, "linear-learner");
    assert_string_equal(card.slot, "input");
    assert_string_equal(card.words, "Is it so? yes It is so.");
    snprintf(quoted, sizeof quoted, "\"id\":\"%s\"", mine);
    assert_non_null(strstr(card.body, quoted));
    store_card_free(&card);
}

static const char *import_range(struct fixture *f, const char *title, unsigned first, unsigned last, int added)
{
    static char id[STORE_DECK_ID];
    struct deck deck = make_deck(first, last);
    struct deck_changes changes;
    if (store_deck_import(f->store, title, &deck, id, &changes, &f->err))
        fail_msg("%s: %s", f->err.where, f->err.what);
    free(deck.cards);
    assert_int_equal(changes.added, added);
    return id;
}

static void titles_of_one_slug_are_decks_of_their_own(void **state)
{
    struct fixture *f = *state;
    struct study_counts counts;
    char second[STORE_DECK_ID], third[STORE_DECK_ID];
    assert_string_equal(import_range(f, "My notes", 1, 4, 4), "my-notes");
    snprintf(second, sizeof second, "%s", import_range(f, "My Notes!", 5, 6, 2));
    snprintf(third, sizeof third, "%s", import_range(f, "my notes", 7, 9, 3));
    assert_int_equal(strncmp(second, "my-notes-", 9), 0);
    assert_int_equal(strncmp(third, "my-notes-", 9), 0);
    assert_string_not_equal(second, third);
    assert_string_equal(import_range(f, "My notes", 1, 4, 0), "my-notes");
    assert_string_equal(import_range(f, "My Notes!", 5, 6, 0), second);
    next_id(f, (struct study_filter){0}, NOW, &counts);
    assert_int_equal(counts.total, 4 + 2 + 3);
    assert_int_equal(store_deck_delete(f->store, "my-notes", &f->err), 0);
    assert_string_equal(import_range(f, "My Notes!", 5, 6, 0), second);
}

static void a_deck_with_the_title_of_the_built_in_one_is_another(void **state)
{
    struct fixture *f = *state;
    struct study_counts counts;
    sync_range(f, "builtin", 1, 3);
    assert_string_not_equal(import_range(f, "builtin", 4, 5, 2), "builtin");
    next_id(f, (struct study_filter){.deck = "builtin"}, NOW, &counts);
    assert_int_equal(counts.total, 3);
}

static void the_same_question_twice_in_a_deck_is_one_card(void **state)
{
    struct fixture *f = *state;
    struct deck deck = make_deck(1, 3);
    struct deck_changes changes;
    snprintf(deck.cards[2].id, sizeof deck.cards[2].id, "%s", deck.cards[0].id);
    assert_int_equal(store_deck_sync(f->store, "builtin", "Built in", &deck, &changes, &f->err), 0);
    assert_changes(changes, 2, 0, 0);
    free(deck.cards);
}

static void decks_are_listed_with_counts(void **state)
{
    struct fixture *f = *state;
    struct str out = {0};
    sync_range(f, "builtin", 1, 4);
    review_ok(f, "r1", number_id(1), GRADE_AGAIN, NOW);
    review_ok(f, "r2", number_id(2), GRADE_EASY, NOW);
    assert_int_equal(store_decks_json(f->store, NOW + 2 * MINUTE, &out, &f->err), 0);
    assert_string_equal(str_text(&out),
                        "{\"decks\":[{\"id\":\"builtin\",\"title\":\"builtin\",\"algorithms\":["
                        "{\"slug\":\"linear-learner\",\"title\":\"Linear Learner\",\"cards\":2,\"due\":1,\"new\":0,"
                        "\"learning\":1,\"strong\":1},"
                        "{\"slug\":\"xgboost\",\"title\":\"XGBoost\",\"cards\":2,\"due\":0,\"new\":2,\"learning\":0,"
                        "\"strong\":0}],\"cards\":4,\"due\":1,\"new\":2,\"learning\":1,\"strong\":1}]}");
    str_free(&out);
}

static void an_empty_store_lists_nothing_and_asks_nothing(void **state)
{
    struct fixture *f = *state;
    struct study_counts counts;
    struct str out = {0};
    assert_int_equal(store_decks_json(f->store, NOW, &out, &f->err), 0);
    assert_string_equal(str_text(&out), "{\"decks\":[]}");
    assert_string_equal(next_id(f, (struct study_filter){0}, NOW, &counts), "");
    assert_int_equal(counts.total, 0);
    assert_true(counts.next_due_ms == 0);
    str_free(&out);
}

static void deleting_takes_cards_and_reviews_along(void **state)
{
    struct fixture *f = *state;
    struct study_counts counts;
    sync_range(f, "builtin", 1, 2);
    sync_range(f, "mine", 1, 4);
    review_ok(f, "r1", next_id(f, (struct study_filter){.deck = "mine"}, NOW, NULL), GRADE_GOOD, NOW);
    assert_int_equal(store_deck_delete(f->store, "mine", &f->err), 0);
    next_id(f, (struct study_filter){0}, NOW, &counts);
    assert_int_equal(counts.total, 2);
    assert_int_equal(query_number(f, "SELECT (SELECT count(*) FROM reviews) + (SELECT count(*) FROM cards)"
                                     " + (SELECT count(*) FROM schedules) + (SELECT count(*) FROM decks)"),
                     0 + 2 + 2 + 1);
    assert_int_equal(store_deck_delete(f->store, "mine", &f->err), -1);
    assert_int_equal(f->err.code, ERROR_INPUT);
    assert_int_equal(store_deck_delete(f->store, "builtin", &f->err), -1);
    assert_non_null(strstr(f->err.what, "built-in"));
    assert_changes(sync_range(f, "mine", 1, 4), 4, 0, 0);
}

struct listing {
    int count;
    char ids[16][CARD_ID_LENGTH + 1];
};

static void list_card(void *context, const struct store_card *card)
{
    struct listing *listing = context;
    snprintf(listing->ids[listing->count++], sizeof listing->ids[0], "%s", card->id);
}

static void cards_are_listed_in_order_by_filter(void **state)
{
    struct fixture *f = *state;
    struct listing all = {0}, some = {0}, few = {0};
    sync_range(f, "builtin", 1, 8);
    sync_range(f, "builtin", 2, 8);
    assert_int_equal(store_cards_each(f->store, "builtin", NULL, NULL, list_card, &all, &f->err), 1);
    assert_int_equal(all.count, 7);
    assert_string_equal(all.ids[0], number_id(2));
    assert_string_equal(all.ids[6], number_id(8));
    assert_int_equal(store_cards_each(f->store, "builtin", "xgboost", NULL, list_card, &some, &f->err), 1);
    assert_int_equal(some.count, 3);
    assert_int_equal(store_cards_each(f->store, "builtin", "xgboost", "input", list_card, &few, &f->err), 1);
    assert_int_equal(few.count, 1);
    assert_string_equal(few.ids[0], number_id(7));
    assert_int_equal(store_cards_each(f->store, "nowhere", NULL, NULL, list_card, &few, &f->err), 0);
}

static void chapters_follow_the_order_of_the_notes(void **state)
{
    struct fixture *f = *state;
    struct deck deck = make_deck(1, 2);
    struct deck_changes changes;
    struct card first = deck.cards[0];
    struct str out = {0};
    assert_int_equal(store_deck_sync(f->store, "builtin", "Built in", &deck, &changes, &f->err), 0);
    deck.cards[0] = deck.cards[1];
    deck.cards[1] = first;
    assert_int_equal(store_deck_sync(f->store, "builtin", "Built in", &deck, &changes, &f->err), 0);
    assert_changes(changes, 0, 2, 0);
    assert_int_equal(store_decks_json(f->store, NOW, &out, &f->err), 0);
    assert_true(strstr(str_text(&out), "xgboost") < strstr(str_text(&out), "linear-learner"));
    assert_string_equal(next_id(f, (struct study_filter){0}, NOW, NULL), number_id(2));
    str_free(&out);
    free(deck.cards);
}

static void titles_become_ids(void **state)
{
    static const char *const pairs[][2] = {{"Models Flashcards", "models-flashcards"},
                                           {"  My notes (v2).txt ", "my-notes-v2-txt"}};
    char id[STORE_DECK_ID], other[STORE_DECK_ID], longest[400];
    size_t i;
    (void)state;
    for (i = 0; i < 2; i++) {
        store_deck_id(pairs[i][0], id);
        assert_string_equal(id, pairs[i][1]);
    }
    store_deck_id("builtin", id);
    assert_string_not_equal(id, "builtin");
    store_deck_id("Заметки", id);
    store_deck_id("Карты", other);
    assert_true(id[0] && strcmp(id, other) != 0);
    store_deck_id("", id);
    assert_true(id[0]);
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    store_deck_id(longest, id);
    longest[sizeof longest - 2] = 'b';
    store_deck_id(longest, other);
    assert_true(strlen(id) < STORE_DECK_ID && strcmp(id, other) != 0);
}

/* --- the queue ------------------------------------------------------------------------------------------------------
 */

static void learning_comes_before_reviews_before_new_cards(void **state)
{
    struct fixture *f = *state;
    struct study_counts counts;
    struct schedule two, three, four;
    int64_t later = NOW + 30 * DAY;
    sync_range(f, "builtin", 1, 6);
    assert_string_equal(next_id(f, (struct study_filter){0}, NOW, &counts), number_id(1));
    assert_int_equal(counts.fresh, 6);
    assert_int_equal(counts.due, 0);
    two = review_ok(f, "r1", number_id(2), GRADE_EASY, NOW);
    three = review_ok(f, "r2", number_id(3), GRADE_EASY, NOW - 20 * DAY);
    assert_true(three.due_ms < two.due_ms);
    four = review_ok(f, "r3", number_id(4), GRADE_AGAIN, NOW);
    assert_string_equal(next_id(f, (struct study_filter){0}, four.due_ms - 1, NULL), number_id(3));
    assert_string_equal(next_id(f, (struct study_filter){0}, four.due_ms, &counts), number_id(4));
    assert_int_equal(counts.due, 2);
    assert_int_equal(counts.learning, 1);
    assert_int_equal(counts.total, 6);
    assert_true(counts.next_due_ms == two.due_ms);
    review_ok(f, "r4", number_id(4), GRADE_EASY, later);
    assert_string_equal(next_id(f, (struct study_filter){0}, later, NULL), number_id(3)); /* the most overdue */
    review_ok(f, "r5", number_id(3), GRADE_AGAIN, later - DAY);     /* relearning, due for a day */
    review_ok(f, "r6", number_id(5), GRADE_AGAIN, later - 2 * DAY); /* learning, due for two */
    assert_string_equal(next_id(f, (struct study_filter){0}, later, NULL), number_id(5));
    review_ok(f, "r7", number_id(5), GRADE_EASY, later);
    assert_string_equal(next_id(f, (struct study_filter){0}, later, NULL), number_id(3));
    review_ok(f, "r8", number_id(3), GRADE_EASY, later);
    assert_string_equal(next_id(f, (struct study_filter){0}, later, NULL), number_id(2));
    review_ok(f, "r9", number_id(2), GRADE_EASY, later);
    assert_string_equal(next_id(f, (struct study_filter){0}, later, NULL), number_id(1));
    review_ok(f, "r10", number_id(1), GRADE_EASY, later);
    review_ok(f, "r11", number_id(6), GRADE_EASY, later);
    assert_string_equal(next_id(f, (struct study_filter){0}, later, &counts), "");
    assert_int_equal(counts.due + counts.fresh + counts.learning, 0);
    assert_true(counts.next_due_ms > later);
}

static void the_card_just_answered_waits_unless_it_is_alone(void **state)
{
    struct fixture *f = *state;
    struct study_filter filter = {.not_card = "0000000000000001"};
    sync_range(f, "builtin", 1, 2);
    review_ok(f, "r1", number_id(1), GRADE_AGAIN, NOW - DAY);
    assert_string_equal(next_id(f, (struct study_filter){0}, NOW, NULL), number_id(1));
    assert_string_equal(next_id(f, filter, NOW, NULL), number_id(2));
    review_ok(f, "r2", number_id(2), GRADE_EASY, NOW);
    assert_string_equal(next_id(f, filter, NOW, NULL), number_id(1));
}

/* Answers what is next until nothing is; the lines asked about, in order. */
static int answer_all(struct fixture *f, int64_t now, const char *prefix, int64_t *lines, int max)
{
    char sql[96], id[32], card[CARD_ID_LENGTH + 1];
    int count = 0;
    while (snprintf(card, sizeof card, "%s", next_id(f, (struct study_filter){0}, now, NULL)) > 0) {
        assert_true(count < max);
        snprintf(sql, sizeof sql, "SELECT line FROM cards WHERE id = '%s'", card);
        lines[count] = query_number(f, sql);
        snprintf(id, sizeof id, "%s%d", prefix, count++);
        review_ok(f, id, card, GRADE_EASY, now);
    }
    return count;
}

static int nearest_siblings(const int64_t *lines, int count)
{
    int i, j, nearest = count;
    for (i = 0; i < count; i++)
        for (j = i + 1; j < count; j++)
            if (lines[i] == lines[j] && j - i < nearest)
                nearest = j - i;
    return nearest;
}

#define FACTS 18
#define EACH_FACT 4

static void sync_siblings(struct fixture *f, unsigned facts, unsigned each)
{
    struct deck deck = make_deck(1, facts * each);
    struct deck_changes changes;
    unsigned i;
    for (i = 0; i < facts * each; i++) {
        deck.cards[i] = make_card(i + 1, 0);
        deck.cards[i].line = (int)(i / each) + 1;
    }
    assert_int_equal(store_deck_sync(f->store, "builtin", "builtin", &deck, &changes, &f->err), 0);
    free(deck.cards);
}

static void cards_of_one_fact_do_not_follow_each_other(void **state)
{
    struct fixture *f = *state;
    int64_t lines[FACTS * EACH_FACT];
    sync_siblings(f, FACTS, EACH_FACT);
    assert_int_equal(answer_all(f, NOW, "new", lines, FACTS * EACH_FACT), FACTS * EACH_FACT);
    assert_int_equal(lines[0], 1);
    assert_int_equal(lines[1], 2);
    assert_in_range(nearest_siblings(lines, FACTS * EACH_FACT), 9, FACTS * EACH_FACT);
    assert_int_equal(answer_all(f, NOW + 90 * DAY, "due", lines, FACTS * EACH_FACT), FACTS * EACH_FACT);
    /* While half of the cards wait, they are of at least 9 facts. */
    assert_in_range(nearest_siblings(lines, FACTS * EACH_FACT / 2), 9, FACTS * EACH_FACT);
}

static void cards_of_one_fact_follow_when_nothing_else_is_left(void **state)
{
    struct fixture *f = *state;
    int64_t lines[3];
    sync_siblings(f, 1, 3);
    review_ok(f, "r1", number_id(1), GRADE_EASY, NOW);
    assert_string_equal(next_id(f, (struct study_filter){0}, NOW, NULL), number_id(2));
    assert_int_equal(answer_all(f, NOW, "new", lines, 3), 2);
}

/* A store of the first version: its cards' lines stand in their bodies only. */
static void an_older_database_learns_the_lines(void **state)
{
    struct fixture *f = *state;
    sync_range(f, "builtin", 5, 9);
    store_close(f->store);
    query_number(f, "ALTER TABLE cards DROP COLUMN line");
    query_number(f, "DELETE FROM schema_version WHERE version > 1");
    open_store(f);
    assert_int_equal(query_number(f, "SELECT count(*) FROM cards WHERE line BETWEEN 5 AND 9"), 5);
    assert_int_equal(query_number(f, "SELECT count(DISTINCT line) FROM cards"), 5);
}

static void filters_hold_for_cards_and_counts(void **state)
{
    struct fixture *f = *state;
    struct study_counts counts;
    char id[CARD_ID_LENGTH + 1];
    sync_range(f, "builtin", 1, 6);
    sync_range(f, "mine", 11, 14);
    assert_string_equal(next_id(f, (struct study_filter){.deck = "builtin", .algorithm = "xgboost"}, NOW, &counts),
                        number_id(4));
    assert_int_equal(counts.total, 3);
    snprintf(id, sizeof id, "%s", next_id(f, (struct study_filter){.deck = "mine"}, NOW, &counts));
    assert_int_equal(counts.total, 4);
    review_ok(f, "r1", id, GRADE_AGAIN, NOW - DAY);
    next_id(f, (struct study_filter){.algorithm = "linear-learner"}, NOW, &counts);
    assert_int_equal(counts.total, 5);
    assert_int_equal(counts.due, 1);
    assert_string_equal(next_id(f, (struct study_filter){.deck = "builtin"}, NOW, NULL), number_id(1));
    assert_string_equal(next_id(f, (struct study_filter){.deck = "nowhere"}, NOW, &counts), "");
    assert_int_equal(counts.total, 0);
}

/* --- reviews --------------------------------------------------------------------------------------------------------
 */

static void the_same_review_twice_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct schedule first, again;
    struct store_card card;
    sync_range(f, "builtin", 1, 2);
    first = review_ok(f, "r1", number_id(1), GRADE_GOOD, NOW);
    review_ok(f, "r2", number_id(1), GRADE_GOOD, NOW + 10 * MINUTE);
    assert_int_equal(add_review(f, "r1", number_id(1), GRADE_GOOD, NOW + DAY, &again), 0);
    assert_true(again.due_ms == first.due_ms);
    assert_int_equal(again.state, CARD_LEARNING);
    assert_int_equal(query_number(f, "SELECT count(*) FROM reviews"), 2);
    assert_int_equal(store_card_get(f->store, number_id(1), &card, &f->err), 1);
    assert_int_equal(card.schedule.reps, 2);
    assert_int_equal(card.schedule.state, CARD_REVIEW);
    store_card_free(&card);
}

static void wrong_reviews_are_refused(void **state)
{
    struct fixture *f = *state;
    struct schedule after;
    sync_range(f, "builtin", 1, 2);
    assert_int_equal(add_review(f, "r1", "ffffffffffffffff", GRADE_GOOD, NOW, &after), -1);
    assert_int_equal(f->err.code, ERROR_INPUT);
    assert_string_equal(f->err.where, "card");
    review_ok(f, "r2", number_id(1), GRADE_GOOD, NOW);
    assert_int_equal(add_review(f, "r2", number_id(1), GRADE_EASY, NOW, &after), -1);
    assert_int_equal(add_review(f, "r2", number_id(2), GRADE_GOOD, NOW, &after), -1);
    assert_string_equal(f->err.where, "id");
    assert_int_equal(query_number(f, "SELECT count(*) FROM reviews"), 1);
}

static void a_review_follows_the_scheduler(void **state)
{
    struct fixture *f = *state;
    struct schedule fresh = {0}, expected, stored;
    struct store_card card;
    sync_range(f, "builtin", 1, 1);
    expected = schedule_answer(&fresh, GRADE_EASY, NOW, schedule_seed(number_id(1), 0));
    stored = review_ok(f, "r1", number_id(1), GRADE_EASY, NOW);
    assert_memory_equal(&stored, &expected, sizeof stored);
    assert_int_equal(store_card_get(f->store, number_id(1), &card, &f->err), 1);
    assert_memory_equal(&card.schedule, &expected, sizeof expected);
    store_card_free(&card);
    assert_int_equal(query_number(f, "SELECT before_state = 0 AND before_due_ms = 0 AND after_state = 2"
                                     " AND grade = 4 AND chosen = -1 AND elapsed_ms = 900 FROM reviews"),
                     1);
}

struct review_list {
    int count;
    char ids[8][40];
};

static void list_review(void *context, const struct review *review, int64_t due_ms)
{
    struct review_list *list = context;
    assert_true(due_ms > review->at_ms);
    snprintf(list->ids[list->count++], sizeof list->ids[0], "%s", review->id);
}

static void reviews_are_listed_from_the_newest(void **state)
{
    struct fixture *f = *state;
    struct review_list head = {0}, rest = {0}, none = {0};
    sync_range(f, "builtin", 1, 4);
    review_ok(f, "r1", number_id(1), GRADE_GOOD, NOW);
    review_ok(f, "r2", number_id(2), GRADE_GOOD, NOW);
    review_ok(f, "r3", number_id(3), GRADE_GOOD, NOW - DAY);
    assert_int_equal(store_reviews_each(f->store, NULL, 2, list_review, &head, &f->err), 0);
    assert_int_equal(head.count, 2);
    assert_string_equal(head.ids[0], "r3");
    assert_int_equal(store_reviews_each(f->store, head.ids[1], 8, list_review, &rest, &f->err), 0);
    assert_int_equal(rest.count, 1);
    assert_string_equal(rest.ids[0], "r1");
    assert_int_equal(store_reviews_each(f->store, "unknown", 8, list_review, &none, &f->err), 0);
    assert_int_equal(none.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(synchronising_keeps_hides_and_brings_back),
        STORE_TEST(a_hidden_card_can_still_be_answered_and_is_not_asked),
        STORE_TEST(decks_with_the_same_question_have_cards_of_their_own),
        STORE_TEST(titles_of_one_slug_are_decks_of_their_own),
        STORE_TEST(a_deck_with_the_title_of_the_built_in_one_is_another),
        STORE_TEST(the_same_question_twice_in_a_deck_is_one_card),
        STORE_TEST(decks_are_listed_with_counts),
        STORE_TEST(an_empty_store_lists_nothing_and_asks_nothing),
        STORE_TEST(deleting_takes_cards_and_reviews_along),
        STORE_TEST(cards_are_listed_in_order_by_filter),
        STORE_TEST(chapters_follow_the_order_of_the_notes),
        STORE_TEST(titles_become_ids),
        STORE_TEST(learning_comes_before_reviews_before_new_cards),
        STORE_TEST(the_card_just_answered_waits_unless_it_is_alone),
        STORE_TEST(cards_of_one_fact_do_not_follow_each_other),
        STORE_TEST(cards_of_one_fact_follow_when_nothing_else_is_left),
        STORE_TEST(an_older_database_learns_the_lines),
        STORE_TEST(filters_hold_for_cards_and_counts),
        STORE_TEST(the_same_review_twice_changes_nothing),
        STORE_TEST(wrong_reviews_are_refused),
        STORE_TEST(a_review_follows_the_scheduler),
        STORE_TEST(reviews_are_listed_from_the_newest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
