/* Each rule is broken by a question that keeps all others: a rule that nothing can break would be no rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "web/study/check.h"

struct bench {
    struct arena arena;
    struct vocabulary vocabulary;
    struct check check;
    const char *answers[12];
    int cites[2];
};

static int open_bench(void **state)
{
    static struct bench bench;
    memset(&bench, 0, sizeof bench);
    bench.check = (struct check){&bench.vocabulary, &bench.arena};
    *state = &bench;
    return vocabulary_open(&bench.vocabulary, &bench.arena);
}

static int close_bench(void **state)
{
    struct bench *bench = *state;
    vocabulary_close(&bench->vocabulary);
    arena_free(&bench->arena);
    return 0;
}

/* A question that keeps every rule; tests then break one. */
static struct question single(struct bench *b)
{
    struct question q = {
        .type = CARD_SINGLE, .kind = VALUE_MEANING, .line = 48, .algorithm = "XGBoost", .option_count = 4, .key = 1};
    q.stem = "XGBoost: which of these describes the hyperparameter eta?";
    q.options[0] = (struct question_option){"number of boosting rounds", "True of num_round (notes line 3).", 3, 48, 0};
    q.options[1] = (struct question_option){"step size shrinkage", NULL, 48, 0, 0};
    q.options[2] = (struct question_option){"maximum depth of a tree", "True of max_depth (notes line 5).", 5, 48, 0};
    q.options[3] = (struct question_option){"minimum loss reduction", "True of gamma (notes line 6).", 6, 48, 0};
    b->answers[0] = "step size shrinkage";
    b->cites[0] = 48;
    q.answers = b->answers;
    q.answer_count = 1;
    q.cites = b->cites;
    q.cite_count = 1;
    return q;
}

static struct question cloze(struct bench *b)
{
    struct question q = single(b);
    q.type = CARD_CLOZE;
    q.kind = VALUE_METRIC;
    q.option_count = 0;
    q.stem = "XGBoost, metrics: For many false positives one might set it to ____ instead.";
    b->answers[0] = "AUC";
    return q;
}

static struct question recall(struct bench *b)
{
    struct question q = single(b);
    q.type = CARD_RECALL;
    q.kind = VALUE_STATEMENT;
    q.option_count = 0;
    q.stem = "XGBoost, model type: what can it be used for (2 points)?";
    b->answers[0] = "Classification";
    b->answers[1] = "Regression";
    q.answer_count = 2;
    return q;
}

static int broken(struct bench *b, const struct question *q)
{
    const struct check_rule *rule = question_check(&b->check, q);
    return rule ? rule->number : 0;
}

/* The rule is broken, and no other one is. */
static void assert_breaks(struct bench *b, const struct question *q, int number)
{
    for (size_t i = 0; i < check_rule_count; i++) {
        bool holds = check_rules[i].holds(&b->check, q);
        if (holds != (check_rules[i].number != number))
            fail_msg("rule %d (%s) %s", check_rules[i].number, check_rules[i].name,
                     holds ? "is kept" : "is broken as well");
    }
    assert_int_equal(broken(b, q), number);
}

static void good_ones_pass(void **state)
{
    struct bench *b = *state;
    struct question q = single(b);
    assert_int_equal(broken(b, &q), 0);
    q = cloze(b);
    assert_int_equal(broken(b, &q), 0);
    q = recall(b);
    assert_int_equal(broken(b, &q), 0);
}

static void rule_1_one_key(void **state)
{
    struct bench *b = *state;
    struct question q = single(b);
    q.key = 2; /* not where the answer is */
    q.options[2].false_line = q.options[1].false_line = 48;
    q.options[1].why = "x";
    assert_breaks(b, &q, 1);
    q = single(b);
    q.option_count = 2;
    assert_breaks(b, &q, 1);
    q = recall(b);
    q.answer_count = 0;
    assert_breaks(b, &q, 1);
}

static void rule_2_different_options(void **state)
{
    struct bench *b = *state;
    struct question q = single(b);
    q.options[2].text = "number of boosting round"; /* the plural apart, one option twice */
    q.options[0].text = "numbers of boosting rounds";
    assert_breaks(b, &q, 2);
    q = single(b);
    q.options[0].text = "minimum loss reductlon"; /* one letter apart */
    assert_breaks(b, &q, 2);
}

static void rule_3_proof(void **state)
{
    struct bench *b = *state;
    struct question q = single(b);
    q.options[3].false_line = 0; /* unknown is not false */
    assert_breaks(b, &q, 3);
    q = single(b);
    q.options[3].true_line = 0;
    assert_breaks(b, &q, 3);
    q = single(b);
    q.options[1].true_line = 0;
    assert_breaks(b, &q, 3);
    q = cloze(b);
    q.cite_count = 0;
    assert_breaks(b, &q, 3);
}

static void rule_4_same_form(void **state)
{
    struct bench *b = *state;
    struct question q = single(b);
    q.options[0].text = "Number of boosting rounds";
    assert_breaks(b, &q, 4);
    q = single(b);
    q.options[0].text = "number of boosting rounds.";
    assert_breaks(b, &q, 4);
}

static void rule_5_like_lengths(void **state)
{
    struct bench *b = *state;
    struct question q = single(b);
    q.options[0].text = "number of boosting rounds that are to be done before training ends";
    assert_breaks(b, &q, 5);
}

static void rule_7_options_alone(void **state)
{
    struct bench *b = *state;
    struct question q = single(b);
    q.options[0].text = "none of the above";
    assert_breaks(b, &q, 7);
    q.options[0].text = "the loss is always reduced";
    assert_breaks(b, &q, 7);
    q.options[0].text = "maximum depth";
    q.options[3].text = "maximum depth of a leaf";
    q.options[2].text = "grows the whole forest";
    assert_breaks(b, &q, 7);
}

static void rule_8_silent_stem(void **state)
{
    struct bench *b = *state;
    struct question q = single(b);
    q.stem = "XGBoost: which of these describes the shrinkage eta?";
    assert_breaks(b, &q, 8);
    q.options[0].text = "number of shrinkage rounds"; /* two wrong ones echo it as well */
    q.options[2].text = "maximum shrinkage of trees";
    assert_int_equal(broken(b, &q), 0);
    q = recall(b);
    q.stem = "XGBoost, model type: for which regression problem is it used?";
    assert_breaks(b, &q, 8);
}

static void rule_9_neutral_grammar(void **state)
{
    struct bench *b = *state;
    struct question q = cloze(b);
    q.stem = "XGBoost, metrics: For many false positives one might choose an ____ instead.";
    assert_breaks(b, &q, 9);
    q = single(b);
    q.stem = "XGBoost, hyperparameters: eta is a?";
    assert_breaks(b, &q, 9);
}

static void rule_10_stands_alone(void **state)
{
    struct bench *b = *state;
    char text[400];
    struct question q = single(b);
    q.stem = "Which of these describes the hyperparameter eta?";
    assert_breaks(b, &q, 10);
    q.stem = "XGBoost: eta";
    assert_breaks(b, &q, 10);
    snprintf(text, sizeof text, "XGBoost: which of these describes eta %0250d?", 0);
    q.stem = text;
    assert_breaks(b, &q, 10);
    q.kind = VALUE_ALGORITHM; /* the options name the algorithms */
    q.stem = "Which algorithm has the hyperparameter eta?";
    assert_int_equal(broken(b, &q), 0);
}

static void rule_11_good_blank(void **state)
{
    struct bench *b = *state;
    struct question q = cloze(b);
    q.kind = VALUE_STATEMENT; /* an ordinary word */
    assert_breaks(b, &q, 11);
    q = cloze(b);
    q.stem = "XGBoost, metrics: AUC is better than ____ here.";
    assert_breaks(b, &q, 11);
    q = cloze(b);
    b->answers[0] = "SGD";
    q.stem = "XGBoost, training: Trains by stochastic gradient descent (____) with trees.";
    assert_breaks(b, &q, 11);
    q = cloze(b);
    q.stem = "XGBoost, metrics: For false positives ____ and ____ instead.";
    assert_breaks(b, &q, 11);
    q = cloze(b);
    b->answers[0] = "the";
    assert_breaks(b, &q, 11);
}

static void every_rule_has_its_test(void **state)
{
    static const int numbers[] = {1, 2, 3, 4, 5, 7, 8, 9, 10, 11};
    (void)state;
    assert_int_equal(check_rule_count, sizeof numbers / sizeof *numbers);
    for (size_t i = 0; i < check_rule_count; i++) {
        char prefix[16];
        assert_int_equal(check_rules[i].number, numbers[i]);
        snprintf(prefix, sizeof prefix, "Rule %d: ", numbers[i]);
        assert_int_equal(strncmp(check_rules[i].sentence, prefix, strlen(prefix)), 0);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(good_ones_pass),       CASE(rule_1_one_key),     CASE(rule_2_different_options),
        CASE(rule_3_proof),         CASE(rule_4_same_form),   CASE(rule_5_like_lengths),
        CASE(rule_7_options_alone), CASE(rule_8_silent_stem), CASE(rule_9_neutral_grammar),
        CASE(rule_10_stands_alone), CASE(rule_11_good_blank), CASE(every_rule_has_its_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
