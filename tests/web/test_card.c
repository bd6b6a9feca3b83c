/* Cards made of notes: what is asked of which line, identities that survive edits, and notes that give none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "web/study/card.h"
#include "web/study/phrase.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

struct made {
    struct notes notes;
    struct deck deck;
};

static struct made make(const char *text)
{
    struct made made;
    struct error err = {0};
    if (notes_parse(&made.notes, text, strlen(text), &err) != 0 || deck_make(&made.deck, &made.notes, &err) != 0)
        fail_msg("%s (%s)", err.what, err.where);
    return made;
}

static void unmake(struct made *made)
{
    deck_free(&made->deck);
    notes_free(&made->notes);
}

static const char sample[] = "XGBoost - Model type\n"                                                 /* 1 */
                             "A boosted group of decision trees\n"                                    /* 2 */
                             "Problems it solves:\n"                                                  /* 3 */
                             "- Classification\n"                                                     /* 4 */
                             "- Regression\n"                                                         /* 5 */
                             "XGBoost - Input\n"                                                      /* 6 */
                             "Training formats:\n"                                                    /* 7 */
                             "- CSV\n"                                                                /* 8 */
                             "- libsvm\n"                                                             /* 9 */
                             "- Parquet\n"                                                            /* 10 */
                             "XGBoost - Hyperparameters\n"                                            /* 11 */
                             "eta = step size shrinkage, against overfitting; default 0.3\n"          /* 12 */
                             "gamma = minimum loss reduction for a split; default 0\n"                /* 13 */
                             "max_depth = greatest depth of a tree; default 6\n"                      /* 14 */
                             "tree_method = auto, exact, approx or hist\n"                            /* 15 */
                             "DeepAR - Input\n"                                                       /* 16 */
                             "Each record must contain:\n"                                            /* 17 */
                             "- start, the time stamp of the first value\n"                           /* 18 */
                             "- target, the values of the series\n"                                   /* 19 */
                             "Each record can contain:\n"                                             /* 20 */
                             "- dynamic_feat, features that change over time\n"                       /* 21 */
                             "- cat, categorical features\n"                                          /* 22 */
                             "Training formats:\n"                                                    /* 23 */
                             "- JSON Lines\n"                                                         /* 24 */
                             "- Parquet\n"                                                            /* 25 */
                             "DeepAR - Usage\n"                                                       /* 26 */
                             "Avoid a prediction_length above 400, because it is slow\n"              /* 27 */
                             "Why: The errors add up from step to step.\n"                            /* 28 */
                             "DeepAR - Hyperparameters\n"                                             /* 29 */
                             "context_length = number of time points the model sees; must be given\n" /* 30 */
                             "num_cells = number of neurons in a layer; default 40\n"                 /* 31 */
                             "likelihood = the noise model of the forecast\n"                         /* 32 */
                             "Linear Learner - Input\n"                                               /* 33 */
                             "Training formats:\n"                                                    /* 34 */
                             "- recordIO-protobuf\n"                                                  /* 35 */
                             "- CSV\n"                                                                /* 36 */
                             "Linear Learner - Training\n"                                            /* 37 */
                             "The optimizer is one of auto, sgd, adam or rmsprop\n"                   /* 38 */
                             "Often wrong: Adagrad can be chosen.\n"                                  /* 39 */
                             "Linear Learner - Hyperparameters\n"                                     /* 40 */
                             "wd = strength of L2 regularisation; default auto\n"                     /* 41 */
                             "use_bias = whether the model has an intercept; default true\n"          /* 42 */
                             "balance_multiclass_weights = gives each class the same importance\n";   /* 43 */

static const struct card *find(const struct deck *deck, const char *stem)
{
    for (size_t i = 0; i < deck->card_count; i++)
        if (strcmp(deck->cards[i].stem, stem) == 0)
            return &deck->cards[i];
    for (size_t i = 0; i < deck->card_count; i++)
        print_message("%d: %s\n", deck->cards[i].line, deck->cards[i].stem);
    fail_msg("no card asks '%s'", stem);
    return NULL;
}

/* Decided by reading the sample: the question a teacher would ask, and all that belongs to its answer. */
static void asked_as_a_teacher_would(void **state)
{
    static const struct {
        const char *stem;
        int line;
        enum card_type type;
        const char *answers[5];
    } cases[] = {
        {"XGBoost, model type: what are the problems it solves (2 points)?",
         3,
         CARD_RECALL,
         {"Classification", "Regression"}},
        {"XGBoost, input: what are the training formats (3 points)?", 7, CARD_RECALL, {"CSV", "libsvm", "Parquet"}},
        {"XGBoost: what is the hyperparameter eta for?",
         12,
         CARD_RECALL,
         {"Step size shrinkage, against overfitting", "Default: 0.3"}},
        {"XGBoost: which values can tree_method take (4 points)?",
         15,
         CARD_RECALL,
         {"auto", "exact", "approx", "hist"}},
        {"DeepAR, input: what must each record contain (2 points)?",
         17,
         CARD_RECALL,
         {"start, the time stamp of the first value", "target, the values of the series"}},
        {"DeepAR, input: what is cat?", 22, CARD_RECALL, {"Categorical features"}},
        {"DeepAR, usage: Avoid a prediction_length above ____, because it is slow.", 27, CARD_CLOZE, {"400"}},
        {"DeepAR, usage: “Avoid a prediction_length above 400, because it is slow.” Why, or how?",
         27,
         CARD_RECALL,
         {"The errors add up from step to step."}},
        {"Linear Learner, training: notes often say “Adagrad can be chosen.” What is right?",
         38,
         CARD_RECALL,
         {"The optimizer is one of auto, sgd, adam or rmsprop"}},
        {"Which algorithm takes libsvm as an input format?", 9, CARD_SINGLE, {"XGBoost"}},
        {"Which of these input formats does Linear Learner take?", 35, CARD_SINGLE, {"recordIO-protobuf"}},
        {"Linear Learner: which of these describes the hyperparameter wd?",
         41,
         CARD_SINGLE,
         {"strength of L2 regularisation"}},
    };
    struct made made = make(sample);
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct card *card = find(&made.deck, cases[i].stem);
        int n = 0;
        while (n < 5 && cases[i].answers[n])
            n++;
        assert_int_equal(card->line, cases[i].line);
        assert_int_equal(card->type, cases[i].type);
        assert_int_equal(card->answer_count, n);
        for (int k = 0; k < n; k++)
            assert_string_equal(card->answers[k], cases[i].answers[k]);
    }
    unmake(&made);
}

/* What must not be asked: CSV is true of two of the three, so nobody can say which; a list's item is no wrong option of
 * its own list; the mistake is no answer. */
static void never_a_second_right_answer(void **state)
{
    struct made made = make(sample);
    (void)state;
    for (size_t i = 0; i < made.deck.card_count; i++) {
        const struct card *card = &made.deck.cards[i];
        for (int k = 0; k < card->option_count; k++) {
            const char *option = card->options[k].text;
            assert_int_equal(card->options[k].why == NULL, k == card->key);
            assert_null(strstr(option, "dagrad"));
            if (k == card->key)
                continue;
            if (strstr(card->stem, "takes CSV"))
                assert_string_equal(option, "DeepAR");
            if (strstr(card->stem, "takes Parquet"))
                assert_string_equal(option, "Linear Learner");
            if (strstr(card->stem, "formats does Linear Learner"))
                assert_true(strcmp(option, "CSV") != 0);
            if (strstr(card->stem, "“Each record must contain”"))
                assert_true(strcmp(option, "dynamic_feat") == 0 || strcmp(option, "cat") == 0);
        }
    }
    unmake(&made);
}

/* --- identities --------------------------------------------------------------------------------------------------- */

static char *card_text(const struct card *card)
{
    struct str out = {0};
    card_to_json(card, &out);
    return str_take(&out);
}

static bool cites(const struct card *card, int line)
{
    for (int i = 0; i < card->cite_count; i++)
        if (card->cites[i] == line)
            return true;
    return false;
}

static bool has_card(const struct deck *deck, const struct card *card)
{
    char *text = card_text(card);
    bool found = false;
    for (size_t i = 0; i < deck->card_count && !found; i++) {
        char *other = strcmp(deck->cards[i].id, card->id) == 0 ? card_text(&deck->cards[i]) : NULL;
        found = other && strcmp(text, other) == 0;
        free(other);
    }
    free(text);
    return found;
}

static bool version_cites(const struct deck *deck, const char *id, int line)
{
    for (size_t i = 0; i < deck->card_count; i++)
        if (strcmp(deck->cards[i].id, id) == 0)
            return cites(&deck->cards[i], line);
    return false;
}

/* Cards of one deck that the other has not, byte for byte, rest on the line, before the edit or after; how many. */
static size_t changed_only_by(const struct deck *deck, const struct deck *other, int line, const char *edit)
{
    size_t changed = 0;
    for (size_t i = 0; i < deck->card_count; i++) {
        if (has_card(other, &deck->cards[i]))
            continue;
        changed++;
        if (!cites(&deck->cards[i], line) && !version_cites(other, deck->cards[i].id, line))
            fail_msg("editing line %d to '%s' changed a card that does not rest on it: %s", line, edit,
                     deck->cards[i].stem);
    }
    return changed;
}

static char *line_edited(const char *text, int line, const char *with)
{
    struct str out = {0};
    int number = 1;
    for (const char *at = text; *at; number++) {
        size_t len = strcspn(at, "\n");
        size_t keep = number == line && len && at[len - 1] == ':' ? len - 1 : len; /* a lead-in stays one */
        str_append(&out, at, keep);
        if (number == line)
            str_puts(&out, with);
        str_append(&out, at + keep, len - keep);
        str_putc(&out, '\n');
        at += len + (at[len] == '\n');
    }
    return str_take(&out);
}

static bool is_heading(const struct notes *notes, int line)
{
    return notes->roles[line - 1] == LINE_HEADING || notes->roles[line - 1] == LINE_MARK;
}

/* Every `step`th line is edited in turn. */
static void edit_lines(const char *text, int step)
{
    struct made before = make(text);
    size_t kept = 0, changed = 0;
    for (int line = 1; line <= before.notes.line_count; line += step) {
        char *edited;
        struct made after;
        if (is_heading(&before.notes, line))
            continue;
        edited = line_edited(text, line, " zq");
        after = make(edited);
        changed += changed_only_by(&before.deck, &after.deck, line, " zq");
        changed += changed_only_by(&after.deck, &before.deck, line, " zq");
        kept += after.deck.card_count;
        unmake(&after);
        free(edited);
    }
    assert_true(changed > 0 && changed < kept);
    unmake(&before);
}

static void edits_stay_where_they_are(void **state)
{
    (void)state;
    edit_lines(sample, 1);
}

static void edits_of_the_reference_notes(void **state)
{
    const char *shared = getenv("FLASHLAB_SHARED");
    struct str path = {0}, text = {0};
    char buffer[4096];
    size_t len;
    FILE *file;
    (void)state;
    str_printf(&path, "%s/notes/sagemaker-notes.txt", shared ? shared : "../shared");
    file = fopen(str_text(&path), "rb");
    str_free(&path);
    if (!file) {
        print_message("skipped: the reference notes are not here; FLASHLAB_SHARED names the folder that holds them\n");
        skip();
    }
    while ((len = fread(buffer, 1, sizeof buffer, file)) > 0)
        str_append(&text, buffer, len);
    fclose(file);
    edit_lines(str_text(&text), 3);
    str_free(&text);
}

/* The identity is not the line: lines put in above move a card, and it stays the same card. */
static void moved_lines_keep_their_cards(void **state)
{
    struct str text = {0};
    struct made before = make(sample), after;
    size_t same = 0;
    (void)state;
    str_puts(&text, "XGBoost - Metrics\nReports the error\n");
    str_puts(&text, sample);
    after = make(str_text(&text));
    for (size_t i = 0; i < before.deck.card_count; i++)
        for (size_t j = 0; j < after.deck.card_count; j++)
            same += strcmp(before.deck.cards[i].id, after.deck.cards[j].id) == 0 &&
                    strcmp(before.deck.cards[i].stem, after.deck.cards[j].stem) == 0 &&
                    before.deck.cards[i].key == after.deck.cards[j].key;
    assert_int_equal(same, before.deck.card_count);
    unmake(&before);
    unmake(&after);
    str_free(&text);
}

static void same_notes_same_bytes(void **state)
{
    struct made a = make(sample), b = make(sample);
    (void)state;
    assert_int_equal(a.deck.card_count, b.deck.card_count);
    for (size_t i = 0; i < a.deck.card_count; i++) {
        char *x = card_text(&a.deck.cards[i]), *y = card_text(&b.deck.cards[i]);
        assert_string_equal(x, y);
        free(x);
        free(y);
    }
    unmake(&a);
    unmake(&b);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static void facts_are_asked_or_refused(void **state)
{
    struct made made = make("A - Input\nCSV\nThe long sentence holds nothing\nA - Training\nGo up to ml.m5.12slarge\n");
    size_t refused = 0;
    (void)state;
    for (size_t i = 0; i < made.deck.refusal_count; i++) {
        refused += made.deck.refusals[i].template_name == NULL;
        assert_true(made.deck.refusals[i].line >= 1 && strlen(made.deck.refusals[i].reason) > 20);
    }
    assert_int_equal(made.deck.facts, 3);
    assert_int_equal(made.deck.facts_covered + refused, made.deck.facts);
    assert_int_equal(refused, 1); /* the misspelt instance */
    unmake(&made);
}

static void json_of_a_card(void **state)
{
    struct made made = make(sample);
    const struct card *card = find(&made.deck, "Which algorithm takes libsvm as an input format?");
    char *text = card_text(card);
    cJSON *json = cJSON_Parse(text), *options = cJSON_GetObjectItem(json, "options");
    int key = cJSON_GetObjectItem(json, "key")->valueint;
    (void)state;
    assert_string_equal(cJSON_GetObjectItem(json, "type")->valuestring, "single");
    assert_string_equal(cJSON_GetObjectItem(json, "slug")->valuestring, "xgboost");
    assert_string_equal(cJSON_GetObjectItem(json, "slot")->valuestring, "input");
    assert_int_equal(strlen(cJSON_GetObjectItem(json, "id")->valuestring), CARD_ID_LENGTH);
    assert_int_equal(cJSON_GetArraySize(options), 3);
    assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(options, key), "text")->valuestring, "XGBoost");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(cJSON_GetArrayItem(options, key), "why")));
    assert_string_equal(cJSON_GetObjectItem(json, "explanation")->valuestring,
                        "XGBoost, input — Training formats: libsvm.");
    cJSON_Delete(json);
    free(text);
    unmake(&made);
}

static void nonsense_gives_few_cards(void **state)
{
    static const char *const texts[] = {
        "Shopping list\nmilk\neggs\nbread\n12 apples\n",
        "The moon was out\nand the sea was low\nand nobody knew\nwhere the ships would go\n",
        "",
        "\n\n\n",
        "???\n!!!\n->\n=\n:\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct made made;
        struct error err = {0};
        if (notes_parse(&made.notes, texts[i], strlen(texts[i]), &err) != 0)
            continue;
        assert_int_equal(deck_make(&made.deck, &made.notes, &err), 0);
        assert_true(made.deck.card_count <= 2);
        assert_true(made.deck.facts_covered + made.deck.refusal_count >= made.deck.facts);
        unmake(&made);
    }
}

/* The parser would not write such notes; deck_make survives them. */
static void odd_structures(void **state)
{
    struct notes_section sections[] = {
        {1, "A - Input", "A", "a", "Input", "input"}, {2, "", "", "", "", ""}, {3, NULL, NULL, NULL, NULL, NULL}};
    struct notes_fact facts[] = {
        {.line = 1, .last_line = 1, .section = 0, .parent = 0, .text = "CSV"},
        {.line = 2, .last_line = 2, .section = 0, .parent = 2, .text = "a = b"},
        {.line = 3, .last_line = 3, .section = 0, .parent = 1, .text = "____"},
        {.line = 4, .last_line = 4, .section = 7, .parent = -1, .text = "x"},
        {.line = 5, .last_line = 5, .section = -1, .parent = -9, .text = "x"},
        {.line = 6, .last_line = 6, .section = 1, .parent = 99, .text = "x"},
        {.line = 7, .last_line = 7, .section = 2, .parent = 0, .text = ""},
        {.line = 8, .last_line = 1 << 30, .section = 0, .parent = 0, .text = ""},
        {.line = 9, .last_line = 9, .section = 0, .parent = 0, .text = NULL},
        {.line = 10, .last_line = 10, .section = 0, .parent = 0, .lead_in = true, .text = "\xFF\xFE:"},
    };
    struct notes notes = {
        .sections = sections, .facts = facts, .section_count = COUNT(sections), .fact_count = COUNT(facts)};
    struct deck deck;
    struct error err = {0};
    (void)state;
    assert_int_equal(deck_make(&deck, &notes, &err), 0);
    assert_int_equal(deck.facts, COUNT(facts) - 1);
    deck_free(&deck);
    deck_free(&deck); /* twice is once */
}

static void lead_ins_become_questions(void **state)
{
    static const char *const cases[][2] = {
        {"Each record must contain:", "what must each record contain"},
        {"Can be used for:", "what can it be used for"},
        {"Can optimise on:", "what can it optimise on"},
        {"Can use it:", "how can you use it"},
        {"Uses:", "what are the uses"},
        {"Use cases:", "what are the use cases"},
        {"Training formats:", "what are the training formats"},
        {"Pairs it can learn from:", "what are the pairs it can learn from"},
        {"Fields that each record must contain:", "what are the fields that each record must contain"},
        {"GPU families for training:", "what are the GPU families for training"},
        {"Word2vec has multiple modes:", "which modes does Word2vec have"},
        {"For supervised mode:", "what applies for supervised mode"},
        {"In XGBoost 1.2.2", "what applies in XGBoost 1.2.2"},
        {"Text classification:", "what should you know about “Text classification”"},
        {"Uses SGD with momentum and a very long list of:",
         "how does “Uses SGD with momentum and a very long list of …” go on"},
    };
    struct arena arena = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(phrase_ask(&arena, cases[i][0]), cases[i][1]);
    assert_string_equal(phrase_plain(&arena, "Memory-bound → So M5 is → GPU ."), "Memory-bound, so M5 is, GPU");
    assert_string_equal(phrase_identifier(&arena, "Max_depth"), "max_depth");
    assert_string_equal(phrase_identifier(&arena, "INFERENCE_MODE"), "INFERENCE_MODE");
    assert_string_equal(phrase_identifier(&arena, "Word2Vec"), "Word2Vec");
    assert_string_equal(phrase_lower(&arena, "Step size"), "step size");
    assert_string_equal(phrase_lower(&arena, "MXNet variant"), "MXNet variant");
    arena_free(&arena);
}

/* --- sections ----------------------------------------------------------------------------------------------------- */

static bool is_answer(const struct card *card, const char *text)
{
    for (int i = 0; i < card->answer_count; i++)
        if (strcmp(card->answers[i], text) == 0)
            return true;
    return false;
}

/* What only names the items below it, with a colon or without, is no answer to what the section says. */
static void sections_leave_names_of_lists_out(void **state)
{
    struct made made = make("Trees - Metrics\nRMSE suits regression\nmlogloss suits many classes\n"
                            "Most telling hyperparameters of the histogram variant:\n- eta\n- max_depth\n"
                            "Training formats\n  CSV\n  Parquet\n");
    (void)state;
    for (size_t i = 0; i < made.deck.card_count; i++) {
        const struct card *card = &made.deck.cards[i];
        if (strcmp(card->template_name, "section") != 0)
            continue;
        assert_int_equal(card->answer_count, 2);
        assert_true(is_answer(card, "RMSE suits regression") && is_answer(card, "mlogloss suits many classes"));
        unmake(&made);
        return;
    }
    fail_msg("nothing asks for the section");
}

/* Names are asked for as names; statements are not promised to be names, and one of several facts is no section. */
static void sections_ask_for_what_they_hold(void **state)
{
    struct made made = make("Trees - Metrics\nRMSE squares the errors of a regression\nmlogloss is for many classes\n"
                            "Trees - Instances\nml.m5.xlarge\nml.c5.xlarge\n"
                            "Forest - Instances\nTrains on a single machine only\nA GPU instance makes it faster\n"
                            "Forest - Usage\nCan be used for:\n- Ranking\n- Regression\n"
                            "Then your own script can do cross-validation\n");
    (void)state;
    find(&made.deck, "What should you know about the metrics of Trees (2 points)?");
    find(&made.deck, "Which instances suit Trees (2 points)?");
    find(&made.deck, "What should you know about instances for Forest (2 points)?");
    for (size_t i = 0; i < made.deck.card_count; i++)
        assert_null(strstr(made.deck.cards[i].stem, "How is Forest used"));
    assert_int_equal(made.deck.facts_covered, made.deck.facts);
    unmake(&made);
}

/* --- reasons ------------------------------------------------------------------------------------------------------ */

/* Imported notes: a wrong option's reason names the line. Notes that nobody has: it names none. */
static void reasons_name_lines_that_can_be_looked_up(void **state)
{
    struct made made = make(sample);
    struct deck unseen;
    struct error err = {0};
    size_t reasons = 0;
    (void)state;
    made.notes.unseen = true;
    assert_int_equal(deck_make(&unseen, &made.notes, &err), 0);
    assert_int_equal(unseen.card_count, made.deck.card_count);
    for (size_t i = 0; i < unseen.card_count; i++)
        for (int k = 0; k < unseen.cards[i].option_count; k++) {
            const char *with = made.deck.cards[i].options[k].why, *without = unseen.cards[i].options[k].why;
            const char *place = with ? strstr(with, " (notes") : NULL;
            if (!with)
                continue;
            reasons++;
            assert_non_null(place);
            assert_int_equal(strlen(without), place - with + 1);
            assert_memory_equal(with, without, (size_t)(place - with));
            assert_string_equal(without + (place - with), ".");
        }
    assert_true(reasons > 10);
    deck_free(&unseen);
    unmake(&made);
}

/* A wrong value's reason says whose value it is. */
static void reasons_name_whose_value_it_is(void **state)
{
    struct made made = make("Forest - Hyperparameters\noptimizer = the kind of descent: adam, sgd or rmsprop\n"
                            "Trees - Hyperparameters\noptimizer = the kind of descent: adam, adagrad or adadelta\n"
                            "growth = the kind of growth: depthwise, lossguide or leafwise\n");
    static const struct {
        const char *algorithm, *option, *why;
    } cases[] = {
        {"Forest", "adagrad", "A value of optimizer of Trees (notes line 4)."},
        {"Forest", "adadelta", "A value of optimizer of Trees (notes line 4)."},
        {"Trees", "sgd", "A value of optimizer of Forest (notes line 2)."},
        {"Trees", "rmsprop", "A value of optimizer of Forest (notes line 2)."},
        {"Trees", "depthwise", "A value of growth (notes line 5)."},
        {"Trees", "adam", "A value of optimizer (notes line 4)."},
        {"Trees", "adagrad", "A value of optimizer (notes line 4)."},
        {"Trees", "adadelta", "A value of optimizer (notes line 4)."},
    };
    size_t options = 0, found = 0;
    (void)state;
    for (size_t i = 0; i < made.deck.card_count; i++) {
        const struct card *card = &made.deck.cards[i];
        for (int k = 0; k < card->option_count; k++) {
            options += k != card->key;
            for (size_t c = 0; k != card->key && c < COUNT(cases); c++)
                found += !strcmp(card->algorithm, cases[c].algorithm) && !strcmp(card->options[k].why, cases[c].why) &&
                         !strcmp(card->options[k].text, cases[c].option);
        }
    }
    assert_true(options > 4);
    assert_int_equal(found, options);
    unmake(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asked_as_a_teacher_would),        cmocka_unit_test(never_a_second_right_answer),
        cmocka_unit_test(edits_stay_where_they_are),       cmocka_unit_test(edits_of_the_reference_notes),
        cmocka_unit_test(moved_lines_keep_their_cards),    cmocka_unit_test(same_notes_same_bytes),
        cmocka_unit_test(facts_are_asked_or_refused),      cmocka_unit_test(json_of_a_card),
        cmocka_unit_test(nonsense_gives_few_cards),        cmocka_unit_test(odd_structures),
        cmocka_unit_test(lead_ins_become_questions),       cmocka_unit_test(sections_leave_names_of_lists_out),
        cmocka_unit_test(sections_ask_for_what_they_hold), cmocka_unit_test(reasons_name_lines_that_can_be_looked_up),
        cmocka_unit_test(reasons_name_whose_value_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
