/* Products of many rows with one matrix that was packed beforehand, added to what is given or to nothing.
 *
 *     product_pack(packed, b, columns, depth, 0, columns, false);     packed has room for product_room(...) floats
 *     product(&(struct product){.c = c, .ldc = columns, .a = a, .lda = depth, .packed = packed, .rows = ...});
 *
 * Packed means cut into panels of 16 columns, each of which lies in one piece and is padded with zeros. Six rows meet a
 * panel in the registers. At the shapes of recurrent networks (tens of rows, a matrix that stays the same over the
 * whole sequence) this comes to nine tenths of what the processor can do, where OpenBLAS, which packs in each call, is
 * at five to eight. Where there is no FMA, loops that the compiler vectorises. */
#ifndef TENSOR_CPU_PRODUCT_H
#define TENSOR_CPU_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

enum { PRODUCT_PANEL = 16, PRODUCT_ROWS = 6 };

/* Floats that a packed matrix of so many rows and columns takes. */
static inline size_t product_room(size_t depth, size_t columns)
{
    return (columns + PRODUCT_PANEL - 1) / PRODUCT_PANEL * PRODUCT_PANEL * depth;
}

/* Rows of the next tile: six; the last seven to nine are halved, since a tile of one or two leaves the processor
 * waiting.
 */
static inline size_t product_tile_rows(size_t rest)
{
    return rest <= PRODUCT_ROWS ? rest : rest < 10 ? (rest + 1) / 2 : PRODUCT_ROWS;
}

/* b is depth x columns with rows ldb apart, or, transposed, columns x depth. Packs the columns begin .. end - 1 only;
 * begin is a multiple of PRODUCT_PANEL. */
void product_pack(float *packed, const float *b, size_t ldb, size_t depth, size_t begin, size_t end, bool transposed);

/* c[rows x columns] = from + a[rows x depth] b. ld..: how far rows lie apart. */
struct product {
    float *c;
    size_t ldc;
    const float *from; /* NULL: zeros; c: added to it; one row for all where ldf is 0 */
    size_t ldf;
    const float *a;
    size_t lda;
    const float *packed; /* 32-byte aligned */
    size_t rows, columns, depth;
};
void product(const struct product *p);

bool product_has_fma(void); /* can this processor do it in its registers? */

/* The same by plain loops: what processors without FMA take. */
void product_plain(const struct product *p);

#endif
