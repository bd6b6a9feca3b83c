/* Products of many rows with one matrix that was packed beforehand: c = a b, or c += a b.
 *
 *     product_pack(packed, b, columns, depth, columns, false);        packed has room for product_room(...) floats
 *     product(c, columns, a, depth, packed, rows, columns, depth, false);
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

/* b is depth x columns with rows ldb apart, or, transposed, columns x depth. Packs the columns begin .. end - 1 only;
 * begin is a multiple of PRODUCT_PANEL. */
void product_pack(float *packed, const float *b, size_t ldb, size_t depth, size_t begin, size_t end, bool transposed);

/* a: rows x depth, lda apart; c: rows x columns, ldc apart. packed is 32-byte aligned. */
void product(float *c, size_t ldc, const float *a, size_t lda, const float *packed, size_t rows, size_t columns,
             size_t depth, bool add);

/* The same with a part of the packed matrix's depth: panels lie `apart` floats from one to the next, 16 times the whole
 * depth, and `packed` points at the part's begin in the first. */
void product_in(float *c, size_t ldc, const float *a, size_t lda, const float *packed, size_t apart, size_t rows,
                size_t columns, size_t depth, bool add);

/* product_in by plain loops: what processors without FMA take. */
void product_plain(float *c, size_t ldc, const float *a, size_t lda, const float *packed, size_t apart, size_t rows,
                   size_t columns, size_t depth, bool add);

#endif
