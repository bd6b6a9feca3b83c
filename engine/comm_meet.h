/* Where ranks that share memory meet: a barrier which no rank waits at for ever, and a board with a place for each
 * rank. Private to comm_thread.c and comm_process.c.
 *
 * A rank that ends, however, leaves the meeting; from then on nobody can complete a call, and all who wait or come
 * later get -1 with a sentence. A call that was complete before stays complete. */
#ifndef ENGINE_COMM_MEET_H
#define ENGINE_COMM_MEET_H

#include <stdatomic.h>
#include <stdbool.h>

#include "engine/comm_way.h"

#define MEETING_RANKS_MAX 256
#define MEETING_SMALL 2048 /* bytes of values that go over the board: one barrier instead of two */

/* What a rank shows the others in one call. */
struct meeting_note {
    int kind; /* enum comm_kind, or COMM_KINDS for gather */
    size_t n;
    void *values; /* threads */
    unsigned char small[MEETING_SMALL];
};

struct meeting {
    _Alignas(64) _Atomic uint32_t gate; /* two times the barriers passed so far; odd once somebody left */
    _Alignas(64) _Atomic uint32_t arrived;
    _Atomic int left, failed; /* who left first, and who failed first; -1: nobody */
    int ranks;
    bool spin; /* a processor for each: waiting awake is worth it */
    struct meeting_place {
        struct meeting_note notes[2]; /* used in turns: a note is read while the next one is written */
        atomic_bool gone;
        struct error error; /* of a rank that failed */
    } places[];
};

/* One rank's view; `look` is called now and then while it waits, to find ranks that were killed. */
struct meeting_seat {
    struct meeting *meeting;
    int rank;
    uint32_t turn;
    void (*look)(void *context);
    void *context;
};

size_t meeting_bytes(int ranks);
void meeting_init(struct meeting *m, int ranks);
int meeting_check_ranks(int ranks, struct error *err);

int meeting_wait(struct meeting_seat *s, struct error *err);
void meeting_leave(struct meeting *m, int rank, int status, const struct error *err);
int meeting_result(const struct meeting *m, struct error *err); /* after all left: that of the first that failed */

/* Shows the others what this rank is about to do, waits for them, and refuses when they do something else. */
int meeting_show(struct meeting_seat *s, int kind, void *values, size_t n, struct error *err);
struct meeting_note *meeting_note(const struct meeting_seat *s, int rank); /* what that rank showed */

/* Reduces values that fit on the board. */
int meeting_reduce_small(struct meeting_seat *s, enum comm_kind kind, void *values, size_t n, struct error *err);

/* The slice of `n` values that is this rank's to reduce, whole cache lines. */
size_t meeting_slice(const struct meeting_seat *s, size_t n, size_t *end);

#endif
