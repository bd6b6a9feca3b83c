#include "engine/algo/object2vec/pair_design.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    enum pair_network network;
} networks[] = {{"pooled_embedding", PAIR_POOLED}, {"hcnn", PAIR_HCNN}, {"bilstm", PAIR_BILSTM}};

static const struct {
    const char *name;
    enum pair_comparison comparison;
} comparisons[] = {{"hadamard", PAIR_HADAMARD}, {"concat", PAIR_CONCAT}, {"abs_diff", PAIR_ABS_DIFF}};

static const struct {
    const char *name;
    int activation;
} activations[] = {{"linear", -1}, {"tanh", UNARY_TANH}, {"relu", UNARY_RELU}};

static const struct {
    const char *name;
    enum optimiser_kind kind;
    bool lazy; /* knows steps of single rows */
} optimisers[] = {{"adam", OPTIMISER_ADAM, true},
                  {"sgd", OPTIMISER_SGD, true},
                  {"adagrad", OPTIMISER_ADAGRAD, true},
                  {"rmsprop", OPTIMISER_RMSPROP, false},
                  {"adadelta", OPTIMISER_ADADELTA, false}};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static size_t whole(const struct settings *s, const char *name)
{
    double value = settings_number(s, name);
    return value > 0 ? (size_t)value : 0;
}

/* "enc0_" or "enc1_" before the name. */
static const char *of_side(char out[48], int side, const char *name)
{
    snprintf(out, 48, "enc%d_%s", side, name);
    return out;
}

/* --- one side -------------------------------------------------------------------------------------------------------
 */

/* File names hold no folder: nothing outside the channel can be named. */
static int read_file_name(const char **name, const struct settings *s, int side, const char *what, struct error *err)
{
    char key[48];
    *name = settings_get(s, of_side(key, side, what));
    if (*name && ((*name)[strspn(*name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._")] ||
                  !(*name)[strspn(*name, ".")]))
        return error_set(err, ERROR_INPUT, key, "name a file of the auxiliary channel, without a folder",
                         "'%.60s' is no file name of letters, digits, points and underscores", *name);
    return 0;
}

static int read_pretrained(struct pair_side *side, const struct settings *s, int number, struct error *err)
{
    char key[48], other[48];
    if (read_file_name(&side->vectors, s, number, "pretrained_embedding_file", err) < 0 ||
        read_file_name(&side->words, s, number, "vocab_file", err) < 0)
        return -1;
    if (!side->vectors != !side->words)
        return error_set(err, ERROR_INPUT,
                         of_side(key, number, side->vectors ? "vocab_file" : "pretrained_embedding_file"),
                         "give both files, or none",
                         "%s needs the other file too: one holds vectors of words, the other the words' ids",
                         of_side(other, number, side->vectors ? "pretrained_embedding_file" : "vocab_file"));
    side->frozen = side->vectors && settings_true(s, of_side(key, number, "freeze_pretrained_embedding"));
    return 0;
}

static enum pair_network network_of(const char *name)
{
    for (size_t i = 0; i < COUNT(networks); i++)
        if (strcmp(networks[i].name, name) == 0)
            return networks[i].network;
    return PAIR_HCNN;
}

static size_t layers_of(const struct pair_side *side, const struct settings *s, const char *key)
{
    static const size_t automatic[] = {[PAIR_POOLED] = 0, [PAIR_HCNN] = 4, [PAIR_BILSTM] = 1};
    size_t layers = whole(s, key);
    return side->network == PAIR_POOLED || !layers ? automatic[side->network] : layers;
}

static int read_side(struct pair_side *side, const struct settings *s, int number, struct error *err)
{
    char key[48];
    side->network = network_of(settings_get(s, of_side(key, number, "network")));
    side->width = whole(s, of_side(key, number, "token_embedding_dim"));
    side->layers = layers_of(side, s, of_side(key, number, "layers"));
    side->filter = whole(s, of_side(key, number, "cnn_filter_width"));
    side->vocabulary = whole(s, of_side(key, number, "vocab_size"));
    side->longest = whole(s, of_side(key, number, "max_seq_len"));
    return read_pretrained(side, s, number, err);
}

/* With enc1_network = enc0 the two encoders are alike: what enc1 was told besides must agree. */
static int alike(const struct settings *s, struct error *err)
{
    static const char *const same[] = {"layers", "cnn_filter_width", "token_embedding_dim"};
    char key[48], other[48], fix[160];
    for (size_t i = 0; i < COUNT(same); i++) {
        const char *zero = settings_get(s, of_side(other, 0, same[i])),
                   *one = settings_get(s, of_side(key, 1, same[i]));
        if (!settings_given(s, key) || strcmp(zero, one) == 0)
            continue;
        snprintf(fix, sizeof fix, "leave %s out, or name the network with enc1_network", key);
        return error_set(err, ERROR_INPUT, key, fix,
                         "%s = %s, but enc1_network = enc0 makes both encoders alike and %s = %s", key, one, other,
                         zero);
    }
    return 0;
}

/* What enc1 takes over from enc0 where it was not told itself. */
static int read_second(struct pair_design *d, const struct settings *s, struct error *err)
{
    struct pair_side *side = &d->side[1];
    bool same = settings_is(s, "enc1_network", "enc0");
    if (read_side(side, s, 1, err) < 0 || (same && alike(s, err) < 0))
        return -1;
    if (same) {
        side->network = d->side[0].network;
        side->layers = d->side[0].layers;
        side->filter = d->side[0].filter;
        side->width = d->side[0].width;
    }
    if (!side->vocabulary && (same || d->tied))
        side->vocabulary = d->side[0].vocabulary;
    if (!side->longest && same)
        side->longest = d->side[0].longest;
    if (!side->vocabulary)
        return error_set(err, ERROR_INPUT, "enc1_vocab_size", "add --set enc1_vocab_size=VALUE",
                         "enc1 has a network of its own, so Object2Vec needs enc1_vocab_size");
    if (!side->longest)
        return error_set(err, ERROR_INPUT, "enc1_max_seq_len", "add --set enc1_max_seq_len=VALUE",
                         "enc1 has a network of its own, so Object2Vec needs enc1_max_seq_len");
    return 0;
}

static int check_tied(const struct pair_design *d, struct error *err)
{
    const struct pair_side *a = &d->side[0], *b = &d->side[1];
    if (a->vocabulary != b->vocabulary)
        return error_set(err, ERROR_INPUT, "enc1_vocab_size", "leave enc1_vocab_size out, or give the larger for both",
                         "tied_token_embedding_weight shares one table, but enc0 has %zu tokens and enc1 has %zu",
                         a->vocabulary, b->vocabulary);
    if (a->width != b->width)
        return error_set(
            err, ERROR_INPUT, "enc1_token_embedding_dim", "give both the same",
            "tied_token_embedding_weight shares one table, but tokens have %zu numbers in enc0 and %zu in enc1",
            a->width, b->width);
    if (b->vectors)
        return error_set(err, ERROR_INPUT, "enc1_pretrained_embedding_file", "give only enc0_pretrained_embedding_file",
                         "tied_token_embedding_weight shares one table: it is filled from enc0's file");
    return 0;
}

/* --- the whole ------------------------------------------------------------------------------------------------------
 */

static int add_comparison(struct pair_design *d, const char *name, size_t len, struct error *err)
{
    size_t i = 0;
    while (i < COUNT(comparisons) &&
           (strlen(comparisons[i].name) != len || memcmp(comparisons[i].name, name, len) != 0))
        i++;
    if (i == COUNT(comparisons))
        return error_set(err, ERROR_INPUT, "comparator_list", "give some of hadamard, concat, abs_diff, with commas",
                         "There is no comparator '%.*s'", (int)(len < 40 ? len : 40), name);
    for (int k = 0; k < d->comparisons; k++)
        if (d->comparison[k] == comparisons[i].comparison)
            return error_set(err, ERROR_INPUT, "comparator_list", "name each once", "%s is named twice",
                             comparisons[i].name);
    d->comparison[d->comparisons++] = comparisons[i].comparison;
    return 0;
}

static int read_comparisons(struct pair_design *d, const char *list, struct error *err)
{
    for (const char *at = list + strspn(list, ", "); *at; at += strspn(at, ", ")) {
        size_t len = strcspn(at, ", ");
        if (add_comparison(d, at, len, err) < 0)
            return -1;
        at += len;
    }
    if (!d->comparisons)
        return error_set(err, ERROR_INPUT, "comparator_list", "give some of hadamard, concat, abs_diff",
                         "The list of comparators is empty");
    return 0;
}

static int read_optimiser(struct pair_design *d, const struct settings *s, struct error *err)
{
    size_t i = 0;
    while (i + 1 < COUNT(optimisers) && !settings_is(s, "optimizer", optimisers[i].name))
        i++;
    d->optimiser = optimisers[i].kind;
    d->rate = settings_number(s, "learning_rate");
    d->decay = settings_number(s, "weight_decay");
    d->lazy = settings_is(s, "token_embedding_storage_type", "row_sparse");
    if (d->lazy && !optimisers[i].lazy)
        return error_set(err, ERROR_INPUT, "token_embedding_storage_type",
                         "give optimizer=adam, adagrad or sgd, or leave the storage dense",
                         "row_sparse steps only the rows that were looked up, which %s cannot do", optimisers[i].name);
    return 0;
}

static void read_top(struct pair_design *d, const struct settings *s)
{
    d->dim = whole(s, "enc_dim");
    d->mlp_layers = whole(s, "mlp_layers");
    d->mlp_dim = whole(s, "mlp_dim");
    d->activation = -1;
    for (size_t i = 0; i < COUNT(activations); i++)
        if (settings_is(s, "mlp_activation", activations[i].name))
            d->activation = activations[i].activation;
    d->dropout = settings_number(s, "dropout");
    d->classes = settings_is(s, "output_layer", "softmax");
    d->outputs = d->classes ? whole(s, "num_classes") : 1;
}

int pair_design_read(struct pair_design *d, const struct settings *s, struct error *err)
{
    *d = (struct pair_design){.tied = settings_true(s, "tied_token_embedding_weight")};
    read_top(d, s);
    d->batch = whole(s, "mini_batch_size");
    d->epochs = (long)whole(s, "epochs");
    d->negatives = whole(s, "negative_sampling_rate");
    d->patience = (int)whole(s, "early_stopping_patience");
    d->tolerance = settings_number(s, "early_stopping_tolerance");
    if (read_optimiser(d, s, err) < 0 || read_side(&d->side[0], s, 0, err) < 0 || read_second(d, s, err) < 0 ||
        read_comparisons(d, settings_get(s, "comparator_list"), err) < 0 || (d->tied && check_tied(d, err) < 0))
        return -1;
    d->bucket_width = d->lazy ? 0 : whole(s, "bucket_width"); /* the service switches buckets off for row_sparse */
    if (d->tied) {
        d->side[1].frozen = d->side[0].frozen;
        d->side[1].vectors = d->side[1].words = NULL;
    }
    return 0;
}

size_t pair_design_compared(const struct pair_design *d)
{
    size_t width = 0;
    for (int i = 0; i < d->comparisons; i++)
        width += d->comparison[i] == PAIR_CONCAT ? 2 * d->dim : d->dim;
    return width;
}
