/* What the settings of a run make of Object2Vec: the shape of the network and how it is trained, as numbers.
 *
 * Settings were checked against the table before; pair_design_read finds what a table cannot say: settings that
 * contradict each other. Side 0 is in0 and enc0, side 1 is in1 and enc1. */
#ifndef OBJECT2VEC_PAIR_DESIGN_H
#define OBJECT2VEC_PAIR_DESIGN_H

#include "engine/algo/algorithm.h"
#include "engine/nn/optimiser.h"
#include "engine/tensor/backend.h"

enum pair_network { PAIR_POOLED, PAIR_HCNN, PAIR_BILSTM };
enum pair_comparison { PAIR_HADAMARD, PAIR_CONCAT, PAIR_ABS_DIFF, PAIR_COMPARISONS };

struct pair_side {
    enum pair_network network;
    size_t vocabulary, longest;  /* token ids are below the first; sequences are cut to the second */
    size_t width;                /* of a token's vector */
    size_t layers, filter;       /* layers: 0 for pooled_embedding; filter: steps that a convolution sees */
    const char *vectors, *words; /* pretrained: names of the two files in the auxiliary channel; or NULL */
    bool frozen;                 /* pretrained vectors stay as they are */
};

struct pair_design {
    struct pair_side side[2];
    bool tied; /* one table of tokens for both */
    size_t dim;
    enum pair_comparison comparison[PAIR_COMPARISONS];
    int comparisons;
    size_t mlp_layers, mlp_dim;
    int activation; /* enum unary; -1: linear */
    double dropout;
    bool classes;   /* else regression */
    size_t outputs; /* classes, or 1 */
    size_t batch;
    long epochs;
    size_t negatives;    /* per positive pair */
    size_t bucket_width; /* 0: no buckets */
    int patience;
    double tolerance, rate, decay;
    enum optimiser_kind optimiser;
    bool lazy; /* row_sparse: only rows of a table that a batch looked up take a step */
};

/* Texts point into `s`. */
int pair_design_read(struct pair_design *d, const struct settings *s, struct error *err);

/* How wide the comparison of two vectors is. */
size_t pair_design_compared(const struct pair_design *d);

#endif
