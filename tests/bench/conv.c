/* The convolutions of a small detector (160 pixels, 16 to 128 channels, 16 images): `conv THREADS [REPEATS]` prints for
 * each layer its billions of operations one way, and the microseconds of the way there, of the slopes of w and of those
 * of x; first of all the processor's own billions of fused multiplications and additions a second. Each is the least of
 * its repeats, which go round all layers, with the roof between them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "engine/tensor/ops.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define FMA __attribute__((target("avx2,fma")))
#endif

#define SHAPE(...) ((const size_t[]){__VA_ARGS__})

enum { IMAGES = 16, ROUNDS = 400000, SUMS = 10, LANES = 8 };

static clockid_t ticks; /* of one thread: its own, so that neighbours count less */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(ticks, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* --- the roof ----------------------------------------------------------------------------------------------------- */

#ifdef FMA
FMA static void multiply_add(void *context, int thread, int threads)
{
    __m256 sum[SUMS], factor = _mm256_set1_ps(0.999999f), more = _mm256_set1_ps(1e-7f);
    (void)threads;
    for (int i = 0; i < SUMS; i++)
        sum[i] = _mm256_set1_ps((float)i);
    for (int round = 0; round < ROUNDS; round++)
#pragma GCC unroll 10
        for (int i = 0; i < SUMS; i++)
            sum[i] = _mm256_fmadd_ps(sum[i], factor, more);
    for (int i = 1; i < SUMS; i++)
        sum[0] = _mm256_add_ps(sum[0], sum[i]);
    ((volatile float *)context)[thread * 16] = _mm256_cvtss_f32(sum[0]);
}
#else
static void multiply_add(void *context, int thread, int threads)
{
    float sum[SUMS * LANES];
    (void)threads;
    for (int i = 0; i < SUMS * LANES; i++)
        sum[i] = (float)i;
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < SUMS * LANES; i++)
            sum[i] = sum[i] * 0.999999f + 1e-7f;
    for (int i = 1; i < SUMS * LANES; i++)
        sum[0] += sum[i];
    ((volatile float *)context)[thread * 16] = sum[0];
}
#endif

/* Billions of operations a second of all threads. */
static double roof(struct tape *t, int threads)
{
    float sums[64 * 16];
    double began = seconds();
    pool_run(tape_pool(t), multiply_add, sums);
    return 2.0 * ROUNDS * SUMS * LANES * threads * 1e-9 / (seconds() - began);
}

/* --- layers ------------------------------------------------------------------------------------------------------- */

static const struct {
    size_t size, in, out, stride;
} layers[] = {
    {160, 3, 16, 2},   {80, 16, 32, 2},   {40, 32, 64, 2}, {20, 64, 64, 1},  {20, 64, 128, 2},
    {10, 128, 128, 1}, {10, 128, 128, 2}, {20, 64, 32, 1}, {10, 128, 32, 1}, {5, 128, 32, 1},
};
#define LAYERS (sizeof layers / sizeof *layers)

struct times {
    double there, by_w, by_x;
};

static struct tensor *leaf(struct tape *t, bool slope, int rank, const size_t *shape)
{
    struct tensor *x = slope ? tape_tensor(t, rank, shape) : tape_plain(t, rank, shape);
    size_t n = tensor_count(x);
    for (size_t i = 0; i < n; i++)
        ((float *)x->data)[i] = (float)((double)(i * 7919 % 1000) / 1000 - 0.5) * 0.2f;
    return x;
}

/* The fast backend, whose clock runs while the way back of a convolution does. */
static double back;

static void timed_backward(struct tape *t, struct node *n)
{
    double began = seconds();
    backend_cpu.kernels[OP_CONV2D].backward(t, n);
    back = seconds() - began;
}

static void measure(struct tape *t, size_t i, struct times *least)
{
    size_t size = layers[i].size, in = layers[i].in, out = layers[i].out;
    for (int of_w = 0; of_w < 2; of_w++) {
        struct tensor *x, *w, *y;
        double began;
        tape_begin(t, true, 1);
        x = leaf(t, !of_w, 4, SHAPE(IMAGES, size, size, in));
        w = leaf(t, of_w, 4, SHAPE(3, 3, in, out));
        began = seconds();
        y = op_conv2d(t, x, w, NULL, layers[i].stride, 1);
        least->there = fmin(least->there, seconds() - began);
        tape_backward(t, op_reduce(t, y, REDUCE_SUM, -1));
        if (of_w)
            least->by_w = fmin(least->by_w, back);
        else
            least->by_x = fmin(least->by_x, back);
    }
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 1, repeats = argc > 2 ? atoi(argv[2]) : 20;
    struct times least[LAYERS];
    struct error err;
    struct backend timed = backend_cpu;
    struct tape *t;
    double most = 0;
    timed.kernels[OP_CONV2D].backward = timed_backward;
    t = tape_open(&timed, threads, &err);
    if (!t || threads < 1 || threads > 64)
        return 1;
    ticks = threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
    for (size_t i = 0; i < LAYERS; i++)
        least[i] = (struct times){INFINITY, INFINITY, INFINITY};
    for (int r = 0; r < repeats; r++)
        for (size_t i = 0; i < LAYERS; i++) {
            most = fmax(most, roof(t, threads));
            measure(t, i, &least[i]);
        }
    printf("%.1f\n", most);
    for (size_t i = 0; i < LAYERS; i++) {
        size_t side = (layers[i].size - 1) / layers[i].stride + 1;
        printf("%zux%zux%zu -> %zu, stride %zu\t%.6f\t%.1f\t%.1f\t%.1f\n", layers[i].size, layers[i].size, layers[i].in,
               layers[i].out, layers[i].stride, 18e-9 * IMAGES * (double)(side * side * layers[i].in * layers[i].out),
               least[i].there * 1e6, least[i].by_w * 1e6, least[i].by_x * 1e6);
    }
    tape_close(t);
    return 0;
}
