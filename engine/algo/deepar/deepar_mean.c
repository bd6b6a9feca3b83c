#include "engine/algo/deepar/deepar_mean.h"

#include <stdlib.h>
#include <string.h>

#define POWER 5

int weights_mean_open(struct weights_mean *m, const struct parameters *p, struct error *err)
{
    size_t all = 1, largest = 1;
    for (size_t i = 0; i < p->count; i++) {
        size_t n = tensor_count(&p->items[i].tensor);
        all += n;
        largest = n > largest ? n : largest;
    }
    *m = (struct weights_mean){.values = calloc(all, sizeof *m->values), .now = malloc(largest * sizeof *m->now)};
    if (m->values && m->now)
        return 0;
    return error_set(err, ERROR_SYSTEM, "num_cells", "lower it", "There is not enough memory for the weights");
}

void weights_mean_close(struct weights_mean *m)
{
    free(m->values);
    free(m->now);
    *m = (struct weights_mean){0};
}

void weights_mean_add(struct weights_mean *m, const struct parameters *p)
{
    float *mean = m->values, share = (POWER + 1) / (float)(++m->count + POWER);
    for (size_t i = 0; i < p->count; i++) {
        size_t n = tensor_count(&p->items[i].tensor);
        parameters_get(p, &p->items[i].tensor, m->now);
        for (size_t k = 0; k < n; k++)
            mean[k] += share * (m->now[k] - mean[k]);
        mean += n;
    }
}

void weights_mean_exchange(struct weights_mean *m, struct parameters *p)
{
    float *mean = m->values;
    for (size_t i = 0; m->count > 0 && i < p->count; i++) {
        size_t n = tensor_count(&p->items[i].tensor);
        parameters_get(p, &p->items[i].tensor, m->now);
        parameters_set(p, &p->items[i].tensor, mean);
        memcpy(mean, m->now, n * sizeof *mean);
        mean += n;
    }
}
