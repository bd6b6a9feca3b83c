/* The additions of cpu_winograd.h, eight channels at a time: of pixels, results, their slopes, and kernels. What is
 * turned has 16 places, `step` numbers apart. */
#ifndef TENSOR_CPU_TURN_H
#define TENSOR_CPU_TURN_H

#include <stdbool.h>
#include <stddef.h>

/* 4 x 4 pixels of `depth` channels, rows `apart`. */
void turn_pixels(float *to, size_t step, const float *from, size_t apart, size_t depth);

/* Back to 2 x 2 results of `columns` channels, added to what `from` has for each: NULL, nothing. */
void turn_result(float *const *to, const float *const *from, const float *m, size_t step, size_t columns);

/* The way back of the last: from the slopes of 2 x 2 results, `at` numbers on. */
void turn_slope(float *to, size_t step, const float *const *from, size_t at, size_t columns);

/* `count` kernels at once: number i of each of the nine places, which are `apart` and taken in that order. */
void turn_kernels(float *to, size_t step, const float *from, size_t apart, const size_t *order, size_t count);

/* The way back of the last: slopes of 3 x 3 places from those of 16, set or added. */
void turn_kernel_slopes(float *to, size_t apart, bool add, const float *from, size_t step, size_t count);

#endif
