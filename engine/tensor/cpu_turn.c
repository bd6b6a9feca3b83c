#include "engine/tensor/cpu_turn.h"

#include <string.h>

#include "engine/tensor/cpu.h"
#include "engine/tensor/exp.h"

typedef float lanes __attribute__((vector_size(32)));
typedef float loose_lanes __attribute__((vector_size(32), aligned(4), may_alias)); /* as they lie in arrays */
enum { LANES = sizeof(lanes) / sizeof(float) };

#define INLINE static inline __attribute__((always_inline))

INLINE void load(lanes *v, const float *from, size_t n)
{
    *v = (lanes){0};
    if (n == LANES)
        *v = *(const loose_lanes *)from;
    else
        memcpy(v, from, n * sizeof *from);
}

INLINE void store(float *to, const lanes *v, size_t n)
{
    if (n == LANES)
        *(loose_lanes *)to = *v;
    else
        memcpy(to, v, n * sizeof *to);
}

/* 4 x 4 pixels, in both directions (d0 - d2, d1 + d2, d2 - d1, d1 - d3); the places' rows lie `step` apart. */
INLINE void turn_lanes(float *to, size_t step, const float *from, size_t apart, size_t depth, size_t n)
{
    lanes d[4][4], e[4][4], v[4];
#pragma GCC unroll 4
    for (size_t y = 0; y < 4; y++)
#pragma GCC unroll 4
        for (size_t x = 0; x < 4; x++)
            load(&d[y][x], from + y * apart + x * depth, n);
#pragma GCC unroll 4
    for (size_t x = 0; x < 4; x++) {
        e[0][x] = d[0][x] - d[2][x];
        e[1][x] = d[1][x] + d[2][x];
        e[2][x] = d[2][x] - d[1][x];
        e[3][x] = d[1][x] - d[3][x];
    }
#pragma GCC unroll 4
    for (size_t y = 0; y < 4; y++) {
        v[0] = e[y][0] - e[y][2];
        v[1] = e[y][1] + e[y][2];
        v[2] = e[y][2] - e[y][1];
        v[3] = e[y][1] - e[y][3];
#pragma GCC unroll 4
        for (size_t x = 0; x < 4; x++)
            store(to + (4 * y + x) * step, &v[x], n);
    }
}

VECTORISED void turn_pixels(float *to, size_t step, const float *from, size_t apart, size_t depth)
{
    size_t c = 0;
    for (; c + LANES <= depth; c += LANES)
        turn_lanes(to + c, step, from + c, apart, depth, LANES);
    if (c < depth)
        turn_lanes(to + c, step, from + c, apart, depth, depth - c);
}

/* Back to 2 x 2 results: (m0 + m1 + m2, m1 - m2 - m3) in both directions, added to what `from` says. */
INLINE void result_lanes(float *const *to, const float *const *from, size_t at, const float *m, size_t step, size_t n)
{
    lanes e[2][4], y;
#pragma GCC unroll 4
    for (size_t x = 0; x < 4; x++) {
        lanes d[4];
#pragma GCC unroll 4
        for (size_t row = 0; row < 4; row++)
            load(&d[row], m + (4 * row + x) * step, n);
        e[0][x] = d[0] + d[1] + d[2];
        e[1][x] = d[1] - d[2] - d[3];
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        const lanes *row = e[i / 2];
        lanes sum = i % 2 == 0 ? row[0] + row[1] + row[2] : row[1] - row[2] - row[3];
        y = (lanes){0};
        if (from[i])
            load(&y, from[i] + at, n);
        sum += y;
        store(to[i] + at, &sum, n);
    }
}

VECTORISED void turn_result(float *const *to, const float *const *from, const float *m, size_t step, size_t columns)
{
    size_t c = 0;
    for (; c + LANES <= columns; c += LANES)
        result_lanes(to, from, c, m + c, step, LANES);
    if (c < columns)
        result_lanes(to, from, c, m + c, step, columns - c);
}

/* The way back of the last: the 16 places' slopes from those of 2 x 2 results. */
INLINE void slope_lanes(float *to, size_t step, const float *const *from, size_t at, size_t n)
{
    lanes d[4], e[4][2], v[4];
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++)
        load(&d[i], from[i] + at, n);
#pragma GCC unroll 2
    for (size_t x = 0; x < 2; x++) {
        e[0][x] = d[x];
        e[1][x] = d[x] + d[2 + x];
        e[2][x] = d[x] - d[2 + x];
        e[3][x] = -d[2 + x];
    }
#pragma GCC unroll 4
    for (size_t y = 0; y < 4; y++) {
        v[0] = e[y][0];
        v[1] = e[y][0] + e[y][1];
        v[2] = e[y][0] - e[y][1];
        v[3] = -e[y][1];
#pragma GCC unroll 4
        for (size_t x = 0; x < 4; x++)
            store(to + (4 * y + x) * step, &v[x], n);
    }
}

VECTORISED void turn_slope(float *to, size_t step, const float *const *from, size_t at, size_t columns)
{
    size_t c = 0;
    for (; c + LANES <= columns; c += LANES)
        slope_lanes(to + c, step, from, at + c, LANES);
    if (c < columns)
        slope_lanes(to + c, step, from, at + c, columns - c);
}

/* A row of kernels g (3 x 3, `apart` from one to the next), in both directions (g0, (g0 + g1 + g2) / 2, (g0 - g1 + g2)
 * / 2, g2). `order`: of the nine. */
INLINE void kernel_lanes(float *to, size_t step, const float *from, size_t apart, const size_t *order, size_t n)
{
    lanes g[3][3], e[4][3], v[4];
#pragma GCC unroll 9
    for (size_t i = 0; i < 9; i++)
        load(&g[i / 3][i % 3], from + order[i] * apart, n);
#pragma GCC unroll 3
    for (size_t x = 0; x < 3; x++) {
        lanes outer = (g[0][x] + g[2][x]) * 0.5f, middle = g[1][x] * 0.5f;
        e[0][x] = g[0][x];
        e[1][x] = outer + middle;
        e[2][x] = outer - middle;
        e[3][x] = g[2][x];
    }
#pragma GCC unroll 4
    for (size_t y = 0; y < 4; y++) {
        lanes outer = (e[y][0] + e[y][2]) * 0.5f, middle = e[y][1] * 0.5f;
        v[0] = e[y][0];
        v[1] = outer + middle;
        v[2] = outer - middle;
        v[3] = e[y][2];
#pragma GCC unroll 4
        for (size_t x = 0; x < 4; x++)
            store(to + (4 * y + x) * step, &v[x], n);
    }
}

VECTORISED void turn_kernels(float *to, size_t step, const float *from, size_t apart, const size_t *order, size_t count)
{
    size_t c = 0;
    for (; c + LANES <= count; c += LANES)
        kernel_lanes(to + c, step, from + c, apart, order, LANES);
    if (c < count)
        kernel_lanes(to + c, step, from + c, apart, order, count - c);
}

/* The way back of the last: slopes of 3 x 3 from those of 16 places, set or added. */
INLINE void kernel_slope_lanes(float *to, size_t apart, bool add, const float *from, size_t step, size_t n)
{
    lanes e[3][4];
#pragma GCC unroll 4
    for (size_t x = 0; x < 4; x++) {
        lanes d[4], half;
#pragma GCC unroll 4
        for (size_t y = 0; y < 4; y++)
            load(&d[y], from + (4 * y + x) * step, n);
        half = (d[1] + d[2]) * 0.5f;
        e[0][x] = d[0] + half;
        e[1][x] = (d[1] - d[2]) * 0.5f;
        e[2][x] = d[3] + half;
    }
#pragma GCC unroll 3
    for (size_t y = 0; y < 3; y++) {
        lanes half = (e[y][1] + e[y][2]) * 0.5f, g[3];
        g[0] = e[y][0] + half;
        g[1] = (e[y][1] - e[y][2]) * 0.5f;
        g[2] = e[y][3] + half;
#pragma GCC unroll 3
        for (size_t x = 0; x < 3; x++) {
            lanes before = {0};
            if (add)
                load(&before, to + (3 * y + x) * apart, n);
            g[x] += before;
            store(to + (3 * y + x) * apart, &g[x], n);
        }
    }
}

VECTORISED void turn_kernel_slopes(float *to, size_t apart, bool add, const float *from, size_t step, size_t count)
{
    size_t c = 0;
    for (; c + LANES <= count; c += LANES)
        kernel_slope_lanes(to + c, apart, add, from + c, step, LANES);
    if (c < count)
        kernel_slope_lanes(to + c, apart, add, from + c, step, count - c);
}
