/* Rules that only a whole bank can keep: where the keys stand, how long they are, how often the same is asked, and that
 * no solver that knows nothing does better than chance. Held on the built-in deck and on the reference notes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/asset.h"
#include "engine/base/str.h"
#include "web/study/card.h"
#include "web/study/text.h"

struct bank {
    struct notes notes;
    struct deck deck;
};

/* --- reading ------------------------------------------------------------------------------------------------------ */

static struct bank bank_of(const char *text, size_t len)
{
    struct bank bank;
    struct error err = {0};
    if (notes_parse(&bank.notes, text, len, &err) != 0 || deck_make(&bank.deck, &bank.notes, &err) != 0)
        fail_msg("%s (%s)", err.what, err.where);
    return bank;
}

static void bank_free(struct bank *bank)
{
    deck_free(&bank->deck);
    notes_free(&bank->notes);
}

/* All files of the built-in deck, one after the other. */
static struct bank built_in(void)
{
    struct str text = {0};
    struct bank bank;
    for (size_t i = 0; i < asset_content.count; i++)
        if (strncmp(asset_content.assets[i].path, "notes/", 6) == 0)
            str_append(&text, asset_content.assets[i].plain, asset_content.assets[i].plain_len);
    assert_false(text.failed);
    bank = bank_of(str_text(&text), text.len);
    str_free(&text);
    return bank;
}

static struct bank reference(void)
{
    const char *shared = getenv("FLASHLAB_SHARED");
    struct str path = {0};
    struct bank bank;
    struct error err = {0};
    FILE *file;
    str_printf(&path, "%s/notes/sagemaker-notes.txt", shared ? shared : "../shared");
    file = fopen(str_text(&path), "rb");
    if (!file) {
        str_free(&path);
        print_message("skipped: the reference notes are not here; FLASHLAB_SHARED names the folder that holds them\n");
        skip();
    }
    fclose(file);
    if (notes_read(&bank.notes, str_text(&path), &err) != 0 || deck_make(&bank.deck, &bank.notes, &err) != 0)
        fail_msg("%s", err.what);
    str_free(&path);
    return bank;
}

/* --- solvers that know nothing ------------------------------------------------------------------------------------ */

struct solver {
    const char *name;
    double (*score)(struct vocabulary *v, struct arena *arena, const struct card *card,
                    int option); /* highest is chosen */
};

static double by_length(struct vocabulary *v, struct arena *arena, const struct card *card, int option)
{
    (void)v;
    (void)arena;
    return (double)text_length(card->options[option].text);
}

static double by_shortness(struct vocabulary *v, struct arena *arena, const struct card *card, int option)
{
    return -by_length(v, arena, card, option);
}

static double by_echo(struct vocabulary *v, struct arena *arena, const struct card *card, int option)
{
    struct words stem = text_words(v, arena, card->stem), w = text_words(v, arena, card->options[option].text);
    double shared = 0;
    for (int i = 0; i < w.count; i++)
        shared += text_contains(stem, w.ids[i]);
    return shared;
}

static double by_first(struct vocabulary *v, struct arena *arena, const struct card *card, int option)
{
    (void)v;
    (void)arena;
    (void)card;
    return -option;
}

static int count_of(const char *text, const char *set)
{
    int n = 0;
    for (; *text; text++)
        n += strchr(set, *text) != NULL;
    return n;
}

/* What one sees of an option without reading it. */
static void form_of(const char *text, int form[5])
{
    form[0] = *text >= 'A' && *text <= 'Z';
    form[1] = count_of(text, "0123456789") > 0;
    form[2] = count_of(text, "_") > 0;
    form[3] = count_of(text, ",;:()") > 0;
    form[4] = count_of(text, " ") > 0;
}

/* How many of the other options have another form, over all forms: the odd one out has most. */
static double by_oddness(struct vocabulary *v, struct arena *arena, const struct card *card, int option)
{
    int own[5], other[5];
    double odd = 0;
    (void)v;
    (void)arena;
    form_of(card->options[option].text, own);
    for (int i = 0; i < card->option_count; i++) {
        form_of(card->options[i].text, other);
        for (int k = 0; k < 5; k++)
            odd += own[k] != other[k];
    }
    return odd;
}

static double by_sameness(struct vocabulary *v, struct arena *arena, const struct card *card, int option)
{
    return -by_oddness(v, arena, card, option);
}

static const struct solver solvers[] = {
    {"the longest", by_length}, {"the shortest", by_shortness},  {"most words of the question", by_echo},
    {"the first", by_first},    {"the odd one out", by_oddness}, {"the most alike", by_sameness},
};

/* The chance that a solver is right, ties drawn by lot. */
static double right_share(const struct solver *s, struct vocabulary *v, struct arena *arena, const struct card *card)
{
    double best = -1e9;
    int ties = 0;
    bool key = false;
    for (int i = 0; i < card->option_count; i++) {
        double score = s->score(v, arena, card, i);
        if (score > best) {
            best = score;
            ties = 0;
            key = false;
        }
        if (score >= best) {
            ties++;
            key = key || i == card->key;
        }
    }
    return key ? 1.0 / ties : 0;
}

/* How far a share of n questions may stray: five points, or in a small bank as far as p = 0.01 lets. */
static double room_of(double n, double chance)
{
    double luck = 2.576 * sqrt(n * chance * (1 - chance));
    return luck > 0.05 * n ? luck : 0.05 * n;
}

static void check_guessing(const struct bank *bank)
{
    for (size_t k = 0; k < sizeof solvers / sizeof *solvers; k++) {
        struct arena arena = {0};
        struct vocabulary v;
        double right = 0, chance = 0;
        int n = 0;
        assert_int_equal(vocabulary_open(&v, &arena), 0);
        for (size_t i = 0; i < bank->deck.card_count; i++) {
            const struct card *card = &bank->deck.cards[i];
            if (card->type != CARD_SINGLE)
                continue;
            right += right_share(&solvers[k], &v, &arena, card);
            chance += 1.0 / card->option_count;
            n++;
        }
        vocabulary_close(&v);
        arena_free(&arena);
        if (getenv("FLASHLAB_FIGURES"))
            print_message("%-28s %5.1f %% right, chance %.1f %% (%d questions)\n", solvers[k].name, 100 * right / n,
                          100 * chance / n, n);
        if (fabs(right - chance) > room_of(n, chance / n))
            fail_msg("a solver that takes %s is right in %.1f %%, chance is %.1f %%", solvers[k].name, 100 * right / n,
                     100 * chance / n);
    }
}

/* --- the other rules ---------------------------------------------------------------------------------------------- */

/* Chi-square of the key's places against even ones, for one number of options; the limits are those of p = 0.01. */
static void check_positions(const struct bank *bank, int options, double limit)
{
    double seen[CARD_MAX_OPTIONS] = {0}, n = 0, chi = 0;
    for (size_t i = 0; i < bank->deck.card_count; i++)
        if (bank->deck.cards[i].option_count == options) {
            seen[bank->deck.cards[i].key]++;
            n++;
        }
    for (int k = 0; k < options && n > 0; k++)
        chi += (seen[k] - n / options) * (seen[k] - n / options) / (n / options);
    assert_true(chi < limit);
}

/* The key is the longest of four in 20 to 30 %, and so the shortest; few questions may stray as far as p = 0.01 lets.
 */
static void check_lengths(const struct bank *bank)
{
    double longest = 0, shortest = 0, n = 0;
    for (size_t i = 0; i < bank->deck.card_count; i++) {
        const struct card *card = &bank->deck.cards[i];
        if (card->option_count != 4)
            continue;
        longest += right_share(&solvers[0], NULL, NULL, card);
        shortest += right_share(&solvers[1], NULL, NULL, card);
        n++;
    }
    if (getenv("FLASHLAB_FIGURES"))
        print_message("of %.0f with four options the key is longest in %.1f %%, shortest in %.1f %%\n", n,
                      100 * longest / n, 100 * shortest / n);
    assert_true(n > 0);
    assert_true(fabs(longest - 0.25 * n) <= room_of(n, 0.25));
    assert_true(fabs(shortest - 0.25 * n) <= room_of(n, 0.25));
}

/* No identity twice; of one fact at most two cards of one template (a line may name two things), at most eight in all.
 */
static void check_repeats(const struct bank *bank)
{
    const struct deck *deck = &bank->deck;
    for (size_t i = 0; i < deck->card_count; i++) {
        int alike = 0, all = 0;
        for (size_t j = 0; j < deck->card_count; j++) {
            const struct card *other = &deck->cards[j];
            assert_true(i == j || strcmp(deck->cards[i].id, other->id) != 0);
            if (other->fact != deck->cards[i].fact)
                continue;
            all++;
            alike += strcmp(other->template_name, deck->cards[i].template_name) == 0;
        }
        assert_true(alike <= 2 && all <= 8);
    }
}

/* Negation is never used in a stem of ours; only what notes say may hold one. */
static void check_negation(const struct bank *bank)
{
    size_t negative = 0, singles = 0;
    for (size_t i = 0; i < bank->deck.card_count; i++)
        if (bank->deck.cards[i].type == CARD_SINGLE) {
            singles++;
            negative += strstr(bank->deck.cards[i].stem, " not ") != NULL;
        }
    assert_true(negative * 20 <= singles);
}

static void check_bank(struct bank *bank, size_t percent)
{
    if (getenv("FLASHLAB_FIGURES"))
        print_message("%zu cards, %zu of %zu facts covered\n", bank->deck.card_count, bank->deck.facts_covered,
                      bank->deck.facts);
    assert_true(bank->deck.facts_covered * 100 >= bank->deck.facts * percent);
    check_repeats(bank);
    check_negation(bank);
    check_positions(bank, 4, 11.34);
    check_positions(bank, 3, 9.21);
    check_lengths(bank);
    check_guessing(bank);
    bank_free(bank);
}

static void built_in_deck(void **state)
{
    struct bank bank = built_in();
    (void)state;
    assert_int_equal(bank.notes.algorithm_count, 7);
    check_bank(&bank, 95);
}

static void reference_notes(void **state)
{
    struct bank bank = reference();
    (void)state;
    assert_int_equal(bank.notes.algorithm_count, 7);
    check_bank(&bank, 90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(built_in_deck), cmocka_unit_test(reference_notes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
