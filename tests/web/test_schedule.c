/* The scheduler against Anki's published tables (steps, fuzz) and FSRS-6's first values, and the rules of its header.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
/* cmocka needs those above */
#include <cmocka.h>

#include "web/study/schedule.h"

#define MINUTE 60000LL
#define DAY 86400000LL
#define NOW 1790000000000LL
#define SEED 7

static const struct schedule fresh = {.state = CARD_NEW};

static struct schedule answer(struct schedule before, enum grade grade, int64_t now)
{
    return schedule_answer(&before, grade, now, SEED);
}

/* A card in review whose interval of `days` ends now. */
static struct schedule due_now(double days)
{
    return (struct schedule){.state = CARD_REVIEW,
                             .stability_days = days,
                             .difficulty = 5,
                             .reps = 4,
                             .due_ms = NOW,
                             .last_ms = NOW - (int64_t)days * DAY};
}

static long days_until_due(struct schedule s)
{
    assert_int_equal((s.due_ms - s.last_ms) % DAY, 0);
    return (long)((s.due_ms - s.last_ms) / DAY);
}

/* Anki's table: steps in minutes, steps remaining -> again/hard/good in seconds, 0 for graduating. */
static void step_delays_match_the_published_table(void **state)
{
    static const struct {
        int steps[3], count, remaining;
        long again, hard, good;
    } rows[] = {
        {{600}, 1, 1, 600, 900, 0},
        {{60, 600}, 2, 2, 60, 330, 600},
        {{60, 600}, 2, 1, 60, 600, 0},
        {{60, 600, 6000}, 3, 2, 60, 600, 6000},
    };
    size_t i;
    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int step = rows[i].count - rows[i].remaining;
        assert_int_equal(schedule_step_delay(rows[i].steps, rows[i].count, step, GRADE_AGAIN), rows[i].again);
        assert_int_equal(schedule_step_delay(rows[i].steps, rows[i].count, step, GRADE_HARD), rows[i].hard);
        assert_int_equal(schedule_step_delay(rows[i].steps, rows[i].count, step, GRADE_GOOD), rows[i].good);
        assert_int_equal(schedule_step_delay(rows[i].steps, rows[i].count, step, GRADE_EASY), 0);
    }
}

static void hard_is_never_more_than_a_day_above_the_first_step(void **state)
{
    const int one[] = {3 * 86400}, two[] = {60, 10 * 86400};
    (void)state;
    assert_int_equal(schedule_step_delay(one, 1, 0, GRADE_HARD), 4 * 86400);
    assert_int_equal(schedule_step_delay(two, 2, 0, GRADE_HARD), 60 + 86400);
}

static void steps_outside_the_list_are_the_nearest_one(void **state)
{
    const int steps[] = {60, 600};
    (void)state;
    assert_int_equal(schedule_step_delay(steps, 2, 9, GRADE_HARD), 600);
    assert_int_equal(schedule_step_delay(steps, 2, -3, GRADE_GOOD), 600);
    assert_int_equal(schedule_step_delay(steps, 0, 0, GRADE_AGAIN), 0);
}

/* Anki's table: interval, minimum, maximum -> days at u = 0, 0.5, 0.99. */
static void fuzz_matches_the_published_table(void **state)
{
    static const struct {
        double days;
        int minimum, maximum, at[3];
    } rows[] = {
        {1.0, 1, 1000, {1, 1, 1}},     {2.49, 1, 1000, {2, 2, 2}},     {2.5, 1, 1000, {2, 3, 4}},
        {7.0, 1, 1000, {5, 7, 9}},     {17.0, 1, 1000, {14, 17, 20}},  {37.0, 1, 1000, {33, 37, 41}},
        {2.0, 3, 1000, {3, 4, 4}},     {2.0, 3, 3, {3, 3, 3}},         {19.9, 3, 1000, {17, 20, 23}},
        {20.0, 3, 1000, {17, 20, 23}}, {20.1, 3, 1000, {17, 20, 23}},  {100, 101, 1000, {101, 105, 108}},
        {100, 1, 99, {92, 96, 99}},    {100, 97, 103, {97, 100, 103}},
    };
    static const double u[] = {0, 0.5, 0.99};
    size_t i, k;
    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (k = 0; k < 3; k++)
            assert_int_equal(schedule_fuzz(rows[i].days, rows[i].minimum, rows[i].maximum, u[k]), rows[i].at[k]);
}

static void a_new_card_walks_the_learning_steps(void **state)
{
    struct schedule s = answer(fresh, GRADE_AGAIN, NOW);
    (void)state;
    assert_int_equal(s.state, CARD_LEARNING);
    assert_int_equal(s.due_ms, NOW + MINUTE);
    s = answer(fresh, GRADE_HARD, NOW);
    assert_int_equal(s.step, 0);
    assert_int_equal(s.due_ms, NOW + 330 * 1000);
    s = answer(fresh, GRADE_GOOD, NOW);
    assert_int_equal(s.state, CARD_LEARNING);
    assert_int_equal(s.step, 1);
    assert_int_equal(s.due_ms, NOW + 10 * MINUTE);
    s = answer(s, GRADE_HARD, NOW + 10 * MINUTE);
    assert_int_equal(s.step, 1);
    assert_int_equal(s.due_ms, NOW + 20 * MINUTE);
    s = answer(s, GRADE_GOOD, NOW + 20 * MINUTE);
    assert_int_equal(s.state, CARD_REVIEW);
    assert_int_equal(days_until_due(s), 2);
    assert_int_equal(s.reps, 3);
    assert_int_equal(s.lapses, 0);
}

static void easy_graduates_at_once_to_about_eight_days(void **state)
{
    struct schedule s = answer(fresh, GRADE_EASY, NOW);
    (void)state;
    assert_int_equal(s.state, CARD_REVIEW);
    assert_in_range(days_until_due(s), 6, 10); /* 8.2956 -> 8, spread by 1.8 */
}

/* FSRS-6's first stability and difficulty at its published defaults. */
static void first_memory_state_is_that_of_fsrs6(void **state)
{
    static const double stability[] = {0.212, 1.2931, 2.3065, 8.2956};
    static const double difficulty[] = {6.4133, 5.1122, 2.1181, 1};
    int g;
    (void)state;
    for (g = GRADE_AGAIN; g <= GRADE_EASY; g++) {
        struct schedule s = answer(fresh, (enum grade)g, NOW);
        assert_true(fabs(s.stability_days - stability[g - 1]) < 1e-12);
        assert_true(fabs(s.difficulty - difficulty[g - 1]) < 1e-4);
    }
}

static void passing_on_time_grows_by_the_grade(void **state)
{
    static const double growth[] = {1.2, 2.5, 3.2};
    int g;
    (void)state;
    for (g = GRADE_HARD; g <= GRADE_EASY; g++) {
        struct schedule s = answer(due_now(10), (enum grade)g, NOW);
        assert_int_equal(s.state, CARD_REVIEW);
        assert_true(fabs(s.stability_days - 10 * growth[g - 2]) < 1e-9);
        assert_int_equal(s.last_ms, NOW);
        assert_true(labs(days_until_due(s) - lround(s.stability_days)) <= 4);
    }
}

static void passing_early_grows_only_by_what_has_run(void **state)
{
    struct schedule card = due_now(10), s;
    (void)state;
    s = answer(card, GRADE_GOOD, card.last_ms);
    assert_true(fabs(s.stability_days - 10) < 1e-9);
    s = answer(card, GRADE_GOOD, card.last_ms + 5 * DAY);
    assert_true(fabs(s.stability_days - 17.5) < 1e-9);
    s = answer(card, GRADE_GOOD, card.last_ms - 5 * DAY); /* the clock went back */
    assert_true(fabs(s.stability_days - 10) < 1e-9);
    s = answer(card, GRADE_GOOD, card.last_ms + 50 * DAY);
    assert_true(fabs(s.stability_days - 25) < 1e-9);
}

static void a_lapse_relearns_and_halves(void **state)
{
    struct schedule s = answer(due_now(30), GRADE_AGAIN, NOW);
    (void)state;
    assert_int_equal(s.state, CARD_RELEARNING);
    assert_int_equal(s.lapses, 1);
    assert_int_equal(s.due_ms, NOW + 10 * MINUTE);
    assert_true(fabs(s.stability_days - 15) < 1e-9);
    s = answer(s, GRADE_HARD, NOW + 10 * MINUTE);
    assert_int_equal(s.state, CARD_RELEARNING);
    assert_int_equal(s.due_ms, NOW + 25 * MINUTE);
    s = answer(s, GRADE_AGAIN, NOW + 25 * MINUTE);
    assert_int_equal(s.lapses, 1); /* only a card in review lapses */
    s = answer(s, GRADE_GOOD, NOW + 35 * MINUTE);
    assert_int_equal(s.state, CARD_REVIEW);
    assert_in_range(days_until_due(s), 12, 18);
    s = answer(due_now(1), GRADE_AGAIN, NOW);
    assert_true(fabs(s.stability_days - 1) < 1e-9); /* the floor */
}

static void buttons_are_a_day_apart_and_intervals_grow(void **state)
{
    int days, seed;
    (void)state;
    for (days = 1; days <= 400; days += days < 40 ? 1 : 37)
        for (seed = 0; seed < 50; seed++) {
            struct schedule card = due_now(days);
            long hard = days_until_due(schedule_answer(&card, GRADE_HARD, NOW, (uint64_t)seed));
            long good = days_until_due(schedule_answer(&card, GRADE_GOOD, NOW, (uint64_t)seed));
            long easy = days_until_due(schedule_answer(&card, GRADE_EASY, NOW, (uint64_t)seed));
            assert_true(hard >= days);
            assert_true(good > hard && good > days);
            assert_true(easy > good);
        }
}

static void shown_and_applied_intervals_agree(void **state)
{
    struct schedule card = due_now(60), early, late;
    (void)state;
    early = answer(card, GRADE_GOOD, NOW);
    late = answer(card, GRADE_GOOD, NOW + 90 * 1000); /* shown, then answered a minute and a half later */
    assert_int_equal(days_until_due(early), days_until_due(late));
}

static void seeds_spread_intervals_and_come_from_card_and_reps(void **state)
{
    struct schedule card = due_now(40);
    int seen[400] = {0}, kinds = 0, i;
    (void)state;
    for (i = 0; i < 200; i++) {
        long days = days_until_due(schedule_answer(&card, GRADE_GOOD, NOW, schedule_seed("00000000000000aa", i)));
        assert_in_range(days, 93, 107); /* 100 spread by 6.975 */
        kinds += seen[days]++ == 0;
    }
    assert_true(kinds > 10);
    assert_true(schedule_seed("00000000000000aa", 1) == schedule_seed("00000000000000aa", 1));
    assert_true(schedule_seed("00000000000000aa", 1) != schedule_seed("00000000000000ab", 1));
}

static void intervals_stop_at_a_hundred_years(void **state)
{
    struct schedule s = answer(due_now(36500), GRADE_EASY, NOW);
    (void)state;
    assert_int_equal(days_until_due(s), 36500);
    assert_true(s.stability_days <= 36500);
}

static void damaged_values_are_survived(void **state)
{
    struct schedule card = due_now(10), s;
    (void)state;
    card.stability_days = NAN;
    card.difficulty = NAN;
    s = answer(card, GRADE_GOOD, NOW);
    assert_true(isfinite(s.stability_days) && s.stability_days > 0);
    assert_true(s.difficulty >= 1 && s.difficulty <= 10);
    assert_true(s.due_ms > NOW);
    card = due_now(10);
    card.due_ms = INT64_MIN;
    card.last_ms = INT64_MAX;
    assert_true(answer(card, GRADE_GOOD, NOW).due_ms > NOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(step_delays_match_the_published_table),
        cmocka_unit_test(hard_is_never_more_than_a_day_above_the_first_step),
        cmocka_unit_test(steps_outside_the_list_are_the_nearest_one),
        cmocka_unit_test(fuzz_matches_the_published_table),
        cmocka_unit_test(a_new_card_walks_the_learning_steps),
        cmocka_unit_test(easy_graduates_at_once_to_about_eight_days),
        cmocka_unit_test(first_memory_state_is_that_of_fsrs6),
        cmocka_unit_test(passing_on_time_grows_by_the_grade),
        cmocka_unit_test(passing_early_grows_only_by_what_has_run),
        cmocka_unit_test(a_lapse_relearns_and_halves),
        cmocka_unit_test(buttons_are_a_day_apart_and_intervals_grow),
        cmocka_unit_test(shown_and_applied_intervals_agree),
        cmocka_unit_test(seeds_spread_intervals_and_come_from_card_and_reps),
        cmocka_unit_test(intervals_stop_at_a_hundred_years),
        cmocka_unit_test(damaged_values_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
