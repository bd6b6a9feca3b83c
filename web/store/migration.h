/* The schema as a list of numbered migrations, each run once, in order, in a transaction of its own. A migration that
 * has been released is never edited; a change is a new one. */
#ifndef STORE_MIGRATION_H
#define STORE_MIGRATION_H

#include "web/store/sqlite.h"

/* Brings the database to this program's version. One that a newer program made is refused with a sentence. */
int migration_run(struct connection *c, struct error *err);

#endif
