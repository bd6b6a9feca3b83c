#include "engine/algo/linear/linear_saved.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "linear-learner.json"
#define VERSION 1

const char *const linear_files[] = {FILE_NAME, NULL};
const char *const linear_accepts[] = {"application/json", "application/jsonlines", "application/x-recordio-protobuf",
                                      "text/csv", NULL};

static const char *const predictors[] = {[METRIC_REGRESSION] = "regressor",
                                         [METRIC_BINARY] = "binary_classifier",
                                         [METRIC_MULTICLASS] = "multiclass_classifier"};

struct saved {
    enum metric_task task;
    int loss;
    size_t columns, outputs;
    double threshold;
    double *bias;   /* outputs */
    float *weights; /* outputs x columns */
    float *means;   /* columns */
};

static const char *loss_name(const struct linear_model *m)
{
    static const char *const names[] = {"squared_loss",
                                        "absolute_loss",
                                        "eps_insensitive_squared_loss",
                                        "eps_insensitive_absolute_loss",
                                        "huber_loss",
                                        "quantile_loss",
                                        "logistic",
                                        "hinge_loss",
                                        "softmax_loss"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (loss_kind_of(names[i]) == (int)m->loss.kind)
            return names[i];
    return "";
}

/* --- disk -----------------------------------------------------------------------------------------------------------
 */

static void write_floats(struct json *j, const char *key, const float *values, size_t n)
{
    json_array(j, key);
    for (size_t i = 0; i < n; i++)
        json_number(j, NULL, (double)values[i]);
    json_end(j);
}

static void write_model(struct json *j, const struct linear_model *m, double threshold, float *weights, double *bias)
{
    json_object(j, NULL);
    json_integer(j, "version", VERSION);
    json_string(j, "predictor_type", predictors[m->task]);
    json_string(j, "loss", loss_name(m));
    json_integer(j, "columns", (long long)m->columns);
    json_integer(j, "outputs", (long long)m->outputs);
    json_number(j, "threshold", threshold);
    json_array(j, "weights");
    for (size_t k = 0; k < m->outputs; k++) {
        linear_model_raw(m, k, weights, &bias[k]);
        write_floats(j, NULL, weights, m->columns);
    }
    json_end(j);
    json_array(j, "bias");
    for (size_t k = 0; k < m->outputs; k++)
        json_number(j, NULL, bias[k]);
    json_end(j);
    write_floats(j, "means", m->normaliser.mean, m->columns);
    json_end(j);
}

int linear_save(const struct linear_model *m, double threshold, struct model_writer *to, struct error *err)
{
    struct str text = {0};
    struct json j = json_begin(&text);
    float *weights = malloc((m->columns ? m->columns : 1) * sizeof *weights);
    double *bias = malloc(m->outputs * sizeof *bias);
    int status = -1;
    if (weights && bias)
        write_model(&j, m, threshold, weights, bias);
    if (!weights || !bias || text.failed)
        error_set(err, ERROR_SYSTEM, FILE_NAME, NULL, "There is not enough memory to write the model");
    else
        status = model_writer_put(to, FILE_NAME, text.data, text.len, err);
    free(weights);
    free(bias);
    str_free(&text);
    return status;
}

static int broken(struct error *err, const char *what)
{
    return error_set(err, ERROR_INPUT, FILE_NAME, "use the file as the training run wrote it",
                     "The saved model cannot be read: %s", what);
}

/* `n` finite numbers of an array. */
static int read_floats(const cJSON *array, float *to, size_t n, struct error *err)
{
    const cJSON *item;
    size_t i = 0;
    if (!cJSON_IsArray(array))
        return broken(err, "a list is missing");
    cJSON_ArrayForEach (item, array) {
        if (i == n || !cJSON_IsNumber(item) || !isfinite((float)item->valuedouble))
            return broken(err, "a list has the wrong length, or something other than numbers in it");
        to[i++] = (float)item->valuedouble;
    }
    return i == n ? 0 : broken(err, "a list is too short");
}

static int read_bias(const cJSON *array, struct saved *s, struct error *err)
{
    const cJSON *item;
    size_t k = 0;
    cJSON_ArrayForEach (item, array) {
        if (k == s->outputs || !cJSON_IsNumber(item))
            return broken(err, "bias is not one number for each output");
        s->bias[k++] = item->valuedouble;
    }
    return k == s->outputs ? 0 : broken(err, "bias is not one number for each output");
}

static int read_arrays(const cJSON *root, struct saved *s, struct error *err)
{
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(root, "weights"), *row;
    size_t k = 0;
    s->bias = calloc(s->outputs, sizeof *s->bias);
    s->weights = calloc(s->outputs * s->columns, sizeof *s->weights);
    s->means = calloc(s->columns, sizeof *s->means);
    if (!s->bias || !s->weights || !s->means)
        return error_set(err, ERROR_SYSTEM, FILE_NAME, NULL, "There is not enough memory for the model");
    cJSON_ArrayForEach (row, rows) {
        if (k == s->outputs)
            return broken(err, "it has more lists of weights than outputs");
        if (read_floats(row, s->weights + k++ * s->columns, s->columns, err) < 0)
            return -1;
    }
    if (k != s->outputs)
        return broken(err, "it has fewer lists of weights than outputs");
    if (read_bias(cJSON_GetObjectItemCaseSensitive(root, "bias"), s, err) < 0)
        return -1;
    return read_floats(cJSON_GetObjectItemCaseSensitive(root, "means"), s->means, s->columns, err);
}

/* A whole number from 1 that arrays of such length can follow: the text has at least a byte for each. */
static size_t read_size(const cJSON *root, const char *key, size_t most)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, key);
    double value = cJSON_IsNumber(item) ? item->valuedouble : 0;
    return value >= 1 && value <= (double)most && value == floor(value) ? (size_t)value : 0;
}

static int read_model(const cJSON *root, size_t len, struct saved *s, struct error *err)
{
    const cJSON *predictor = cJSON_GetObjectItemCaseSensitive(root, "predictor_type"),
                *loss = cJSON_GetObjectItemCaseSensitive(root, "loss"),
                *threshold = cJSON_GetObjectItemCaseSensitive(root, "threshold");
    int task = 0;
    while (task < 3 && !(cJSON_IsString(predictor) && strcmp(predictor->valuestring, predictors[task]) == 0))
        task++;
    s->loss = cJSON_IsString(loss) ? loss_kind_of(loss->valuestring) : -1;
    if (read_size(root, "version", 1000000) != VERSION)
        return broken(err, "it is of another version");
    if (task == 3 || s->loss < 0 || !cJSON_IsNumber(threshold))
        return broken(err, "predictor_type, loss or threshold is missing");
    s->task = (enum metric_task)task;
    s->threshold = threshold->valuedouble;
    s->columns = read_size(root, "columns", len);
    s->outputs = read_size(root, "outputs", len);
    if (!s->columns || !s->outputs || s->outputs > len / s->columns)
        return broken(err, "columns or outputs is missing, or more than the file holds");
    if ((s->task == METRIC_MULTICLASS) != (s->outputs > 2) || (s->task != METRIC_MULTICLASS && s->outputs != 1))
        return broken(err, "the number of outputs does not fit predictor_type");
    return read_arrays(root, s, err);
}

void *linear_load(const char *dir, const struct settings *settings, struct error *err)
{
    size_t len = 0;
    char *text = model_read_file(dir, FILE_NAME, &len, err);
    cJSON *root = text ? cJSON_ParseWithLength(text, len) : NULL;
    struct saved *s = root ? calloc(1, sizeof *s) : NULL;
    (void)settings; /* the file says all */
    if (text && !root)
        broken(err, "it is no JSON");
    if (root && !s)
        error_set(err, ERROR_SYSTEM, dir, NULL, "There is not enough memory for the model");
    if (s && read_model(root, len, s, err) < 0) {
        linear_unload(s);
        s = NULL;
    }
    cJSON_Delete(root);
    free(text);
    return s;
}

void linear_unload(void *model)
{
    struct saved *s = model;
    if (!s)
        return;
    free(s->bias);
    free(s->weights);
    free(s->means);
    free(s);
}

/* --- answers --------------------------------------------------------------------------------------------------------
 */

static double score_dense(const struct saved *s, const float *w, const float *x)
{
    double sum = 0;
    for (size_t j = 0; j < s->columns; j++)
        sum += (double)w[j] * (double)(x[j] == x[j] ? x[j] : s->means[j]);
    return sum;
}

static double score_sparse(const struct saved *s, const float *w, const struct dataset *d, size_t row)
{
    double sum = 0;
    for (size_t e = d->start[row]; e < d->start[row + 1]; e++) {
        float value = d->value[e];
        sum += (double)w[d->index[e]] * (double)(value == value ? value : s->means[d->index[e]]);
    }
    return sum;
}

/* From scores to what is answered; returns the label. */
static float settle(const struct saved *s, double *score)
{
    size_t best = 0;
    double sum = 0, largest;
    if (s->task == METRIC_BINARY) {
        float label = score[0] > s->threshold;
        if (s->loss == LOSS_LOGISTIC)
            score[0] = 1 / (1 + exp(-score[0]));
        return label;
    }
    if (s->task == METRIC_REGRESSION)
        return 0;
    for (size_t k = 1; k < s->outputs; k++)
        if (score[k] > score[best])
            best = k;
    largest = score[best];
    for (size_t k = 0; k < s->outputs; k++)
        sum += score[k] = exp(score[k] - largest);
    for (size_t k = 0; k < s->outputs; k++)
        score[k] /= sum;
    return (float)best;
}

static int answer_rows(const struct saved *s, const struct request *in, const struct dataset *d, struct answer *out,
                       struct error *err)
{
    size_t outputs = s->outputs, rows = d->rows;
    float *score = malloc((rows * outputs + 1) * sizeof *score), *label = malloc((rows + 1) * sizeof *label);
    double *now = malloc(outputs * sizeof *now);
    const struct payload_field fields[] = {{"score", score, outputs, s->task == METRIC_MULTICLASS},
                                           {"predicted_label", label, 1, false}};
    int status;
    for (size_t i = 0; score && label && now && i < rows; i++) {
        for (size_t k = 0; k < outputs; k++) {
            const float *w = s->weights + k * s->columns;
            now[k] = s->bias[k] + (d->x ? score_dense(s, w, d->x + i * d->columns) : score_sparse(s, w, d, i));
        }
        label[i] = settle(s, now);
        for (size_t k = 0; k < outputs; k++)
            score[i * outputs + k] = (float)now[k];
    }
    if (!score || !label || !now)
        status = error_set(err, ERROR_SYSTEM, NULL, "send fewer rows at once", "There is not enough memory to answer");
    else
        status = payload_write(in, linear_accepts, fields, s->task == METRIC_REGRESSION ? 1 : 2, rows, out, err);
    free(score);
    free(label);
    free(now);
    return status;
}

int linear_invoke(const void *model, const struct request *in, struct answer *out, struct error *err)
{
    const struct saved *s = model;
    struct dataset d = {0};
    int status = payload_read(in, s->columns, &d, err);
    if (status == 0)
        status = answer_rows(s, in, &d, out, err);
    dataset_free(&d);
    return status;
}
