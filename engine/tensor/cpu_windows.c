#include "engine/tensor/cpu_windows.h"

#include <string.h>

enum { PANEL = PRODUCT_PANEL, ROWS = PRODUCT_ROWS };

static size_t panel_width(size_t columns, size_t j)
{
    return columns - j < PANEL ? columns - j : PANEL;
}

/* --- plain loops -------------------------------------------------------------------------------------------------- */

static void plain_window(const struct window_product *p, size_t i, size_t j)
{
    const float *panel = p->packed + j * p->x.pieces * p->x.length;
    float sum[PANEL] = {0}, *c = p->c[i] + j;
    for (size_t piece = 0; piece < p->x.pieces; piece++)
        for (size_t l = 0; l < p->x.length; l++, panel += PANEL)
            for (size_t q = 0; q < PANEL; q++)
                sum[q] += p->x.at[i][piece * p->x.apart + l] * panel[q];
    for (size_t q = 0; q < panel_width(p->columns, j); q++)
        c[q] = sum[q] + (p->add ? c[q] : p->bias ? p->bias[j + q] : 0);
}

void window_product_plain(const struct window_product *p)
{
    for (size_t j = 0; j < p->columns; j += PANEL)
        for (size_t i = 0; i < p->x.count; i++)
            plain_window(p, i, j);
}

static void plain_row(const struct window_sum *s, size_t piece, size_t l, size_t j)
{
    const float *d = s->d + j * s->x.count;
    float sum[PANEL] = {0}, *w = s->w + (piece * s->x.length + l) * s->ldw + j;
    for (size_t i = 0; i < s->x.count; i++)
        for (size_t q = 0; q < PANEL; q++)
            sum[q] += s->x.at[i][piece * s->x.apart + l] * d[i * PANEL + q];
    for (size_t q = 0; q < panel_width(s->columns, j); q++)
        w[q] = sum[q] + (s->add ? w[q] : 0);
}

void window_sum_plain(const struct window_sum *s)
{
    for (size_t j = 0; j < s->columns; j += PANEL)
        for (size_t piece = 0; piece < s->x.pieces; piece++)
            for (size_t l = 0; l < s->x.length; l++)
                plain_row(s, piece, l, j);
}

/* --- AVX2 and FMA ------------------------------------------------------------------------------------------------- */

/* Tiles: rows <= 6 windows, or numbers of the window, by so many vectors of 8 columns. The first gives its sums to
 * c[0 .. rows - 1], starting from what `from` points at, or zeros; the second to `to`, rows `apart` from each other. */
typedef void product_tile(float *const *c, const float *const *from, const struct windows *x, size_t first,
                          const float *panel);
typedef void sum_tile(float *to, size_t ldw, bool add, const struct windows *x, size_t offset, const float *d);

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define FMA __attribute__((target("avx2,fma")))
#define INLINE FMA static inline __attribute__((always_inline))

/* `rows` and `vectors` are constants where these are inlined, so that sums stay in registers. */
INLINE void product_of(float *const *c, const float *const *from, const struct windows *x, size_t first,
                       const float *panel, size_t rows, size_t vectors)
{
    __m256 sum[ROWS][2];
    const float *at[ROWS];
    size_t length = x->length, skip = x->apart - x->length;
#pragma GCC unroll 6
    for (size_t i = 0; i < rows; i++) {
        at[i] = x->at[first + i];
#pragma GCC unroll 2
        for (size_t v = 0; v < vectors; v++)
            sum[i][v] = from ? _mm256_loadu_ps(from[i] + 8 * v) : _mm256_setzero_ps();
    }
    for (size_t piece = 0, l = 0; piece < x->pieces; piece++, l += skip)
        for (size_t end = l + length; l < end; l++, panel += PANEL) {
            __m256 b[2];
#pragma GCC unroll 2
            for (size_t v = 0; v < vectors; v++)
                b[v] = _mm256_load_ps(panel + 8 * v);
#pragma GCC unroll 6
            for (size_t i = 0; i < rows; i++) {
                __m256 a = _mm256_broadcast_ss(at[i] + l);
#pragma GCC unroll 2
                for (size_t v = 0; v < vectors; v++)
                    sum[i][v] = _mm256_fmadd_ps(a, b[v], sum[i][v]);
            }
        }
#pragma GCC unroll 6
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (size_t v = 0; v < vectors; v++)
            _mm256_storeu_ps(c[i] + 8 * v, sum[i][v]);
}

INLINE void sum_of(float *to, size_t ldw, bool add, const struct windows *x, size_t offset, const float *d, size_t rows,
                   size_t vectors)
{
    __m256 sum[ROWS][2];
    const float *const *at = x->at;
#pragma GCC unroll 6
    for (size_t l = 0; l < rows; l++)
#pragma GCC unroll 2
        for (size_t v = 0; v < vectors; v++)
            sum[l][v] = add ? _mm256_loadu_ps(to + l * ldw + 8 * v) : _mm256_setzero_ps();
    for (size_t i = 0; i < x->count; i++, d += PANEL) {
        const float *a = at[i] + offset;
        __m256 b[2];
#pragma GCC unroll 2
        for (size_t v = 0; v < vectors; v++)
            b[v] = _mm256_load_ps(d + 8 * v);
#pragma GCC unroll 6
        for (size_t l = 0; l < rows; l++) {
            __m256 one = _mm256_broadcast_ss(a + l);
#pragma GCC unroll 2
            for (size_t v = 0; v < vectors; v++)
                sum[l][v] = _mm256_fmadd_ps(one, b[v], sum[l][v]);
        }
    }
#pragma GCC unroll 6
    for (size_t l = 0; l < rows; l++)
#pragma GCC unroll 2
        for (size_t v = 0; v < vectors; v++)
            _mm256_storeu_ps(to + l * ldw + 8 * v, sum[l][v]);
}

#define TILE(rows, vectors)                                                                                            \
    FMA static void product_##rows##_##vectors(float *const *c, const float *const *from, const struct windows *x,     \
                                               size_t first, const float *panel)                                       \
    {                                                                                                                  \
        product_of(c, from, x, first, panel, rows, vectors);                                                           \
    }                                                                                                                  \
    FMA static void sum_##rows##_##vectors(float *to, size_t ldw, bool add, const struct windows *x, size_t offset,    \
                                           const float *d)                                                             \
    {                                                                                                                  \
        sum_of(to, ldw, add, x, offset, d, rows, vectors);                                                             \
    }
#define TILES(rows) TILE(rows, 1) TILE(rows, 2)
TILES(1)
TILES(2)
TILES(3)
TILES(4)
TILES(5)
TILES(6)

#define NAMES(name)                                                                                                    \
    {                                                                                                                  \
        {name##_1_1, name##_1_2}, {name##_2_1, name##_2_2}, {name##_3_1, name##_3_2}, {name##_4_1, name##_4_2},        \
            {name##_5_1, name##_5_2},                                                                                  \
        {                                                                                                              \
            name##_6_1, name##_6_2                                                                                     \
        }                                                                                                              \
    }
/* Of 1 row, 2, ...; of 1 vector, 2. */
static product_tile *const product_tiles[ROWS][2] = NAMES(product);
static sum_tile *const sum_tiles[ROWS][2] = NAMES(sum);
#else
static product_tile *const product_tiles[ROWS][2];
static sum_tile *const sum_tiles[ROWS][2];
#endif

/* --- windows times a matrix --------------------------------------------------------------------------------------- */

/* A tile whose width is no whole number of vectors, by way of one that is. */
static void ragged_product(const struct window_product *p, size_t first, size_t j, size_t rows, size_t width)
{
    float whole[ROWS][PANEL] = {{0}}, *to[ROWS] = {0};
    const float *from[ROWS] = {0};
    for (size_t i = 0; i < rows; i++) {
        const float *start = p->add ? p->c[first + i] + j : p->bias ? p->bias + j : NULL;
        to[i] = whole[i];
        from[i] = whole[i];
        if (start)
            memcpy(whole[i], start, width * sizeof *start);
    }
    product_tiles[rows - 1][(width - 1) / 8](to, from, &p->x, first, p->packed + j * p->x.pieces * p->x.length);
    for (size_t i = 0; i < rows; i++)
        memcpy(p->c[first + i] + j, whole[i], width * sizeof **whole);
}

static void whole_product(const struct window_product *p, size_t first, size_t j, size_t rows, size_t width)
{
    float *to[ROWS] = {0};
    const float *from[ROWS] = {0};
    bool starts = p->add || p->bias;
    size_t i = 0;
    do { /* rows is 1 at the least */
        to[i] = p->c[first + i] + j;
        from[i] = p->add ? to[i] : starts ? p->bias + j : NULL;
    } while (++i < rows);
    product_tiles[rows - 1][(width - 1) / 8](to, starts ? from : NULL, &p->x, first,
                                             p->packed + j * p->x.pieces * p->x.length);
}

void window_product(const struct window_product *p)
{
    if (!product_has_fma()) {
        window_product_plain(p);
        return;
    }
    for (size_t j = 0; j < p->columns; j += PANEL) {
        size_t width = panel_width(p->columns, j);
        for (size_t i = 0, rows; i < p->x.count; i += rows) {
            rows = product_tile_rows(p->x.count - i);
            (width % 8 == 0 ? whole_product : ragged_product)(p, i, j, rows, width);
        }
    }
}

/* --- sums of windows times rows ----------------------------------------------------------------------------------- */

static void ragged_sum(const struct window_sum *s, float *w, size_t offset, const float *d, size_t rows, size_t width)
{
    float whole[ROWS * PANEL] = {0};
    sum_tiles[rows - 1][(width - 1) / 8](whole, PANEL, false, &s->x, offset, d);
    for (size_t l = 0; l < rows; l++)
        for (size_t q = 0; q < width; q++)
            w[l * s->ldw + q] = whole[l * PANEL + q] + (s->add ? w[l * s->ldw + q] : 0);
}

static void sum_piece(const struct window_sum *s, size_t piece, size_t j)
{
    const float *d = s->d + j * s->x.count;
    size_t width = panel_width(s->columns, j);
    for (size_t l = 0, rows; l < s->x.length; l += rows) {
        float *w = s->w + (piece * s->x.length + l) * s->ldw + j;
        size_t offset = piece * s->x.apart + l;
        rows = product_tile_rows(s->x.length - l);
        if (width % 8 == 0)
            sum_tiles[rows - 1][(width - 1) / 8](w, s->ldw, s->add, &s->x, offset, d);
        else
            ragged_sum(s, w, offset, d, rows, width);
    }
}

void window_sum(const struct window_sum *s)
{
    if (!product_has_fma()) {
        window_sum_plain(s);
        return;
    }
    for (size_t j = 0; j < s->columns; j += PANEL)
        for (size_t piece = 0; piece < s->x.pieces; piece++)
            sum_piece(s, piece, j);
}
