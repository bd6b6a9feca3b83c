#include "engine/comm_meet.h"

#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#define BREATHE() __builtin_ia32_pause()
#else
#define BREATHE() atomic_signal_fence(memory_order_seq_cst)
#endif

#define SPINS 4000                /* some ten microseconds awake before sleeping */
#define LOOK_NANOSECONDS 20000000 /* how often a waiting rank looks after the others */

size_t meeting_bytes(int ranks)
{
    return sizeof(struct meeting) + (size_t)ranks * sizeof(struct meeting_place);
}

void meeting_init(struct meeting *m, int ranks)
{
    cpu_set_t set;
    int processors = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    memset(m, 0, sizeof *m);
    m->ranks = ranks;
    m->spin = processors >= ranks;
    atomic_init(&m->gate, 0);
    atomic_init(&m->arrived, 0);
    atomic_init(&m->left, -1);
    atomic_init(&m->failed, -1);
    for (int rank = 0; rank < ranks; rank++)
        atomic_init(&m->places[rank].gone, false);
}

int meeting_check_ranks(int ranks, struct error *err)
{
    if (ranks >= 1 && ranks <= MEETING_RANKS_MAX)
        return 0;
    return error_set(err, ERROR_INPUT, "--ranks", "give 1 to 256", "There cannot be %d ranks", ranks);
}

static void wake_all(struct meeting *m)
{
    syscall(SYS_futex, &m->gate, FUTEX_WAKE, MEETING_RANKS_MAX, NULL, NULL, 0);
}

static int say_left(const struct meeting *m, int rank, struct error *err)
{
    int left = atomic_load(&m->left), failed = atomic_load(&m->failed);
    if (failed >= 0)
        return error_set(err, ERROR_SYSTEM, "spreading", "see the error of that rank",
                         "Rank %d stopped because rank %d failed", rank, failed);
    return error_set(err, ERROR_FAULT, "spreading", "report this with the settings of the run",
                     "Rank %d waits for rank %d, which has ended", rank, left);
}

/* Returns when the gate is no longer as seen: the barrier was passed or somebody left. */
static void sleep_at_gate(const struct meeting_seat *s, uint32_t seen)
{
    static const struct timespec look_after = {.tv_nsec = LOOK_NANOSECONDS};
    struct meeting *m = s->meeting;
    for (int i = 0; m->spin && i < SPINS; i++) {
        if (atomic_load_explicit(&m->gate, memory_order_acquire) != seen)
            return;
        BREATHE();
    }
    while (atomic_load_explicit(&m->gate, memory_order_acquire) == seen) {
        syscall(SYS_futex, &m->gate, FUTEX_WAIT, seen, s->look ? &look_after : NULL, NULL, 0);
        if (s->look)
            s->look(s->context);
    }
}

int meeting_wait(struct meeting_seat *s, struct error *err)
{
    struct meeting *m = s->meeting;
    uint32_t seen = atomic_load(&m->gate);
    if (seen & 1)
        return say_left(m, s->rank, err);
    if (atomic_fetch_add(&m->arrived, 1) + 1 == (uint32_t)m->ranks) {
        atomic_store(&m->arrived, 0);
        atomic_fetch_add(&m->gate, 2);
        wake_all(m);
        return 0;
    }
    sleep_at_gate(s, seen);
    if ((atomic_load(&m->gate) ^ seen) >> 1)
        return 0;
    return say_left(m, s->rank, err);
}

void meeting_leave(struct meeting *m, int rank, int status, const struct error *err)
{
    int none_failed = -1, none_left = -1;
    if (status < 0) {
        m->places[rank].error = *err;
        atomic_compare_exchange_strong(&m->failed, &none_failed, rank);
    }
    atomic_compare_exchange_strong(&m->left, &none_left, rank);
    atomic_store(&m->places[rank].gone, true);
    atomic_fetch_or(&m->gate, 1);
    wake_all(m);
}

int meeting_result(const struct meeting *m, struct error *err)
{
    int failed = atomic_load(&m->failed);
    if (failed < 0)
        return 0;
    *err = m->places[failed].error;
    return -1;
}

struct meeting_note *meeting_note(const struct meeting_seat *s, int rank)
{
    return &s->meeting->places[rank].notes[s->turn & 1];
}

static int check_notes(const struct meeting_seat *s, struct error *err)
{
    const struct meeting_note *mine = meeting_note(s, s->rank);
    for (int rank = 0; rank < s->meeting->ranks; rank++) {
        const struct meeting_note *note = meeting_note(s, rank);
        if (note->kind != mine->kind || (note->kind != COMM_KINDS && note->n != mine->n))
            return error_set(err, ERROR_FAULT, "spreading", "report this with the settings of the run",
                             "Ranks %d and %d exchange different things (%zu and %zu values)", s->rank, rank, mine->n,
                             note->n);
    }
    return 0;
}

int meeting_show(struct meeting_seat *s, int kind, void *values, size_t n, struct error *err)
{
    struct meeting_note *note;
    s->turn++;
    note = meeting_note(s, s->rank);
    note->kind = kind;
    note->n = n;
    note->values = values;
    if (kind < COMM_KINDS && n * comm_width((enum comm_kind)kind) <= MEETING_SMALL)
        memcpy(note->small, values, n * comm_width((enum comm_kind)kind));
    if (meeting_wait(s, err) < 0)
        return -1;
    return check_notes(s, err);
}

int meeting_reduce_small(struct meeting_seat *s, enum comm_kind kind, void *values, size_t n, struct error *err)
{
    if (meeting_show(s, kind, values, n, err) < 0)
        return -1;
    memcpy(values, meeting_note(s, 0)->small, n * comm_width(kind));
    for (int rank = 1; rank < s->meeting->ranks; rank++)
        comm_fold(kind, values, meeting_note(s, rank)->small, n);
    return 0;
}

size_t meeting_slice(const struct meeting_seat *s, size_t n, size_t *end)
{
    size_t ranks = (size_t)s->meeting->ranks, rank = (size_t)s->rank;
    size_t lines = (n + 15) / 16, first = lines * rank / ranks * 16;
    *end = lines * (rank + 1) / ranks * 16;
    if (*end > n)
        *end = n;
    return first < n ? first : n;
}
