#include "web/store/migration.h"

#include "engine/base/clock.h"

/* decks     id is the slug of the title; synced counts the synchronisations.
 * chapters  the cards of one algorithm in one deck; the unit of filters and counts.
 * cards     body is the JSON that the API sends; words is what a demo is looked up by; synced is the number of the
 *           deck's last synchronisation that had the card, those left behind are hidden.
 * schedules one row for each learner and card. queue is the chapter it waits in, NULL while the card is hidden. rank is
 *           the order within a state: the due time, and while new the place in the deck.
 * tallies   cards in each queue by state, kept by the triggers, so that counting never walks a deck.
 * reviews   what was answered, with the schedule before and after. */
static const char schema[] =
    "CREATE TABLE decks (id TEXT PRIMARY KEY, title TEXT NOT NULL, synced INTEGER NOT NULL,"
    " created_ms INTEGER NOT NULL) STRICT;"

    "CREATE TABLE chapters (id INTEGER PRIMARY KEY, deck TEXT NOT NULL REFERENCES decks ON DELETE CASCADE,"
    " slug TEXT NOT NULL, title TEXT NOT NULL, position INTEGER NOT NULL, synced INTEGER NOT NULL,"
    " UNIQUE (deck, slug)) STRICT;"

    "CREATE TABLE cards (id TEXT PRIMARY KEY, chapter INTEGER NOT NULL REFERENCES chapters ON DELETE CASCADE,"
    " position INTEGER NOT NULL, type INTEGER NOT NULL, slot TEXT NOT NULL, words TEXT NOT NULL, body TEXT NOT NULL,"
    " hidden INTEGER NOT NULL, synced INTEGER NOT NULL) STRICT;"
    "CREATE INDEX cards_in_order ON cards (chapter, position);"

    "CREATE TABLE schedules (id INTEGER PRIMARY KEY, card TEXT NOT NULL REFERENCES cards ON DELETE CASCADE,"
    " learner INTEGER NOT NULL DEFAULT 1, queue INTEGER REFERENCES chapters ON DELETE CASCADE,"
    " state INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 3), step INTEGER NOT NULL DEFAULT 0,"
    " stability REAL NOT NULL DEFAULT 0, difficulty REAL NOT NULL DEFAULT 0, reps INTEGER NOT NULL DEFAULT 0,"
    " lapses INTEGER NOT NULL DEFAULT 0, rank INTEGER NOT NULL, last_ms INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE (card, learner)) STRICT;"
    "CREATE INDEX schedules_in_order ON schedules (queue, learner, state, rank, card);"

    "CREATE TABLE tallies (queue INTEGER NOT NULL REFERENCES chapters ON DELETE CASCADE, learner INTEGER NOT NULL,"
    " state INTEGER NOT NULL, cards INTEGER NOT NULL, PRIMARY KEY (queue, learner, state)) STRICT, WITHOUT ROWID;"
    "CREATE TRIGGER schedules_enter AFTER INSERT ON schedules WHEN NEW.queue IS NOT NULL BEGIN"
    " INSERT INTO tallies (queue, learner, state, cards) VALUES (NEW.queue, NEW.learner, NEW.state, 1)"
    " ON CONFLICT (queue, learner, state) DO UPDATE SET cards = cards + 1;"
    "END;"
    "CREATE TRIGGER schedules_leave AFTER DELETE ON schedules WHEN OLD.queue IS NOT NULL BEGIN"
    " UPDATE tallies SET cards = cards - 1"
    " WHERE queue = OLD.queue AND learner = OLD.learner AND state = OLD.state;"
    "END;"
    "CREATE TRIGGER schedules_move AFTER UPDATE OF queue, state ON schedules"
    " WHEN OLD.queue IS NOT NEW.queue OR OLD.state <> NEW.state BEGIN"
    " UPDATE tallies SET cards = cards - 1"
    " WHERE queue = OLD.queue AND learner = OLD.learner AND state = OLD.state;"
    " INSERT INTO tallies (queue, learner, state, cards)"
    " SELECT NEW.queue, NEW.learner, NEW.state, 1 WHERE NEW.queue IS NOT NULL"
    " ON CONFLICT (queue, learner, state) DO UPDATE SET cards = cards + 1;"
    "END;"

    "CREATE TABLE reviews (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, learner INTEGER NOT NULL DEFAULT 1,"
    " card TEXT NOT NULL REFERENCES cards ON DELETE CASCADE, grade INTEGER NOT NULL CHECK (grade BETWEEN 1 AND 4),"
    " chosen INTEGER NOT NULL, elapsed_ms INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
    " before_state INTEGER NOT NULL, before_step INTEGER NOT NULL, before_stability REAL NOT NULL,"
    " before_difficulty REAL NOT NULL, before_reps INTEGER NOT NULL, before_lapses INTEGER NOT NULL,"
    " before_due_ms INTEGER NOT NULL, before_last_ms INTEGER NOT NULL,"
    " after_state INTEGER NOT NULL, after_step INTEGER NOT NULL, after_stability REAL NOT NULL,"
    " after_difficulty REAL NOT NULL, after_reps INTEGER NOT NULL, after_lapses INTEGER NOT NULL,"
    " after_due_ms INTEGER NOT NULL, after_last_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX reviews_of_card ON reviews (card);";

/* The line of the notes that holds the card's fact: cards of one line give each other's answers away. */
static const char line_of_cards[] = "ALTER TABLE cards ADD COLUMN line INTEGER NOT NULL DEFAULT 0;"
                                    "UPDATE cards SET line = coalesce(json_extract(body, '$.line'), 0);";

static const char *const migrations[] = {schema, line_of_cards}; /* the first leads to version 1 */
#define NEWEST ((int)(sizeof migrations / sizeof migrations[0]))

static int read_version(struct connection *c, int *version, struct error *err)
{
    struct query q;
    int rc;
    if (connection_script(c,
                          "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY,"
                          " applied_ms INTEGER NOT NULL) STRICT",
                          err))
        return -1;
    q = query_start(c, VERSION_GET);
    rc = query_step(&q, err);
    if (rc == 1)
        *version = query_int(&q, 0);
    query_end(&q);
    return rc < 0 ? -1 : 0;
}

static int apply(struct connection *c, int version, struct error *err)
{
    struct error ignored;
    struct query q;
    if (connection_run(c, BEGIN_WRITE, err))
        return -1;
    if (connection_script(c, migrations[version - 1], err))
        goto failed;
    q = query_start(c, VERSION_SET);
    query_bind_integer(&q, 1, version);
    query_bind_integer(&q, 2, clock_unix_ms());
    if (query_run(&q, err) || connection_run(c, COMMIT, err))
        goto failed;
    return 0;
failed:
    connection_run(c, ROLLBACK, &ignored);
    return -1;
}

int migration_run(struct connection *c, struct error *err)
{
    int version = 0;
    if (read_version(c, &version, err))
        return -1;
    if (version > NEWEST)
        return error_set(err, ERROR_INPUT, c->path, "start the newer Flashlab, or choose another folder with --data",
                         "this database was made by a newer Flashlab: its version is %d, this program knows %d",
                         version, NEWEST);
    while (version < NEWEST)
        if (apply(c, ++version, err))
            return -1;
    return 0;
}
