/* The words nearest to a vector, by cosine. Vectors of length 1 are made when they are first asked for. */
#ifndef BLAZINGTEXT_WORD_NEAR_H
#define BLAZINGTEXT_WORD_NEAR_H

#include <pthread.h>

#include "engine/algo/blazingtext/word_model.h"

#define WORD_NEAR_MAX 1000

struct word_near {
    const struct word_model *model;
    pthread_mutex_t lock;
    float *unit; /* words x width; NULL before */
};

struct word_hit {
    int32_t word;
    float cosine;
};

void word_near_open(struct word_near *n, const struct word_model *m);
void word_near_close(struct word_near *n);

void word_near_scale(float *vector, size_t width); /* to length 1; zeros stay */

/* The `k` nearest to `vector` but those of `leave`, the nearest first; how many. -1: no memory. */
int word_near_find(struct word_near *n, const float *vector, size_t k, const int32_t *leave, size_t leave_count,
                   struct word_hit *hits);

#endif
