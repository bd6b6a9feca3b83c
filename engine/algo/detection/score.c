#include "engine/algo/detection/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/detection/anchors.h"

void score_open(struct score *s, size_t classes, double overlap)
{
    *s = (struct score){.classes = classes, .overlap = overlap};
    s->boxes = calloc(classes, sizeof *s->boxes);
    s->curve = calloc(classes, sizeof *s->curve);
    s->failed = !s->boxes || !s->curve;
}

void score_close(struct score *s)
{
    free(s->verdict);
    free(s->boxes);
    free(s->curve);
    free(s->taken);
    *s = (struct score){0};
}

/* --- an image -------------------------------------------------------------------------------------------------------
 */

static bool reserve(struct score *s, size_t more, size_t boxes)
{
    if (s->count + more > s->room) {
        size_t room = 2 * (s->count + more);
        struct verdict *v = realloc(s->verdict, room * sizeof *v);
        s->failed |= !v;
        s->verdict = v ? v : s->verdict;
        s->room = v ? room : s->room;
    }
    if (boxes > s->taken_room) {
        uint8_t *taken = realloc(s->taken, boxes);
        s->failed |= !taken;
        s->taken = taken ? taken : s->taken;
        s->taken_room = taken ? boxes : s->taken_room;
    }
    return !s->failed;
}

static bool hits(struct score *s, const struct box *box, const struct box *boxes, size_t count)
{
    size_t best = count;
    float most = 0;
    for (size_t i = 0; i < count; i++) {
        float overlap = boxes[i].class_id == box->class_id ? box_overlap(box, &boxes[i]) : 0;
        best = overlap > most ? i : best;
        most = overlap > most ? overlap : most;
    }
    if (best == count || (double)most <= s->overlap || s->taken[best])
        return false;
    s->taken[best] = 1;
    return true;
}

void score_add(struct score *s, const struct found *found, size_t n, const struct box *boxes, size_t count)
{
    if (s->failed || !reserve(s, n, count))
        return;
    if (count)
        memset(s->taken, 0, count);
    for (size_t i = 0; i < count; i++)
        s->boxes[boxes[i].class_id]++;
    for (size_t i = 0; i < n; i++)
        s->verdict[s->count++] = (struct verdict){found[i].score, found[i].box.class_id,
                                                  hits(s, &found[i].box, boxes, count), (int32_t)s->count};
}

int score_exchange(struct score *s, struct comm *comm, struct error *err)
{
    size_t *sizes, total = 0;
    void *all = NULL;
    int status;
    if (comm_ranks(comm) == 1)
        return 0;
    sizes = calloc((size_t)comm_ranks(comm), sizeof *sizes);
    if (!sizes)
        return error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory to score detections");
    status = comm_gather(comm, s->verdict, s->count * sizeof *s->verdict, &all, sizes, err);
    if (status == 0)
        status = comm_sum_double(comm, s->boxes, s->classes, err);
    for (int i = 0; status == 0 && i < comm_ranks(comm); i++)
        total += sizes[i];
    free(sizes);
    if (status < 0) {
        free(all);
        return -1;
    }
    free(s->verdict);
    s->verdict = all;
    s->count = s->room = total / sizeof *s->verdict;
    for (size_t i = 0; i < s->count; i++)
        s->verdict[i].order = (int32_t)i;
    return 0;
}

/* --- all ------------------------------------------------------------------------------------------------------------
 */

static int by_class_and_score(const void *a, const void *b)
{
    const struct verdict *x = a, *y = b;
    if (x->class_id != y->class_id)
        return x->class_id < y->class_id ? -1 : 1;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

/* From the last detection to the first, so that the best precision of any larger recall is at hand. */
static double area(const struct curve *c)
{
    size_t hits = 0;
    double best = 0, sum = 0;
    for (size_t i = 0; i < c->verdicts; i++)
        hits += c->verdict[i].hit != 0;
    for (size_t i = c->verdicts; i-- > 0;) {
        best = fmax(best, (double)hits / (double)(i + 1));
        if (c->verdict[i].hit) {
            sum += best / (double)c->boxes;
            hits--;
        }
    }
    return sum;
}

double score_finish(struct score *s)
{
    double sum = 0;
    size_t at = 0, occurring = 0;
    if (s->failed)
        return NAN;
    if (s->count > 1)
        qsort(s->verdict, s->count, sizeof *s->verdict, by_class_and_score);
    for (size_t k = 0; k < s->classes; k++) {
        struct curve *c = &s->curve[k];
        *c = (struct curve){.boxes = (size_t)s->boxes[k], .verdict = s->verdict + at};
        for (; at < s->count && s->verdict[at].class_id == (int32_t)k; at++)
            c->verdicts++;
        c->average_precision = c->boxes ? area(c) : NAN;
        sum += c->boxes ? c->average_precision : 0;
        occurring += c->boxes > 0;
    }
    return occurring ? sum / (double)occurring : NAN;
}
