#include "engine/algo/blazingtext/word_meeting.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PULL 0.05 /* of its way, that a row moves by one pair at rate 1; by trials with 2 and 4 ranks */

/* How many pairs a word is in, as input and as output. */
static void count_pairs(struct word_meeting *m, const struct word_plan *p, const struct dictionary *d, double meetings)
{
    double all = 0, read = 0, noise = 0, window = (double)p->window + 1, negatives = (double)p->negatives;
    double share = 1 / (meetings * comm_ranks(m->comm));
    for (size_t i = 0; i < d->words; i++)
        all += (double)d->count[i];
    for (size_t i = 0; i < d->words; i++) {
        double count = (double)d->count[i], kept = count * word_text_kept(count / all, p->sampling);
        m->pairs[0][i] = (float)kept;
        m->pairs[1][i] = (float)pow(count, WORD_NOISE_POWER);
        read += kept;
        noise += (double)m->pairs[1][i];
    }
    for (size_t i = 0; i < d->words; i++) {
        double kept = (double)m->pairs[0][i], drawn = (double)m->pairs[1][i] / noise * negatives * read;
        m->pairs[0][i] = (float)(share * window * kept * (1 + negatives));
        m->pairs[1][i] = (float)(share * window * (kept + drawn));
    }
}

int word_meeting_open(struct word_meeting *m, struct comm *comm, const struct word_plan *p, const struct dictionary *d,
                      const struct word_tables *tables, double meetings, struct error *err)
{
    size_t numbers[2] = {tables->inputs * tables->stride, tables->outputs * tables->stride};
    *m = (struct word_meeting){.comm = comm};
    if (comm_ranks(comm) == 1)
        return 0;
    m->before = malloc((numbers[0] + numbers[1]) * sizeof *m->before);
    m->pairs[0] = malloc(2 * d->words * sizeof *m->pairs[0]);
    if (!m->before || !m->pairs[0])
        return error_set(err, ERROR_SYSTEM, "--ranks", "give 1, or a smaller vector_dim",
                         "There is not enough memory to compare tables with other ranks");
    m->pairs[1] = m->pairs[0] + d->words;
    memcpy(m->before, tables->input, numbers[0] * sizeof *m->before);
    memcpy(m->before + numbers[0], tables->output, numbers[1] * sizeof *m->before);
    count_pairs(m, p, d, meetings);
    return 0;
}

void word_meeting_close(struct word_meeting *m)
{
    free(m->before);
    free(m->pairs[0]);
    *m = (struct word_meeting){0};
}

static int bring_together(struct word_meeting *m, float *table, float *before, const float *pairs, size_t rows,
                          size_t stride, double rate, struct error *err)
{
    double others = comm_ranks(m->comm) - 1;
    for (size_t i = 0; i < rows * stride; i++)
        table[i] -= before[i];
    if (comm_sum_float(m->comm, table, rows * stride, err) < 0)
        return -1;
    for (size_t i = 0; i < rows; i++) {
        double moves = PULL * rate * (double)pairs[i];
        float share = (float)(1 / (1 + others * moves / (1 + moves)));
        for (size_t k = i * stride; k < (i + 1) * stride; k++)
            before[k] = table[k] = before[k] + share * table[k];
    }
    return 0;
}

int word_meeting_meet(struct word_meeting *m, struct word_tables *t, double rate, struct error *err)
{
    float *before = m->before;
    if (!before)
        return 0;
    if (bring_together(m, t->input, before, m->pairs[0], t->inputs, t->stride, rate, err) < 0)
        return -1;
    return bring_together(m, t->output, before + t->inputs * t->stride, m->pairs[1], t->outputs, t->stride, rate, err);
}
