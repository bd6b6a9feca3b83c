#include "web/study/schedule.h"

#include <math.h>
#include <stdbool.h>

#include "engine/base/rng.h"

#define DAY_S 86400L
#define DAY_MS (DAY_S * 1000LL)
#define MAX_DAYS 36500
#define MIN_STABILITY 0.001
#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

static const int learning_steps[] = {60, 600};
static const int relearning_steps[] = {600};

/* By grade, 1..4; the first entry stands for no grade. */
static const double first_stability[] = {0, 0.212, 1.2931, 2.3065, 8.2956};
static const double growth[] = {0, 0, 1.2, 2.5, 3.2};

/* FSRS-6: D0(G) = w4 - exp(w5 (G-1)) + 1; later D + dD (10-D)/9 with dD = -w6 (G-3), then drawn to D0(easy) by w7. */
static const double difficulty_w4 = 6.4133, difficulty_w5 = 0.8334, difficulty_w6 = 3.0194, difficulty_w7 = 0.001;

/* NaN, which only a damaged database can hold, becomes the low end. */
static double clamp(double value, double low, double high)
{
    if (!(value > low))
        return low;
    return value < high ? value : high;
}

static int clamp_int(int value, int low, int high)
{
    if (value < low)
        return low;
    return value < high ? value : high;
}

static double first_difficulty(enum grade grade)
{
    return difficulty_w4 - exp(difficulty_w5 * ((double)grade - 1)) + 1;
}

static double next_difficulty(const struct schedule *before, enum grade grade)
{
    double moved;
    if (before->state == CARD_NEW)
        return clamp(first_difficulty(grade), 1, 10);
    moved = before->difficulty - difficulty_w6 * ((double)grade - 3) * (10 - before->difficulty) / 9;
    return clamp(difficulty_w7 * first_difficulty(GRADE_EASY) + (1 - difficulty_w7) * moved, 1, 10);
}

/* How much of the interval had run when the card was answered, 0..1. */
static double interval_run(const struct schedule *before, int64_t now_ms)
{
    double whole = (double)before->due_ms - (double)before->last_ms;
    return whole > 0 ? clamp(((double)now_ms - (double)before->last_ms) / whole, 0, 1) : 1;
}

static double next_stability(const struct schedule *before, enum grade grade, int64_t now_ms)
{
    double stability = clamp(before->stability_days, MIN_STABILITY, MAX_DAYS);
    switch (before->state) {
    case CARD_REVIEW:
        if (grade == GRADE_AGAIN)
            return fmin(stability, fmax(1, stability / 2));
        return clamp(stability * (1 + (growth[grade] - 1) * interval_run(before, now_ms)), MIN_STABILITY, MAX_DAYS);
    case CARD_RELEARNING:
        return stability; /* the lapse was paid for when it happened */
    default:
        return first_stability[grade];
    }
}

/* --- fuzz ------------------------------------------------------------------------------------------------------- */

static const struct {
    double start, end, share;
} fuzz_ranges[] = {{2.5, 7, 0.15}, {7, 20, 0.10}, {20, INFINITY, 0.05}};

static double fuzz_delta(double days)
{
    double delta = days < 2.5 ? 0 : 1;
    int i;
    for (i = 0; i < COUNT(fuzz_ranges); i++)
        delta += fuzz_ranges[i].share * fmax(0, fmin(days, fuzz_ranges[i].end) - fuzz_ranges[i].start);
    return delta;
}

static int fuzz_highest(double days)
{
    return (int)round(days + fuzz_delta(days));
}

int schedule_fuzz(double days, int minimum, int maximum, double u)
{
    int lower, upper;
    minimum = minimum < maximum ? minimum : maximum;
    days = clamp(days, minimum, maximum);
    lower = clamp_int((int)round(days - fuzz_delta(days)), minimum, maximum);
    upper = clamp_int(fuzz_highest(days), minimum, maximum);
    if (upper == lower && upper > 2 && upper < maximum)
        upper = lower + 1;
    return (int)floor(lower + u * (upper - lower + 1));
}

uint64_t schedule_seed(const char *card, int reps)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (; *card; card++)
        hash = (hash ^ (unsigned char)*card) * 0x100000001b3u;
    return hash + (uint64_t)reps;
}

/* --- from state to due date --------------------------------------------------------------------------------------- */

long schedule_step_delay(const int *steps, int count, int step, enum grade grade)
{
    long delay;
    if (count == 0 || grade == GRADE_EASY)
        return 0;
    step = clamp_int(step, 0, count - 1);
    switch (grade) {
    case GRADE_AGAIN:
        return steps[0];
    case GRADE_HARD:
        if (step > 0)
            return steps[step];
        delay = count > 1 ? ((long)steps[0] + steps[1]) / 2 : (long)steps[0] * 3 / 2;
        return delay < steps[0] + DAY_S ? delay : steps[0] + DAY_S;
    default:
        return step + 1 < count ? steps[step + 1] : 0;
    }
}

/* The least interval a passing grade may get. Growing intervals grow by a day at least; one that fuzz alone would
 * shorten keeps its length. `previous` is 0 for a card that leaves its steps. */
static int least_days(double days, int previous, int after)
{
    int least = 1;
    if (previous > 0 && (int)round(days) > previous)
        least = previous + 1;
    else if (previous > 0 && previous <= fuzz_highest(days))
        least = previous;
    return least > after ? least : after;
}

/* The interval in days of `grade`: each button is at least a day longer than the one before it, so all up to it are
 * worked out. */
static int interval_days(const struct schedule *before, enum grade grade, int64_t now_ms, uint64_t seed)
{
    bool review = before->state == CARD_REVIEW;
    double previous_days =
        clamp(round(((double)before->due_ms - (double)before->last_ms) / (double)DAY_MS), 0, MAX_DAYS);
    int days = 0, g;
    struct rng rng;
    double u;
    rng_init(&rng, seed, 0);
    u = rng_uniform(&rng);
    for (g = review ? GRADE_HARD : GRADE_GOOD; g <= (int)grade && g <= GRADE_EASY; g++) {
        double wanted = next_stability(before, (enum grade)g, now_ms);
        int least = least_days(wanted, review ? (int)previous_days : 0, days + 1);
        days = schedule_fuzz(wanted, least, MAX_DAYS, u);
    }
    return days;
}

static int next_step(int step, int count, enum grade grade)
{
    step = clamp_int(step, 0, count - 1);
    if (grade == GRADE_AGAIN)
        return 0;
    return grade == GRADE_GOOD ? step + 1 : step;
}

struct schedule schedule_answer(const struct schedule *before, enum grade grade, int64_t now_ms, uint64_t seed)
{
    bool lapse = before->state == CARD_REVIEW && grade == GRADE_AGAIN;
    bool relearning = lapse || before->state == CARD_RELEARNING;
    bool in_steps = before->state != CARD_REVIEW || lapse;
    const int *steps = relearning ? relearning_steps : learning_steps;
    int count = relearning ? COUNT(relearning_steps) : COUNT(learning_steps);
    int step = before->state == CARD_LEARNING || before->state == CARD_RELEARNING ? before->step : 0;
    long delay_s = in_steps ? schedule_step_delay(steps, count, step, grade) : 0;
    struct schedule after = {
        .state = relearning ? CARD_RELEARNING : CARD_LEARNING,
        .step = next_step(step, count, grade),
        .stability_days = next_stability(before, grade, now_ms),
        .difficulty = next_difficulty(before, grade),
        .reps = before->reps + 1,
        .lapses = before->lapses + lapse,
        .due_ms = now_ms + delay_s * 1000LL,
        .last_ms = now_ms,
    };
    if (delay_s == 0) {
        after.state = CARD_REVIEW;
        after.step = 0;
        after.due_ms = now_ms + interval_days(before, grade, now_ms, seed) * DAY_MS;
    }
    return after;
}
