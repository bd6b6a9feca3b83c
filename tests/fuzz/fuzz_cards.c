/* Cards of any notes that the parser reads keep every promise of card.h, and the same notes give the same cards. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/study/card.h"
#include "web/study/utf8.h"

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_text(const char *text)
{
    check(text != NULL && utf8_valid_length(text, strlen(text)) == strlen(text));
}

static void check_options(const struct card *card)
{
    if (card->type != CARD_SINGLE) {
        check(card->option_count == 0);
        return;
    }
    check(card->option_count >= 3 && card->option_count <= CARD_MAX_OPTIONS);
    check(card->key >= 0 && card->key < card->option_count);
    check(card->answer_count == 1 && strcmp(card->answers[0], card->options[card->key].text) == 0);
    for (int i = 0; i < card->option_count; i++) {
        check_text(card->options[i].text);
        check((card->options[i].why == NULL) == (i == card->key));
        for (int k = 0; k < i; k++)
            check(strcmp(card->options[i].text, card->options[k].text) != 0);
    }
}

static void check_card(const struct card *card, const struct notes *notes)
{
    check(strlen(card->id) == CARD_ID_LENGTH && strspn(card->id, "0123456789abcdef") == CARD_ID_LENGTH);
    check(card->fact >= 0 && (size_t)card->fact < notes->fact_count && !notes->facts[card->fact].also);
    check(card->line == notes->facts[card->fact].line);
    check_text(card->stem);
    check(*card->stem && (card->stem[strlen(card->stem) - 1] == '?' || strstr(card->stem, "____")));
    check_text(card->explanation);
    check(card->answer_count >= 1 && *card->answers[0]);
    for (int i = 0; i < card->answer_count; i++)
        check_text(card->answers[i]);
    check(card->cite_count >= 1);
    for (int i = 0; i < card->cite_count; i++)
        check(card->cites[i] >= 1 && card->cites[i] <= notes->line_count &&
              (i == 0 || card->cites[i] > card->cites[i - 1]));
    check_options(card);
}

static void check_deck(const struct deck *deck, const struct notes *notes)
{
    size_t facts = 0, uncovered = 0;
    for (size_t i = 0; i < notes->fact_count; i++)
        facts += !notes->facts[i].lead_in && !notes->facts[i].also;
    for (size_t i = 0; i < deck->refusal_count; i++) {
        uncovered += deck->refusals[i].template_name == NULL;
        check_text(deck->refusals[i].reason);
    }
    check(deck->facts == facts && deck->facts_covered + uncovered == facts);
    for (size_t i = 0; i < deck->card_count; i++)
        check_card(&deck->cards[i], notes);
}

static void put_cards(const struct deck *deck, struct str *out)
{
    for (size_t i = 0; i < deck->card_count; i++)
        card_to_json(&deck->cards[i], out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct notes notes;
    struct deck deck, again;
    struct error err = {0};
    struct str first = {0}, second = {0};
    if (notes_parse(&notes, (const char *)data, size, &err) != 0)
        return 0;
    check(deck_make(&deck, &notes, &err) == 0 && deck_make(&again, &notes, &err) == 0);
    check_deck(&deck, &notes);
    put_cards(&deck, &first);
    put_cards(&again, &second);
    check(first.len == second.len && strcmp(str_text(&first), str_text(&second)) == 0);
    str_free(&first);
    str_free(&second);
    deck_free(&deck);
    deck_free(&again);
    notes_free(&notes);
    return 0;
}
