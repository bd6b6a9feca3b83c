#include "web/store/statement.h"

#include <stddef.h>

/* Whose schedules: one learner, until there are accounts. */
#define LEARNER "1"

#define CARD_COLUMNS                                                                                                   \
    "c.id, q.deck, q.slug, c.slot, c.words, c.body, s.state, s.step, s.stability, s.difficulty, s.reps, s.lapses,"     \
    " CASE s.state WHEN 0 THEN 0 ELSE s.rank END, s.last_ms"

#define REVIEW_COLUMNS "id, card, grade, chosen, elapsed_ms, at_ms"

/* Of chapter q: cards by state 0..3, cards due at ?1, and of each state but new the earliest that is not due yet. */
#define TALLY(state)                                                                                                   \
    "(SELECT t.cards FROM tallies t WHERE t.queue = q.id AND t.learner = " LEARNER " AND t.state = " state ")"
#define UPCOMING(state)                                                                                                \
    "(SELECT min(s.rank) FROM schedules s WHERE s.queue = q.id AND s.learner = " LEARNER " AND s.state = " state       \
    " AND s.rank > ?1)"
#define COUNT_COLUMNS                                                                                                  \
    TALLY("0")                                                                                                         \
    ", " TALLY("1") ", " TALLY("2") ", " TALLY(                                                                        \
        "3") ","                                                                                                       \
             " (SELECT count(*) FROM schedules s WHERE s.queue = q.id AND s.learner = " LEARNER                        \
             " AND s.state IN (1, 2, 3) AND s.rank <= ?1)"                                                             \
             ", " UPCOMING("1") ", " UPCOMING("2") ", " UPCOMING("3")

const char *const statement_text[STATEMENT_COUNT] = {
    [BEGIN_READ] = "BEGIN",
    [BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [SAVEPOINT] = "SAVEPOINT job",
    [SAVEPOINT_RELEASE] = "RELEASE job",
    [SAVEPOINT_ROLLBACK] = "ROLLBACK TO job",

    [VERSION_GET] = "SELECT coalesce(max(version), 0) FROM schema_version",
    [VERSION_SET] = "INSERT INTO schema_version (version, applied_ms) VALUES (?1, ?2)",

    [DECK_PUT] = "INSERT INTO decks (id, title, synced, created_ms) VALUES (?1, ?2, 1, ?3)"
                 " ON CONFLICT (id) DO UPDATE SET title = excluded.title, synced = synced + 1",
    [DECK_SYNCED] = "SELECT synced FROM decks WHERE id = ?1",
    [DECK_TITLE] = "SELECT title FROM decks WHERE id = ?1",
    [DECK_OF_TITLE] = "SELECT d.id FROM decks d WHERE d.title = ?1 AND d.id <> 'builtin' ORDER BY d.created_ms LIMIT 1",
    [DECK_DELETE] = "DELETE FROM decks WHERE id = ?1",
    [DECK_LIST] = "SELECT d.id, d.title, q.slug, q.title, " COUNT_COLUMNS
                  " FROM decks d LEFT JOIN chapters q ON q.deck = d.id ORDER BY d.created_ms, d.id, q.position",
    /* A chapter stands where its first card of the deck stands. */
    [CHAPTER_PUT] = "INSERT INTO chapters (deck, slug, title, position, synced) VALUES (?1, ?2, ?3, ?4, ?5)"
                    " ON CONFLICT (deck, slug) DO UPDATE SET title = excluded.title, synced = excluded.synced,"
                    " position = CASE synced WHEN excluded.synced THEN position ELSE excluded.position END"
                    " RETURNING id",

    [CARD_SEEN] = "SELECT q.deck, c.hidden, c.synced FROM cards c JOIN chapters q ON q.id = c.chapter WHERE c.id = ?1",
    [CARD_PUT] = "INSERT INTO cards (id, chapter, position, type, slot, words, body, hidden, synced, line)"
                 " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?9)"
                 " ON CONFLICT (id) DO UPDATE SET chapter = excluded.chapter, position = excluded.position,"
                 " type = excluded.type, slot = excluded.slot, words = excluded.words, body = excluded.body,"
                 " hidden = 0, synced = excluded.synced, line = excluded.line",
    [CARD_QUEUE] = "INSERT INTO schedules (card, queue, rank) VALUES (?1, ?2, ?3)"
                   " ON CONFLICT (card, learner) DO UPDATE SET queue = excluded.queue,"
                   " rank = CASE state WHEN 0 THEN excluded.rank ELSE rank END"
                   " WHERE queue IS NOT excluded.queue OR (state = 0 AND rank <> excluded.rank)",
    [CARD_HIDE] = "UPDATE cards SET hidden = 1 WHERE hidden = 0 AND synced <> ?2"
                  " AND chapter IN (SELECT id FROM chapters WHERE deck = ?1)",
    [CARD_LEAVE_QUEUE] = "UPDATE schedules SET queue = NULL WHERE queue IN (SELECT id FROM chapters WHERE deck = ?1)"
                         " AND EXISTS (SELECT 1 FROM cards c WHERE c.id = schedules.card AND c.hidden)",
    [CARD_GET] = "SELECT " CARD_COLUMNS " FROM cards c JOIN chapters q ON q.id = c.chapter"
                 " JOIN schedules s ON s.card = c.id AND s.learner = " LEARNER " WHERE c.id = ?1",
    [CARD_LIST] = "SELECT " CARD_COLUMNS " FROM chapters q JOIN cards c ON c.chapter = q.id"
                  " JOIN schedules s ON s.card = c.id AND s.learner = " LEARNER
                  " WHERE q.deck = ?1 AND (?2 IS NULL OR q.slug = ?2) AND (?3 IS NULL OR c.slot = ?3) AND NOT c.hidden"
                  " ORDER BY q.position, c.position",

    /* The first card in state ?1 whose rank is at most ?2, by one look into the index for each chapter. Cards of a
     * line that one of the last ?6 reviews asked about are passed over. */
    [QUEUE_NEXT] = "SELECT s.card, s.rank FROM chapters q JOIN decks d ON d.id = q.deck JOIN schedules s ON s.id ="
                   " (SELECT n.id FROM schedules n WHERE n.queue = q.id AND n.learner = " LEARNER
                   " AND n.state = ?1 AND n.rank <= ?2 AND n.card <> ?3 AND NOT EXISTS (SELECT 1 FROM reviews r"
                   " CROSS JOIN cards k ON k.id = r.card CROSS JOIN cards c ON c.id = n.card"
                   " WHERE r.number > (SELECT max(number) FROM reviews) - ?6 AND k.chapter = c.chapter"
                   " AND k.line = c.line) ORDER BY n.rank LIMIT 1)"
                   " WHERE (?4 IS NULL OR q.deck = ?4) AND (?5 IS NULL OR q.slug = ?5)"
                   " ORDER BY CASE ?1 WHEN 0 THEN d.created_ms END, s.rank LIMIT 1",
    [QUEUE_COUNT] =
        "SELECT " COUNT_COLUMNS " FROM chapters q WHERE (?2 IS NULL OR q.deck = ?2) AND (?3 IS NULL OR q.slug = ?3)",

    [SCHEDULE_GET] = "SELECT state, step, stability, difficulty, reps, lapses, CASE state WHEN 0 THEN 0 ELSE rank END,"
                     " last_ms FROM schedules WHERE card = ?1 AND learner = " LEARNER,
    [SCHEDULE_SET] = "UPDATE schedules SET state = ?2, step = ?3, stability = ?4, difficulty = ?5, reps = ?6,"
                     " lapses = ?7, rank = ?8, last_ms = ?9 WHERE card = ?1 AND learner = " LEARNER,
    [REVIEW_GET] = "SELECT " REVIEW_COLUMNS ", after_state, after_step, after_stability, after_difficulty, after_reps,"
                   " after_lapses, after_due_ms, after_last_ms FROM reviews WHERE id = ?1",
    [REVIEW_ADD] = "INSERT INTO reviews (id, card, grade, chosen, elapsed_ms, at_ms,"
                   " before_state, before_step, before_stability, before_difficulty, before_reps, before_lapses,"
                   " before_due_ms, before_last_ms, after_state, after_step, after_stability, after_difficulty,"
                   " after_reps, after_lapses, after_due_ms, after_last_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
                   " ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)",
    [REVIEW_LIST] = "SELECT " REVIEW_COLUMNS ", after_due_ms FROM reviews WHERE number <"
                    " CASE WHEN ?1 IS NULL THEN 9223372036854775807 ELSE (SELECT number FROM reviews WHERE id = ?1) END"
                    " ORDER BY number DESC LIMIT ?2",
};
