#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "web/store/internal.h"
#include "web/store/migration.h"

struct reader {
    struct connection connection;
    struct store *store;
    bool idle; /* its thread has ended */
    struct reader *next;
};

struct store {
    char *path;                   /* of the database */
    int lock;                     /* the lock file, held while the store is open */
    struct connection connection; /* the writer's */
    struct writer *writer;
    pthread_key_t reader_key;
    bool has_reader_key;
    pthread_mutex_t readers_lock;
    struct reader *readers;
};

static void configure_sqlite(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* its counter is a lock that every allocation would take */
}

static int take_lock(struct store *s, const char *dir, struct error *err)
{
    char path[1100];
    snprintf(path, sizeof path, "%s/lock", dir);
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600); /* a trainer must not keep it after a crash */
    if (s->lock < 0)
        return error_set(err, ERROR_SYSTEM, path, "give the server's user the right to write to the folder",
                         "the lock of the data folder cannot be opened: %s", strerror(errno));
    if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return error_set(err, ERROR_INPUT, dir, "end the other one, or choose another folder with --data",
                         "another Flashlab is using the data folder '%s'", dir);
    return error_set(err, ERROR_SYSTEM, path, "keep the data folder on a local disk",
                     "the data folder '%s' cannot be locked: %s", dir, strerror(errno));
}

static int make_folder(const char *dir, struct error *err)
{
    struct stat st;
    if (strlen(dir) > 1024)
        return error_set(err, ERROR_INPUT, "--data", "choose a shorter path",
                         "the path of the data folder is too long");
    if (mkdir(dir, 0700) == 0)
        return 0;
    if (errno == EEXIST && stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
        return 0;
    if (errno == EEXIST)
        return error_set(err, ERROR_INPUT, dir, "choose a folder with --data",
                         "the data folder '%s' is there already, as a file", dir);
    return error_set(err, ERROR_SYSTEM, dir, "make it by hand, or choose another folder with --data",
                     "the data folder '%s' cannot be made: %s", dir, strerror(errno));
}

static void reader_left(void *arg)
{
    struct reader *reader = arg;
    pthread_mutex_lock(&reader->store->readers_lock);
    reader->idle = true;
    pthread_mutex_unlock(&reader->store->readers_lock);
}

static int open_database(struct store *s, const char *dir, struct error *err)
{
    size_t size = strlen(dir) + sizeof "/flashlab.db";
    s->path = malloc(size);
    if (!s->path)
        return error_set(err, ERROR_SYSTEM, NULL, NULL, "there is not enough memory for the store");
    snprintf(s->path, size, "%s/flashlab.db", dir);
    if (connection_open(&s->connection, s->path, true, err) || migration_run(&s->connection, err))
        return -1;
    if (pthread_key_create(&s->reader_key, reader_left))
        return error_set(err, ERROR_SYSTEM, NULL, NULL, "the system has no thread key left for the store");
    s->has_reader_key = true;
    s->writer = writer_start(&s->connection, err);
    return s->writer ? 0 : -1;
}

struct store *store_open(const char *dir, struct error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct store *s = calloc(1, sizeof *s);
    if (!s) {
        error_set(err, ERROR_SYSTEM, NULL, NULL, "there is not enough memory for the store");
        return NULL;
    }
    s->lock = -1;
    pthread_mutex_init(&s->readers_lock, NULL);
    pthread_once(&once, configure_sqlite);
    if (make_folder(dir, err) || take_lock(s, dir, err) || open_database(s, dir, err)) {
        store_close(s);
        return NULL;
    }
    return s;
}

/* The writer's connection goes last: it moves the log into the database. */
void store_close(struct store *s)
{
    if (!s)
        return;
    if (s->has_reader_key)
        pthread_key_delete(s->reader_key);
    while (s->readers) {
        struct reader *reader = s->readers;
        s->readers = reader->next;
        connection_close(&reader->connection);
        free(reader);
    }
    writer_stop(s->writer);
    connection_close(&s->connection);
    if (s->lock >= 0)
        close(s->lock);
    pthread_mutex_destroy(&s->readers_lock);
    free(s->path);
    free(s);
}

static struct reader *take_idle_reader(struct store *s)
{
    struct reader *reader;
    pthread_mutex_lock(&s->readers_lock);
    for (reader = s->readers; reader && !reader->idle; reader = reader->next)
        continue;
    if (reader)
        reader->idle = false;
    pthread_mutex_unlock(&s->readers_lock);
    return reader;
}

static struct reader *open_reader(struct store *s, struct error *err)
{
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader) {
        error_set(err, ERROR_SYSTEM, NULL, NULL, "there is not enough memory for the store");
        return NULL;
    }
    if (connection_open(&reader->connection, s->path, false, err)) {
        free(reader);
        return NULL;
    }
    reader->store = s;
    pthread_mutex_lock(&s->readers_lock);
    reader->next = s->readers;
    s->readers = reader;
    pthread_mutex_unlock(&s->readers_lock);
    return reader;
}

struct connection *store_reader(struct store *s, struct error *err)
{
    struct reader *reader = pthread_getspecific(s->reader_key);
    if (reader)
        return &reader->connection;
    reader = take_idle_reader(s);
    if (!reader)
        reader = open_reader(s, err);
    if (!reader)
        return NULL;
    if (pthread_setspecific(s->reader_key, reader)) {
        reader_left(reader);
        error_set(err, ERROR_SYSTEM, NULL, NULL, "there is not enough memory for the store");
        return NULL;
    }
    return &reader->connection;
}

struct writer *store_writer(struct store *s)
{
    return s->writer;
}
