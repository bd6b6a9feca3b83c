#include "engine/algo/seq2seq/seq2seq.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/algo/seq2seq/shape.h"

#define RNN_DECODER "decoder_type=rnn"
#define CNN_DECODER "decoder_type=cnn"
#define CNN_ENCODER "encoder_type=cnn"

#define POSITIVE .min = 1, .max = 1e9
#define SHARE .min = 0, .max = 1, .max_open = true
#define ABOVE_0 .min = 0, .min_open = true, .max = INFINITY
#define ANY .min = -INFINITY, .max = INFINITY

static const struct hyperparameter hyperparameters[] = {
    {"batch_size", HYPER_INTEGER, POSITIVE, .fallback = "64", .help = "pairs in a mini-batch"},
    {"beam_size", HYPER_INTEGER, .min = 1, .max = 100, .fallback = "5",
     .help = "translations that beam search follows side by side, for BLEU and for answers"},
    {"bleu_sample_size", HYPER_INTEGER, .min = -1, .max = 1e9, .fallback = "0",
     .help =
         "validation pairs that are translated for BLEU at each checkpoint; -1: all. With optimized_metric=bleu all "
         "when not given"},
    {"bucket_width", HYPER_INTEGER, POSITIVE, .fallback = "10", .when = "bucketing_enabled=true",
     .help = "pairs whose longer side falls into the same step of so many tokens are batched together"},
    {"bucketing_enabled", HYPER_BOOLEAN, .fallback = "true",
     .help = "batches of like lengths; false: every batch has the steps of the longest pair"},
    {"checkpoint_frequency_num_batches", HYPER_INTEGER, POSITIVE, .fallback = "1000",
     .help = "the validation pairs are looked at after every so many mini-batches"},
    {"checkpoint_threshold", HYPER_INTEGER, POSITIVE, .fallback = "3",
     .help = "checkpoints without improvement before training ends"},
    {"clip_gradient", HYPER_FLOAT, ANY, .fallback = "1", .help = "each slope is cut to this; negative: not cut"},
    {"cnn_activation_type", HYPER_CHOICE, .choices = "glu|relu|softrelu|sigmoid|tanh", .fallback = "glu",
     .help = "what follows each convolution"},
    {"cnn_hidden_dropout", HYPER_FLOAT, SHARE, .fallback = "0", .help = "dropout before each convolution"},
    {"cnn_kernel_width_decoder", HYPER_INTEGER, .min = 1, .max = 1000, .fallback = "5", .when = CNN_DECODER,
     .help = "steps that a convolution of the decoder sees"},
    {"cnn_kernel_width_encoder", HYPER_INTEGER, .min = 1, .max = 1000, .fallback = "3", .when = CNN_ENCODER,
     .help = "steps that a convolution of the encoder sees"},
    {"cnn_num_hidden", HYPER_INTEGER, .min = 1, .max = 100000, .fallback = "512", .help = "channels of convolutions"},
    {"decoder_type", HYPER_CHOICE, .choices = "rnn|cnn", .fallback = "rnn", .help = "kind of decoder"},
    {"embed_dropout_source", HYPER_FLOAT, SHARE, .fallback = "0", .help = "dropout of source embeddings"},
    {"embed_dropout_target", HYPER_FLOAT, SHARE, .fallback = "0", .help = "dropout of target embeddings"},
    {"encoder_type", HYPER_CHOICE, .choices = "rnn|cnn", .fallback = "rnn", .help = "kind of encoder"},
    {"fixed_rate_lr_half_life", HYPER_INTEGER, POSITIVE, .fallback = "10",
     .when = "lr_scheduler_type=fixed_rate_inv_t|fixed_rate_inv_sqrt_t",
     .help = "checkpoints after which the learning rate is half of what it was"},
    {"learning_rate", HYPER_FLOAT, ABOVE_0, .fallback = "0.0003", .help = "size of the first steps"},
    {"loss_type", HYPER_CHOICE, .choices = "cross-entropy", .fallback = "cross-entropy", .help = "the training loss"},
    {"lr_scheduler_type", HYPER_CHOICE, .choices = "plateau_reduce|fixed_rate_inv_t|fixed_rate_inv_sqrt_t",
     .fallback = "plateau_reduce",
     .help = "lower the learning rate where optimized_metric stands still, or as the inverse (root) of time"},
    {"max_num_batches", HYPER_INTEGER, .min = -1, .max = 1e15, .fallback = "-1",
     .help = "mini-batches at most; -1: no limit"},
    {"max_num_epochs", HYPER_INTEGER, POSITIVE,
     .help = "passes over the data; when given, training goes on to it without regard to improvement"},
    {"max_seq_len_source", HYPER_INTEGER, .min = 1, .max = 5000, .fallback = "100", .help = "longer sources are cut"},
    {"max_seq_len_target", HYPER_INTEGER, .min = 1, .max = 5000, .fallback = "100", .help = "longer targets are cut"},
    {"min_num_epochs", HYPER_INTEGER, .min = 0, .max = 1e9, .fallback = "0",
     .help = "passes over the data before checkpoints may end training"},
    {"momentum", HYPER_FLOAT, SHARE, .when = "optimizer_type=sgd", .help = "of plain gradient descent"},
    {"num_embed_source", HYPER_INTEGER, .min = 1, .max = 100000, .fallback = "512",
     .help = "width of source embeddings"},
    {"num_embed_target", HYPER_INTEGER, .min = 1, .max = 100000, .fallback = "512",
     .help = "width of target embeddings"},
    {"num_layers_decoder", HYPER_INTEGER, .min = 1, .max = SHAPE_LAYERS, .fallback = "1",
     .help = "layers of the decoder"},
    {"num_layers_encoder", HYPER_INTEGER, .min = 1, .max = SHAPE_LAYERS, .fallback = "1",
     .help = "layers of the encoder"},
    {"optimized_metric", HYPER_CHOICE, .choices = "perplexity|accuracy|bleu", .fallback = "perplexity",
     .help = "of the validation pairs: decides which checkpoint is kept, and when training ends"},
    {"optimizer_type", HYPER_CHOICE, .choices = "adam|sgd|rmsprop", .fallback = "adam",
     .help = "how slopes become steps"},
    {"plateau_reduce_lr_factor", HYPER_FLOAT, .min = 0, .min_open = true, .max = 1, .max_open = true, .fallback = "0.5",
     .when = "lr_scheduler_type=plateau_reduce", .help = "what the learning rate is multiplied by on a plateau"},
    {"plateau_reduce_lr_threshold", HYPER_INTEGER, POSITIVE, .fallback = "3",
     .when = "lr_scheduler_type=plateau_reduce", .help = "checkpoints without improvement that make a plateau"},
    {"rnn_attention_in_upper_layers", HYPER_BOOLEAN, .fallback = "true", .when = RNN_DECODER,
     .help = "decoder layers above the first read the context too"},
    {"rnn_attention_num_hidden", HYPER_INTEGER, .min = 1, .max = 100000, .when = "rnn_attention_type=mlp|dot",
     .help = "width in which queries and keys meet; rnn_num_hidden when not given"},
    {"rnn_attention_type", HYPER_CHOICE, .choices = "dot|fixed|mlp|bilinear", .fallback = "mlp", .when = RNN_DECODER,
     .help = "how source positions are scored; fixed: no attention, the encoder's last state at each step"},
    {"rnn_cell_type", HYPER_CHOICE, .choices = "lstm|gru", .fallback = "lstm", .help = "recurrent cell of both sides"},
    {"rnn_decoder_hidden_dropout", HYPER_FLOAT, SHARE, .fallback = "0", .when = RNN_DECODER,
     .help = "dropout of the state that joins the decoder's with the context"},
    {"rnn_decoder_state_init", HYPER_CHOICE, .choices = "last|avg|zero", .fallback = "last", .when = RNN_DECODER,
     .help = "the decoder starts from the encoder's last state, from the mean of its outputs, or from zeros"},
    {"rnn_first_residual_layer", HYPER_INTEGER, .min = 1, .max = 1e9, .fallback = "2",
     .when = "rnn_residual_connections=true", .help = "first layer whose input is added to its output"},
    {"rnn_num_hidden", HYPER_INTEGER, .min = 2, .max = 100000, .fallback = "1024",
     .help = "units of recurrent layers; even, because each direction of the encoder has half of them"},
    {"rnn_residual_connections", HYPER_BOOLEAN, .fallback = "false",
     .help = "add the input of stacked recurrent layers to their output"},
    {"training_metric", HYPER_CHOICE, .choices = "perplexity|accuracy", .fallback = "perplexity",
     .help = "what is told of the training pairs on the way"},
    {"weight_decay", HYPER_FLOAT, .min = 0, .max = INFINITY, .fallback = "0", .help = "L2 on the weights"},
    {"weight_init_scale", HYPER_FLOAT, ANY, .fallback = "2.34",
     .help = "uniform: weights start in (-scale, scale); xavier: in (-r, r), r = sqrt(scale / fan)"},
    {"weight_init_type", HYPER_CHOICE, .choices = "uniform|xavier", .fallback = "xavier",
     .help = "how weights are drawn"},
    {"xavier_factor_type", HYPER_CHOICE, .choices = "in|out|avg", .fallback = "in", .when = "weight_init_type=xavier",
     .help = "which fan"},
    {0},
};

static void settle(struct settings *s)
{
    if (settings_is(s, "optimized_metric", "bleu") && !settings_given(s, "bleu_sample_size"))
        settings_settle(s, "bleu_sample_size", "-1");
}

static int check_widths(const struct settings *s, struct error *err)
{
    double hidden = settings_number(s, "rnn_num_hidden");
    const size_t words[2] = {4, 4};
    struct shape shape;
    if (fmod(hidden, 2) != 0)
        return error_set(err, ERROR_INPUT, "rnn_num_hidden", "give an even number",
                         "rnn_num_hidden = %.0f is odd, but each direction of the encoder has half of the units",
                         hidden);
    return shape_read(&shape, s, words, err);
}

static int check(const struct settings *s, struct error *err)
{
    double epochs = settings_number(s, "max_num_epochs"), scale = settings_number(s, "weight_init_scale");
    if (settings_given(s, "momentum") && !settings_is(s, "optimizer_type", "sgd"))
        return error_set(err, ERROR_INPUT, "momentum", "leave it out, or use optimizer_type=sgd",
                         "momentum belongs to sgd; %s has its own", settings_get(s, "optimizer_type"));
    if (settings_is(s, "optimized_metric", "bleu") && settings_number(s, "bleu_sample_size") == 0)
        return error_set(err, ERROR_INPUT, "bleu_sample_size", "give -1 for all validation pairs, or a number of them",
                         "optimized_metric = bleu needs translated pairs, and bleu_sample_size is 0");
    if (settings_number(s, "max_num_batches") == 0)
        return error_set(err, ERROR_INPUT, "max_num_batches", "give at least 1, or -1 for no limit",
                         "max_num_batches = 0: nothing would be trained");
    if (settings_number(s, "clip_gradient") == 0)
        return error_set(err, ERROR_INPUT, "clip_gradient", "give a number above 0, or -1 for no clipping",
                         "clip_gradient = 0: every gradient would become 0, and nothing would be learned");
    if (epochs < settings_number(s, "min_num_epochs"))
        return error_set(err, ERROR_INPUT, "min_num_epochs", "give at most max_num_epochs",
                         "min_num_epochs is above max_num_epochs = %.0f", epochs);
    if (scale == 0 || (scale < 0 && settings_is(s, "weight_init_type", "xavier")))
        return error_set(err, ERROR_INPUT, "weight_init_scale", "give a number above 0", "weight_init_scale = %g: %s",
                         scale,
                         scale == 0 ? "weights that all start at 0 learn nothing" : "xavier takes its square root");
    return check_widths(s, err);
}

static const char *const content_types[] = {"application/x-recordio-protobuf", NULL};
static const char *const channels[] = {"train", "validation", "vocab", NULL};
static const char *const pictures[] = {"translations", "attention", NULL};
static const char *const model_files[] = {SEQ2SEQ_WEIGHTS, SEQ2SEQ_SOURCE, SEQ2SEQ_TARGET, NULL};
static const char *const made_data[] = {"tok_map", "toy_mt", NULL};

const struct algorithm seq2seq = {
    .name = "seq2seq",
    .title = "Seq2Seq",
    .data = DATA_PAIRS,
    .hyperparameters = hyperparameters,
    .content_types = content_types,
    .channels = channels,
    .pictures = pictures,
    .generators = made_data,
    .takes_gpu = true,
    .settle = settle,
    .check = check,
    .train = seq2seq_train,
    .model_files = model_files,
    .load = seq2seq_load,
    .unload = seq2seq_unload,
    .invoke = seq2seq_invoke,
    .accepts = seq2seq_accepts,
};
