#include "web/lab/topic.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/str.h"

struct topic {
    atomic_uint references;
    atomic_size_t size; /* of the stream; written under the lock, read without by the hub's scan */
    atomic_ulong count; /* of the lines */
    atomic_bool closed;
    pthread_mutex_t lock;
    struct str stream;
    size_t *starts; /* starts[i]: where line i + 1 begins */
    size_t starts_room;
};

struct topic *topic_new(void)
{
    struct topic *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->references = 1;
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

struct topic *topic_ref(struct topic *t)
{
    atomic_fetch_add(&t->references, 1);
    return t;
}

void topic_unref(struct topic *t)
{
    if (!t || atomic_fetch_sub(&t->references, 1) > 1)
        return;
    pthread_mutex_destroy(&t->lock);
    str_free(&t->stream);
    free(t->starts);
    free(t);
}

static bool grow_starts(struct topic *t)
{
    size_t room = t->starts_room ? t->starts_room * 2 : 64;
    size_t *starts = realloc(t->starts, room * sizeof *starts);
    if (!starts)
        return false;
    t->starts = starts;
    t->starts_room = room;
    return true;
}

/* Out of memory loses the line for everybody and leaves the stream whole; the next line takes its number. */
void topic_publish(struct topic *t, const char *line, size_t len)
{
    pthread_mutex_lock(&t->lock);
    if (!t->closed && (t->count < t->starts_room || grow_starts(t))) {
        size_t start = t->stream.len;
        str_printf(&t->stream, "id: %lu\ndata: ", t->count + 1);
        str_append(&t->stream, line, len);
        str_puts(&t->stream, "\n\n");
        if (t->stream.failed) {
            t->stream.failed = false;
            t->stream.len = start;
        } else {
            t->starts[t->count] = start;
            t->count++;
            t->size = t->stream.len;
        }
    }
    pthread_mutex_unlock(&t->lock);
}

void topic_close(struct topic *t)
{
    pthread_mutex_lock(&t->lock); /* so that whoever sees it closed sees the last line too */
    t->closed = true;
    pthread_mutex_unlock(&t->lock);
}

unsigned long topic_count(const struct topic *t)
{
    return t->count;
}

size_t topic_size(const struct topic *t)
{
    return t->size;
}

bool topic_closed(const struct topic *t)
{
    return t->closed;
}

/* The lock is not part of what a reader may see as constant. */
static pthread_mutex_t *lock_of(const struct topic *t)
{
    return &((struct topic *)t)->lock;
}

size_t topic_offset(const struct topic *t, unsigned long after)
{
    size_t offset;
    pthread_mutex_lock(lock_of(t));
    offset = after < t->count ? t->starts[after] : t->stream.len;
    pthread_mutex_unlock(lock_of(t));
    return offset;
}

size_t topic_copy(const struct topic *t, size_t offset, char *out, size_t size)
{
    size_t len = 0;
    pthread_mutex_lock(lock_of(t));
    if (offset < t->stream.len) {
        len = t->stream.len - offset < size ? t->stream.len - offset : size;
        memcpy(out, t->stream.data + offset, len);
    }
    pthread_mutex_unlock(lock_of(t));
    return len;
}
