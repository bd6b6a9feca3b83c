#include "engine/algo/object2vec/pair_picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/tensor/blas.h"

#define EVERY 0.25  /* seconds between pictures */
#define SHOWN 20    /* objects whose tokens are told */
#define ROUNDS 60   /* of the power iteration, at most */
#define STILL 1e-10 /* axes that turn by less have arrived */

/* --- objects --------------------------------------------------------------------------------------------------------
 */

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "give a smaller enc_dim", "There is not enough memory for the picture");
}

static bool single_tokens(const struct pairs *p)
{
    return p->start[0][p->count] == p->count && pair_longest(p, 0, 2) == 1;
}

static int32_t group_of(const struct pairs *p, size_t pair)
{
    return p->group ? p->group[pair] : -1;
}

struct counted {
    int32_t token, group;
    size_t count;
};

static int by_count(const void *a, const void *b)
{
    const struct counted *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return (x->token > y->token) - (x->token < y->token);
}

/* Appends an object; room was made for PAIR_OBJECTS_MAX. */
static void add_object(struct pair_picture *p, const int32_t *token, size_t count, int32_t group)
{
    struct pairs *o = &p->objects;
    size_t at = o->start[0][o->count], used = 0;
    char *name = p->name[o->count];
    memcpy(o->token[0] + at, token, count * sizeof *token);
    o->start[0][o->count + 1] = at + count;
    o->group[o->count++] = group;
    p->grouped |= group >= 0;
    for (size_t i = 0; i < count; i++) {
        if (used > sizeof *p->name - 16) { /* an id has at most 7 digits */
            snprintf(name + used, sizeof *p->name - used, " ...");
            break;
        }
        used += (size_t)snprintf(name + used, sizeof *p->name - used, "%s%d", i ? " " : "", token[i]);
    }
}

static int add_tokens(struct pair_picture *p, const struct pairs *from, size_t vocabulary, struct error *err)
{
    struct counted *seen = calloc(vocabulary, sizeof *seen);
    if (!seen)
        return no_memory(err);
    for (size_t i = 0; i < vocabulary; i++)
        seen[i] = (struct counted){(int32_t)i, -1, 0};
    for (size_t i = 0; i < from->count; i++) {
        struct counted *c = &seen[from->token[0][i]];
        c->count++;
        c->group = c->group < 0 ? group_of(from, i) : c->group;
    }
    qsort(seen, vocabulary, sizeof *seen, by_count);
    for (size_t i = 0; i < vocabulary && i < PAIR_OBJECTS_MAX && seen[i].count; i++)
        add_object(p, &seen[i].token, 1, seen[i].group);
    free(seen);
    return 0;
}

static void add_sequences(struct pair_picture *p, const struct pairs *from, size_t longest)
{
    for (size_t i = 0; i < from->count && i < PAIR_OBJECTS_MAX; i++) {
        size_t count;
        const int32_t *token = pairs_tokens(from, 0, i, &count);
        add_object(p, token, count < longest ? count : longest, group_of(from, i));
    }
}

int pair_picture_open(struct pair_picture *p, const struct training *t, const struct pair_design *d, struct error *err)
{
    const struct pairs *train = t->pairs[PART_TRAIN], *validation = t->pairs[PART_VALIDATION];
    const struct pairs *from = validation && validation->count ? validation : train;
    size_t most = PAIR_OBJECTS_MAX, longest = pair_longest(from, 0, d->side[0].longest);
    bool tokens = single_tokens(train) && single_tokens(from);
    *p = (struct pair_picture){.sink = t->sink};
    p->objects.start[0] = calloc(most + 1, sizeof *p->objects.start[0]);
    p->objects.token[0] = malloc(most * longest * sizeof *p->objects.token[0]);
    p->objects.group = malloc(most * sizeof *p->objects.group);
    p->name = calloc(most, sizeof *p->name);
    p->vectors = malloc(most * d->dim * sizeof *p->vectors);
    p->axes = calloc(2 * d->dim, sizeof *p->axes);
    p->place[0] = calloc(2 * most, sizeof *p->place[0]);
    p->nearest = malloc(most * PAIR_NEIGHBOURS * sizeof *p->nearest);
    p->likeness = malloc(most * most * sizeof *p->likeness);
    if (!p->objects.start[0] || !p->objects.token[0] || !p->objects.group || !p->name || !p->vectors || !p->axes ||
        !p->place[0] || !p->nearest || !p->likeness)
        return no_memory(err);
    p->place[1] = p->place[0] + most;
    if (tokens)
        return add_tokens(p, train, d->side[0].vocabulary, err);
    add_sequences(p, from, longest);
    return 0;
}

void pair_picture_close(struct pair_picture *p)
{
    free(p->objects.start[0]);
    free(p->objects.token[0]);
    free(p->objects.group);
    free(p->name);
    free(p->vectors);
    free(p->axes);
    free(p->place[0]);
    free(p->nearest);
    free(p->likeness);
    *p = (struct pair_picture){0};
}

/* --- two dimensions -------------------------------------------------------------------------------------------------
 */

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Both axes orthonormal again; one that has vanished becomes a unit vector. */
static void straighten(double *axes, size_t dim)
{
    for (int k = 0; k < 2; k++) {
        double *a = axes + (size_t)k * dim, length;
        length = k ? dot(a, axes, dim) : 0;
        for (size_t i = 0; k && i < dim; i++)
            a[i] -= length * axes[i];
        length = sqrt(dot(a, a, dim));
        for (size_t i = 0; i < dim; i++)
            a[i] = length > 1e-12 ? a[i] / length : (double)(i == (size_t)k);
    }
}

/* next = axes times the vectors' covariance (times count) */
static void apply(const float *vectors, size_t count, size_t dim, const double *axes, double *next)
{
    memset(next, 0, 2 * dim * sizeof *next);
    for (size_t i = 0; i < count; i++) {
        const float *row = vectors + i * dim;
        double first = 0, second = 0;
        for (size_t k = 0; k < dim; k++) {
            first += axes[k] * (double)row[k];
            second += axes[dim + k] * (double)row[k];
        }
        for (size_t k = 0; k < dim; k++) {
            next[k] += first * (double)row[k];
            next[dim + k] += second * (double)row[k];
        }
    }
}

/* Turns the two axes within their plane so that the first holds most: one Jacobi rotation. Returns what they hold. */
static double turn(double *axes, const double *next, size_t dim)
{
    double a = dot(axes, next, dim), b = dot(axes + dim, next + dim, dim), c = dot(axes, next + dim, dim);
    double angle = 0.5 * atan2(2 * c, a - b), cosine = cos(angle), sine = sin(angle);
    for (size_t k = 0; k < dim; k++) {
        double x = axes[k], y = axes[dim + k];
        axes[k] = cosine * x + sine * y;
        axes[dim + k] = cosine * y - sine * x;
    }
    return a + b;
}

double pair_axes(const float *vectors, size_t count, size_t dim, double *axes)
{
    double *next = malloc(2 * dim * sizeof *next), held = 0, before = -1, all = 0;
    bool fresh = dot(axes, axes, dim) < 0.5;
    if (!next)
        return 0;
    for (size_t k = 0; fresh && k < 2 * dim; k++) /* a start that is not regular */
        axes[k] = 1e-3 + (double)((k * 2654435761u) % 1024);
    straighten(axes, dim);
    for (size_t i = 0; i < count * dim; i++)
        all += (double)vectors[i] * (double)vectors[i];
    for (int round = 0; round < ROUNDS && fabs(held - before) > STILL * all; round++) {
        before = held;
        apply(vectors, count, dim, axes, next);
        held = dot(axes, next, dim) + dot(axes + dim, next + dim, dim);
        memcpy(axes, next, 2 * dim * sizeof *axes);
        straighten(axes, dim);
    }
    apply(vectors, count, dim, axes, next);
    held = turn(axes, next, dim);
    free(next);
    return all > 0 ? held / all : 0;
}

static void centre(float *vectors, size_t count, size_t dim)
{
    for (size_t k = 0; k < dim; k++) {
        double mean = 0;
        for (size_t i = 0; i < count; i++)
            mean += (double)vectors[i * dim + k];
        mean /= (double)count;
        for (size_t i = 0; i < count; i++)
            vectors[i * dim + k] -= (float)mean;
    }
}

/* Of the ways to swap and mirror the axes, the one that moves the objects least. */
static void keep_near(struct pair_picture *p, double *now[2])
{
    size_t n = p->objects.count;
    double with[2][2], straight, crossed;
    for (int a = 0; a < 2; a++)
        for (int b = 0; b < 2; b++)
            with[a][b] = dot(p->place[a], now[b], n);
    straight = fabs(with[0][0]) + fabs(with[1][1]);
    crossed = fabs(with[0][1]) + fabs(with[1][0]);
    for (int a = 0; a < 2; a++) {
        int b = crossed > straight ? 1 - a : a;
        double sign = with[a][b] < 0 ? -1 : 1;
        for (size_t i = 0; i < n; i++)
            p->place[a][i] = sign * now[b][i];
    }
}

static int project(struct pair_picture *p, size_t dim, double *explained, struct error *err)
{
    size_t n = p->objects.count;
    double *now[2] = {malloc(2 * n * sizeof(double)), NULL};
    if (!now[0])
        return no_memory(err);
    now[1] = now[0] + n;
    *explained = pair_axes(p->vectors, n, dim, p->axes);
    for (size_t i = 0; i < n; i++)
        for (int a = 0; a < 2; a++) {
            double sum = 0;
            for (size_t k = 0; k < dim; k++)
                sum += p->axes[(size_t)a * dim + k] * (double)p->vectors[i * dim + k];
            now[a][i] = sum;
        }
    if (p->begun)
        keep_near(p, now);
    else
        memcpy(p->place[0], now[0], n * sizeof(double)), memcpy(p->place[1], now[1], n * sizeof(double));
    p->begun = true;
    free(now[0]);
    return 0;
}

/* --- neighbours -----------------------------------------------------------------------------------------------------
 */

/* The few largest of a row, the first of equals first; not the object itself. */
static void find_nearest(const struct pair_picture *p, size_t object)
{
    size_t n = p->objects.count, found = 0;
    const float *like = p->likeness + object * n;
    int32_t *nearest = p->nearest + object * PAIR_NEIGHBOURS;
    for (size_t i = 0; i < n; i++) {
        size_t at = found;
        if (i == object || (found == PAIR_NEIGHBOURS && !(like[i] > like[nearest[found - 1]])))
            continue;
        if (found == PAIR_NEIGHBOURS)
            at = --found;
        for (; at > 0 && like[i] > like[nearest[at - 1]]; at--)
            nearest[at] = nearest[at - 1];
        nearest[at] = (int32_t)i;
        found++;
    }
}

/* By the cosine of the vectors as they are, before they are centred. */
static void find_neighbours(struct pair_picture *p, size_t dim)
{
    size_t n = p->objects.count;
    float *unit = p->vectors;
    float length[PAIR_OBJECTS_MAX] = {0};
    for (size_t i = 0; i < n; i++)
        length[i] = fmaxf(sqrtf(blas_cpu.dot(unit + i * dim, unit + i * dim, dim)), 1e-20F);
    blas_cpu.gemm(p->likeness, unit, unit, n, n, dim, false, true, 1, 0);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            p->likeness[i * n + k] /= length[i] * length[k];
    for (size_t i = 0; i < n; i++)
        find_nearest(p, i);
}

static double purity(const struct pair_picture *p)
{
    size_t same = 0, all = 0, n = p->objects.count, few = n - 1 < PAIR_NEIGHBOURS ? n - 1 : PAIR_NEIGHBOURS;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; p->objects.group[i] >= 0 && k < few; k++) {
            int32_t other = p->objects.group[p->nearest[i * PAIR_NEIGHBOURS + k]];
            same += other == p->objects.group[i];
            all += other >= 0;
        }
    return all ? (double)same / (double)all : NAN;
}

/* --- the line -------------------------------------------------------------------------------------------------------
 */

static void put_numbers(struct json *j, const char *key, const double *values, size_t n)
{
    json_array(j, key);
    for (size_t i = 0; i < n; i++)
        json_float(j, NULL, values[i]);
    json_end(j);
}

static void put_objects(const struct pair_picture *p, struct json *j)
{
    size_t n = p->objects.count, few = n - 1 < PAIR_NEIGHBOURS ? n - 1 : PAIR_NEIGHBOURS;
    put_numbers(j, "x", p->place[0], n);
    put_numbers(j, "y", p->place[1], n);
    json_array(j, "name");
    for (size_t i = 0; i < n; i++)
        json_string(j, NULL, p->name[i]);
    json_end(j);
    if (p->grouped) {
        json_array(j, "group");
        for (size_t i = 0; i < n; i++)
            json_integer(j, NULL, p->objects.group[i]);
        json_end(j);
    } else {
        json_null(j, "group");
    }
    json_array(j, "neighbours");
    for (size_t i = 0; i < n; i++) {
        json_array(j, NULL);
        for (size_t k = 0; k < few; k++)
            json_integer(j, NULL, p->nearest[i * PAIR_NEIGHBOURS + k]);
        json_end(j);
    }
    json_end(j);
}

/* Of the first objects what a request for them would hold. */
static void put_tokens(const struct pair_picture *p, struct json *j)
{
    json_array(j, "tokens");
    for (size_t i = 0; i < p->objects.count && i < SHOWN; i++) {
        size_t count;
        const int32_t *token = pairs_tokens(&p->objects, 0, i, &count);
        json_array(j, NULL);
        for (size_t k = 0; k < count; k++)
            json_integer(j, NULL, token[k]);
        json_end(j);
    }
    json_end(j);
}

static void send(const struct pair_picture *p, long epoch, long step, double explained)
{
    struct event e;
    event_begin(&e, p->sink, "picture");
    json_string(&e.json, "kind", "embedding");
    json_object(&e.json, "data");
    json_integer(&e.json, "epoch", epoch);
    json_integer(&e.json, "side", 0);
    put_objects(p, &e.json);
    put_tokens(p, &e.json);
    json_number(&e.json, "explained", explained);
    json_number(&e.json, "purity", p->grouped ? purity(p) : NAN);
    json_end(&e.json);
    json_integer(&e.json, "step", step);
    json_number(&e.json, "t", event_time(p->sink));
    event_send(&e);
}

int pair_picture_draw(struct pair_picture *p, struct pair_ask *ask, long epoch, long step, bool now, struct error *err)
{
    size_t n = p->objects.count, dim = ask->net->design.dim;
    double explained = 0;
    if (n < 3 || (!now && clock_seconds() - p->drawn < EVERY))
        return 0;
    if (pair_ask_vectors(ask, &p->objects, 0, 0, n, p->vectors, err) < 0)
        return -1;
    find_neighbours(p, dim);
    centre(p->vectors, n, dim);
    if (project(p, dim, &explained, err) < 0)
        return -1;
    send(p, epoch, step, explained);
    p->drawn = clock_seconds();
    return 0;
}
