/* When a card comes back. Pure: state and answer in, state out. FSRS-6 takes this interface later; until then a simple
 * scheduler with the same learning steps (1 min, 10 min) fills it. */
#ifndef STUDY_SCHEDULE_H
#define STUDY_SCHEDULE_H

#include <stdint.h>

enum grade { GRADE_AGAIN = 1, GRADE_HARD, GRADE_GOOD, GRADE_EASY };
enum card_state { CARD_NEW, CARD_LEARNING, CARD_REVIEW, CARD_RELEARNING };

struct schedule {
    enum card_state state;
    int step;               /* index into the learning steps while learning or relearning */
    double stability_days;  /* the time after which recall is expected to be 0.9; 0 while new */
    double difficulty;      /* 1 (easy) .. 10 (hard); 0 while new */
    int reps, lapses;
    int64_t due_ms, last_ms; /* Unix time; 0: never */
};

/* The state after answering `grade` at `now_ms`. `seed` (from the card's id and its reps) decides the fuzz, so that the
 * interval shown and the interval applied agree. */
struct schedule schedule_answer(const struct schedule *before, enum grade grade, int64_t now_ms, uint64_t seed);

#endif
