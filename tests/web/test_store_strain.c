/* The store under strain: many threads, many cards, a folder that is locked, damaged, newer, forbidden or full. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "engine/base/rng.h"
#include "tests/web/store_fixture.h"
#include "web/store/statement.h"

#define MAX_CARDS 50000

/* --- many at once, and at random -------------------------------------------------------------------------------------
 */

#define THREADS 8
#define EACH 40

struct learner {
    struct fixture *f;
    unsigned number;
    int stored, refused;
};

static void *learn(void *arg)
{
    struct learner *learner = arg;
    struct study_filter filter = {0};
    struct study_counts counts;
    struct store_card card;
    struct error err;
    struct schedule after;
    unsigned i;
    for (i = 0; i < EACH; i++) {
        struct review review = {.grade = GRADE_GOOD, .at_ms = NOW}, stored;
        snprintf(review.id, sizeof review.id, "t%u-%u", learner->number, i);
        snprintf(review.card, sizeof review.card, "%016x", i % 5 == 4 ? 0xffffffu : learner->number * EACH + i + 1);
        if (store_review_add(learner->f->store, &review, &stored, &after, &err) == 1)
            learner->stored++;
        else if (err.code == ERROR_INPUT)
            learner->refused++;
        if (store_study_next(learner->f->store, &filter, NOW, &card, &counts, &err) == 1)
            store_card_free(&card);
    }
    return NULL;
}

static void many_threads_lose_nothing_and_failures_stay_alone(void **state)
{
    struct fixture *f = *state;
    struct learner learners[THREADS];
    pthread_t threads[THREADS];
    unsigned i;
    sync_range(f, "builtin", 1, THREADS * EACH);
    for (i = 0; i < THREADS; i++) {
        learners[i] = (struct learner){.f = f, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, learn, &learners[i]), 0);
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(learners[i].stored, EACH * 4 / 5);
        assert_int_equal(learners[i].refused, EACH / 5);
    }
    assert_int_equal(query_number(f, "SELECT count(*) FROM reviews"), THREADS * EACH * 4 / 5);
    assert_int_equal(query_number(f, "SELECT count(*) FROM schedules WHERE state = 1"), THREADS * EACH * 4 / 5);
}

static int open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;
    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static void threads_that_end_hand_their_connection_on(void **state)
{
    struct fixture *f = *state;
    struct learner learner = {.f = f};
    pthread_t thread;
    int i, before = 0;
    sync_range(f, "builtin", 1, EACH);
    for (i = 0; i < 5; i++) {
        assert_int_equal(pthread_create(&thread, NULL, learn, &learner), 0);
        pthread_join(thread, NULL);
        if (i == 0)
            before = open_files();
    }
    assert_int_equal(open_files(), before);
}

/* Whatever happens, the counts kept by triggers are those of the rows, and every reference holds. */
static void counts_never_drift(void **state)
{
    static const char *const decks[] = {"builtin", "mine", "yours"};
    struct fixture *f = *state;
    struct rng rng;
    char id[16];
    int i;
    rng_init(&rng, 11, 0);
    for (i = 0; i < 400; i++) {
        const char *deck = decks[rng_below(&rng, 3)];
        unsigned first = (unsigned)rng_below(&rng, 20) + 1;
        const char *card = next_id(f, (struct study_filter){.deck = deck}, NOW + i * DAY, NULL);
        if (i % 10 == 0)
            sync_range(f, deck, first, first + (unsigned)rng_below(&rng, 20));
        else if (i % 97 == 96)
            store_deck_delete(f->store, deck, &f->err);
        else if (card[0]) {
            snprintf(id, sizeof id, "r%d", i);
            review_ok(f, id, card, (enum grade)(rng_below(&rng, 4) + 1), NOW + i * DAY);
        }
    }
    assert_int_equal(query_number(f, "SELECT count(*) FROM (SELECT queue, learner, state, count(*) FROM schedules"
                                     " WHERE queue IS NOT NULL GROUP BY 1, 2, 3 EXCEPT SELECT * FROM tallies)"),
                     0);
    assert_int_equal(query_number(f,
                                  "SELECT count(*) FROM (SELECT * FROM tallies WHERE cards <> 0 EXCEPT SELECT queue,"
                                  " learner, state, count(*) FROM schedules WHERE queue IS NOT NULL GROUP BY 1, 2, 3)"),
                     0);
    assert_int_equal(query_number(f, "SELECT count(*) FROM cards c JOIN schedules s ON s.card = c.id"
                                     " WHERE c.hidden <> (s.queue IS NULL) OR s.queue <> c.chapter"),
                     0);
    assert_int_equal(query_number(f, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_int_equal(query_number(f, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    assert_true(query_number(f, "SELECT count(*) FROM reviews") > 20);
}

/* --- killed at random
 * -------------------------------------------------------------------------------------------------- */

#define ROUNDS 6

/* Answers cards until it is killed; a line in the pipe for each answer that the store has acknowledged. */
static void answer_until_killed(struct fixture *f, int round, int out)
{
    struct review review = {.grade = GRADE_GOOD, .at_ms = NOW}, stored;
    struct schedule after;
    unsigned i;
    f->store = store_open(f->dir, &f->err);
    for (i = 0; f->store; i++) {
        snprintf(review.id, sizeof review.id, "k%d-%u", round, i);
        snprintf(review.card, sizeof review.card, "%016x", i % 50 + 1);
        if (store_review_add(f->store, &review, &stored, &after, &f->err) != 1)
            break;
        if (write(out, "+", 1) != 1)
            break;
    }
    _exit(1);
}

static int kill_a_writer(struct fixture *f, int round, struct rng *rng)
{
    int ends[2], acknowledged = 0;
    char byte;
    pid_t child;
    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        answer_until_killed(f, round, ends[1]);
    }
    close(ends[1]);
    while (acknowledged == 0 && read(ends[0], &byte, 1) == 1)
        acknowledged++;
    usleep((useconds_t)rng_below(rng, 40000));
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    while (read(ends[0], &byte, 1) == 1)
        acknowledged++;
    close(ends[0]);
    return acknowledged;
}

static void what_was_acknowledged_survives_kill_9(void **state)
{
    struct fixture *f = *state;
    char sql[200];
    struct rng rng;
    int round;
    rng_init(&rng, (uint64_t)getpid(), 0);
    sync_range(f, "builtin", 1, 50);
    store_close(f->store);
    f->store = NULL;
    for (round = 0; round < ROUNDS; round++) {
        int acknowledged = kill_a_writer(f, round, &rng);
        assert_true(acknowledged > 0);
        snprintf(sql, sizeof sql, "SELECT count(*) FROM reviews WHERE id LIKE 'k%d-%%'", round);
        assert_in_range(query_number(f, sql), acknowledged, acknowledged + 1); /* one may be stored and not said yet */
    }
    assert_int_equal(query_number(f, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    assert_int_equal(query_number(f, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_int_equal(query_number(f, "SELECT count(*) FROM schedules s WHERE reps <>"
                                     " (SELECT count(*) FROM reviews r WHERE r.card = s.card)"),
                     0);
    open_store(f);
}

/* --- large decks
 * ------------------------------------------------------------------------------------------------------ */

/* Tables that may be walked: their rows are decks and algorithms, not cards. */
static bool walks_cards(const char *detail)
{
    return strncmp(detail, "SCAN ", 5) == 0 && strncmp(detail, "SCAN q", 6) != 0 && strncmp(detail, "SCAN d", 6) != 0 &&
           strncmp(detail, "SCAN CONSTANT", 13) != 0;
}

static void no_statement_walks_the_cards(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db;
    int i, plans = 0;
    sync_range(f, "builtin", 1, 4);
    assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    for (i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_stmt *plan;
        char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", statement_text[i]);
        bool listing = i == REVIEW_LIST || i == VERSION_GET; /* reviews from the newest, by number; one row */
        if (i < VERSION_GET || sqlite3_prepare_v2(db, sql, -1, &plan, NULL) != SQLITE_OK) {
            assert_true(i < VERSION_GET); /* BEGIN and its like have no plan */
            sqlite3_free(sql);
            continue;
        }
        while (sqlite3_step(plan) == SQLITE_ROW) {
            const char *detail = (const char *)sqlite3_column_text(plan, 3);
            plans++;
            if (!listing && walks_cards(detail))
                fail_msg("%s\n%s", statement_text[i], detail);
        }
        sqlite3_finalize(plan);
        sqlite3_free(sql);
    }
    sqlite3_close(db);
    assert_true(plans > 30);
}

static void fifty_thousand_cards_are_a_deck(void **state)
{
    struct fixture *f = *state;
    struct study_counts counts;
    assert_changes(sync_range(f, "builtin", 1, MAX_CARDS), MAX_CARDS, 0, 0);
    assert_changes(sync_range(f, "builtin", 1, MAX_CARDS), 0, MAX_CARDS, 0);
    review_ok(f, "r1", number_id(MAX_CARDS), GRADE_AGAIN, NOW);
    assert_string_equal(next_id(f, (struct study_filter){0}, NOW, &counts), number_id(1));
    assert_string_equal(next_id(f, (struct study_filter){0}, NOW + MINUTE, &counts), number_id(MAX_CARDS));
    assert_int_equal(counts.total, MAX_CARDS);
    assert_int_equal(counts.fresh, MAX_CARDS - 1);
}

/* --- the folder
 * ------------------------------------------------------------------------------------------------------- */

static void everything_is_there_after_reopening(void **state)
{
    struct fixture *f = *state;
    struct study_counts counts;
    sync_range(f, "builtin", 1, 3);
    review_ok(f, "r1", number_id(1), GRADE_AGAIN, NOW);
    store_close(f->store);
    open_store(f);
    assert_string_equal(next_id(f, (struct study_filter){0}, NOW + MINUTE, &counts), number_id(1));
    assert_int_equal(counts.total, 3);
    assert_changes(sync_range(f, "builtin", 1, 3), 0, 3, 0);
}

static void a_second_server_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store *second = store_open(f->dir, &f->err);
    assert_null(second);
    assert_int_equal(f->err.code, ERROR_INPUT);
    assert_non_null(strstr(f->err.what, f->dir));
    store_close(f->store);
    open_store(f);
}

static void a_newer_database_is_refused(void **state)
{
    struct fixture *f = *state;
    store_close(f->store);
    query_number(f, "INSERT INTO schema_version (version, applied_ms) VALUES (1000, 0)");
    f->store = store_open(f->dir, &f->err);
    assert_null(f->store);
    assert_int_equal(f->err.code, ERROR_INPUT);
    assert_non_null(strstr(f->err.what, "newer Flashlab"));
    query_number(f, "DELETE FROM schema_version WHERE version = 1000");
    open_store(f);
}

static void overwrite(const char *path, off_t at, size_t len)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    char junk[4096];
    memset(junk, 0x5a, sizeof junk);
    assert_true(fd >= 0);
    for (; len > 0; len -= sizeof junk, at += (off_t)sizeof junk)
        assert_int_equal(pwrite(fd, junk, sizeof junk, at), sizeof junk);
    close(fd);
}

static void a_damaged_database_is_named(void **state)
{
    struct fixture *f = *state;
    struct study_counts counts;
    struct store_card card;
    struct study_filter filter = {0};
    sync_range(f, "builtin", 1, 500);
    store_close(f->store);
    overwrite(f->path, 4096, 40 * 4096);
    f->store = store_open(f->dir, &f->err);
    if (f->store)
        assert_int_equal(store_study_next(f->store, &filter, NOW, &card, &counts, &f->err), -1);
    assert_int_equal(f->err.code, ERROR_SYSTEM);
    assert_non_null(strstr(f->err.what, "damaged"));
    assert_string_equal(f->err.where, f->path);
    store_close(f->store);
    overwrite(f->path, 0, 4096);
    f->store = store_open(f->dir, &f->err);
    assert_null(f->store);
    assert_non_null(strstr(f->err.what, "damaged"));
}

static void a_folder_that_cannot_be_is_named(void **state)
{
    struct fixture *f = *state;
    char path[128];
    assert_null(store_open(f->path, &f->err)); /* the database file itself */
    assert_non_null(strstr(f->err.what, "as a file"));
    snprintf(path, sizeof path, "%s/none/data", f->dir);
    assert_null(store_open(path, &f->err));
    assert_int_equal(f->err.code, ERROR_SYSTEM);
    assert_non_null(strstr(f->err.what, "cannot be made"));
}

/* Root may write everywhere, so the test takes another user's rights for as long as it opens the store. */
static void a_read_only_folder_is_named(void **state)
{
    struct fixture *f = *state;
    uid_t user = geteuid();
    store_close(f->store);
    assert_int_equal(chmod(f->dir, 0555), 0);
    if (user == 0)
        assert_int_equal(seteuid(65534), 0);
    else
        assert_int_equal(chmod(f->path, 0444), 0);
    f->store = store_open(f->dir, &f->err);
    assert_int_equal(seteuid(user), 0);
    chmod(f->dir, 0700);
    assert_null(f->store);
    assert_int_equal(f->err.code, ERROR_SYSTEM);
    assert_non_null(strstr(f->err.fix, "right"));
}

static void a_read_only_database_is_named(void **state)
{
    struct fixture *f = *state;
    uid_t user = geteuid();
    char lock[96];
    store_close(f->store);
    snprintf(lock, sizeof lock, "%s/lock", f->dir);
    chmod(f->dir, 0777);
    chmod(lock, 0666);
    assert_int_equal(chmod(f->path, 0444), 0);
    if (user == 0)
        assert_int_equal(seteuid(65534), 0);
    f->store = store_open(f->dir, &f->err);
    assert_int_equal(seteuid(user), 0);
    assert_null(f->store);
    assert_non_null(strstr(f->err.what, "may not be written"));
}

/* Files may not grow over what they are: to the store that is a full disk. */
static void a_full_disk_refuses_and_loses_nothing(void **state)
{
    struct fixture *f = *state;
    struct rlimit before, full = {0};
    struct schedule after;
    int i, refused = 0;
    char id[16];
    sync_range(f, "builtin", 1, 50);
    review_ok(f, "kept", number_id(1), GRADE_GOOD, NOW);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    full.rlim_cur = 8192;
    full.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    for (i = 0; i < 20; i++) {
        snprintf(id, sizeof id, "full%d", i);
        if (add_review(f, id, number_id(2), GRADE_GOOD, NOW, &after) < 0) {
            refused++;
            assert_int_equal(f->err.code, ERROR_SYSTEM);
            assert_non_null(strstr(f->err.what, "nothing was stored"));
        }
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(refused, 20);
    review_ok(f, "later", number_id(2), GRADE_GOOD, NOW);
    assert_int_equal(query_number(f, "SELECT count(*) FROM reviews"), 2);
    assert_int_equal(query_number(f, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(many_threads_lose_nothing_and_failures_stay_alone),
        STORE_TEST(threads_that_end_hand_their_connection_on),
        STORE_TEST(counts_never_drift),
        STORE_TEST(what_was_acknowledged_survives_kill_9),
        STORE_TEST(no_statement_walks_the_cards),
        STORE_TEST(fifty_thousand_cards_are_a_deck),
        STORE_TEST(everything_is_there_after_reopening),
        STORE_TEST(a_second_server_is_refused),
        STORE_TEST(a_newer_database_is_refused),
        STORE_TEST(a_damaged_database_is_named),
        STORE_TEST(a_folder_that_cannot_be_is_named),
        STORE_TEST(a_read_only_folder_is_named),
        STORE_TEST(a_read_only_database_is_named),
        STORE_TEST(a_full_disk_refuses_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
