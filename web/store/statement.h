/* Every SQL statement that the store runs, by name; the texts stand in statement.c, the schema in migration.c. */
#ifndef STORE_STATEMENT_H
#define STORE_STATEMENT_H

enum statement {
    BEGIN_READ,
    BEGIN_WRITE,
    COMMIT,
    ROLLBACK,
    SAVEPOINT,
    SAVEPOINT_RELEASE,
    SAVEPOINT_ROLLBACK,

    VERSION_GET,
    VERSION_SET,

    DECK_PUT,
    DECK_SYNCED,
    DECK_TITLE,
    DECK_OF_TITLE,
    DECK_DELETE,
    DECK_LIST,
    CHAPTER_PUT,

    CARD_SEEN,
    CARD_PUT,
    CARD_QUEUE,
    CARD_HIDE,
    CARD_LEAVE_QUEUE,
    CARD_GET,
    CARD_LIST,

    QUEUE_NEXT,
    QUEUE_COUNT,

    SCHEDULE_GET,
    SCHEDULE_SET,
    REVIEW_GET,
    REVIEW_ADD,
    REVIEW_LIST,

    STATEMENT_COUNT
};

extern const char *const statement_text[STATEMENT_COUNT];

#endif
