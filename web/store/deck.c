#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "web/store/internal.h"

#define BUILTIN "builtin"
#define DECK_HASH 9 /* a dash and eight digits */

static void append_hash(const char *title, char id[STORE_DECK_ID])
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    char hex[9];
    size_t len = strlen(id);
    crypto_generichash(hash, sizeof hash, (const unsigned char *)title, strlen(title), NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, 4);
    snprintf(id + len, STORE_DECK_ID - len, "%s%s", len ? "-" : "", hex);
}

/* Letters that a slug cannot hold would make "Заметки" and "Карты" one deck, so a hash of the title stands for them. */
void store_deck_id(const char *title, char id[STORE_DECK_ID])
{
    bool lost = false;
    size_t len = 0;
    const char *c;
    for (c = title; *c; c++) {
        char lower = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
        bool fits = len < STORE_DECK_ID - DECK_HASH - 2; /* room for the hash */
        lost |= (unsigned char)*c >= 0x80 || !fits;
        if (fits && ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')))
            id[len++] = lower;
        else if (fits && len && id[len - 1] != '-')
            id[len++] = '-';
    }
    while (len && id[len - 1] == '-')
        len--;
    id[len] = '\0';
    if (!len || lost || strcmp(id, BUILTIN) == 0)
        append_hash(title, id);
}

/* --- synchronising ------------------------------------------------------------------------------------------------ */

struct sync {
    const char *id, *title;
    char *choose; /* where the id that the title leads to is written, the same place as id; NULL: the id is given */
    const struct deck *deck;
    struct deck_changes *changes;
    int64_t number;   /* of this synchronisation of the deck */
    const char *slug; /* of the chapter that was last put */
    int64_t chapter;
    struct str body, words;
};

/* Whether a deck has this id, and another title than the one given. */
static int id_is_taken(struct connection *c, const char *id, const char *title, struct error *err)
{
    struct query q = query_start(c, DECK_TITLE);
    int rc;
    query_bind_text(&q, 1, id);
    rc = query_step(&q, err);
    if (rc == 1)
        rc = strcmp(query_text(&q, 0), title) != 0;
    query_end(&q);
    return rc;
}

/* The same title is the same deck; titles that only differ in what a slug leaves out are two. */
static int choose_id(struct connection *c, const char *title, char id[STORE_DECK_ID], struct error *err)
{
    struct query q = query_start(c, DECK_OF_TITLE);
    int rc;
    query_bind_text(&q, 1, title);
    rc = query_step(&q, err);
    if (rc == 1)
        snprintf(id, STORE_DECK_ID, "%s", query_text(&q, 0));
    query_end(&q);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    store_deck_id(title, id);
    rc = id_is_taken(c, id, title, err);
    if (rc == 1) {
        append_hash(title, id);
        rc = id_is_taken(c, id, title, err);
    }
    if (rc == 1)
        return error_set(err, ERROR_INPUT, "title", "choose another title", "another deck has the id '%s' already", id);
    return rc;
}

/* A card is known to the world by one id, also when two decks ask the same question: the built-in deck's cards keep
 * their own, those of any other deck get the hash of the deck's id and their own. */
static void card_address(const char *deck, const char *card, char out[CARD_ID_LENGTH + 1])
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    crypto_generichash_state state;
    if (strcmp(deck, BUILTIN) == 0) {
        snprintf(out, CARD_ID_LENGTH + 1, "%s", card);
        return;
    }
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const unsigned char *)deck, strlen(deck) + 1);
    crypto_generichash_update(&state, (const unsigned char *)card, strlen(card));
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(out, CARD_ID_LENGTH + 1, hash, CARD_ID_LENGTH / 2);
}

static int sync_start(struct connection *c, struct sync *sync, struct error *err)
{
    struct query q = query_start(c, DECK_PUT);
    int rc;
    query_bind_text(&q, 1, sync->id);
    query_bind_text(&q, 2, sync->title);
    query_bind_integer(&q, 3, clock_unix_ms());
    if (query_run(&q, err))
        return -1;
    q = query_start(c, DECK_SYNCED);
    query_bind_text(&q, 1, sync->id);
    rc = query_step(&q, err);
    if (rc == 1)
        sync->number = query_integer(&q, 0);
    query_end(&q);
    return rc < 0 ? -1 : 0;
}

static int put_chapter(struct connection *c, struct sync *sync, const struct card *card, int64_t position,
                       struct error *err)
{
    struct query q;
    int rc;
    if (sync->slug && strcmp(sync->slug, card->slug) == 0)
        return 0;
    q = query_start(c, CHAPTER_PUT);
    query_bind_text(&q, 1, sync->id);
    query_bind_text(&q, 2, card->slug);
    query_bind_text(&q, 3, card->algorithm);
    query_bind_integer(&q, 4, position);
    query_bind_integer(&q, 5, sync->number);
    while ((rc = query_step(&q, err)) == 1)
        sync->chapter = query_integer(&q, 0);
    query_end(&q);
    sync->slug = card->slug;
    return rc;
}

enum seen { SEEN_NEVER, SEEN_BEFORE, SEEN_HIDDEN, SEEN_NOW };

static int card_seen(struct connection *c, const struct sync *sync, const char *id, enum seen *seen, struct error *err)
{
    struct query q = query_start(c, CARD_SEEN);
    int rc;
    query_bind_text(&q, 1, id);
    rc = query_step(&q, err);
    *seen = SEEN_NEVER;
    if (rc == 1) {
        *seen = query_int(&q, 1) ? SEEN_HIDDEN : SEEN_BEFORE;
        if (query_integer(&q, 2) == sync->number)
            *seen = SEEN_NOW;
        if (strcmp(query_text(&q, 0), sync->id) != 0)
            rc =
                error_set(err, ERROR_FAULT, id, "change the wording of one of the two cards",
                          "two decks, '%s' and '%s', have different cards of the same id", query_text(&q, 0), sync->id);
    }
    query_end(&q);
    return rc < 0 ? -1 : 0;
}

/* What a demo is looked up by: the question, its answers and the reason, not the wrong options. */
static void card_words(const struct card *card, struct str *words)
{
    int i;
    str_puts(words, card->stem);
    for (i = 0; i < card->answer_count; i++) {
        str_putc(words, ' ');
        str_puts(words, card->answers[i]);
    }
    str_putc(words, ' ');
    str_puts(words, card->explanation);
}

static int put_card(struct connection *c, struct sync *sync, const struct card *card, int64_t position,
                    struct error *err)
{
    struct query q = query_start(c, CARD_PUT);
    str_clear(&sync->body);
    str_clear(&sync->words);
    card_to_json(card, &sync->body);
    card_words(card, &sync->words);
    if (sync->body.failed || sync->words.failed)
        return error_set(err, ERROR_SYSTEM, NULL, NULL, "there is not enough memory for the deck");
    query_bind_text(&q, 1, card->id);
    query_bind_integer(&q, 2, sync->chapter);
    query_bind_integer(&q, 3, position);
    query_bind_integer(&q, 4, card->type);
    query_bind_text(&q, 5, card->slot);
    query_bind_text(&q, 6, str_text(&sync->words));
    query_bind_text(&q, 7, str_text(&sync->body));
    query_bind_integer(&q, 8, sync->number);
    query_bind_integer(&q, 9, card->line);
    if (query_run(&q, err))
        return -1;
    q = query_start(c, CARD_QUEUE);
    query_bind_text(&q, 1, card->id);
    query_bind_integer(&q, 2, sync->chapter);
    query_bind_integer(&q, 3, position);
    return query_run(&q, err);
}

static int sync_card(struct connection *c, struct sync *sync, size_t index, struct error *err)
{
    struct card card = sync->deck->cards[index];
    enum seen seen;
    card_address(sync->id, sync->deck->cards[index].id, card.id);
    if (card_seen(c, sync, card.id, &seen, err))
        return -1;
    if (seen == SEEN_NOW) /* the same question twice in one deck is one card */
        return 0;
    *(seen == SEEN_BEFORE ? &sync->changes->kept : &sync->changes->added) += 1;
    if (put_chapter(c, sync, &card, (int64_t)index, err))
        return -1;
    return put_card(c, sync, &card, (int64_t)index, err);
}

static int hide_vanished(struct connection *c, struct sync *sync, struct error *err)
{
    struct query q = query_start(c, CARD_HIDE);
    query_bind_text(&q, 1, sync->id);
    query_bind_integer(&q, 2, sync->number);
    if (query_run(&q, err))
        return -1;
    sync->changes->hidden = sqlite3_changes(c->db);
    if (sync->changes->hidden == 0)
        return 0;
    q = query_start(c, CARD_LEAVE_QUEUE);
    query_bind_text(&q, 1, sync->id);
    return query_run(&q, err);
}

static int sync_job(struct connection *c, void *context, struct error *err)
{
    struct sync *sync = context;
    size_t i;
    if (sync->choose && choose_id(c, sync->title, sync->choose, err))
        return -1;
    if (sync_start(c, sync, err))
        return -1;
    for (i = 0; i < sync->deck->card_count; i++)
        if (sync_card(c, sync, i, err))
            return -1;
    return hide_vanished(c, sync, err);
}

static int run_sync(struct store *s, struct sync *sync, struct error *err)
{
    int rc;
    *sync->changes = (struct deck_changes){0};
    rc = writer_do(store_writer(s), sync_job, sync, err);
    str_free(&sync->body);
    str_free(&sync->words);
    return rc;
}

int store_deck_sync(struct store *s, const char *id, const char *title, const struct deck *deck,
                    struct deck_changes *changes, struct error *err)
{
    struct sync sync = {.id = id, .title = title, .deck = deck, .changes = changes};
    if (!id[0] || strlen(id) >= STORE_DECK_ID)
        return error_set(err, ERROR_INPUT, "id", "choose a shorter title", "a deck's id has 1 to %d characters",
                         STORE_DECK_ID - 1);
    return run_sync(s, &sync, err);
}

/* Letters that end a line, steer the terminal or turn the direction of the text around them: the list of decks would
 * show something else than there is. `c` is the first byte of a letter in valid UTF-8. */
static bool is_steering(const unsigned char *c)
{
    unsigned letter = 0;
    if (c[0] < 0x20 || c[0] == 0x7f)
        return true;
    if (c[0] == 0xc2)
        return c[1] < 0xa0;
    if (c[0] != 0xe2 || !c[1])
        return false;
    letter = 0x2000 + ((c[1] & 0x3fu) << 6) + (c[2] & 0x3fu);
    return (letter >= 0x2028 && letter <= 0x202e) || (letter >= 0x2066 && letter <= 0x2069);
}

static int check_title(const char *title, struct error *err)
{
    for (const char *c = title; *c; c++)
        if (is_steering((const unsigned char *)c))
            return error_set(err, ERROR_INPUT, "title", "write the title on one line, in plain letters",
                             "a deck's title must not have line breaks, control characters or marks that turn the "
                             "direction of the text");
    return 0;
}

int store_deck_import(struct store *s, const char *title, const struct deck *deck, char id[STORE_DECK_ID],
                      struct deck_changes *changes, struct error *err)
{
    struct sync sync = {.id = id, .title = title, .choose = id, .deck = deck, .changes = changes};
    return check_title(title, err) ? -1 : run_sync(s, &sync, err);
}

int store_deck_exists(struct store *s, const char *id, struct error *err)
{
    struct connection *c = store_reader(s, err);
    struct query q;
    int rc;
    if (!c)
        return -1;
    q = query_start(c, DECK_SYNCED);
    query_bind_text(&q, 1, id);
    rc = query_step(&q, err);
    query_end(&q);
    return rc;
}

/* --- deleting ------------------------------------------------------------------------------------------------------
 */

static int delete_job(struct connection *c, void *context, struct error *err)
{
    const char *id = *(const char **)context;
    struct query q = query_start(c, DECK_DELETE);
    query_bind_text(&q, 1, id);
    if (query_run(&q, err))
        return -1;
    if (sqlite3_changes(c->db) == 0)
        return error_set(err, ERROR_INPUT, "id", "look at the list of decks", "there is no deck '%s'", id);
    return 0;
}

int store_deck_delete(struct store *s, const char *id, struct error *err)
{
    if (strcmp(id, BUILTIN) == 0)
        return error_set(err, ERROR_INPUT, "id", "delete a deck of your own", "the built-in deck cannot be deleted");
    return writer_do(store_writer(s), delete_job, &id, err);
}

/* --- listing -------------------------------------------------------------------------------------------------------
 */

void tally_add(struct tally *tally, struct query *q, int first_column)
{
    int i;
    for (i = 0; i < 4; i++)
        tally->states[i] += query_int(q, first_column + i);
    tally->due += query_int(q, first_column + 4);
    for (i = 5; i < QUERY_COUNT_COLUMNS; i++) {
        int64_t due_ms = query_integer(q, first_column + i);
        if (due_ms && (!tally->next_due_ms || due_ms < tally->next_due_ms))
            tally->next_due_ms = due_ms;
    }
}

static int tally_cards(const struct tally *tally)
{
    return tally->states[CARD_NEW] + tally->states[CARD_LEARNING] + tally->states[CARD_REVIEW] +
           tally->states[CARD_RELEARNING];
}

static void write_tally(struct json *j, const struct tally *tally)
{
    json_integer(j, "cards", tally_cards(tally));
    json_integer(j, "due", tally->due);
    json_integer(j, "new", tally->states[CARD_NEW]);
    json_integer(j, "learning", tally->states[CARD_LEARNING] + tally->states[CARD_RELEARNING]);
    json_integer(j, "strong", tally->states[CARD_REVIEW]);
}

/* Writes the chapter in the row, unless all of its cards are hidden. */
static void write_chapter(struct json *j, struct query *q, struct tally *total)
{
    struct tally tally = {0};
    tally_add(&tally, q, 4);
    tally_add(total, q, 4);
    if (tally_cards(&tally) == 0)
        return;
    json_object(j, NULL);
    json_string(j, "slug", query_text(q, 2));
    json_string(j, "title", query_text(q, 3));
    write_tally(j, &tally);
    json_end(j);
}

static void end_deck(struct json *j, struct tally *total)
{
    json_end(j);
    write_tally(j, total);
    json_end(j);
    *total = (struct tally){0};
}

static int write_decks(struct query *q, struct json *j, struct error *err)
{
    struct tally total = {0};
    char deck[STORE_DECK_ID] = "";
    int rc;
    while ((rc = query_step(q, err)) == 1) {
        if (strcmp(deck, query_text(q, 0)) != 0) {
            if (deck[0])
                end_deck(j, &total);
            snprintf(deck, sizeof deck, "%s", query_text(q, 0));
            json_object(j, NULL);
            json_string(j, "id", deck);
            json_string(j, "title", query_text(q, 1));
            json_array(j, "algorithms");
        }
        write_chapter(j, q, &total);
    }
    if (deck[0])
        end_deck(j, &total);
    return rc;
}

int store_decks_json(struct store *s, int64_t now_ms, struct str *out, struct error *err)
{
    struct connection *c = store_reader(s, err);
    struct json j = json_begin(out);
    struct query q;
    int rc;
    if (!c)
        return -1;
    q = query_start(c, DECK_LIST);
    query_bind_integer(&q, 1, now_ms);
    json_object(&j, NULL);
    json_array(&j, "decks");
    rc = write_decks(&q, &j, err);
    query_end(&q);
    json_end(&j);
    json_end(&j);
    return rc;
}
