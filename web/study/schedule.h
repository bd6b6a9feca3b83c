/* When a card comes back. Pure: state and answer in, state out.
 *
 * This is a simple scheduler, not FSRS-6 (which fits behind the same function). What it takes from FSRS-6 and Anki are
 * the learning steps, the first stabilities, the course of difficulty, the fuzz and the order of the buttons. Its own
 * rule is the growth of stability:
 *   - first answer and every one in the learning steps: 0.212, 1.2931, 2.3065, 8.2956 days by grade, so that a card
 *     leaves them with about 2 days (good) or 8 days (easy);
 *   - a review passed when it was due: hard x 1.2, good x 2.5, easy x 3.2; passed early, the share of that growth that
 *     its interval had run;
 *   - a lapse halves it, never below 1 day.
 * Recall at the stability is meant to be 0.9, so the interval is the stability in whole days of 24 hours. */
#ifndef STUDY_SCHEDULE_H
#define STUDY_SCHEDULE_H

#include <stdint.h>

enum grade { GRADE_AGAIN = 1, GRADE_HARD, GRADE_GOOD, GRADE_EASY };
enum card_state { CARD_NEW, CARD_LEARNING, CARD_REVIEW, CARD_RELEARNING };

struct schedule {
    enum card_state state;
    int step;              /* index into the learning steps while learning or relearning */
    double stability_days; /* the time after which recall is expected to be 0.9; 0 while new */
    double difficulty;     /* 1 (easy) .. 10 (hard); 0 while new */
    int reps, lapses;
    int64_t due_ms, last_ms; /* Unix time; 0: never */
};

/* The state after answering `grade` at `now_ms`. `seed` (from the card's id and its reps) decides the fuzz, so that the
 * interval shown and the interval applied agree. */
struct schedule schedule_answer(const struct schedule *before, enum grade grade, int64_t now_ms, uint64_t seed);
uint64_t schedule_seed(const char *card, int reps);

/* What schedule_answer is made of; public to be held against published tables.
 * Seconds until the card is asked again within `steps` (lengths in seconds), 0: it leaves them. */
long schedule_step_delay(const int *steps, int count, int step, enum grade grade);
/* Whole days in minimum..maximum near `days`, spread by u in [0, 1). */
int schedule_fuzz(double days, int minimum, int maximum, double u);

#endif
