#include "engine/tensor/tape.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/tensor/pile.h"

/* A node that is on the tape. */
struct record {
    struct node node;
    struct record *before;
};

/* What a kernel has of tape_scratch while it runs. */
struct scratch {
    void *memory;
    size_t bytes;
    struct scratch *before;
};

/* What tape_memo gave. */
struct memo {
    const void *of;
    int kind;
    void *memory;
    struct memo *before;
};

struct tape {
    const struct backend *backend;
    struct pool *pool;
    struct pile host;   /* tensors and nodes */
    struct pile device; /* numbers */
    struct record *last;
    struct memo *memos;
    struct scratch *scratches; /* of the kernel that runs */
    uint64_t random, draws;
    bool learning, failed;
    struct tensor nothing; /* what everything is once memory has run out */
    struct node unwritten;
};

static void *host_alloc(size_t bytes)
{
    return aligned_alloc(64, bytes);
}

/* --- opening and steps ------------------------------------------------------------------------------------------ */

struct tape *tape_open(const struct backend *backend, int threads, struct error *err)
{
    struct tape *t = calloc(1, sizeof *t);
    if (t)
        t->pool = pool_open(threads);
    if (!t || !t->pool) {
        free(t);
        error_set(err, ERROR_SYSTEM, NULL, "use fewer threads, or give the job more memory",
                  "there is no memory or no thread left for a network");
        return NULL;
    }
    t->backend = backend;
    t->host = (struct pile){.alloc = host_alloc, .release = free};
    t->device = (struct pile){.alloc = backend->alloc, .release = backend->release};
    tape_begin(t, false, 0);
    return t;
}

void tape_close(struct tape *t)
{
    if (!t)
        return;
    pile_free(&t->host);
    pile_free(&t->device);
    pool_close(t->pool);
    free(t);
}

void tape_begin(struct tape *t, bool learning, uint64_t random)
{
    pile_clear(&t->host);
    pile_clear(&t->device);
    t->last = NULL;
    t->memos = NULL;
    t->scratches = NULL;
    t->learning = learning;
    t->random = random;
    t->draws = 0;
    t->failed = false;
    t->nothing = (struct tensor){.rank = 1, .base = &t->nothing};
}

int tape_finish(struct tape *t, struct error *err)
{
    if (t->failed)
        return error_set(err, ERROR_SYSTEM, NULL, "lower mini_batch_size, or the length of what is learned from",
                         "a step needs more memory than there is; it had taken %.0f MB", (double)t->device.size / 1e6);
    return t->backend->finish ? t->backend->finish(err) : 0;
}

bool tape_failed(const struct tape *t)
{
    return t->failed;
}

/* --- tensors ---------------------------------------------------------------------------------------------------- */

static void *take(struct tape *t, struct pile *pile, size_t bytes)
{
    void *memory = t->failed ? NULL : pile_take(pile, bytes);
    t->failed = !memory;
    return memory;
}

static void *numbers(struct tape *t, size_t bytes)
{
    return take(t, &t->device, bytes);
}

void *tape_scratch(struct tape *t, size_t bytes)
{
    struct scratch *s = take(t, &t->host, sizeof *s);
    if (!s)
        return NULL;
    *s = (struct scratch){numbers(t, bytes), bytes, t->scratches};
    t->scratches = s->memory ? s : t->scratches;
    return s->memory;
}

void *tape_memo(struct tape *t, const void *of, int kind, size_t bytes, bool *fresh)
{
    struct memo *memo = t->memos;
    *fresh = false;
    while (memo && (memo->of != of || memo->kind != kind))
        memo = memo->before;
    if (memo)
        return memo->memory;
    memo = take(t, &t->host, sizeof *memo);
    if (!memo)
        return NULL;
    *memo = (struct memo){of, kind, numbers(t, bytes), t->memos};
    t->memos = memo;
    *fresh = memo->memory != NULL;
    return memo->memory;
}

static size_t bytes_of(const struct tape *t, const struct tensor *x)
{
    return tensor_count(x) * t->backend->bytes;
}

static struct tensor *make(struct tape *t, int rank, const size_t *shape, bool slope)
{
    struct tensor *x = take(t, &t->host, sizeof *x);
    if (!x)
        return &t->nothing;
    *x = (struct tensor){.base = x};
    tensor_shape(x, rank, shape);
    x->data = numbers(t, bytes_of(t, x));
    x->learns = slope;
    return t->failed ? &t->nothing : x;
}

struct tensor *tape_tensor(struct tape *t, int rank, const size_t *shape)
{
    return make(t, rank, shape, t->learning);
}

struct tensor *tape_plain(struct tape *t, int rank, const size_t *shape)
{
    return make(t, rank, shape, false);
}

struct tensor *tape_input(struct tape *t, int rank, const size_t *shape, const float *values)
{
    struct tensor *x = tape_plain(t, rank, shape);
    size_t count = tensor_count(x);
    if (t->backend->bytes == sizeof *values)
        t->backend->upload(x->data, values, count * sizeof *values);
    else
        for (size_t i = 0; i < count; i++)
            ((double *)x->data)[i] = (double)values[i];
    return x;
}

const int32_t *tape_ints(struct tape *t, const int32_t *values, size_t n)
{
    int32_t *copy = numbers(t, n * sizeof *copy);
    if (copy)
        t->backend->upload(copy, values, n * sizeof *copy);
    return copy;
}

void tape_read(struct tape *t, const struct tensor *x, float *values)
{
    size_t count = tensor_count(x);
    assert(tensor_dense(x) && x->base->memory != MEMORY_SPENT);
    if (t->backend->bytes == sizeof *values)
        t->backend->download(values, x->data, count * sizeof *values);
    else
        for (size_t i = 0; i < count; i++)
            values[i] = (float)((const double *)x->data)[i];
}

double tape_number(struct tape *t, const struct tensor *x)
{
    float number = NAN;
    assert(t->failed || x->rank == 0);
    if (t->failed)
        return NAN;
    if (t->backend->bytes == sizeof(double))
        return *(const double *)x->data;
    t->backend->download(&number, x->data, sizeof number);
    return (double)number;
}

/* --- views ------------------------------------------------------------------------------------------------------ */

static struct tensor *view(struct tape *t, const struct tensor *x)
{
    struct tensor *same = take(t, &t->host, sizeof *same);
    if (!same)
        return &t->nothing;
    *same = *x;
    same->learns = tensor_learns(x);
    same->grad = NULL; /* tape_grad finds it in the base's */
    same->touched = NULL;
    return same;
}

struct tensor *tape_slice(struct tape *t, struct tensor *x, int dimension, size_t begin, size_t count)
{
    struct tensor *part = view(t, x);
    if (t->failed)
        return part;
    assert(dimension < x->rank && begin + count <= x->shape[dimension]);
    part->shape[dimension] = count;
    part->data = (unsigned char *)x->data + begin * x->stride[dimension] * t->backend->bytes;
    return part;
}

struct tensor *tape_reshape(struct tape *t, struct tensor *x, int rank, const size_t *shape)
{
    struct tensor *other = view(t, x);
    if (t->failed)
        return other;
    tensor_shape(other, rank, shape);
    assert(tensor_dense(x) && tensor_count(other) == tensor_count(x));
    return other;
}

struct tensor *tape_detach(struct tape *t, struct tensor *x)
{
    struct tensor *still = view(t, x);
    if (t->failed)
        return still;
    still->learns = false;
    still->base = still;
    still->memory = x->base->memory = MEMORY_NEEDED; /* by two */
    return still;
}

/* --- nodes ------------------------------------------------------------------------------------------------------ */

const struct backend *tape_backend(const struct tape *t)
{
    return t->backend;
}

struct pool *tape_pool(const struct tape *t)
{
    return t->pool;
}

bool tape_learning(const struct tape *t)
{
    return t->learning;
}

uint64_t tape_random(struct tape *t)
{
    uint64_t z = t->random ^ (++t->draws * 0xD1342543DE82EF95u);
    z = (z ^ (z >> 32)) * 0xDABA0B6EB09322E3u;
    z = (z ^ (z >> 32)) * 0xDABA0B6EB09322E3u;
    return z ^ (z >> 32);
}

struct node *tape_node(struct tape *t, enum op op)
{
    struct record *record = take(t, &t->host, sizeof *record);
    struct node *n = record ? &record->node : &t->unwritten;
    *n = (struct node){.op = op};
    return n;
}

static const struct kernel *kernel_of(const struct backend *b, enum op op)
{
    while (!b->kernels[op].forward && b->rest)
        b = b->rest;
    assert(b->kernels[op].forward && b->kernels[op].backward);
    return &b->kernels[op];
}

typedef void kernel_work(struct tape *t, struct node *n);

static void work(struct tape *t, kernel_work *kernel, struct node *n)
{
    t->scratches = NULL;
    kernel(t, n);
    for (const struct scratch *s = t->scratches; s; s = s->before)
        pile_give(&t->device, s->memory, s->bytes);
}

static bool has_slope(const struct node *n)
{
    for (int i = 0; i < NODE_OUT; i++)
        if (n->out[i] && tensor_learns(n->out[i]))
            return true;
    return false;
}

void tape_run(struct tape *t, struct node *n)
{
    if (t->failed)
        return;
    work(t, kernel_of(t->backend, n->op)->forward, n);
    if (has_slope(n)) {
        struct record *record = (struct record *)n;
        record->before = t->last;
        t->last = record;
    }
}

/* --- slopes ----------------------------------------------------------------------------------------------------- */

/* Memory for the slopes of x, if any are asked for. */
static void make_room(struct tape *t, const struct tensor *x)
{
    if (x && tensor_learns(x) && !x->base->grad)
        x->base->grad = numbers(t, bytes_of(t, x->base));
}

void *tape_grad_beta(struct tape *t, struct tensor *x, double *beta)
{
    struct tensor *base = x->base;
    *beta = 1;
    make_room(t, x);
    if (!tensor_learns(x) || !base->grad)
        return NULL;
    for (size_t row = 0; base->touched && row < base->shape[0]; row++)
        tensor_touch(base, row);
    if (!base->grad_ready && tensor_count(x) == tensor_count(base))
        *beta = 0;
    else if (!base->grad_ready)
        t->backend->zero(base->grad, bytes_of(t, base));
    base->grad_ready = true;
    x->grad = (unsigned char *)base->grad + ((unsigned char *)x->data - (unsigned char *)base->data);
    return x->grad;
}

void *tape_grad(struct tape *t, struct tensor *x)
{
    double beta;
    void *slope = tape_grad_beta(t, x, &beta);
    if (slope && beta == 0)
        t->backend->zero(x->base->grad, bytes_of(t, x));
    return slope;
}

void *tape_grad_rows(struct tape *t, struct tensor *table)
{
    return table->touched ? table->grad : tape_grad(t, table);
}

/* Did something flow into an output? Then what no one used of the others is 0, and there is room for what flows on. */
static bool reached(struct tape *t, const struct node *n)
{
    bool any = false;
    for (int i = 0; i < NODE_OUT; i++)
        any |= n->out[i] && n->out[i]->grad_ready;
    for (int i = 0; any && i < NODE_OUT; i++)
        if (n->out[i])
            (void)tape_grad(t, n->out[i]);
    for (int i = 0; any && i < NODE_IN; i++)
        make_room(t, n->in[i]);
    return any && !t->failed;
}

/* What only this node's way back needed serves those that come after. */
static void give_back(struct tape *t, const struct node *n)
{
    for (int i = 0; i < NODE_OUT; i++)
        if (n->out[i] && n->out[i]->grad) {
            pile_give(&t->device, n->out[i]->grad, bytes_of(t, n->out[i]));
            n->out[i]->grad = NULL;
            n->out[i]->grad_ready = false;
        }
    for (int i = 0; i < NODE_KEEP; i++)
        if (n->keep[i])
            pile_give(&t->device, n->keep[i]->data, bytes_of(t, n->keep[i]));
}

void tape_backward(struct tape *t, struct tensor *loss)
{
    const float one = 1;
    void *slope = t->failed ? NULL : tape_grad(t, loss);
    assert(!slope || loss->rank == 0);
    if (slope && t->backend->bytes == sizeof one)
        t->backend->upload(slope, &one, sizeof one);
    else if (slope)
        *(double *)slope = 1;
    for (struct record *record = slope ? t->last : NULL; record && !t->failed; record = record->before)
        if (reached(t, &record->node)) {
            work(t, kernel_of(t->backend, record->node.op)->backward, &record->node);
            give_back(t, &record->node);
        }
}

/* --- figures ---------------------------------------------------------------------------------------------------- */

size_t tape_bytes(const struct tape *t)
{
    return t->host.size + t->device.size;
}

size_t tape_growths(const struct tape *t)
{
    return t->host.growths + t->device.growths;
}
