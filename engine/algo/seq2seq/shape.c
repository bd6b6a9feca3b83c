#include "engine/algo/seq2seq/shape.h"

#include <math.h>
#include <string.h>

static size_t whole(const struct settings *s, const char *name)
{
    return (size_t)settings_number(s, name);
}

/* Which of the words of the list, that ends at NULL, the setting has. */
static int choice(const struct settings *s, const char *name, const char *const *words)
{
    int i = 0;
    while (words[i] && !settings_is(s, name, words[i]))
        i++;
    return words[i] ? i : 0;
}

static struct init read_init(const struct settings *s)
{
    static const char *const factors[] = {"avg", "in", "out", NULL};
    bool uniform = settings_is(s, "weight_init_type", "uniform");
    return (struct init){.kind = uniform ? INIT_UNIFORM : INIT_XAVIER,
                         .scale = fabs(settings_number(s, "weight_init_scale")),
                         .factor = (enum init_factor)choice(s, "xavier_factor_type", factors)};
}

/* A residual connection adds a layer's input to its output, so both have one width. */
static int check_residual(const struct shape *s, struct error *err)
{
    const struct side *sides[] = {&s->source, &s->target};
    static const char *const names[] = {"num_embed_source", "num_embed_target"};
    for (int i = 0; i < 2; i++)
        if (!sides[i]->cnn && s->residual && s->first_residual == 1 && sides[i]->embedding != s->hidden)
            return error_set(err, ERROR_INPUT, "rnn_first_residual_layer",
                             "set rnn_first_residual_layer to 2, or both widths alike",
                             "A residual connection around the first layer needs %s = rnn_num_hidden, not %zu and %zu",
                             names[i], sides[i]->embedding, s->hidden);
    return 0;
}

int shape_read(struct shape *s, const struct settings *settings, const size_t words[2], struct error *err)
{
    static const char *const attends[] = {"mlp", "dot", "bilinear", "fixed", NULL};
    static const char *const begins[] = {"last", "avg", "zero", NULL};
    static const char *const activations[] = {"glu", "relu", "softrelu", "sigmoid", "tanh", NULL};
    *s = (struct shape){
        .source = {.cnn = settings_is(settings, "encoder_type", "cnn"),
                   .words = words[0],
                   .embedding = whole(settings, "num_embed_source"),
                   .layers = whole(settings, "num_layers_encoder"),
                   .kernel = whole(settings, "cnn_kernel_width_encoder"),
                   .steps = whole(settings, "max_seq_len_source") + 1,
                   .dropout = settings_number(settings, "embed_dropout_source")},
        .target = {.cnn = settings_is(settings, "decoder_type", "cnn"),
                   .words = words[1],
                   .embedding = whole(settings, "num_embed_target"),
                   .layers = whole(settings, "num_layers_decoder"),
                   .kernel = whole(settings, "cnn_kernel_width_decoder"),
                   .steps = whole(settings, "max_seq_len_target") + 1,
                   .dropout = settings_number(settings, "embed_dropout_target")},
        .gru = settings_is(settings, "rnn_cell_type", "gru"),
        .residual = settings_true(settings, "rnn_residual_connections"),
        .upper = settings_true(settings, "rnn_attention_in_upper_layers"),
        .hidden = whole(settings, "rnn_num_hidden"),
        .first_residual = whole(settings, "rnn_first_residual_layer"),
        .attend = (enum attend)choice(settings, "rnn_attention_type", attends),
        .begin = (enum begin_state)choice(settings, "rnn_decoder_state_init", begins),
        .join_dropout = settings_number(settings, "rnn_decoder_hidden_dropout"),
        .channels = whole(settings, "cnn_num_hidden"),
        .activation = (enum activation)choice(settings, "cnn_activation_type", activations),
        .channel_dropout = settings_number(settings, "cnn_hidden_dropout"),
        .init = read_init(settings),
    };
    s->attention =
        settings_get(settings, "rnn_attention_num_hidden") ? whole(settings, "rnn_attention_num_hidden") : s->hidden;
    return check_residual(s, err);
}

size_t shape_memory(const struct shape *s)
{
    return s->source.cnn ? s->channels : s->hidden;
}

size_t shape_gates(const struct shape *s)
{
    return s->gru ? 3 : 4;
}
