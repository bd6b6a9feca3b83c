#include "engine/algo/seq2seq/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/data/vocabulary.h"

/* A token that may come next. */
struct candidate {
    double score; /* sum of log probabilities with it */
    uint32_t beam;
    int32_t token;
};

struct sentence {
    size_t row;         /* in the batch */
    size_t limit;       /* tokens */
    size_t ended;       /* translations that are at an end */
    double best;        /* mean log probability of the best of them */
    size_t best_length; /* its tokens */
    size_t best_beam;   /* where it stood before its </s> */
};

/* Everything of one search_run. "place": row of the batch times beam, plus beam; it stays while sentences come to their
 * end. "line": row of the tensors, of sentences that are still going. */
struct hunt {
    struct search *s;
    const struct network *n;
    struct memory memory; /* of all sentences, on the encoder's tape */
    const int32_t *length;
    size_t rows, places, limit, step, active;
    struct sentence *sentence;                              /* rows: the active ones first, in their order */
    struct state state;                                     /* shapes; parts of the tape of the step */
    float *held[2 * SHAPE_LAYERS], *next[2 * SHAPE_LAYERS]; /* the state of each line */
    size_t lead[2 * SHAPE_LAYERS], width[2 * SHAPE_LAYERS];
    double *score;                            /* of each place */
    int32_t *token;                           /* limit x places: what was said at each step */
    uint32_t *parent;                         /* limit x places: the beam that it went on from */
    float *weight;                            /* limit x places x steps, or NULL */
    float *looked;                            /* of one step: lines x steps, or NULL */
    int32_t *last, *lines, *gather, *lengths; /* of each line: the token said last ...; places of the memory */
    uint32_t *from;                           /* the line that each line goes on from */
    float *probability;                       /* lines x words */
    struct candidate *candidate;              /* 2 beam */
};

int search_open(struct search *s, const struct network *n, int threads, size_t beam, struct error *err)
{
    *s = (struct search){.network = n, .beam = beam};
    s->encoder = tape_open(n->parameters.backend, threads, err);
    s->decoder = s->encoder ? tape_open(n->parameters.backend, threads, err) : NULL;
    if (s->decoder)
        return 0;
    search_close(s);
    return -1;
}

void search_close(struct search *s)
{
    tape_close(s->encoder);
    tape_close(s->decoder);
    *s = (struct search){0};
}

void translation_free(struct translation *t)
{
    free(t->token);
    free(t->weight);
    *t = (struct translation){0};
}

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_LIMIT, "beam_size", "use a smaller beam_size, or send fewer sentences at once",
                     "The translations do not fit into memory");
}

/* --- begin and end --------------------------------------------------------------------------------------------------
 */

static int hunt_alloc(struct hunt *h, size_t steps, bool attention)
{
    size_t n = h->places + 1, words = h->n->shape.target.words;
    bool held = true;
    h->sentence = calloc(h->rows + 1, sizeof *h->sentence);
    h->score = calloc(n, sizeof *h->score);
    h->token = calloc(h->limit * n, sizeof *h->token);
    h->parent = calloc(h->limit * n, sizeof *h->parent);
    h->weight = attention ? calloc(h->limit * n * steps, sizeof *h->weight) : NULL;
    h->looked = attention ? calloc(n * steps, sizeof *h->looked) : NULL;
    h->last = calloc(n, sizeof *h->last);
    h->lines = calloc(n, sizeof *h->lines);
    h->lengths = calloc(n, sizeof *h->lengths);
    h->gather = calloc(n * steps, sizeof *h->gather);
    h->from = calloc(n, sizeof *h->from);
    h->probability = calloc(n * words, sizeof *h->probability);
    h->candidate = calloc(2 * h->s->beam, sizeof *h->candidate);
    for (size_t i = 0; i < h->state.count; i++) {
        h->held[i] = calloc(h->lead[i] * h->width[i] * n, sizeof *h->held[i]);
        h->next[i] = calloc(h->lead[i] * h->width[i] * n, sizeof *h->next[i]);
        held = held && h->held[i] && h->next[i];
    }
    return held && h->sentence && h->score && h->token && h->parent && ((h->weight && h->looked) || !attention) &&
                   h->last && h->lines && h->lengths && h->gather && h->from && h->probability && h->candidate
               ? 0
               : -1;
}

static void hunt_free(struct hunt *h)
{
    for (size_t i = 0; i < 2 * SHAPE_LAYERS; i++) {
        free(h->held[i]);
        free(h->next[i]);
    }
    free(h->sentence);
    free(h->score);
    free(h->token);
    free(h->parent);
    free(h->weight);
    free(h->looked);
    free(h->last);
    free(h->lines);
    free(h->lengths);
    free(h->gather);
    free(h->from);
    free(h->probability);
    free(h->candidate);
}

/* Line `to` of a state part from line `from` of another; a part is lead x lines x width. */
static void copy_line(const struct hunt *h, size_t part, float *to, size_t to_line, size_t to_lines, const float *from,
                      size_t from_line, size_t from_lines)
{
    size_t width = h->width[part];
    for (size_t i = 0; i < h->lead[part]; i++)
        memcpy(to + (i * to_lines + to_line) * width, from + (i * from_lines + from_line) * width, width * sizeof *to);
}

/* The state that the encoder gives, for every beam of every sentence. */
static void spread_state(struct hunt *h)
{
    for (size_t i = 0; i < h->state.count; i++) {
        tape_read(h->s->encoder, h->state.part[i], h->next[i]);
        for (size_t place = 0; place < h->places; place++)
            copy_line(h, i, h->held[i], place, h->places, h->next[i], place / h->s->beam, h->rows);
    }
}

static void begin_sentences(struct hunt *h)
{
    size_t beam = h->s->beam, most = h->n->shape.target.steps - 1;
    h->active = h->rows;
    for (size_t i = 0; i < h->rows; i++) {
        size_t limit = 2 * (size_t)h->length[i] + 8; /* the length counts </s> */
        h->sentence[i] = (struct sentence){.row = i, .limit = limit < most ? limit : most, .best = -INFINITY};
        for (size_t k = 0; k < beam; k++) {
            h->score[i * beam + k] = k ? -INFINITY : 0; /* beams are alike in the beginning: only one counts */
            h->last[i * beam + k] = VOCABULARY_BEGIN;
        }
    }
}

static size_t longest_limit(const struct hunt *h)
{
    size_t limit = 1, most = h->n->shape.target.steps - 1;
    for (size_t i = 0; i < h->rows; i++)
        limit = 2 * (size_t)h->length[i] + 8 > limit ? 2 * (size_t)h->length[i] + 8 : limit;
    return limit < most ? limit : most;
}

static int hunt_begin(struct hunt *h, const int32_t *source, size_t steps, bool attention, struct error *err)
{
    struct tape *t = h->s->encoder;
    tape_begin(t, false, 0);
    network_encode(h->n, t, source, h->length, steps, h->rows, &h->memory);
    network_begin(h->n, t, &h->memory, &h->state);
    if (tape_finish(t, err) < 0)
        return -1;
    for (size_t i = 0; i < h->state.count; i++) {
        const struct tensor *part = h->state.part[i];
        h->lead[i] = part->rank == 3 ? part->shape[0] : 1;
        h->width[i] = tensor_width(part);
    }
    h->places = h->rows * h->s->beam;
    h->limit = longest_limit(h);
    if (hunt_alloc(h, steps, attention) < 0)
        return no_memory(err);
    spread_state(h);
    begin_sentences(h);
    return 0;
}

/* --- a step of the network ------------------------------------------------------------------------------------------
 */

static struct tensor *lines_of(struct hunt *h, struct tensor *x, const int32_t *line, size_t lines)
{
    return x ? op_gather(h->s->decoder, x, line, lines) : NULL;
}

/* S x B x D of all sentences to S x lines x D of the active ones. */
static struct tensor *places_of(struct hunt *h, struct tensor *x, const int32_t *place, size_t lines)
{
    struct tape *t = h->s->decoder;
    size_t steps = x->shape[0], width = x->shape[2];
    x = tape_reshape(t, x, 2, (size_t[]){steps * h->rows, width});
    return tape_reshape(t, op_gather(t, x, place, steps * lines), 3, (size_t[]){steps, lines, width});
}

static void gather_memory(struct hunt *h, struct memory *m)
{
    const struct memory *all = &h->memory;
    size_t lines = h->active * h->s->beam;
    const int32_t *line, *place;
    for (size_t i = 0; i < lines; i++) {
        h->lines[i] = (int32_t)h->sentence[i / h->s->beam].row;
        h->lengths[i] = h->length[h->lines[i]];
        for (size_t s = 0; s < all->steps; s++)
            h->gather[s * lines + i] = (int32_t)(s * h->rows + (size_t)h->lines[i]);
    }
    line = tape_ints(h->s->decoder, h->lines, lines);
    place = tape_ints(h->s->decoder, h->gather, lines * all->steps);
    *m = (struct memory){.steps = all->steps, .rows = lines, .length = tape_ints(h->s->decoder, h->lengths, lines)};
    m->values = places_of(h, all->values, place, lines);
    m->keys = all->keys == all->values ? m->values : all->keys ? places_of(h, all->keys, place, lines) : NULL;
    m->last = lines_of(h, all->last, line, lines);
}

static void keep_weights(struct hunt *h, struct tensor *weights, size_t lines)
{
    size_t steps = h->memory.steps, beam = h->s->beam;
    if (!h->weight || !weights)
        return;
    tape_read(h->s->decoder, weights, h->looked);
    for (size_t i = 0; i < lines; i++) {
        size_t place = h->sentence[i / beam].row * beam + i % beam;
        memcpy(h->weight + (h->step * h->places + place) * steps, h->looked + i * steps, steps * sizeof *h->looked);
    }
}

/* What each line may say next, and the state after it. */
static int step_network(struct hunt *h, struct error *err)
{
    struct tape *t = h->s->decoder;
    size_t lines = h->active * h->s->beam;
    struct state state = {.count = h->state.count, .at = h->step};
    struct tensor *weights = NULL, *probability;
    struct memory m;
    tape_begin(t, false, 0);
    gather_memory(h, &m);
    for (size_t i = 0; i < state.count; i++) {
        int rank = h->state.part[i]->rank;
        size_t shape[3] = {h->lead[i], lines, h->width[i]};
        state.part[i] = tape_input(t, rank, rank == 3 ? shape : shape + 1, h->held[i]);
    }
    probability =
        network_probabilities(h->n, t, network_run(h->n, t, &m, &state, h->last, 1, NULL, h->weight ? &weights : NULL));
    if (tape_finish(t, err) < 0)
        return -1;
    tape_read(t, probability, h->probability);
    for (size_t i = 0; i < state.count; i++)
        tape_read(t, state.part[i], h->next[i]);
    keep_weights(h, weights, lines);
    return 0;
}

/* --- choosing -------------------------------------------------------------------------------------------------------
 */

/* Puts one in its place among those found so far, the best first; the earlier of equals stays first. */
static size_t insert(struct candidate *list, size_t count, size_t room, struct candidate c)
{
    size_t at = count < room ? count : room - 1;
    if (count == room && !(c.score > list[at].score))
        return count;
    while (at > 0 && c.score > list[at - 1].score) {
        list[at] = list[at - 1];
        at--;
    }
    list[at] = c;
    return count < room ? count + 1 : count;
}

/* The best next tokens of all beams of an active sentence, at most 2 beam. */
static size_t find_candidates(struct hunt *h, size_t active)
{
    size_t beam = h->s->beam, words = h->n->shape.target.words, room = 2 * beam, count = 0;
    for (size_t k = 0; k < beam; k++) {
        const float *p = h->probability + (active * beam + k) * words;
        double score = h->score[h->sentence[active].row * beam + k];
        float least = 0; /* what a token must be above to come into the list */
        for (size_t w = 0; w < words && score > -INFINITY; w++) {
            if (!(p[w] > least) || w == VOCABULARY_PAD || w == VOCABULARY_BEGIN)
                continue;
            count = insert(h->candidate, count, room,
                           (struct candidate){score + log((double)p[w]), (uint32_t)k, (int32_t)w});
            if (count == room)
                least = (float)exp(h->candidate[room - 1].score - score) * 0.9999F; /* rounded down */
        }
    }
    return count;
}

/* A translation of `length` tokens that is at its end, whose last token stands in this beam. */
static void end_one(struct sentence *s, double mean, size_t length, size_t beam)
{
    if (!(mean > s->best))
        return;
    s->best = mean;
    s->best_length = length;
    s->best_beam = beam;
}

/* Ended translations leave the beam; the others fill it again. `line`: where the sentence's lines will stand. */
static void choose(struct hunt *h, size_t active, size_t line)
{
    struct sentence *s = &h->sentence[active];
    size_t beam = h->s->beam, place = s->row * beam, step = h->step * h->places, kept = 0;
    size_t count = find_candidates(h, active);
    for (size_t i = 0; i < count && kept < beam; i++) {
        const struct candidate *c = &h->candidate[i];
        double mean = c->score / (double)(h->step + 1);
        if (c->token == VOCABULARY_END) {
            if (i < beam)
                end_one(s, mean, h->step, c->beam);
            s->ended += i < beam;
            continue;
        }
        h->token[step + place + kept] = h->last[line + kept] = c->token;
        h->parent[step + place + kept] = c->beam;
        h->from[line + kept] = (uint32_t)(active * beam + c->beam);
        h->score[place + kept++] = c->score;
    }
    for (; kept < beam; kept++) { /* fewer words than beams: these are never chosen from */
        h->last[line + kept] = VOCABULARY_END;
        h->from[line + kept] = (uint32_t)(active * beam);
        h->score[place + kept] = -INFINITY;
    }
}

/* Is a sentence done? Where nothing has come to its end by the limit, the best so far is taken as it is. */
static bool is_done(const struct hunt *h, struct sentence *s)
{
    double alive = h->score[s->row * h->s->beam];
    bool over = h->step + 1 >= s->limit || alive == -INFINITY;
    if (over && !s->ended && alive > -INFINITY)
        end_one(s, alive / (double)(h->step + 1), h->step + 1, 0);
    return over || s->ended >= h->s->beam;
}

/* The best translation, read from its end to its beginning. */
static int tell(const struct hunt *h, const struct sentence *s, struct translation *out)
{
    size_t beam = s->best_beam, first = s->row * h->s->beam, steps = h->memory.steps;
    *out = (struct translation){.count = s->best_length, .score = s->best, .places = (size_t)h->length[s->row]};
    out->token = calloc(s->best_length + 1, sizeof *out->token);
    out->weight = h->weight ? calloc(s->best_length * out->places + 1, sizeof *out->weight) : NULL;
    if (!out->token || (h->weight && !out->weight))
        return -1;
    for (size_t t = s->best_length; t-- > 0;) {
        size_t at = t * h->places + first + beam;
        out->token[t] = h->token[at];
        beam = h->parent[at];
        if (h->weight)
            memcpy(out->weight + t * out->places, h->weight + (t * h->places + first + beam) * steps,
                   out->places * sizeof *out->weight);
    }
    return 0;
}

/* One token more for all that are still going. */
static int step(struct hunt *h, struct translation *out, struct error *err)
{
    size_t beam = h->s->beam, before = h->active * beam, going = 0, lines;
    if (step_network(h, err) < 0)
        return -1;
    for (size_t i = 0; i < h->active; i++) {
        struct sentence *s = &h->sentence[i];
        choose(h, i, going * beam);
        if (!is_done(h, s))
            h->sentence[going++] = *s;
        else if (tell(h, s, &out[s->row]) < 0)
            return no_memory(err);
    }
    lines = going * beam;
    for (size_t part = 0; part < h->state.count; part++)
        for (size_t line = 0; line < lines; line++)
            copy_line(h, part, h->held[part], line, lines, h->next[part], h->from[line], before);
    h->active = going;
    return 0;
}

int search_run(struct search *s, const int32_t *source, const int32_t *length, size_t steps, size_t rows,
               bool attention, struct translation *out, struct error *err)
{
    struct hunt h = {.s = s, .n = s->network, .length = length, .rows = rows};
    int status;
    memset(out, 0, rows * sizeof *out);
    status = rows ? hunt_begin(&h, source, steps, attention, err) : 0;
    for (; status == 0 && h.active; h.step++)
        status = step(&h, out, err);
    hunt_free(&h);
    for (size_t i = 0; status < 0 && i < rows; i++)
        translation_free(&out[i]);
    return status;
}
