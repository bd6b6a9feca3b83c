#include "engine/algo/object2vec/object2vec.h"

#include <math.h>
#include <string.h>

#include "engine/algo/object2vec/pair_design.h"

#define FROM(low) .min = (low), .max = INFINITY
#define BETWEEN(low, high) .min = (low), .max = (high)

#define OWN "enc1_network=hcnn|bilstm|pooled_embedding" /* enc1 has a network of its own */

static const struct hyperparameter hyperparameters[] = {
    {"enc0_max_seq_len", HYPER_INTEGER, BETWEEN(1, 5000), .required = true,
     .help = "longest sequence of in0; of longer ones the first so many tokens are read"},
    {"enc0_vocab_size", HYPER_INTEGER, BETWEEN(2, 3000000), .required = true,
     .help = "tokens of in0: ids are 0 to one less"},
    {"enc0_network", HYPER_CHOICE, .choices = "hcnn|bilstm|pooled_embedding", .fallback = "hcnn",
     .help =
         "encoder of in0: hcnn convolutions, of which each layer gives its largest values as a share of the vector; "
         "bilstm both directions' states, the largest of each over time; pooled_embedding the mean of the tokens"},
    {"enc0_layers", HYPER_INTEGER, .takes_auto = true, BETWEEN(1, 4), .fallback = "auto",
     .when = "enc0_network=hcnn|bilstm", .help = "its layers; auto: 4 for hcnn, 1 for bilstm"},
    {"enc0_cnn_filter_width", HYPER_INTEGER, BETWEEN(1, 9), .fallback = "3", .when = "enc0_network=hcnn",
     .help = "tokens that one filter sees"},
    {"enc0_token_embedding_dim", HYPER_INTEGER, BETWEEN(2, 1000), .fallback = "300",
     .help = "numbers of a token's vector"},
    {"enc0_pretrained_embedding_file", HYPER_TEXT,
     .help = "file in the auxiliary channel with one word and its vector on each line; needs enc0_vocab_file"},
    {"enc0_vocab_file", HYPER_TEXT, .help = "file in the auxiliary channel, JSON {word: id}, that maps these words"},
    {"enc0_freeze_pretrained_embedding", HYPER_BOOLEAN, .fallback = "true",
     .help = "pretrained vectors stay as they are; read only with enc0_pretrained_embedding_file"},
    {"enc1_network", HYPER_CHOICE, .choices = "enc0|hcnn|bilstm|pooled_embedding", .fallback = "enc0",
     .help = "encoder of in1; enc0: one like enc0, with weights of its own"},
    {"enc1_max_seq_len", HYPER_INTEGER, BETWEEN(1, 5000),
     .help = "longest sequence of in1; not given and enc1_network=enc0: as enc0"},
    {"enc1_vocab_size", HYPER_INTEGER, BETWEEN(2, 3000000),
     .help = "tokens of in1; not given and enc1_network=enc0, or tied: as enc0"},
    {"enc1_layers", HYPER_INTEGER, .takes_auto = true, BETWEEN(1, 4), .fallback = "auto",
     .when = "enc1_network=hcnn|bilstm", .help = "as enc0_layers"},
    {"enc1_cnn_filter_width", HYPER_INTEGER, BETWEEN(1, 9), .fallback = "3", .when = "enc1_network=hcnn",
     .help = "as enc0_cnn_filter_width"},
    {"enc1_token_embedding_dim", HYPER_INTEGER, BETWEEN(2, 1000), .fallback = "300", .when = OWN,
     .help = "as enc0_token_embedding_dim"},
    {"enc1_pretrained_embedding_file", HYPER_TEXT, .help = "as enc0_pretrained_embedding_file"},
    {"enc1_vocab_file", HYPER_TEXT, .help = "as enc0_vocab_file"},
    {"enc1_freeze_pretrained_embedding", HYPER_BOOLEAN, .fallback = "true",
     .help = "as enc0_freeze_pretrained_embedding"},
    {"tied_token_embedding_weight", HYPER_BOOLEAN, .fallback = "false",
     .help = "both sides look tokens up in one table; the rest of the encoders is never shared"},
    {"token_embedding_storage_type", HYPER_CHOICE, .choices = "dense|row_sparse", .fallback = "dense",
     .help = "row_sparse: only looked-up rows take a step (adam, adagrad or sgd; switches bucket_width off)"},
    {"enc_dim", HYPER_INTEGER, BETWEEN(4, 10000), .fallback = "4096", .help = "numbers of an object's vector"},
    {"comparator_list", HYPER_TEXT, .fallback = "hadamard, concat, abs_diff",
     .help = "how two vectors are compared, any of hadamard (product), concat, abs_diff, in this order"},
    {"mlp_layers", HYPER_INTEGER, BETWEEN(0, 10), .fallback = "2", .help = "hidden layers behind the comparison"},
    {"mlp_dim", HYPER_INTEGER, BETWEEN(2, 10000), .fallback = "512", .help = "units of each"},
    {"mlp_activation", HYPER_CHOICE, .choices = "tanh|relu|linear", .fallback = "linear", .help = "of each"},
    {"dropout", HYPER_FLOAT, BETWEEN(0, 1), .fallback = "0.0",
     .help =
         "share of numbers set to 0 while training: between layers of an encoder, of its vector, of each hidden layer"},
    {"output_layer", HYPER_CHOICE, .choices = "softmax|mean_squared_error", .fallback = "softmax",
     .help = "classes, or a score"},
    {"num_classes", HYPER_INTEGER, BETWEEN(2, 30), .fallback = "2", .when = "output_layer=softmax",
     .help = "labels are 0 to one less"},
    {"negative_sampling_rate", HYPER_INTEGER, BETWEEN(0, 100), .fallback = "0",
     .help =
         "pairs with label 0 that are made of each pair with a label above 0, by another pair's in1, anew each epoch"},
    {"bucket_width", HYPER_INTEGER, BETWEEN(0, 100), .fallback = "0",
     .help = "sequences of a mini-batch differ in length by less than this; 0: mini-batches are drawn from all"},
    {"epochs", HYPER_INTEGER, BETWEEN(1, 100), .fallback = "30", .help = "passes over the training pairs at most"},
    {"mini_batch_size", HYPER_INTEGER, BETWEEN(1, 10000), .fallback = "32", .help = "pairs of a step"},
    {"learning_rate", HYPER_FLOAT, BETWEEN(1e-6, 1), .fallback = "0.0004", .help = "size of a step"},
    {"optimizer", HYPER_CHOICE, .choices = "adam|sgd|adagrad|rmsprop|adadelta", .fallback = "adam",
     .help = "how slopes become steps"},
    {"weight_decay", HYPER_FLOAT, BETWEEN(0, 10000), .fallback = "0", .help = "L2 on all weights"},
    {"early_stopping_patience", HYPER_INTEGER, BETWEEN(1, 5), .fallback = "3",
     .help = "epochs in a row that may bring no improvement before training ends"},
    {"early_stopping_tolerance", HYPER_FLOAT, BETWEEN(1e-6, 0.1), .fallback = "0.01",
     .help = "fall of the loss (validation, else training) that counts as improvement"},
    {0},
};

static void settle_layers(struct settings *s, const char *network, const char *layers)
{
    if (settings_is(s, layers, "auto") && settings_is(s, network, "hcnn"))
        settings_settle(s, layers, "4");
    if (settings_is(s, layers, "auto") && settings_is(s, network, "bilstm"))
        settings_settle(s, layers, "1");
}

static void settle(struct settings *s)
{
    enum { WIDTH = 2 }; /* of tokens: one table has one */
    static const char *const alike[][2] = {{"enc0_layers", "enc1_layers"},
                                           {"enc0_cnn_filter_width", "enc1_cnn_filter_width"},
                                           {"enc0_token_embedding_dim", "enc1_token_embedding_dim"}};
    bool same = settings_is(s, "enc1_network", "enc0"), tied = settings_true(s, "tied_token_embedding_weight");
    settle_layers(s, "enc0_network", "enc0_layers");
    settle_layers(s, "enc1_network", "enc1_layers");
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++)
        if ((same || (tied && i == WIDTH)) && !settings_given(s, alike[i][1]))
            settings_settle(s, alike[i][1], settings_get(s, alike[i][0]));
}

static int check(const struct settings *s, struct error *err)
{
    struct pair_design d;
    return pair_design_read(&d, s, err);
}

static const char *const content_types[] = {"application/jsonlines", NULL};
static const char *const channels[] = {"train", "validation", "test", "auxiliary", NULL};
static const char *const pictures[] = {"embedding", NULL};
static const char *const made_data[] = {"pair_topic", "pair_bigram", "pair_order", "shop_small", NULL};
static const char *const files[] = {OBJECT2VEC_FILE, NULL};

const struct algorithm object2vec = {
    .name = "object2vec",
    .title = "Object2Vec",
    .data = DATA_PAIRS,
    .hyperparameters = hyperparameters,
    .content_types = content_types,
    .channels = channels,
    .pictures = pictures,
    .generators = made_data,
    .takes_gpu = true,
    .settle = settle,
    .check = check,
    .train = object2vec_train,
    .model_files = files,
    .load = object2vec_load,
    .unload = object2vec_unload,
    .invoke = object2vec_invoke,
    .accepts = object2vec_accepts,
};
