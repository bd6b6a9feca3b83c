#include "engine/base/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/* How often a waiting thread looks before it sleeps: some tens of microseconds, a few times what waking costs. */
enum { LOOKS = 2000 };

struct worker {
    struct pool *pool;
    pthread_t thread;
    int number;
};

/* Work is handed out by counting `runs` up and is done when `busy` is back at 0. Who sleeps does so under `lock`, after
 * one more look; who changes what is looked at takes the lock when somebody sleeps. */
struct pool {
    int threads;
    _Alignas(64) atomic_uint runs;
    _Alignas(64) atomic_int busy;
    _Alignas(64) atomic_int sleepers; /* workers that wait for a run */
    atomic_bool caller_sleeps, closing;
    pool_work *work;
    void *context;
    pthread_mutex_t lock;
    pthread_cond_t start, done;
    struct worker workers[];
};

#if defined(__x86_64__) || defined(__i386__)
#define RELAX() __builtin_ia32_pause()
#else
#define RELAX() ((void)0)
#endif

static void wait_for_run(struct pool *pool, unsigned seen)
{
    for (int i = 0; i < LOOKS; i++) {
        if (atomic_load_explicit(&pool->runs, memory_order_acquire) != seen)
            return;
        RELAX();
    }
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->sleepers, 1);
    while (atomic_load(&pool->runs) == seen)
        pthread_cond_wait(&pool->start, &pool->lock);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->lock);
}

static void wait_for_workers(struct pool *pool)
{
    for (int i = 0; i < LOOKS; i++) {
        if (atomic_load_explicit(&pool->busy, memory_order_acquire) == 0)
            return;
        RELAX();
    }
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->caller_sleeps, true);
    while (atomic_load(&pool->busy) != 0)
        pthread_cond_wait(&pool->done, &pool->lock);
    atomic_store(&pool->caller_sleeps, false);
    pthread_mutex_unlock(&pool->lock);
}

static void begin_run(struct pool *pool)
{
    atomic_store(&pool->busy, pool->threads - 1);
    atomic_fetch_add(&pool->runs, 1);
    if (atomic_load(&pool->sleepers) > 0) {
        pthread_mutex_lock(&pool->lock);
        pthread_cond_broadcast(&pool->start);
        pthread_mutex_unlock(&pool->lock);
    }
}

static void *worker_main(void *argument)
{
    struct worker *self = argument;
    struct pool *pool = self->pool;
    for (unsigned seen = 0;; seen++) {
        wait_for_run(pool, seen);
        if (atomic_load(&pool->closing))
            return NULL;
        pool->work(pool->context, self->number, pool->threads);
        if (atomic_fetch_sub(&pool->busy, 1) == 1 && atomic_load(&pool->caller_sleeps)) {
            pthread_mutex_lock(&pool->lock);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->lock);
        }
    }
}

/* Sends the workers home; `started` of them are there. */
static void join_workers(struct pool *pool, int started)
{
    atomic_store(&pool->closing, true);
    begin_run(pool);
    for (int i = 0; i < started; i++)
        pthread_join(pool->workers[i].thread, NULL);
}

static void destroy(struct pool *pool)
{
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->start);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

struct pool *pool_open(int threads)
{
    if (threads < 1)
        threads = 1;
    size_t size = sizeof(struct pool) + (size_t)(threads - 1) * sizeof(struct worker);
    struct pool *pool = aligned_alloc(64, (size + 63) / 64 * 64);
    if (!pool)
        return NULL;
    pool->threads = threads;
    atomic_init(&pool->runs, 0);
    atomic_init(&pool->busy, 0);
    atomic_init(&pool->sleepers, 0);
    atomic_init(&pool->caller_sleeps, false);
    atomic_init(&pool->closing, false);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->start, NULL);
    pthread_cond_init(&pool->done, NULL);
    for (int i = 0; i < threads - 1; i++) {
        struct worker *w = &pool->workers[i];
        w->pool = pool;
        w->number = i + 1;
        if (pthread_create(&w->thread, NULL, worker_main, w)) {
            join_workers(pool, i);
            destroy(pool);
            return NULL;
        }
    }
    return pool;
}

void pool_close(struct pool *pool)
{
    if (!pool)
        return;
    join_workers(pool, pool->threads - 1);
    destroy(pool);
}

int pool_threads(const struct pool *pool)
{
    return pool ? pool->threads : 1;
}

void pool_run(struct pool *pool, pool_work *work, void *context)
{
    if (pool_threads(pool) == 1) {
        work(context, 0, 1);
        return;
    }
    pool->work = work;
    pool->context = context;
    begin_run(pool);
    work(context, 0, pool->threads);
    wait_for_workers(pool);
}
