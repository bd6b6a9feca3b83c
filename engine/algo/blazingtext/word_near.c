#include "engine/algo/blazingtext/word_near.h"

#include <math.h>
#include <stdlib.h>

void word_near_open(struct word_near *n, const struct word_model *m)
{
    *n = (struct word_near){.model = m};
    pthread_mutex_init(&n->lock, NULL);
}

void word_near_close(struct word_near *n)
{
    pthread_mutex_destroy(&n->lock);
    free(n->unit);
}

void word_near_scale(float *vector, size_t width)
{
    double sum = 0;
    float factor;
    for (size_t i = 0; i < width; i++)
        sum += (double)vector[i] * (double)vector[i];
    factor = sum > 0 ? (float)(1 / sqrt(sum)) : 0;
    for (size_t i = 0; i < width; i++)
        vector[i] *= factor;
}

static float *make(const struct word_model *m)
{
    float *unit = malloc(m->dictionary.words * m->width * sizeof *unit);
    for (size_t i = 0; unit && i < m->dictionary.words; i++) {
        size_t len;
        const char *word = dictionary_spelling(&m->dictionary, (int32_t)i, &len);
        word_model_vector(m, word, len, unit + i * m->width);
        word_near_scale(unit + i * m->width, m->width);
    }
    return unit;
}

static float product(const float *a, const float *b, size_t n)
{
    float sum[8] = {0}, all = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            sum[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        all += a[i] * b[i];
    for (size_t k = 0; k < 8; k++)
        all += sum[k];
    return all;
}

static bool among(int32_t word, const int32_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == word)
            return true;
    return false;
}

int word_near_find(struct word_near *n, const float *vector, size_t k, const int32_t *leave, size_t leave_count,
                   struct word_hit *hits)
{
    size_t width = n->model->width, found = 0;
    pthread_mutex_lock(&n->lock);
    if (!n->unit)
        n->unit = make(n->model);
    pthread_mutex_unlock(&n->lock);
    for (size_t word = 0; n->unit && word < n->model->dictionary.words; word++) {
        float cosine = product(vector, n->unit + word * width, width);
        size_t at;
        if ((found == k && !(cosine > hits[k - 1].cosine)) || among((int32_t)word, leave, leave_count))
            continue;
        found += found < k;
        for (at = found - 1; at > 0 && hits[at - 1].cosine < cosine; at--)
            hits[at] = hits[at - 1];
        hits[at] = (struct word_hit){(int32_t)word, cosine};
    }
    return n->unit ? (int)found : -1;
}
