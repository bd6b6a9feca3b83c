/* Convolution as products: along time one for each place of the kernel, of images one over windows that were laid out
 * as rows; and pooling of images. Slopes of an input are collected by its own thread, never thrown together. */
#include "kernels.h"

namespace
{

__global__ void bias_kernel(float *y, const float *bias, size_t width, size_t count)
{
    FOR_EACH(i, count) y[i] = bias ? bias[i % width] : 0;
}

void begin_with_bias(const node *n)
{
    size_t count = tensor_count(n->out[0]);
    launch(count, bias_kernel, numbers(n->out[0]), numbers(n->in[2]), tensor_width(n->out[0]), count);
}

/* Steps begin .. end - 1 of the result see the sequence at place k of the kernel; the first of them at `from`. */
struct shift {
    size_t begin, end, from;
};

shift shift_of(const node *n, size_t k)
{
    size_t steps = n->in[0]->shape[0], before = n->whole[0], results = n->out[0]->shape[0];
    shift s = {k < before ? before - k : 0, steps + before > k ? steps + before - k : 0, 0};
    s.end = s.end < results ? s.end : results;
    s.begin = s.begin < s.end ? s.begin : s.end;
    s.from = s.begin < s.end ? s.begin + k - before : 0;
    return s;
}

/* --- images ---------------------------------------------------------------------------------------------------------
 */

struct windows {
    size_t images, height, width, channels; /* of the image */
    size_t down, right;                     /* windows of an image */
    size_t size_y, size_x, stride, pad;
};

windows windows_of(const node *n, size_t size_y, size_t size_x, size_t stride, size_t pad)
{
    const size_t *image = n->in[0]->shape, *places = n->out[0]->shape;
    return {image[0], image[1], image[2], image[3], places[1], places[2], size_y, size_x, stride, pad};
}

/* Where number (y, x, c) of an image lies; outside: false. y and x count from the padding's edge. */
__device__ bool on_image(const windows &w, size_t y, size_t x)
{
    return y >= w.pad && x >= w.pad && y - w.pad < w.height && x - w.pad < w.width;
}

__device__ size_t image_at(const windows &w, size_t image, size_t y, size_t x, size_t c)
{
    return ((image * w.height + y - w.pad) * w.width + x - w.pad) * w.channels + c;
}

/* A row for each window, with the numbers under it in the order of the kernel's. */
__global__ void lay_out_kernel(float *rows, const float *x, windows w)
{
    size_t depth = w.size_y * w.size_x * w.channels;
    FOR_EACH(i, w.images * w.down * w.right * depth)
    {
        size_t c = i % w.channels, kx = i / w.channels % w.size_x, ky = i / (w.channels * w.size_x) % w.size_y;
        size_t place = i / depth, ox = place % w.right, oy = place / w.right % w.down,
               image = place / (w.right * w.down);
        size_t y = oy * w.stride + ky, at = ox * w.stride + kx;
        rows[i] = on_image(w, y, at) ? x[image_at(w, image, y, at, c)] : 0;
    }
}

/* The slope of a number: of all rows that it was laid out to. */
__global__ void gather_rows_kernel(float *dx, float beta, const float *rows, windows w)
{
    size_t depth = w.size_y * w.size_x * w.channels;
    FOR_EACH(i, w.images * w.height * w.width * w.channels)
    {
        size_t c = i % w.channels, x = i / w.channels % w.width + w.pad;
        size_t y = i / (w.channels * w.width) % w.height + w.pad, image = i / (w.channels * w.width * w.height);
        float sum = 0;
        for (size_t ky = 0; ky < w.size_y && ky <= y; ky++)
            for (size_t kx = 0; kx < w.size_x && kx <= x; kx++) {
                size_t oy = (y - ky) / w.stride, ox = (x - kx) / w.stride;
                if ((y - ky) % w.stride != 0 || (x - kx) % w.stride != 0 || oy >= w.down || ox >= w.right)
                    continue;
                sum += rows[((image * w.down + oy) * w.right + ox) * depth + (ky * w.size_x + kx) * w.channels + c];
            }
        put(&dx[i], sum, beta);
    }
}

/* Some images at a time, so that the rows fit. */
struct laid_out {
    windows w;
    size_t places, depth, outputs, step;
    bool plain; /* the images are the rows as they are */
};

laid_out laid_out_of(const node *n)
{
    const size_t *kernel = n->in[1]->shape;
    laid_out l = {windows_of(n, kernel[0], kernel[1], n->whole[0], n->whole[1]), 0, 0, kernel[3], 0, false};
    l.places = l.w.down * l.w.right;
    l.depth = kernel[0] * kernel[1] * kernel[2];
    l.step = l.places * l.depth > 0 ? PIECE_MOST / (l.places * l.depth) : 1;
    l.step = l.step < 1 ? 1 : l.step < l.w.images ? l.step : l.w.images;
    l.plain = kernel[0] == 1 && kernel[1] == 1 && n->whole[0] == 1 && n->whole[1] == 0;
    if (l.plain)
        l.step = l.w.images;
    return l;
}

/* --- pooling --------------------------------------------------------------------------------------------------------
 */

/* The part of a window that lies on the image, counted from the padding's edge. */
struct pane {
    size_t y, y_end, x, x_end;
};

__device__ pane pane_of(const windows &w, size_t oy, size_t ox)
{
    size_t y = oy * w.stride, x = ox * w.stride;
    pane p = {y > w.pad ? y : w.pad, y + w.size_y, x > w.pad ? x : w.pad, x + w.size_x};
    p.y_end = p.y_end < w.height + w.pad ? p.y_end : w.height + w.pad;
    p.x_end = p.x_end < w.width + w.pad ? p.x_end : w.width + w.pad;
    return p;
}

__device__ bool pane_empty(const pane &p)
{
    return p.y >= p.y_end || p.x >= p.x_end;
}

/* The first of the largest. */
__device__ size_t pane_largest(const windows &w, const pane &p, const float *x, size_t image, size_t c)
{
    size_t best = image_at(w, image, p.y, p.x, c);
    for (size_t y = p.y; y < p.y_end; y++)
        for (size_t at = p.x; at < p.x_end; at++)
            if (x[image_at(w, image, y, at, c)] > x[best])
                best = image_at(w, image, y, at, c);
    return best;
}

__device__ float pane_share(int kind, const pane &p)
{
    return kind == REDUCE_MEAN ? 1 / float((p.y_end - p.y) * (p.x_end - p.x)) : 1;
}

__global__ void pool_kernel(int kind, float *out, const float *x, windows w)
{
    FOR_EACH(i, w.images * w.down * w.right * w.channels)
    {
        size_t c = i % w.channels, ox = i / w.channels % w.right, oy = i / (w.channels * w.right) % w.down;
        size_t image = i / (w.channels * w.right * w.down);
        pane p = pane_of(w, oy, ox);
        float sum = 0;
        if (!pane_empty(p) && kind == REDUCE_MAX)
            sum = x[pane_largest(w, p, x, image, c)];
        for (size_t y = p.y; !pane_empty(p) && kind != REDUCE_MAX && y < p.y_end; y++)
            for (size_t at = p.x; at < p.x_end; at++)
                sum += x[image_at(w, image, y, at, c)];
        out[i] = pane_empty(p) || kind == REDUCE_MAX ? sum : sum * pane_share(kind, p);
    }
}

/* Each number asks the windows that see it for its share. */
__global__ void pool_back_kernel(int kind, float *dx, float beta, const float *dy, const float *x, windows w)
{
    FOR_EACH(i, w.images * w.height * w.width * w.channels)
    {
        size_t c = i % w.channels, at_x = i / w.channels % w.width + w.pad;
        size_t at_y = i / (w.channels * w.width) % w.height + w.pad, image = i / (w.channels * w.width * w.height);
        float sum = 0;
        for (size_t oy = at_y >= w.size_y ? (at_y - w.size_y) / w.stride + 1 : 0; oy < w.down && oy * w.stride <= at_y;
             oy++)
            for (size_t ox = at_x >= w.size_x ? (at_x - w.size_x) / w.stride + 1 : 0;
                 ox < w.right && ox * w.stride <= at_x; ox++) {
                pane p = pane_of(w, oy, ox);
                float slope = dy[((image * w.down + oy) * w.right + ox) * w.channels + c];
                if (kind != REDUCE_MAX)
                    sum += slope * pane_share(kind, p);
                else if (pane_largest(w, p, x, image, c) == i)
                    sum += slope;
            }
        put(&dx[i], sum, beta);
    }
}

windows pool_windows(const node *n)
{
    return windows_of(n, n->whole[0], n->whole[0], n->whole[1], n->whole[2]);
}

} // namespace

void conv1d_forward(tape *, node *n)
{
    const size_t *kernel = n->in[1]->shape;
    size_t rows = n->in[0]->shape[1], in = kernel[1], out = kernel[2];
    begin_with_bias(n);
    for (size_t k = 0; k < kernel[0]; k++) {
        shift s = shift_of(n, k);
        product(matrix_of(numbers(n->out[0]) + s.begin * rows * out, out),
                matrix_of(numbers(n->in[0]) + s.from * rows * in, in), matrix_of(numbers(n->in[1]) + k * in * out, out),
                (s.end - s.begin) * rows, out, in, 1, 1);
    }
}

void conv1d_backward(tape *t, node *n)
{
    const size_t *kernel = n->in[1]->shape;
    size_t rows = n->in[0]->shape[1], in = kernel[1], out = kernel[2];
    float *dx = slope_to(t, n->in[0]);
    slope dw = slope_of(t, n->in[1]);
    for (size_t k = 0; k < kernel[0]; k++) {
        shift s = shift_of(n, k);
        size_t count = (s.end - s.begin) * rows;
        matrix dy = matrix_of(slopes(n->out[0]) + s.begin * rows * out, out);
        if (dx)
            product(matrix_of(dx + s.from * rows * in, in), dy, matrix_of(numbers(n->in[1]) + k * in * out, out, true),
                    count, in, out, 1, 1);
        if (dw.at)
            product(matrix_of(dw.at + k * in * out, out), matrix_of(numbers(n->in[0]) + s.from * rows * in, in, true),
                    dy, in, out, count, 1, dw.beta);
    }
    add_rows(slope_of(t, n->in[2]), slopes(n->out[0]), tensor_rows(n->out[0]), out);
}

/* A window is one place: nothing to lay out. */
void plain_backward(tape *t, node *n, const laid_out &l)
{
    size_t places = l.w.images * l.places;
    matrix dy = matrix_of(slopes(n->out[0]), l.outputs);
    slope dw = slope_of(t, n->in[1]), dx = slope_of(t, n->in[0]);
    if (dw.at)
        product(matrix_of(dw.at, l.outputs), matrix_of(numbers(n->in[0]), l.depth, true), dy, l.depth, l.outputs, places,
                1, dw.beta);
    if (dx.at)
        product(matrix_of(dx.at, l.depth), dy, matrix_of(numbers(n->in[1]), l.outputs, true), places, l.depth, l.outputs,
                1, dx.beta);
}

void conv2d_forward(tape *t, node *n)
{
    laid_out l = laid_out_of(n);
    size_t images = l.w.images, image = l.w.height * l.w.width * l.w.channels;
    float *rows = l.plain ? numbers(n->in[0]) : scratch<float>(t, l.step * l.places * l.depth);
    if (l.step * l.places * l.depth > 0 && !rows)
        return;
    begin_with_bias(n);
    for (size_t first = 0; first < images; first += l.step) {
        l.w.images = images - first < l.step ? images - first : l.step;
        size_t places = l.w.images * l.places;
        if (!l.plain)
            launch(places * l.depth, lay_out_kernel, rows, numbers(n->in[0]) + first * image, l.w);
        product(matrix_of(numbers(n->out[0]) + first * l.places * l.outputs, l.outputs), matrix_of(rows, l.depth),
                matrix_of(numbers(n->in[1]), l.outputs), places, l.outputs, l.depth, 1, 1);
    }
}

void conv2d_backward(tape *t, node *n)
{
    laid_out l = laid_out_of(n);
    size_t images = l.w.images, image = l.w.height * l.w.width * l.w.channels;
    float *rows, *dw;
    slope dx;
    add_rows(slope_of(t, n->in[2]), slopes(n->out[0]), tensor_rows(n->out[0]), l.outputs);
    if (l.plain) {
        plain_backward(t, n, l);
        return;
    }
    rows = scratch<float>(t, l.step * l.places * l.depth);
    dw = slope_to(t, n->in[1]);
    dx = slope_of(t, n->in[0]);
    if (l.step * l.places * l.depth > 0 && !rows)
        return;
    for (size_t first = 0; first < images; first += l.step) {
        l.w.images = images - first < l.step ? images - first : l.step;
        size_t places = l.w.images * l.places;
        matrix dy = matrix_of(slopes(n->out[0]) + first * l.places * l.outputs, l.outputs);
        if (dw) {
            launch(places * l.depth, lay_out_kernel, rows, numbers(n->in[0]) + first * image, l.w);
            product(matrix_of(dw, l.outputs), matrix_of(rows, l.depth, true), dy, l.depth, l.outputs, places, 1, 1);
        }
        if (dx.at) {
            product(matrix_of(rows, l.depth), dy, matrix_of(numbers(n->in[1]), l.outputs, true), places, l.depth,
                    l.outputs, 1, 0);
            launch(l.w.images * image, gather_rows_kernel, dx.at + first * image, dx.beta, rows, l.w);
        }
    }
}

void pool2d_forward(tape *, node *n)
{
    launch(tensor_count(n->out[0]), pool_kernel, n->kind, numbers(n->out[0]), numbers(n->in[0]), pool_windows(n));
}

void pool2d_backward(tape *t, node *n)
{
    slope dx = slope_of(t, n->in[0]);
    if (dx.at)
        launch(tensor_count(n->in[0]), pool_back_kernel, n->kind, dx.at, dx.beta, slopes(n->out[0]), numbers(n->in[0]),
               pool_windows(n));
}
