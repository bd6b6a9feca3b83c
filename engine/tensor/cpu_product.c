#include "engine/tensor/cpu_product.h"

#include <string.h>

/* So many rows of a go through all panels before the next: at depth 256 they take a fifth of the second-level cache. */
enum { CHUNK = 96 };

/* A tile: c[rows x width] = from + a[rows x depth] panel[depth x 16], rows <= 6, width <= 16. */
typedef void tile_work(float *c, size_t ldc, const float *from, size_t ldf, const float *a, size_t lda,
                       const float *panel, size_t depth);

static const float *from_at(const struct product *p, size_t row, size_t column)
{
    return p->from ? p->from + row * p->ldf + column : NULL;
}

/* --- plain loops -------------------------------------------------------------------------------------------------- */

static void plain_row(float *c, const float *from, const float *a, const float *panel, size_t width, size_t depth)
{
    float sum[PRODUCT_PANEL] = {0};
    for (size_t l = 0; l < depth; l++)
        for (size_t q = 0; q < PRODUCT_PANEL; q++)
            sum[q] += a[l] * panel[l * PRODUCT_PANEL + q];
    for (size_t q = 0; q < width; q++)
        c[q] = from ? from[q] + sum[q] : sum[q];
}

void product_plain(const struct product *p)
{
    for (size_t j = 0; j < p->columns; j += PRODUCT_PANEL)
        for (size_t i = 0; i < p->rows; i++)
            plain_row(p->c + i * p->ldc + j, from_at(p, i, j), p->a + i * p->lda, p->packed + j * p->depth,
                      p->columns - j < PRODUCT_PANEL ? p->columns - j : PRODUCT_PANEL, p->depth);
}

/* --- AVX2 and FMA ------------------------------------------------------------------------------------------------- */

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define FMA __attribute__((target("avx2,fma")))

/* `rows` and `vectors` (of 8 columns) are constants where this is inlined, so that sums stay in registers. */
FMA static inline __attribute__((always_inline)) void tile(float *c, size_t ldc, const float *from, size_t ldf,
                                                           const float *a, size_t lda, const float *panel, size_t depth,
                                                           size_t rows, size_t vectors)
{
    __m256 sum[PRODUCT_ROWS][2];
#pragma GCC unroll 6
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (size_t v = 0; v < vectors; v++)
            sum[i][v] = from ? _mm256_loadu_ps(from + i * ldf + 8 * v) : _mm256_setzero_ps();
    for (size_t l = 0; l < depth; l++, panel += PRODUCT_PANEL) {
        __m256 b[2];
#pragma GCC unroll 2
        for (size_t v = 0; v < vectors; v++)
            b[v] = _mm256_load_ps(panel + 8 * v);
#pragma GCC unroll 6
        for (size_t i = 0; i < rows; i++) {
            __m256 x = _mm256_broadcast_ss(a + i * lda + l);
#pragma GCC unroll 2
            for (size_t v = 0; v < vectors; v++)
                sum[i][v] = _mm256_fmadd_ps(x, b[v], sum[i][v]);
        }
    }
#pragma GCC unroll 6
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (size_t v = 0; v < vectors; v++)
            _mm256_storeu_ps(c + i * ldc + 8 * v, sum[i][v]);
}

#define TILE(rows, vectors)                                                                                            \
    FMA static void tile_##rows##_##vectors(float *c, size_t ldc, const float *from, size_t ldf, const float *a,       \
                                            size_t lda, const float *panel, size_t depth)                              \
    {                                                                                                                  \
        tile(c, ldc, from, ldf, a, lda, panel, depth, rows, vectors);                                                  \
    }
#define TILES(rows) TILE(rows, 1) TILE(rows, 2)
TILES(1)
TILES(2)
TILES(3)
TILES(4)
TILES(5)
TILES(6)

static tile_work *const tiles[PRODUCT_ROWS + 1][3] = {
    {NULL, NULL, NULL},         {NULL, tile_1_1, tile_1_2}, {NULL, tile_2_1, tile_2_2}, {NULL, tile_3_1, tile_3_2},
    {NULL, tile_4_1, tile_4_2}, {NULL, tile_5_1, tile_5_2}, {NULL, tile_6_1, tile_6_2},
};

/* Eight rows of eight numbers, `ldb` apart, become columns of a panel. */
FMA static void turn_square(float *panel, const float *b, size_t ldb)
{
    __m256 r[8], s[8];
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++)
        r[i] = _mm256_loadu_ps(b + i * ldb);
#pragma GCC unroll 4
    for (size_t i = 0; i < 8; i += 2) { /* pairs */
        s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
#pragma GCC unroll 2
    for (size_t i = 0; i < 8; i += 4) { /* fours */
        r[i] = _mm256_shuffle_ps(s[i], s[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(s[i], s[i + 2], 0xee);
        r[i + 2] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0xee);
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) { /* halves */
        _mm256_store_ps(panel + i * PRODUCT_PANEL, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
        _mm256_store_ps(panel + (i + 4) * PRODUCT_PANEL, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
    }
}

bool product_has_fma(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#else
static tile_work *const tiles[PRODUCT_ROWS + 1][3];

static void turn_square(float *panel, const float *b, size_t ldb)
{
    for (size_t i = 0; i < 8; i++)
        for (size_t l = 0; l < 8; l++)
            panel[l * PRODUCT_PANEL + i] = b[i * ldb + l];
}

bool product_has_fma(void)
{
    return false;
}
#endif

/* --- packing ------------------------------------------------------------------------------------------------------ */

static void pack_rows(float *panel, const float *b, size_t ldb, size_t depth, size_t width)
{
    if (width == PRODUCT_PANEL)
        for (size_t l = 0; l < depth; l++)
            memcpy(panel + l * PRODUCT_PANEL, b + l * ldb, PRODUCT_PANEL * sizeof *panel);
    else
        for (size_t l = 0; l < depth; l++)
            memcpy(panel + l * PRODUCT_PANEL, b + l * ldb, width * sizeof *panel);
}

static void pack_transposed(float *panel, const float *b, size_t ldb, size_t depth, size_t width)
{
    size_t l = 0;
    if (width == PRODUCT_PANEL && product_has_fma())
        for (; l + 8 <= depth; l += 8) {
            turn_square(panel + l * PRODUCT_PANEL, b + l, ldb);
            turn_square(panel + l * PRODUCT_PANEL + 8, b + 8 * ldb + l, ldb);
        }
    for (; l < depth; l++)
        for (size_t q = 0; q < width; q++)
            panel[l * PRODUCT_PANEL + q] = b[q * ldb + l];
}

void product_pack(float *packed, const float *b, size_t ldb, size_t depth, size_t begin, size_t end, bool transposed)
{
    for (size_t j = begin; j < end; j += PRODUCT_PANEL) {
        float *panel = packed + j * depth;
        size_t width = end - j < PRODUCT_PANEL ? end - j : PRODUCT_PANEL;
        if (width < PRODUCT_PANEL)
            memset(panel, 0, depth * PRODUCT_PANEL * sizeof *panel);
        if (transposed)
            pack_transposed(panel, b + j * ldb, ldb, depth, width);
        else
            pack_rows(panel, b + j, ldb, depth, width);
    }
}

/* --- products ----------------------------------------------------------------------------------------------------- */

/* A tile whose width is no whole number of vectors, by way of one that is. */
static void ragged_tile(float *c, size_t ldc, const float *from, size_t ldf, const float *a, size_t lda,
                        const float *panel, size_t depth, size_t rows, size_t width)
{
    float whole[PRODUCT_ROWS * PRODUCT_PANEL] = {0};
    for (size_t i = 0; from && i < rows; i++)
        memcpy(whole + i * PRODUCT_PANEL, from + i * ldf, width * sizeof *c);
    tiles[rows][(width + 7) / 8](whole, PRODUCT_PANEL, whole, PRODUCT_PANEL, a, lda, panel, depth);
    for (size_t i = 0; i < rows; i++)
        memcpy(c + i * ldc, whole + i * PRODUCT_PANEL, width * sizeof *c);
}

/* Rows begin .. end - 1 with the panel of columns j and on. */
static void panel_rows(const struct product *p, size_t begin, size_t end, size_t j)
{
    const float *panel = p->packed + j * p->depth;
    size_t width = p->columns - j < PRODUCT_PANEL ? p->columns - j : PRODUCT_PANEL;
    for (size_t i = begin, high; i < end; i += high) {
        const float *from = from_at(p, i, j), *a = p->a + i * p->lda;
        float *c = p->c + i * p->ldc + j;
        high = product_tile_rows(end - i);
        if (width % 8 == 0)
            tiles[high][width / 8](c, p->ldc, from, p->ldf, a, p->lda, panel, p->depth);
        else
            ragged_tile(c, p->ldc, from, p->ldf, a, p->lda, panel, p->depth, high, width);
    }
}

void product(const struct product *p)
{
    if (!product_has_fma()) {
        product_plain(p);
        return;
    }
    for (size_t i = 0; i < p->rows; i += CHUNK)
        for (size_t j = 0; j < p->columns; j += PRODUCT_PANEL)
            panel_rows(p, i, p->rows - i < CHUNK ? p->rows : i + CHUNK, j);
}
