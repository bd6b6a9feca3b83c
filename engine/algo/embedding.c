#include "engine/algo/embedding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/tensor/blas.h"

#define ROUNDS 60   /* of the power iteration, at most */
#define STILL 1e-10 /* axes that turn by less have arrived */

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "give narrower vectors", "There is not enough memory for the picture");
}

int embedding_open(struct embedding *e, size_t most, size_t dim, struct error *err)
{
    *e = (struct embedding){.dim = dim};
    e->group = malloc(most * sizeof *e->group);
    e->name = calloc(most, sizeof *e->name);
    e->vectors = malloc(most * dim * sizeof *e->vectors);
    e->axes = calloc(2 * dim, sizeof *e->axes);
    e->place[0] = calloc(2 * most, sizeof *e->place[0]);
    e->nearest = malloc(most * EMBEDDING_NEIGHBOURS * sizeof *e->nearest);
    e->likeness = malloc(most * most * sizeof *e->likeness);
    if (!e->group || !e->name || !e->vectors || !e->axes || !e->place[0] || !e->nearest || !e->likeness)
        return no_memory(err);
    e->place[1] = e->place[0] + most;
    return 0;
}

void embedding_close(struct embedding *e)
{
    free(e->group);
    free(e->name);
    free(e->vectors);
    free(e->axes);
    free(e->place[0]);
    free(e->nearest);
    free(e->likeness);
    *e = (struct embedding){0};
}

void embedding_group(struct embedding *e, size_t object, int32_t group)
{
    e->group[object] = group;
    e->grouped |= group >= 0;
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

double embedding_axes(const float *vectors, size_t count, size_t dim, double *axes)
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
static void keep_near(struct embedding *e, double *now[2])
{
    size_t n = e->count;
    double with[2][2], straight, crossed;
    for (int a = 0; a < 2; a++)
        for (int b = 0; b < 2; b++)
            with[a][b] = dot(e->place[a], now[b], n);
    straight = fabs(with[0][0]) + fabs(with[1][1]);
    crossed = fabs(with[0][1]) + fabs(with[1][0]);
    for (int a = 0; a < 2; a++) {
        int b = crossed > straight ? 1 - a : a;
        double sign = with[a][b] < 0 ? -1 : 1;
        for (size_t i = 0; i < n; i++)
            e->place[a][i] = sign * now[b][i];
    }
}

static int project(struct embedding *e, struct error *err)
{
    size_t n = e->count, dim = e->dim;
    double *now[2] = {malloc(2 * n * sizeof(double)), NULL};
    if (!now[0])
        return no_memory(err);
    now[1] = now[0] + n;
    e->explained = embedding_axes(e->vectors, n, dim, e->axes);
    for (size_t i = 0; i < n; i++)
        for (int a = 0; a < 2; a++) {
            double sum = 0;
            for (size_t k = 0; k < dim; k++)
                sum += e->axes[(size_t)a * dim + k] * (double)e->vectors[i * dim + k];
            now[a][i] = sum;
        }
    if (e->begun)
        keep_near(e, now);
    else
        memcpy(e->place[0], now[0], n * sizeof(double)), memcpy(e->place[1], now[1], n * sizeof(double));
    e->begun = true;
    free(now[0]);
    return 0;
}

/* --- neighbours -----------------------------------------------------------------------------------------------------
 */

/* The few largest of a row, the first of equals first; not the object itself. */
static void find_nearest(const struct embedding *e, size_t object)
{
    size_t n = e->count, found = 0;
    const float *like = e->likeness + object * n;
    int32_t *nearest = e->nearest + object * EMBEDDING_NEIGHBOURS;
    for (size_t i = 0; i < n; i++) {
        size_t at = found;
        if (i == object || (found == EMBEDDING_NEIGHBOURS && !(like[i] > like[nearest[found - 1]])))
            continue;
        if (found == EMBEDDING_NEIGHBOURS)
            at = --found;
        for (; at > 0 && like[i] > like[nearest[at - 1]]; at--)
            nearest[at] = nearest[at - 1];
        nearest[at] = (int32_t)i;
        found++;
    }
}

/* By the cosine of the vectors as they are, before they are centred. */
static void find_neighbours(struct embedding *e)
{
    size_t n = e->count, dim = e->dim;
    float *unit = e->vectors;
    float length[EMBEDDING_MAX] = {0};
    for (size_t i = 0; i < n; i++)
        length[i] = fmaxf(sqrtf(blas_cpu.dot(unit + i * dim, unit + i * dim, dim)), 1e-20F);
    blas_cpu.gemm(e->likeness, unit, unit, n, n, dim, false, true, 1, 0);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            e->likeness[i * n + k] /= length[i] * length[k];
    for (size_t i = 0; i < n; i++)
        find_nearest(e, i);
}

static double purity(const struct embedding *e)
{
    size_t same = 0, all = 0, n = e->count, few = n - 1 < EMBEDDING_NEIGHBOURS ? n - 1 : EMBEDDING_NEIGHBOURS;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; e->group[i] >= 0 && k < few; k++) {
            int32_t other = e->group[e->nearest[i * EMBEDDING_NEIGHBOURS + k]];
            same += other == e->group[i];
            all += other >= 0;
        }
    return all ? (double)same / (double)all : NAN;
}

int embedding_place(struct embedding *e, struct error *err)
{
    find_neighbours(e);
    e->purity = e->grouped ? purity(e) : NAN;
    centre(e->vectors, e->count, e->dim);
    return project(e, err);
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

void embedding_put(const struct embedding *e, struct json *j)
{
    size_t n = e->count, few = n - 1 < EMBEDDING_NEIGHBOURS ? n - 1 : EMBEDDING_NEIGHBOURS;
    put_numbers(j, "x", e->place[0], n);
    put_numbers(j, "y", e->place[1], n);
    json_array(j, "name");
    for (size_t i = 0; i < n; i++)
        json_string(j, NULL, e->name[i]);
    json_end(j);
    if (e->grouped) {
        json_array(j, "group");
        for (size_t i = 0; i < n; i++)
            json_integer(j, NULL, e->group[i]);
        json_end(j);
    } else {
        json_null(j, "group");
    }
    json_array(j, "neighbours");
    for (size_t i = 0; i < n; i++) {
        json_array(j, NULL);
        for (size_t k = 0; k < few; k++)
            json_integer(j, NULL, e->nearest[i * EMBEDDING_NEIGHBOURS + k]);
        json_end(j);
    }
    json_end(j);
    json_number(j, "explained", e->explained);
    json_number(j, "purity", e->purity);
}
