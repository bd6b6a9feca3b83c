/* Attention: products of all rows at once for dot scores, sums and mixtures; kernels for additive scores and the
 * softmax. Row b of T x B x A is a matrix of T rows that lie B A numbers apart. */
#include "kernels.h"

namespace
{

struct attending {
    size_t queries, rows, places, width, depth;
    const int32_t *length;
};

attending attending_of(const node *n)
{
    return {n->in[0]->shape[0], n->in[0]->shape[1], n->in[1]->shape[0],
            n->in[0]->shape[2], n->in[2]->shape[2], n->index[0]};
}

/* c[b] = alpha a[b] b[b] + beta c[b] for each row b; widths are those of a single row's matrix as it is stored. */
struct rows_of {
    const float *at;
    size_t width;
    bool transposed;
};

void row_products(const attending &a, slope c, size_t c_width, rows_of x, rows_of y, size_t m, size_t n, size_t k,
                  float alpha)
{
    if (!c.at)
        return;
    products(matrix_of(c.at, a.rows * c_width), matrix_of(x.at, a.rows * x.width, x.transposed),
             matrix_of(y.at, a.rows * y.width, y.transposed), m, n, k, alpha, c.beta, a.rows, c_width, x.width,
             y.width);
}

__device__ size_t seen_places(const attending &a, size_t row)
{
    return !a.length ? a.places : a.length[row % a.rows] > 0 ? size_t(a.length[row % a.rows]) : 0;
}

/* score = v . tanh(query + key): a block for each query of each row, threads over the width. */
__global__ void additive_kernel(float *score, const float *query, const float *keys, const float *v, attending a)
{
    FOR_EACH_BLOCK(at, a.queries * a.rows * a.places)
    {
        size_t row = at / a.places, place = at % a.places;
        const float *q = query + row * a.width, *key = keys + (place * a.rows + row % a.rows) * a.width;
        float sum = 0;
        if (place >= seen_places(a, row))
            continue;
        for (size_t i = threadIdx.x; i < a.width; i += THREADS)
            sum += v[i] * tanhf(q[i] + key[i]);
        sum = block_sum(sum);
        if (threadIdx.x == 0)
            score[at] = sum;
    }
}

/* Scores become weights: softmax over the places that a row sees, 0 at the others. */
__global__ void weights_kernel(float *weight, attending a)
{
    FOR_EACH_BLOCK(row, a.queries * a.rows)
    {
        size_t seen = seen_places(a, row);
        float *own = weight + row * a.places, top = -INFINITY, sum = 0;
        for (size_t s = threadIdx.x; s < seen; s += THREADS)
            top = fmaxf(top, own[s]);
        top = block_fold(top, larger_of_two());
        for (size_t s = threadIdx.x; s < seen; s += THREADS)
            sum += expf(own[s] - top);
        sum = block_sum(sum);
        for (size_t s = threadIdx.x; s < a.places; s += THREADS)
            own[s] = s < seen ? expf(own[s] - top) / sum : 0;
    }
}

/* The slopes of weights become those of scores: w (dw - the sum of w dw). */
__global__ void weights_back_kernel(float *dweight, const float *weight, attending a)
{
    FOR_EACH_BLOCK(row, a.queries * a.rows)
    {
        size_t seen = seen_places(a, row), first = row * a.places;
        float mean = 0;
        for (size_t s = threadIdx.x; s < seen; s += THREADS)
            mean += weight[first + s] * dweight[first + s];
        mean = block_sum(mean);
        for (size_t s = threadIdx.x; s < a.places; s += THREADS)
            dweight[first + s] = s < seen ? weight[first + s] * (dweight[first + s] - mean) : 0;
    }
}

/* Of the query: a thread for each number of it. by_v: what it adds to the slope of v. */
__global__ void additive_query_kernel(float *dquery, float beta, float *by_v, const float *dscore, const float *query,
                                      const float *keys, const float *v, attending a)
{
    FOR_EACH(at, a.queries * a.rows * a.width)
    {
        size_t row = at / a.width, i = at % a.width, seen = seen_places(a, row);
        float slope = 0, bends = 0;
        for (size_t s = 0; s < seen; s++) {
            float bent = tanhf(query[at] + keys[(s * a.rows + row % a.rows) * a.width + i]);
            float by_score = dscore[row * a.places + s];
            slope += by_score * (1 - bent * bent);
            bends += by_score * bent;
        }
        if (dquery)
            put(&dquery[at], slope * v[i], beta);
        by_v[at] = bends;
    }
}

/* Of the keys: a thread for each number. */
__global__ void additive_keys_kernel(float *dkeys, float beta, const float *dscore, const float *query,
                                     const float *keys, const float *v, attending a)
{
    FOR_EACH(at, a.places * a.rows * a.width)
    {
        size_t place = at / (a.rows * a.width), b = at / a.width % a.rows, i = at % a.width;
        float slope = 0;
        for (size_t q = 0; q < a.queries; q++) {
            size_t row = q * a.rows + b;
            float bent = tanhf(query[row * a.width + i] + keys[at]);
            slope += dscore[row * a.places + place] * (1 - bent * bent); /* 0 where the row does not see it */
        }
        put(&dkeys[at], slope * v[i], beta);
    }
}

void additive_back(tape *t, node *n, const attending &a, const float *dscore)
{
    size_t queries = a.queries * a.rows;
    const float *query = numbers(n->in[0]), *keys = numbers(n->in[1]), *v = numbers(n->in[3]);
    float *by_v = scratch<float>(t, queries * a.width);
    slope dquery = slope_of(t, n->in[0]), dkeys = slope_of(t, n->in[1]), dv = slope_of(t, n->in[3]);
    if (queries * a.width > 0 && !by_v)
        return;
    launch(queries * a.width, additive_query_kernel, dquery.at, dquery.beta, by_v, dscore, query, keys, v, a);
    if (dkeys.at)
        launch(a.places * a.rows * a.width, additive_keys_kernel, dkeys.at, dkeys.beta, dscore, query, keys, v, a);
    add_rows(dv, by_v, queries, a.width);
}

} // namespace

void attention_forward(tape *, node *n)
{
    attending a = attending_of(n);
    float *weight = numbers(n->out[1]);
    const float *query = numbers(n->in[0]), *keys = numbers(n->in[1]), *memory = numbers(n->in[2]);
    if (n->kind == ATTENTION_DOT)
        row_products(a, {weight, 0}, a.places, {query, a.width, false}, {keys, a.width, true}, a.queries, a.places,
                     a.width, float(n->number[0]));
    else
        launch_blocks(a.queries * a.rows * a.places, additive_kernel, weight, query, keys, numbers(n->in[3]), a);
    if (a.places > 0)
        launch_blocks(a.queries * a.rows, weights_kernel, weight, a);
    row_products(a, {numbers(n->out[0]), 0}, a.depth, {weight, a.places, false}, {memory, a.depth, false}, a.queries,
                 a.depth, a.places, 1);
}

void attention_backward(tape *t, node *n)
{
    attending a = attending_of(n);
    const float *weight = numbers(n->out[1]), *dcontext = slopes(n->out[0]), *memory = numbers(n->in[2]);
    float *dscore = scratch<float>(t, a.queries * a.rows * a.places);
    if (a.queries * a.rows * a.places > 0 && !dscore)
        return;
    row_products(a, {dscore, 0}, a.places, {dcontext, a.depth, false}, {memory, a.depth, true}, a.queries, a.places,
                 a.depth, 1);
    row_products(a, slope_of(t, n->in[2]), a.depth, {weight, a.places, true}, {dcontext, a.depth, false}, a.places,
                 a.depth, a.queries, 1);
    if (a.places > 0)
        launch_blocks(a.queries * a.rows, weights_back_kernel, dscore, weight, a);
    if (n->kind == ATTENTION_ADDITIVE) {
        additive_back(t, n, a, dscore);
        return;
    }
    row_products(a, slope_of(t, n->in[0]), a.width, {dscore, a.places, false}, {numbers(n->in[1]), a.width, false},
                 a.queries, a.width, a.places, float(n->number[0]));
    row_products(a, slope_of(t, n->in[1]), a.width, {dscore, a.places, true}, {numbers(n->in[0]), a.width, false},
                 a.places, a.width, a.queries, float(n->number[0]));
}
