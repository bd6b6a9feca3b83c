/* The operations of networks as a table: for each one, what goes forward and what flows back, on one device and number
 * type. A tape (tape.h) calls them; ops.h says what each computes and checks shapes, so a kernel may trust its node.
 *
 *   backend_ref32, backend_ref64   plain C as the formulas are written, the judges; double for finite differences
 *   backend_cpu                    vectorised, threads, OpenBLAS; what it lacks it takes from backend_ref32
 *   the plugin's                   CUDA (engine/cuda): gpu->tensor of engine/gpu.h
 *
 * forward writes every number of the outputs. backward ADDS to the slopes of the inputs that have one (`grad` not
 * NULL), by tape_grad or tape_grad_beta; slopes of the outputs are complete when it is called. Tensors are dense unless
 * ops.h says that an operation takes rows apart ("strided"). */
#ifndef TENSOR_BACKEND_H
#define TENSOR_BACKEND_H

#include "engine/base/error.h"
#include "engine/tensor/tensor.h"

enum op {
    OP_COPY,      /* strided to dense */
    OP_TRANSPOSE, /* whole[0..3]: the permutation */
    OP_LINEAR,
    OP_MATMUL,
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_AFFINE, /* number[0] x + number[1] */
    OP_UNARY,
    OP_REDUCE,
    OP_POOL_TIME,
    OP_SOFTMAX,
    OP_CROSS_ENTROPY,
    OP_OUTPUT_LOSS,
    OP_EMBEDDING,
    OP_EMBEDDING_MEAN,
    OP_CONCAT,
    OP_GATHER,
    OP_LAYER_NORM,
    OP_BATCH_NORM,
    OP_DROPOUT,
    OP_LSTM,
    OP_GRU,
    OP_ATTENTION,
    OP_CONV1D,
    OP_CONV2D,
    OP_POOL2D,
    OP_LIKELIHOOD,
    OP_SMOOTH_L1,
    OP_COUNT
};

enum unary {
    UNARY_TANH,
    UNARY_SIGMOID,
    UNARY_RELU,
    UNARY_SOFTPLUS, /* log(1 + e^x); Seq2Seq calls it softrelu */
    UNARY_EXP,
    UNARY_LOG,
    UNARY_ABS, /* slope 0 at 0 */
    UNARY_SQUARE,
    UNARY_SQRT,
};
enum reduce { REDUCE_SUM, REDUCE_MEAN, REDUCE_MAX };
enum attention { ATTENTION_DOT, ATTENTION_ADDITIVE };
enum likelihood {
    LIKELIHOOD_GAUSSIAN,
    LIKELIHOOD_STUDENT_T,
    LIKELIHOOD_NEGATIVE_BINOMIAL,
    LIKELIHOOD_BETA,
    LIKELIHOOD_L1,
};

#define NODE_IN 8
#define NODE_OUT 3
#define NODE_KEEP 4

/* One operation that was done. What stands in whole, number, flag and index is said in ops.h for each. */
struct node {
    enum op op;
    int kind; /* enum unary, reduce, attention or likelihood */
    struct tensor *in[NODE_IN], *out[NODE_OUT];
    struct tensor *keep[NODE_KEEP]; /* what forward leaves for backward: made by the op, without slopes */
    const int32_t *index[2];        /* on the device */
    size_t whole[8];
    double number[4];
    bool flag[4];
    uint64_t random; /* dropout, zoneout: draws are random_at(random, i), the same on every backend */
};

struct tape;

struct kernel {
    void (*forward)(struct tape *t, struct node *n);
    void (*backward)(struct tape *t, struct node *n);
};

/* A step of an optimiser on flat arrays: nn/optimiser.h. */
struct optimiser;

struct backend {
    const char *name;
    const struct backend *rest;   /* whose kernels stand in where `kernels` has none; NULL: none is missing */
    size_t bytes;                 /* of a number: 4, or 8 */
    bool host;                    /* the processor can read its memory */
    void *(*alloc)(size_t bytes); /* NULL: no room */
    void (*release)(void *memory);
    void (*zero)(void *memory, size_t bytes);
    void (*upload)(void *to, const void *from, size_t bytes);
    void (*download)(void *to, const void *from, size_t bytes); /* waits */
    int (*finish)(struct error *err); /* waits for all that was queued; -1 and what went wrong */
    void (*optimise)(const struct optimiser *o, void *w, void *gradient, size_t begin, size_t end, double rate,
                     double decay);
    double (*square_sum)(const void *x, size_t n); /* waits */
    void (*scale)(void *x, size_t n, double factor);
    void (*clip)(void *x, size_t n, double limit); /* each number to [-limit, limit] */
    struct kernel kernels[OP_COUNT];
};

extern const struct backend backend_ref32, backend_ref64, backend_cpu;

/* 64 random bits: a hash of the two, so that any element's draw can be made by itself (splitmix64's mix). */
static inline uint64_t random_word(uint64_t stream, uint64_t i)
{
    uint64_t z = stream + (i + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static inline uint64_t random_bits(uint64_t stream, uint64_t i) /* 24 */
{
    return random_word(stream, i) >> 40;
}

/* A uniform number in [0, 1), exact in a float too. */
static inline double random_at(uint64_t stream, uint64_t i)
{
    return (double)random_bits(stream, i) * 0x1p-24;
}

#endif
