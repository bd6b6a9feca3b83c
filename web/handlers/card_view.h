/* A card as the API sends it: the stored body with its schedule, the four intervals and its demo added. */
#ifndef HANDLERS_CARD_VIEW_H
#define HANDLERS_CARD_VIEW_H

#include "engine/base/json.h"
#include "web/app.h"
#include "web/store/store.h"

/* `key` is NULL inside an array. */
void card_view_write(struct json *j, const char *key, const struct app *app, const struct store_card *card,
                     int64_t now_ms);

#endif
