/* What the files of the store share. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "web/store/sqlite.h"
#include "web/store/store.h"
#include "web/store/writer.h"

/* The calling thread's read-only connection, opened on first use; NULL and the error. */
struct connection *store_reader(struct store *s, struct error *err);
struct writer *store_writer(struct store *s);

/* The columns COUNT_COLUMNS of statement.c, added over chapters. */
#define QUERY_COUNT_COLUMNS 8
struct tally {
    int states[4]; /* cards by enum card_state */
    int due;
    int64_t next_due_ms; /* 0: none */
};
void tally_add(struct tally *tally, struct query *q, int first_column);

/* A row of CARD_COLUMNS, copied; -1 when out of memory. */
int store_card_read(struct query *q, struct store_card *card, struct error *err);

#endif
