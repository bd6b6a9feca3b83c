#include "web/lab/hub.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/clock.h"

#define RESERVED_FILES 512 /* for the server's own sockets, the database, the trainers' pipes */
#define SEND_BYTES 131072  /* one write */
#define EVENTS 256
#define REST_SECONDS 0.010
#define REST_LONGEST 0.25  /* news is never older than this because of resting */
#define REST_PER_ROUND 3.0 /* rest at least so many times as long as the last round took */
#define SILENCE_SECONDS 15.0
#define STALL_SECONDS 60.0 /* a watcher that took nothing for so long is gone; its browser comes back by itself */

struct watcher {
    struct watcher *next; /* among those that were just taken in */
    struct topic *topic;
    size_t offset;
    double last_sent;
    size_t place; /* index into hub.watchers */
    int socket;
    bool blocked; /* until the socket reports room */
};

struct hub {
    pthread_t thread;
    int epoll, bell; /* bell: eventfd that ends the thread's wait */
    size_t max;
    atomic_size_t count;
    atomic_bool rung, stopping;
    pthread_mutex_t lock;     /* guards taken_in */
    struct watcher *taken_in; /* by hub_watch, not yet seen by the thread */

    /* the thread's own */
    struct watcher **watchers;
    size_t here;
    double now; /* when the round that is under way began */
    double round_ended, round_took;
    bool unfinished; /* somebody has more to get and could take it */
    char *buffer;
};

static void drop(struct hub *h, struct watcher *w)
{
    h->watchers[w->place] = h->watchers[--h->here];
    h->watchers[w->place]->place = w->place;
    close(w->socket); /* leaves the epoll set with it */
    topic_unref(w->topic);
    free(w);
    atomic_fetch_sub(&h->count, 1);
}

/* Sends what the socket takes of `len` bytes; returns how many went, -1 when the watcher is gone. */
static ssize_t give(struct hub *h, struct watcher *w, const char *bytes, size_t len)
{
    ssize_t sent = send(w->socket, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        w->blocked = true;
    else if (sent < 0 && errno != EINTR)
        return -1;
    if (sent > 0)
        w->last_sent = h->now;
    return sent < 0 ? 0 : sent;
}

/* Sends a watcher what it lacks, one write's worth, so that a long replay does not hold up the others. false: it has
 * got everything there will be, or is gone. */
static bool serve(struct hub *h, struct watcher *w)
{
    bool closed = topic_closed(w->topic); /* asked first: when true, the size is final */
    if (!w->blocked && w->offset < topic_size(w->topic)) {
        ssize_t sent = give(h, w, h->buffer, topic_copy(w->topic, w->offset, h->buffer, SEND_BYTES));
        if (sent < 0)
            return false;
        w->offset += (size_t)sent;
        h->unfinished |= !w->blocked && w->offset < topic_size(w->topic);
    }
    return !(closed && w->offset >= topic_size(w->topic));
}

/* Half a comment must never be followed by an event, so a socket that does not take all of it is given up. */
static bool keep_awake(struct hub *h, struct watcher *w)
{
    static const char comment[] = ":\n\n";
    double silent = h->now - w->last_sent;
    if (w->offset < topic_size(w->topic))
        return silent < STALL_SECONDS;
    return silent < SILENCE_SECONDS || give(h, w, comment, sizeof comment - 1) == (ssize_t)sizeof comment - 1;
}

static void take_in(struct hub *h)
{
    struct watcher *w, *next;
    pthread_mutex_lock(&h->lock);
    w = h->taken_in;
    h->taken_in = NULL;
    pthread_mutex_unlock(&h->lock);
    for (; w; w = next) {
        struct epoll_event event = {.events = EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = w};
        next = w->next;
        w->place = h->here;
        w->last_sent = h->now;
        h->watchers[h->here++] = w;
        if (epoll_ctl(h->epoll, EPOLL_CTL_ADD, w->socket, &event) < 0)
            drop(h, w);
    }
}

/* One look at every watcher. Backwards, because a dropped one is replaced by the last. */
static void round_of_sending(struct hub *h)
{
    h->now = clock_seconds();
    take_in(h);
    h->unfinished = false;
    for (size_t i = h->here; i-- > 0;) {
        struct watcher *w = h->watchers[i];
        if (!serve(h, w) || !keep_awake(h, w))
            drop(h, w);
    }
    h->round_ended = clock_seconds();
    h->round_took = h->round_ended - h->now;
}

/* Bursts of news end in one round: the news of the rest time is sent after it. */
static void rest(const struct hub *h)
{
    double pause = h->round_took * REST_PER_ROUND;
    pause = pause < REST_SECONDS ? REST_SECONDS : pause > REST_LONGEST ? REST_LONGEST : pause;
    pause -= clock_seconds() - h->round_ended;
    if (pause > 0)
        clock_sleep(pause);
}

static void heed(struct hub *h, const struct epoll_event *event)
{
    struct watcher *w = event->data.ptr;
    uint64_t rings;
    if (!w) {
        if (read(h->bell, &rings, sizeof rings) < 0)
            return; /* rung once and read already */
    } else if (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        drop(h, w);
    } else {
        w->blocked = false;
        h->unfinished = true;
    }
}

static void *run_hub(void *context)
{
    struct hub *h = context;
    struct epoll_event events[EVENTS];
    while (!h->stopping) {
        int n = epoll_wait(h->epoll, events, EVENTS, h->unfinished ? 0 : 1000);
        for (int i = 0; i < n; i++)
            heed(h, &events[i]);
        rest(h);
        h->rung = false; /* before the round: news during it ring again */
        round_of_sending(h);
    }
    round_of_sending(h);
    while (h->here > 0)
        drop(h, h->watchers[h->here - 1]);
    return NULL;
}

static size_t most_watchers(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur <= 2 * RESERVED_FILES)
        return RESERVED_FILES / 2;
    return files.rlim_cur - RESERVED_FILES < HUB_MAX_WATCHERS ? files.rlim_cur - RESERVED_FILES : HUB_MAX_WATCHERS;
}

static void hub_free(struct hub *h)
{
    if (h->epoll >= 0)
        close(h->epoll);
    if (h->bell >= 0)
        close(h->bell);
    pthread_mutex_destroy(&h->lock);
    free(h->watchers);
    free(h->buffer);
    free(h);
}

struct hub *hub_start(struct error *err)
{
    struct epoll_event event = {.events = EPOLLIN};
    struct hub *h = calloc(1, sizeof *h);
    if (!h) {
        error_set(err, ERROR_SYSTEM, NULL, "free some memory", "The hub of event streams could not be started");
        return NULL;
    }
    pthread_mutex_init(&h->lock, NULL);
    h->max = most_watchers();
    h->epoll = epoll_create1(EPOLL_CLOEXEC);
    h->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    h->watchers = calloc(h->max, sizeof *h->watchers);
    h->buffer = malloc(SEND_BYTES);
    if (h->epoll < 0 || h->bell < 0 || !h->watchers || !h->buffer ||
        epoll_ctl(h->epoll, EPOLL_CTL_ADD, h->bell, &event) < 0 || pthread_create(&h->thread, NULL, run_hub, h) != 0) {
        error_set(err, ERROR_SYSTEM, NULL, "raise the limits of open files and threads",
                  "The hub of event streams could not be started: %s", strerror(errno));
        hub_free(h);
        return NULL;
    }
    return h;
}

void hub_stop(struct hub *h)
{
    if (!h)
        return;
    h->stopping = true;
    hub_wake(h);
    pthread_join(h->thread, NULL);
    hub_free(h);
}

int hub_watch(struct hub *h, int socket, struct topic *t, unsigned long after)
{
    struct watcher *w;
    if (atomic_fetch_add(&h->count, 1) >= h->max || !(w = calloc(1, sizeof *w))) {
        atomic_fetch_sub(&h->count, 1);
        return -1;
    }
    w->socket = socket;
    w->topic = topic_ref(t);
    w->offset = topic_offset(t, after);
    pthread_mutex_lock(&h->lock);
    w->next = h->taken_in;
    h->taken_in = w;
    pthread_mutex_unlock(&h->lock);
    hub_wake(h);
    return 0;
}

void hub_wake(struct hub *h)
{
    uint64_t one = 1;
    if (!atomic_exchange(&h->rung, true) && write(h->bell, &one, sizeof one) < 0)
        return; /* the counter is full: it is rung already */
}

bool hub_full(const struct hub *h)
{
    return h->count >= h->max;
}

size_t hub_watchers(const struct hub *h)
{
    return h->count;
}
