/* Reference kernels: losses, each one number. */
#ifndef TENSOR_REF_LOSSES_H
#define TENSOR_REF_LOSSES_H

#include "engine/tensor/ref.h"
#include "engine/tensor/ref_sums.h"

static double weight_of(const struct tensor *weight, size_t r)
{
    return weight ? (double)numbers(weight)[r] : 1;
}

/* scale * sum of weight * (log sum e^x - x[target]) */
static void cross_entropy_forward(struct tape *t, struct node *n)
{
    size_t rows = n->in[0]->shape[0], width = n->in[0]->shape[1];
    const int32_t *target = n->index[0];
    REAL *kept = numbers(n->keep[0]);
    double loss = 0;
    (void)t;
    for (size_t r = 0; r < rows; r++) {
        const REAL *x = numbers(n->in[0]) + r * width;
        double weight = target[r] < 0 ? 0 : weight_of(n->in[1], r), all = weight == 0 ? 0 : log_sum_exp(x, width);
        if (kept)
            kept[r] = (REAL)all;
        if (weight != 0)
            loss += weight * (all - (double)x[target[r]]);
    }
    numbers(n->out[0])[0] = (REAL)(n->number[0] * loss);
}

/* dx += scale weight (softmax(x) - [target]) */
static void cross_entropy_backward(struct tape *t, struct node *n)
{
    size_t rows = n->in[0]->shape[0], width = n->in[0]->shape[1];
    REAL *dx = slopes_to(t, n->in[0]);
    for (size_t r = 0; r < rows; r++) {
        const REAL *x = numbers(n->in[0]) + r * width;
        int32_t target = n->index[0][r];
        double slope = (double)slopes(n->out[0])[0] * n->number[0] * weight_of(n->in[1], r);
        for (size_t j = 0; target >= 0 && slope != 0 && j < width; j++)
            dx[r * width + j] +=
                (REAL)(slope * (exp((double)x[j] - (double)numbers(n->keep[0])[r]) - ((size_t)target == j)));
    }
}

/* The slopes of one row of op_output_loss by its scores, in `score`, go to w, b and x's keep. */
static void output_loss_back(const struct node *n, size_t r, const REAL *score, REAL *dw, REAL *db)
{
    size_t classes = n->in[1]->shape[0], width = n->in[1]->shape[1];
    const REAL *x = numbers(n->in[0]) + r * width, *w = numbers(n->in[1]);
    REAL *dx = numbers(n->keep[0]) + r * width;
    for (size_t c = 0; c < classes; c++) {
        for (size_t j = 0; j < width; j++)
            dx[j] += score[c] * w[c * width + j];
        for (size_t j = 0; dw && j < width; j++)
            dw[c * width + j] += score[c] * x[j];
        if (db)
            db[c] += score[c];
    }
}

static bool is_largest(const REAL *score, size_t count, size_t at)
{
    for (size_t c = 0; c < count; c++)
        if (score[c] > score[at] || (c < at && score[c] == score[at]))
            return false;
    return true;
}

static void output_loss_forward(struct tape *t, struct node *n)
{
    size_t rows = n->in[0]->shape[0], classes = n->in[1]->shape[0], width = n->in[1]->shape[1];
    const REAL *b = numbers(n->in[2]);
    REAL *score = tape_scratch(t, classes * sizeof *score);
    REAL *dw = n->keep[0] ? slopes_to(t, n->in[1]) : NULL, *db = n->keep[0] ? slopes_to(t, n->in[2]) : NULL;
    double loss = 0, right = 0;
    for (size_t i = 0; n->keep[0] && i < rows * width; i++)
        numbers(n->keep[0])[i] = 0;
    for (size_t r = 0; score && r < rows; r++) {
        int32_t target = n->index[0][r];
        double weight = target < 0 ? 0 : weight_of(n->in[3], r), all;
        struct matrix row = {numbers(n->in[0]) + r * width, width, 1};
        if (weight == 0)
            continue;
        for (size_t c = 0; c < classes; c++)
            score[c] = b ? b[c] : 0;
        product((struct matrix){score, classes, 1}, row, transposed(matrix_of(n->in[1], numbers(n->in[1]))), 1, classes,
                width, true);
        all = log_sum_exp(score, classes);
        loss += weight * (all - (double)score[target]);
        right += is_largest(score, classes, (size_t)target);
        if (!n->keep[0])
            continue;
        for (size_t c = 0; c < classes; c++)
            score[c] = (REAL)(n->number[0] * weight * (exp((double)score[c] - all) - ((size_t)target == c)));
        output_loss_back(n, r, score, dw, db);
    }
    numbers(n->out[0])[0] = (REAL)(n->number[0] * loss);
    numbers(n->out[1])[0] = (REAL)right;
}

static void output_loss_backward(struct tape *t, struct node *n)
{
    size_t count = tensor_count(n->in[0]);
    REAL *dx = slopes_to(t, n->in[0]);
    for (size_t i = 0; dx && i < count; i++)
        dx[i] += slopes(n->out[0])[0] * numbers(n->keep[0])[i];
}

/* The likelihood of row r, its raw outputs given. */
static struct likelihood_point likelihood_at(const struct node *n, size_t r)
{
    static struct likelihood_point (*const kinds[])(const double *, double, double) = {
        [LIKELIHOOD_GAUSSIAN] = likelihood_gaussian,
        [LIKELIHOOD_STUDENT_T] = likelihood_student_t,
        [LIKELIHOOD_NEGATIVE_BINOMIAL] = likelihood_negative_binomial,
        [LIKELIHOOD_BETA] = likelihood_beta,
        [LIKELIHOOD_L1] = likelihood_l1,
    };
    size_t width = n->in[0]->shape[1];
    double raw[3] = {0};
    for (size_t j = 0; j < width; j++)
        raw[j] = (double)numbers(n->in[0])[r * width + j];
    return kinds[n->kind](raw, (double)numbers(n->in[1])[r], (double)numbers(n->in[2])[r]);
}

/* scale * sum of weight * -log p(y) */
static void likelihood_forward(struct tape *t, struct node *n)
{
    size_t rows = n->in[0]->shape[0];
    double loss = 0;
    (void)t;
    for (size_t r = 0; r < rows; r++)
        if (weight_of(n->in[3], r) != 0)
            loss += weight_of(n->in[3], r) * likelihood_at(n, r).value;
    numbers(n->out[0])[0] = (REAL)(n->number[0] * loss);
}

static void likelihood_backward(struct tape *t, struct node *n)
{
    size_t rows = n->in[0]->shape[0], width = n->in[0]->shape[1];
    REAL *dx = slopes_to(t, n->in[0]);
    for (size_t r = 0; r < rows; r++) {
        double slope = (double)slopes(n->out[0])[0] * n->number[0] * weight_of(n->in[3], r);
        struct likelihood_point p;
        if (slope == 0)
            continue;
        p = likelihood_at(n, r);
        for (size_t j = 0; j < width; j++)
            dx[r * width + j] += (REAL)(slope * p.slope[j]);
    }
}

/* scale * sum of weight * s(x - y) */
static void smooth_l1_forward(struct tape *t, struct node *n)
{
    size_t rows = n->in[0]->shape[0], width = n->in[0]->shape[1];
    double loss = 0;
    (void)t;
    for (size_t r = 0; r < rows; r++)
        for (size_t i = r * width; weight_of(n->in[2], r) != 0 && i < (r + 1) * width; i++) {
            double off = fabs((double)numbers(n->in[0])[i] - (double)numbers(n->in[1])[i]);
            loss += weight_of(n->in[2], r) * (off < 1 ? off * off / 2 : off - 0.5);
        }
    numbers(n->out[0])[0] = (REAL)(n->number[0] * loss);
}

/* dx += scale weight (x - y), which is cut to [-1, 1] */
static void smooth_l1_backward(struct tape *t, struct node *n)
{
    size_t rows = n->in[0]->shape[0], width = n->in[0]->shape[1];
    REAL *dx = slopes_to(t, n->in[0]);
    for (size_t r = 0; r < rows; r++) {
        double slope = (double)slopes(n->out[0])[0] * n->number[0] * weight_of(n->in[2], r);
        for (size_t i = r * width; slope != 0 && i < (r + 1) * width; i++) {
            double off = (double)numbers(n->in[0])[i] - (double)numbers(n->in[1])[i];
            dx[i] += (REAL)(slope * fmax(-1, fmin(1, off)));
        }
    }
}

#endif
