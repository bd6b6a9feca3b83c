/* Threads that stand ready and all run the same function at once.
 *
 *     struct pool *pool = pool_open(threads);             NULL: out of memory or of threads
 *     pool_run(pool, work, context);                      work(context, thread, threads) for each thread, then returns
 *     pool_close(pool);                                   NULL is fine
 *
 * The caller is thread 0. Between runs threads wait: first awake for some microseconds, so that short pieces of work
 * follow each other without a system call, then asleep. A pool of one thread starts none. One run at a time. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

typedef void pool_work(void *context, int thread, int threads);

struct pool;

struct pool *pool_open(int threads);
void pool_close(struct pool *pool);
int pool_threads(const struct pool *pool);                        /* 1 for NULL */
void pool_run(struct pool *pool, pool_work *work, void *context); /* pool NULL: the caller alone */

/* The part of `n` things that is this thread's: begin .. *end - 1, parts in the order of threads. */
static inline size_t pool_share(size_t n, int thread, int threads, size_t *end)
{
    *end = n * ((size_t)thread + 1) / (size_t)threads;
    return n * (size_t)thread / (size_t)threads;
}

#endif
