/* Convolution 3 x 3 at stride 1 with fewer multiplications: squares of 2 x 2 results by 16 products a channel instead
 * of 36 (Winograd's F(2 x 2, 3 x 3); Lavin and Gray 2016). Numbers of squares and kernels are turned by additions, then
 * each of the 16 places is one product of matrices over all squares, and the results are turned back. The slopes of x
 * are the same with the kernel turned round, those of w the way back through the same additions. */
#ifndef TENSOR_CPU_WINOGRAD_H
#define TENSOR_CPU_WINOGRAD_H

#include "engine/tensor/tape.h"

bool winograd_fits(const struct node *n); /* of op_conv2d: can it, and does it pay? */
void winograd_forward(struct tape *t, struct node *n);
void winograd_slope_of_x(struct tape *t, struct node *n);
void winograd_slope_of_w(struct tape *t, struct node *n);

#endif
