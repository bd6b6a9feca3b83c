/* Text classification of BlazingText: lines as rows, a step against finite differences and plain loops, threads, and
 * runs: what they learn, say, refuse and repeat. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/algo/blazingtext/blazingtext.h"
#include "engine/algo/blazingtext/classifier_crew.h"
#include "engine/base/rng.h"
#include "tests/engine/allocations.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct text text_of(const char *const *lines, size_t count)
{
    struct text t = {0};
    for (size_t i = 0; i < count; i++)
        assert_int_equal(text_append(&t, lines[i], strlen(lines[i])), TEXT_ADDED);
    strcpy(t.name, "lines");
    return t;
}

/* --- lines ----------------------------------------------------------------------------------------------------------
 */

static const char *const sentences[] = {
    "__label__a the cat the cat",
    "no label here cat",
    "the __label__b dog __label__a",
    "__label__a once",
    "__label__c the",
};

static int32_t bucket_of(const struct classifier_words *w, const char *words)
{
    char text[64], *save = NULL;
    uint64_t h = 0;
    snprintf(text, sizeof text, "%s", words);
    for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        uint32_t hash = dictionary_hash(word, strlen(word));
        h = h ? dictionary_ngram(h, hash) : (uint64_t)(int64_t)(int32_t)hash;
    }
    return (int32_t)w->dictionary->words + buckets_find(w->buckets, (uint32_t)(h % w->buckets->all));
}

static void same_rows(const struct classifier_lines *l, size_t line, const int32_t *expected, size_t count)
{
    size_t rows;
    const int32_t *row = classifier_line(l, line, &rows);
    assert_int_equal(rows, count);
    assert_memory_equal(row, expected, count * sizeof *row);
}

static void lines_become_rows(void **state)
{
    struct text t = text_of(sentences, COUNT(sentences));
    struct dictionary d;
    struct buckets b;
    struct error err;
    struct classifier_lines l, asked;
    size_t n;
    (void)state;
    assert_int_equal(dictionary_build(&d, &t, 2, true, &err), 0); /* </s> 5, the 4, cat 3 */
    assert_int_equal(buckets_open(&b, 1000), 0);
    const struct classifier_words w = {&d, &b, 3};
    assert_int_equal(classifier_lines_learn(&l, &t, &w), 0);
    assert_int_equal(l.lines, 4);
    assert_int_equal(l.unlabelled, 1);
    const int32_t first[] = {1,
                             2,
                             1,
                             2,
                             0,
                             bucket_of(&w, "the cat"),
                             bucket_of(&w, "the cat the"),
                             bucket_of(&w, "cat the"),
                             bucket_of(&w, "cat the cat"),
                             bucket_of(&w, "the cat"),
                             bucket_of(&w, "the cat </s>"),
                             bucket_of(&w, "cat </s>")};
    same_rows(&l, 0, first, COUNT(first));
    /* A dropped word has no row, but n-grams go over it. */
    const int32_t second[] = {1, 0, bucket_of(&w, "the dog"), bucket_of(&w, "the dog </s>"), bucket_of(&w, "dog </s>")};
    same_rows(&l, 1, second, COUNT(second));
    assert_int_equal(classifier_line_labels(&l, 1, &n)[0], 1);
    assert_int_equal(n, 2);
    assert_int_equal(classifier_line_labels(&l, 1, &n)[1], 0);
    static const char *const others[] = {"__label__z the bird", "bird", "__label__b the cat"};
    struct text o = text_of(others, COUNT(others));
    size_t seen = b.seen;
    assert_int_equal(classifier_lines_ask(&asked, &o, &w), 0);
    assert_int_equal(b.seen, seen);
    assert_int_equal(asked.lines, 2);
    assert_int_equal(asked.unknown, 1);
    assert_int_equal(asked.unlabelled, 1);
    classifier_line_labels(&asked, 0, &n);
    assert_int_equal(n, 0);
    same_rows(&asked, 0, (int32_t[]){1, 0}, 2);
    same_rows(&asked, 1, (int32_t[]){1, 2, 0, first[5], first[10], first[11]}, 6);
    classifier_lines_free(&l);
    classifier_lines_free(&asked);
    buckets_free(&b);
    dictionary_free(&d);
    text_free(&t);
    text_free(&o);
}

/* --- a step ---------------------------------------------------------------------------------------------------------
 */

enum { INPUTS = 9, LABELS = 5 };
static const int32_t row[] = {0, 3, 8, 3, 5};

static void fill_output(struct classifier_net *n, struct rng *rng)
{
    for (size_t i = 0; i < n->labels; i++)
        for (size_t k = 0; k < n->width; k++)
            n->output[i * n->stride + k] = (float)(rng_uniform(rng) - 0.5);
}

static double loss_of(const double *input, const double *output, size_t width, size_t label)
{
    double score[LABELS], sum = 0;
    for (size_t i = 0; i < LABELS; i++) {
        score[i] = 0;
        for (size_t r = 0; r < COUNT(row); r++)
            for (size_t k = 0; k < width; k++)
                score[i] += input[(size_t)row[r] * width + k] / (double)COUNT(row) * output[i * width + k];
        sum += exp(score[i]);
    }
    return log(sum) - score[label];
}

static double *unpack(const float *from, size_t rows, size_t width, size_t stride)
{
    double *to = malloc(rows * width * sizeof *to);
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < width; k++)
            to[i * width + k] = (double)from[i * stride + k];
    return to;
}

static double slope_of(double *weight, const double *input, const double *output, size_t width, size_t label)
{
    const double tiny = 1e-5, was = *weight;
    double up, down;
    *weight = was + tiny;
    up = loss_of(input, output, width, label);
    *weight = was - tiny;
    down = loss_of(input, output, width, label);
    *weight = was;
    return (up - down) / (2 * tiny);
}

/* Every number moves by rate times its slope; of a row that stands twice, by the slope of one of its places each time:
 * all in all by the slope again. The original divides the inputs' slope by the rows once more: the loss's own slope
 * does so too. */
static void steps_down_the_slope(void **state)
{
    static const size_t widths[] = {1, 3, 8, 10, 16, 20, 33, 64, 100, 137};
    struct rng rng;
    (void)state;
    rng_init(&rng, 3, 0);
    for (size_t w = 0; w < COUNT(widths); w++) {
        struct classifier_net n;
        struct classifier_room room;
        struct error err;
        size_t width = widths[w], label = w % LABELS, guess, asked;
        const float rate = 0.25f;
        assert_int_equal(classifier_net_open(&n, width, INPUTS, LABELS, w, &err), 0);
        assert_int_equal(classifier_room_open(&room, &n), 0);
        fill_output(&n, &rng);
        double *input = unpack(n.input, INPUTS, width, n.stride), *output = unpack(n.output, LABELS, width, n.stride);
        asked = classifier_net_ask(&n, row, COUNT(row), &room);
        double loss = (double)classifier_net_step(&n, row, COUNT(row), label, rate, &room, &guess);
        classifier_net_move(&n, row, COUNT(row), room.slope);
        assert_int_equal(asked, guess);
        assert_true(fabs(loss - loss_of(input, output, width, label)) < 1e-5);
        double *input_after = unpack(n.input, INPUTS, width, n.stride),
               *output_after = unpack(n.output, LABELS, width, n.stride);
        for (size_t i = 0; i < INPUTS * width; i++)
            assert_true(fabs(input_after[i] - input[i] + 0.25 * slope_of(&input[i], input, output, width, label)) <
                        1e-6);
        for (size_t i = 0; i < LABELS * width; i++)
            assert_true(fabs(output_after[i] - output[i] + 0.25 * slope_of(&output[i], input, output, width, label)) <
                        1e-6);
        for (size_t i = 0; i < INPUTS; i++) /* what fills up stays empty */
            for (size_t k = width; k < n.stride; k++)
                assert_true(n.input[i * n.stride + k] == 0);
        free(input);
        free(output);
        free(input_after);
        free(output_after);
        classifier_room_close(&room);
        classifier_net_close(&n);
    }
}

static void starts_as_the_original(void **state)
{
    enum { ROWS = 4000, WIDTH = 10 };
    struct classifier_net n;
    struct error err;
    double sum = 0, squares = 0, largest = 0;
    (void)state;
    assert_int_equal(classifier_net_open(&n, WIDTH, ROWS, 2, 5, &err), 0);
    float first = n.input[n.stride + 3];
    float *packed = classifier_net_pack(&n);
    assert_true(packed[WIDTH + 3] == first);
    for (size_t i = 0; i < ROWS * WIDTH; i++) {
        double v = (double)packed[i];
        sum += v;
        squares += v * v;
        largest = fmax(largest, fabs(v));
    }
    /* Uniform in +-0.1: variance 0.01 / 3; bounds of six standard errors of 40,000 numbers. */
    assert_true(fabs(sum / (ROWS * WIDTH)) < 6 * 0.0577 / 200);
    assert_true(fabs(squares / (ROWS * WIDTH) - 0.01 / 3) < 6 * 0.003 / 200);
    assert_true(largest <= 0.1 && largest > 0.0999);
    for (size_t i = 0; i < 2 * n.stride; i++)
        assert_true(n.output[i] == 0);
    free(packed);
    classifier_net_close(&n);
}

/* --- threads --------------------------------------------------------------------------------------------------------
 */

/* Sentences of common words and of words that belong to one of three labels; every tenth has two labels. */
static struct text made_text(size_t lines, uint64_t seed)
{
    struct text t = {.name = "made"};
    struct rng rng;
    rng_init(&rng, seed, 9);
    for (size_t i = 0; i < lines; i++) {
        char line[256];
        size_t label = rng_below(&rng, 3), used = (size_t)snprintf(line, sizeof line, "__label__%zu", label);
        if (i % 10 == 0)
            used += (size_t)snprintf(line + used, sizeof line - used, " __label__%zu", (label + 1) % 3);
        for (size_t w = 0; w < 8; w++) {
            bool tells = w < 2;
            used += (size_t)snprintf(line + used, sizeof line - used, " %s%zu", tells ? "w" : "c",
                                     (size_t)rng_below(&rng, 20) + (tells ? 20 * label : 0));
        }
        assert_int_equal(text_append(&t, line, used), TEXT_ADDED);
    }
    return t;
}

struct learned {
    struct classifier_net net;
    double accuracy, loss;
};

static struct learned learn(const struct text *t, int threads, bool deterministic, uint64_t key)
{
    struct learned out;
    struct dictionary d;
    struct error err;
    struct classifier_lines l;
    struct classifier_tally sum = {0}, asked = {0};
    assert_int_equal(dictionary_build(&d, t, 1, true, &err), 0);
    assert_int_equal(classifier_lines_learn(&l, t, &(struct classifier_words){&d, NULL, 1}), 0);
    assert_int_equal(classifier_net_open(&out.net, 20, d.words, d.labels, 1, &err), 0);
    struct classifier_crew *c = classifier_crew_open(&out.net, 20, threads, deterministic);
    uint32_t *order = malloc(l.lines * sizeof *order);
    assert_non_null(c);
    for (size_t i = 0; i < l.lines; i++)
        order[i] = (uint32_t)(l.lines - 1 - i);
    for (size_t i = 0; i < 5; i++) {
        struct classifier_piece piece = {&l, order, l.lines * i / 5, l.lines * (i + 1) / 5, 0.5, 0.4, key};
        classifier_crew_learn(c, &piece, &sum);
    }
    assert_int_equal(sum.lines, l.lines);
    classifier_crew_ask(c, &l, NULL, NULL, &asked);
    assert_int_equal(asked.lines, l.lines);
    out.accuracy = (double)asked.hits / (double)asked.lines;
    out.loss = sum.loss / (double)sum.lines;
    free(order);
    classifier_crew_close(c);
    classifier_lines_free(&l);
    dictionary_free(&d);
    return out;
}

static void learns_by_threads(void **state)
{
    struct text t = made_text(3000, 1);
    struct learned one = learn(&t, 1, false, 4), other = learn(&t, 1, false, 5), same = learn(&t, 3, true, 4),
                   free_way = learn(&t, 3, false, 4);
    size_t bytes = one.net.labels * one.net.stride * sizeof(float);
    (void)state;
    assert_true(one.accuracy > 0.97);
    assert_memory_equal(one.net.output, same.net.output, bytes); /* deterministic: whatever the threads */
    assert_memory_equal(one.net.input, same.net.input, one.net.inputs * one.net.stride * sizeof(float));
    assert_true(memcmp(one.net.output, other.net.output, bytes) != 0); /* other labels were picked */
    assert_true(free_way.accuracy > 0.97);
    assert_true(free_way.loss < 1.3 * one.loss);
    struct learned *all[] = {&one, &other, &same, &free_way};
    for (size_t i = 0; i < COUNT(all); i++)
        classifier_net_close(&all[i]->net);
    text_free(&t);
}

/* --- no memory ------------------------------------------------------------------------------------------------------
 */

/* All that a run needs, in its order; 0 when it all was there. */
static int open_all(const struct text *t, int threads)
{
    struct dictionary d = {0};
    struct buckets b = {0};
    struct classifier_lines l = {0};
    struct classifier_net n = {0};
    struct classifier_crew *c = NULL;
    struct error err = {0};
    int status = dictionary_build(&d, t, 1, true, &err);
    if (status == 0)
        status = buckets_open(&b, 500);
    if (status == 0)
        status = classifier_lines_learn(&l, t, &(struct classifier_words){&d, &b, 2});
    if (status == 0)
        status = classifier_net_open(&n, 20, d.words + b.seen, d.labels, 1, &err);
    if (status == 0 && !(c = classifier_crew_open(&n, 5, threads, false)))
        status = -1;
    classifier_crew_close(c);
    classifier_net_close(&n);
    classifier_lines_free(&l);
    buckets_free(&b);
    dictionary_free(&d);
    return status;
}

static void survives_without_memory(void **state)
{
    struct text t = made_text(40, 2);
    (void)state;
    for (int threads = 1; threads <= 2; threads++) {
        long refused_times = 0;
        for (int status = -1; status < 0; refused_times++) {
            allocations = 0;
            refuse_from = refused_times;
            status = open_all(&t, threads);
            refuse_from = -1;
            assert_true(refused_times < 1000);
        }
        assert_true(refused_times > 12); /* it was refused many times before */
    }
    text_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_rows),       cmocka_unit_test(steps_down_the_slope),
        cmocka_unit_test(starts_as_the_original),  cmocka_unit_test(learns_by_threads),
        cmocka_unit_test(survives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
