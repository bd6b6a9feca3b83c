#include "engine/contour.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRID = 32, STEPS_MAX = 100000, FIRST_STEPS = 150, LATER_STEPS = 150 };
enum { MAX_STRETCH = 100 }; /* beyond it one scale for both axes would hide the narrow side */

const char *contour_refusal(const struct settings *resolved)
{
    if (!settings_is(resolved, "predictor_type", "binary_classifier") || !settings_is(resolved, "loss", "logistic"))
        return "The contour is drawn for binary_classifier with logistic loss only";
    if (settings_number(resolved, "l1") != 0 || settings_number(resolved, "wd") != 0)
        return "The contour is drawn without l1 and wd only";
    if (settings_number(resolved, "positive_example_weight_mult") != 1)
        return "The contour is drawn with positive_example_weight_mult=1 only";
    return NULL;
}

/* The features of the smallest and of the largest spread; the first and the last when all are alike (within 20 %). */
int contour_begin(struct contour *c, const struct dataset *train)
{
    double low = INFINITY, high = 0;
    *c = (struct contour){.columns = train->columns, .axis = {0, train->columns - 1}};
    c->weights = calloc(3 * train->columns, sizeof *c->weights);
    if (!c->weights)
        return -1;
    c->shift = c->weights + train->columns;
    c->factor = c->shift + train->columns;
    for (size_t j = 0; j < train->columns; j++) {
        double mean = 0, squares = 0;
        for (size_t i = 0; i < train->rows; i++) {
            double x = train->x[i * train->columns + j], away = x - mean;
            mean += away / (double)(i + 1);
            squares += away * (x - mean);
        }
        low = fmin(low, squares);
        high = fmax(high, squares);
        c->weights[j] = (float)squares;
    }
    for (size_t j = 0; j < train->columns && high > 1.44 * low; j++) {
        if (c->weights[j] == (float)low)
            c->axis[0] = j;
        if (c->weights[j] == (float)high)
            c->axis[1] = j;
    }
    return 0;
}

static bool path_reserve(struct contour *c)
{
    size_t capacity = c->capacity ? 2 * c->capacity : 256;
    double(*path)[2];
    if (c->steps < c->capacity)
        return true;
    path = realloc(c->path, capacity * sizeof *path);
    if (!path)
        return false;
    c->path = path;
    c->capacity = capacity;
    return true;
}

void contour_trace(void *contour, const struct trace *at)
{
    struct contour *c = contour;
    double x = at->weights[c->axis[0]], y = at->weights[c->axis[1]];
    if (c->ended || !isfinite(x) || !isfinite(y) || c->steps == STEPS_MAX || !path_reserve(c)) {
        c->ended = true;
        return;
    }
    c->path[c->steps][0] = x;
    c->path[c->steps++][1] = y;
    memcpy(c->weights, at->weights, c->columns * sizeof *c->weights);
    memcpy(c->shift, at->shift, c->columns * sizeof *c->shift);
    memcpy(c->factor, at->factor, c->columns * sizeof *c->factor);
    c->bias = at->bias;
}

void contour_free(struct contour *c)
{
    free(c->weights);
    free(c->path);
    *c = (struct contour){0};
}

/* --- the slice -------------------------------------------------------------------------------- */

/* The rows as the slice sees them: score = base + x u + y v for the weights (x, y). */
struct slice {
    size_t rows;
    float *base, *u, *v;
    const float *label;
};

static int slice_make(struct slice *s, const struct contour *c, const struct dataset *train)
{
    size_t d = c->columns;
    s->rows = train->rows;
    s->label = train->y;
    s->base = malloc(3 * train->rows * sizeof *s->base);
    if (!s->base)
        return -1;
    s->u = s->base + train->rows;
    s->v = s->u + train->rows;
    for (size_t i = 0; i < train->rows; i++) {
        double score = c->bias;
        for (size_t j = 0; j < d; j++) {
            float z = (train->x[i * d + j] - c->shift[j]) * c->factor[j];
            if (j == c->axis[0])
                s->u[i] = z;
            else if (j == c->axis[1])
                s->v[i] = z;
            else
                score += (double)c->weights[j] * z;
        }
        s->base[i] = (float)score;
    }
    return 0;
}

/* Mean logistic loss: log(1 + e^-m) of the margin m. */
static double slice_loss(const struct slice *s, double x, double y)
{
    float fx = (float)x, fy = (float)y;
    double sum = 0;
    for (size_t i = 0; i < s->rows; i++) {
        float score = s->base[i] + fx * s->u[i] + fy * s->v[i], margin = s->label[i] > 0 ? score : -score;
        sum += (margin < 0 ? -margin : 0) + log1pf(expf(-fabsf(margin)));
    }
    return sum / (double)s->rows;
}

struct slope {
    double gx, gy, hxx, hxy, hyy;
};

static struct slope slice_slope(const struct slice *s, double x, double y)
{
    struct slope at = {0};
    for (size_t i = 0; i < s->rows; i++) {
        double u = s->u[i], v = s->v[i], p = 1 / (1 + exp(-(s->base[i] + x * u + y * v)));
        double error = p - (s->label[i] > 0), curve = p * (1 - p);
        at.gx += error * u;
        at.gy += error * v;
        at.hxx += curve * u * u;
        at.hxy += curve * u * v;
        at.hyy += curve * v * v;
    }
    return at;
}

/* Lowest point of the slice by Newton's method, each step halved until it goes down. False when it is not found. */
static bool slice_lowest(const struct slice *s, double *x, double *y)
{
    double loss = slice_loss(s, *x, *y);
    for (int k = 0; k < 60; k++) {
        struct slope at = slice_slope(s, *x, *y);
        double determinant = at.hxx * at.hyy - at.hxy * at.hxy, step = 1, lower = loss;
        double dx = -(at.hyy * at.gx - at.hxy * at.gy) / determinant;
        double dy = -(at.hxx * at.gy - at.hxy * at.gx) / determinant;
        if (!isfinite(dx) || !isfinite(dy))
            return false;
        for (; step > 1e-6 && !((lower = slice_loss(s, *x + step * dx, *y + step * dy)) < loss); step *= 0.5)
            continue;
        if (step <= 1e-6 || loss - lower < 1e-7 * loss)
            return true;
        *x += step * dx;
        *y += step * dy;
        loss = lower;
    }
    return false;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Every one of the first steps, where the zigzag shows, then an even choice of the later ones, then the last. */
static bool is_drawn(const struct contour *c, size_t step)
{
    size_t later = c->steps > FIRST_STEPS ? c->steps - FIRST_STEPS : 0, stride = later / LATER_STEPS + 1;
    return step < FIRST_STEPS || step + 1 == c->steps || (step - FIRST_STEPS) % stride == 0;
}

static void window(const struct contour *c, int k, double optimum, double *low, double *high)
{
    double margin;
    *low = *high = c->path[0][k];
    for (size_t i = 0; i < c->steps; i++) {
        *low = fmin(*low, c->path[i][k]);
        *high = fmax(*high, c->path[i][k]);
    }
    *low = fmin(*low, optimum); /* fmin and fmax pass over a NaN */
    *high = fmax(*high, optimum);
    margin = 0.15 * (*high - *low);
    if (margin == 0)
        margin = 1;
    *low -= margin;
    *high += margin;
}

/* Weights of like size get axes of one scale, so that a round valley looks round. */
static void square_window(double *low, double *high)
{
    double span[2] = {high[0] - low[0], high[1] - low[1]};
    int narrow = span[0] < span[1] ? 0 : 1;
    double more = span[1 - narrow] - span[narrow];
    if (span[1 - narrow] > MAX_STRETCH * span[narrow])
        return;
    low[narrow] -= more / 2;
    high[narrow] += more / 2;
}

static void write_axis(struct json *j, const char *key, size_t feature, double low, double high)
{
    char name[40];
    snprintf(name, sizeof name, "weight of x%zu", feature + 1);
    json_object(j, key);
    json_string(j, "name", name);
    json_number(j, "low", low);
    json_number(j, "high", high);
    json_end(j);
}

static void write_point(struct json *j, const char *key, double x, double y)
{
    json_array(j, key);
    json_float(j, NULL, x);
    json_float(j, NULL, y);
    json_end(j);
}

/* Row after row from the bottom (y low), each from the left (x low). */
static void write_values(struct json *j, const struct slice *s, const double *low, const double *high)
{
    json_array(j, "values");
    for (int row = 0; row < GRID; row++)
        for (int column = 0; column < GRID; column++)
            json_float(j, NULL,
                       slice_loss(s, low[0] + (high[0] - low[0]) * column / (GRID - 1),
                                  low[1] + (high[1] - low[1]) * row / (GRID - 1)));
    json_end(j);
}

void contour_write(struct json *j, const struct contour *c, const struct dataset *train)
{
    double x, y, low[2], high[2];
    struct slice s;
    bool found;
    if (c->steps == 0 || slice_make(&s, c, train) < 0) {
        json_null(j, "data");
        return;
    }
    x = c->path[c->steps - 1][0];
    y = c->path[c->steps - 1][1];
    found = slice_lowest(&s, &x, &y);
    if (!found)
        x = y = NAN;
    window(c, 0, x, &low[0], &high[0]);
    window(c, 1, y, &low[1], &high[1]);
    square_window(low, high);
    json_object(j, "data");
    write_axis(j, "x", c->axis[0], low[0], high[0]);
    write_axis(j, "y", c->axis[1], low[1], high[1]);
    json_integer(j, "grid", GRID);
    json_integer(j, "steps", (long long)c->steps);
    write_values(j, &s, low, high);
    json_array(j, "path");
    for (size_t i = 0; i < c->steps; i++)
        if (is_drawn(c, i))
            write_point(j, NULL, c->path[i][0], c->path[i][1]);
    json_end(j);
    if (found)
        write_point(j, "optimum", x, y);
    else
        json_null(j, "optimum");
    json_end(j);
    free(s.base);
}
