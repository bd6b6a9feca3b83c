#include "engine/algo/blazingtext/word_score.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/files.h"
#include "engine/format/lines.h"
#include "engine/format/number.h"
#include "engine/tensor/blas.h"

#define BLOCK 64 /* objects whose cosines are looked at in one go */

/* --- rank correlation -----------------------------------------------------------------------------------------------
 */

struct ranked {
    double value, rank;
    size_t at;
};

static int by_value(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

/* rank[i] of value[i], less the mean rank. */
static void fill_ranks(struct ranked *order, const double *value, size_t count, double *rank)
{
    for (size_t i = 0; i < count; i++)
        order[i] = (struct ranked){value[i], 0, i};
    qsort(order, count, sizeof *order, by_value);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && order[end].value == order[i].value; end++)
            continue;
        for (size_t k = i; k < end; k++)
            rank[order[k].at] = ((double)(i + end) - (double)count) / 2;
    }
}

static double product(const double *a, const double *b, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

int word_spearman(const double *a, const double *b, size_t count, double *rho)
{
    struct ranked *order = malloc((count + 1) * sizeof *order);
    double *ranks = malloc((2 * count + 1) * sizeof *ranks), spread;
    if (order && ranks) {
        fill_ranks(order, a, count, ranks);
        fill_ranks(order, b, count, ranks + count);
        spread = sqrt(product(ranks, ranks, count) * product(ranks + count, ranks + count, count));
        *rho = spread > 0 ? product(ranks, ranks + count, count) / spread : NAN;
    }
    free(order);
    free(ranks);
    return order && ranks ? 0 : -1;
}

/* --- files of pairs -------------------------------------------------------------------------------------------------
 */

struct scoring {
    const struct word_model *model;
    struct word_sets *sets;
    float *vector[2];
    double *cosine, *score; /* of the open file */
    size_t count, room, pairs;
};

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, "--auxiliary", "give smaller files",
                     "There is not enough memory for the pairs of words");
}

static bool find(const struct word_model *m, const char *word, size_t len, float *vector)
{
    char small[TEXT_WORD_MAX];
    if (word_model_vector(m, word, len, vector))
        return true;
    if (len > sizeof small)
        return false;
    for (size_t i = 0; i < len; i++)
        small[i] = (char)tolower((unsigned char)word[i]);
    return word_model_vector(m, small, len, vector);
}

static double cosine(const float *a, const float *b, size_t width)
{
    double across = 0, first = 0, second = 0;
    for (size_t k = 0; k < width; k++) {
        across += (double)a[k] * (double)b[k];
        first += (double)a[k] * (double)a[k];
        second += (double)b[k] * (double)b[k];
    }
    return first > 0 && second > 0 ? across / sqrt(first * second) : 0;
}

static int make_room(struct scoring *s, struct error *err)
{
    size_t room = 2 * s->room + 256;
    double *cosines, *scores;
    if (s->count < s->room)
        return 0;
    cosines = realloc(s->cosine, room * sizeof *cosines);
    if (!cosines)
        return no_memory(err);
    s->cosine = cosines;
    scores = realloc(s->score, room * sizeof *scores);
    if (!scores)
        return no_memory(err);
    s->score = scores;
    s->room = room;
    return 0;
}

static int take_line(void *context, const char *line, const char *end, const struct place *at, struct error *err)
{
    static const char marks[] = "\t ,;";
    struct scoring *s = context;
    const char *field[3] = {0};
    size_t len[3], found = 0;
    double score;
    (void)at;
    for (const char *p = line; p < end && found < 3; p += len[found++]) {
        while (p < end && *p && strchr(marks, *p))
            p++;
        field[found] = p;
        len[found] = 0;
        while (p + len[found] < end && (!p[len[found]] || !strchr(marks, p[len[found]])))
            len[found]++;
    }
    if (found < 3 || !number_fills(field[2], len[2], &score))
        return 0;
    s->pairs++;
    if (!find(s->model, field[0], len[0], s->vector[0]) || !find(s->model, field[1], len[1], s->vector[1]))
        return 0;
    if (make_room(s, err) < 0)
        return -1;
    s->cosine[s->count] = cosine(s->vector[0], s->vector[1], s->model->width);
    s->score[s->count++] = score;
    return 0;
}

static void set_name(struct word_set *set, const char *path)
{
    char *ending;
    files_name(path, set->name, sizeof set->name);
    ending = strrchr(set->name, '.');
    if (ending && strcmp(ending, ".gz") == 0) {
        *ending = '\0';
        ending = strrchr(set->name, '.');
    }
    if (ending && ending > set->name)
        *ending = '\0';
}

static int score_file(struct input *in, void *context, struct error *err)
{
    struct scoring *s = context;
    struct word_set *set = &s->sets->set[s->sets->count];
    if (s->sets->count == WORD_SETS)
        return error_set(err, ERROR_LIMIT, "--auxiliary", "give fewer", "The folder holds more than %d files",
                         WORD_SETS);
    s->count = s->pairs = 0;
    if (lines_read(in, take_line, s, err) < 0)
        return -1;
    if (!s->pairs)
        return error_set(err, ERROR_INPUT, input_name(in), "write lines of a word, another word and a number",
                         "There are no pairs of words with a score in it");
    *set = (struct word_set){.pairs = s->pairs, .compared = s->count, .rho = NAN};
    set_name(set, input_name(in));
    s->sets->count++;
    if (s->count >= WORD_PAIRS_LEAST && word_spearman(s->cosine, s->score, s->count, &set->rho) < 0)
        return no_memory(err);
    return 0;
}

int word_sets_score(struct word_sets *sets, const char *folder, const struct word_model *m, struct error *err)
{
    static const struct files_reader readers[] = {{"text/plain", score_file}, {NULL, NULL}};
    const struct channel channel = {.path = folder, .content_type = "text/plain"};
    struct scoring s = {.model = m, .sets = sets};
    uint64_t bytes = 0;
    int status;
    sets->count = 0;
    s.vector[0] = calloc(2 * m->width, sizeof *s.vector[0]);
    s.vector[1] = s.vector[0] + m->width;
    status = s.vector[0] ? files_read(&channel, readers, "Pairs of words", &s, &bytes, err) : no_memory(err);
    free(s.vector[0]);
    free(s.cosine);
    free(s.score);
    return status;
}

double word_sets_mean(const struct word_sets *sets)
{
    double sum = 0, count = 0;
    for (int i = 0; i < sets->count; i++)
        if (isfinite(sets->set[i].rho)) {
            sum += sets->set[i].rho;
            count++;
        }
    return count > 0 ? sum / count : NAN;
}

void word_sets_put(const struct word_sets *sets, struct json *j)
{
    json_object(j, NULL);
    json_number(j, "mean_rho", word_sets_mean(sets));
    json_array(j, "sets");
    for (int i = 0; i < sets->count; i++) {
        json_object(j, NULL);
        json_string(j, "name", sets->set[i].name);
        json_number(j, "rho", sets->set[i].rho);
        json_integer(j, "pairs", (long long)sets->set[i].pairs);
        json_integer(j, "compared", (long long)sets->set[i].compared);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

/* --- planted groups -------------------------------------------------------------------------------------------------
 */

/* Rows of length 1, of the objects that have a group. */
static size_t gather(const float *vectors, const int32_t *group, size_t count, size_t width, float *unit, int32_t *of)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        float length = sqrtf(blas_cpu.dot(vectors + i * width, vectors + i * width, width));
        if (group[i] < 0)
            continue;
        for (size_t k = 0; k < width; k++)
            unit[found * width + k] = length > 0 ? vectors[i * width + k] / length : 0;
        of[found++] = group[i];
    }
    return found;
}

/* How many of the nearest of `object` are of its group. */
static size_t alike(const float *like, const int32_t *group, size_t count, size_t object)
{
    size_t nearest[WORD_NEAREST], found = 0, same = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = found;
        if (i == object || (found == WORD_NEAREST && !(like[i] > like[nearest[found - 1]])))
            continue;
        if (found == WORD_NEAREST)
            at = --found;
        for (; at > 0 && like[i] > like[nearest[at - 1]]; at--)
            nearest[at] = nearest[at - 1];
        nearest[at] = i;
        found++;
    }
    for (size_t k = 0; k < found; k++)
        same += group[nearest[k]] == group[object];
    return same;
}

int word_precision(const float *vectors, const int32_t *group, size_t count, size_t width, double *precision)
{
    float *unit = malloc((count + 1) * width * sizeof *unit), *like = malloc((count + 1) * BLOCK * sizeof *like);
    int32_t *of = malloc((count + 1) * sizeof *of);
    size_t n = 0, same = 0, few;
    bool there = unit && like && of;
    if (there)
        n = gather(vectors, group, count, width, unit, of);
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t rows = n - at < BLOCK ? n - at : BLOCK;
        blas_cpu.gemm(like, unit + at * width, unit, rows, n, width, false, true, 1, 0);
        for (size_t i = 0; i < rows; i++)
            same += alike(like + i * n, of, n, at + i);
    }
    few = n - 1 < WORD_NEAREST ? n - 1 : WORD_NEAREST;
    *precision = n > 1 ? (double)same / (double)(n * few) : NAN;
    free(unit);
    free(like);
    free(of);
    return there ? 0 : -1;
}
