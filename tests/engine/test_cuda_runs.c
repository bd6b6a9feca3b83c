/* Whole trainings of the networks on the CUDA backend, whose sources run on the processor here (tests/cuda): the same
 * figures as on the CPU, and nobody but kernels touches the device's memory (the sanitizer sees who does). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/algo/algorithm.h"
#include "engine/data/generate.h"
#include "engine/gpu.h"
#include "engine/tensor/backend.h"

const struct backend *cuda_on_processor(void);

struct case_of {
    const char *algorithm, *recipe, *settings;
};

#define SEQ2SEQ                                                                                                        \
    "batch_size=8 num_embed_source=6 num_embed_target=6 rnn_num_hidden=8 cnn_num_hidden=8 max_num_batches=2 "          \
    "checkpoint_frequency_num_batches=2 learning_rate=0.01 "
#define OBJECT2VEC                                                                                                     \
    "enc0_max_seq_len=4 enc0_vocab_size=160 enc0_token_embedding_dim=4 enc_dim=6 mlp_dim=5 mlp_layers=1 epochs=1 "     \
    "mini_batch_size=32 "
#define DEEPAR                                                                                                         \
    "time_freq=D context_length=6 prediction_length=4 epochs=1 num_cells=5 mini_batch_size=16 num_eval_samples=3 "     \
    "dropout_rate=0.1 "

#define DETECTION                                                                                                      \
    "num_classes=3 num_training_samples=20 image_shape=32 width=4 epochs=1 mini_batch_size=5 use_pretrained_model=0 "

static const struct case_of cases[] = {
    {"deepar", "season_family:n=6,horizon=4,length=60", DEEPAR "likelihood=gaussian"},
    {"seq2seq", "tok_map:n=40,shortest=2,longest=5", SEQ2SEQ "rnn_attention_type=mlp embed_dropout_source=0.2"},
    {"seq2seq", "tok_map:n=40,shortest=2,longest=5",
     SEQ2SEQ "rnn_attention_type=dot rnn_cell_type=gru num_layers_encoder=2"},
    {"seq2seq", "tok_map:n=40,shortest=2,longest=5", SEQ2SEQ "encoder_type=cnn decoder_type=cnn"},
    {"object2vec", "pair_topic:n=100,length=2", OBJECT2VEC "enc0_network=pooled_embedding"},
    {"object2vec", "pair_topic:n=100,length=2", OBJECT2VEC "enc0_network=hcnn"},
    {"object2vec", "pair_topic:n=100,length=2", OBJECT2VEC "enc0_network=bilstm optimizer=adagrad"},
    {"object-detection", "shapes40:n=20", DETECTION "base_network=vgg-16 optimizer=adam"},
    {"object-detection", "shapes40:n=20", DETECTION "base_network=resnet-50"},
};

static void set_words(struct settings *given, const char *words)
{
    char text[600], *save = NULL;
    struct error err;
    snprintf(text, sizeof text, "%s", words);
    for (char *pair = strtok_r(text, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
        *strchr(pair, '=') = '\0';
        assert_int_equal(settings_set(given, pair, pair + strlen(pair) + 1, &(struct error){0}), 0);
    }
    (void)err;
}

static void run(const struct case_of *c, const struct gpu *gpu, struct training *t)
{
    struct error err = {0};
    const struct algorithm *a = algorithm_find(c->algorithm, &err);
    struct settings given = {0}, settings;
    struct parts parts = {0};
    struct event_sink sink = {.write = event_drop};
    set_words(&given, c->settings);
    if (!a || algorithm_resolve(a, &given, &settings, &err) < 0 || generate_parts(c->recipe, 5, &parts, &err) < 0)
        fail_msg("%s: %s", c->recipe, err.what);
    *t = (struct training){
        .settings = &settings, .seed = 3, .threads = 1, .sink = &sink, .gpu = gpu, .gpu_asked = gpu != NULL};
    training_data(t, &parts, false);
    if (a->data == DATA_PAIRS && parts.pairs[PART_VALIDATION].count > 6)
        parts.pairs[PART_VALIDATION].count = 6; /* kernels take their time here */
    if (a->train(t, &err) < 0)
        fail_msg("%s, %s: %s", c->algorithm, c->settings, err.what);
    parts_free(&parts);
}

static void the_device_trains_as_the_processor_does(void **state)
{
    const struct case_of *c = *state;
    struct gpu gpu = {.version = GPU_VERSION, .tensor = cuda_on_processor()};
    static struct training cpu, cuda;
    run(c, NULL, &cpu);
    run(c, &gpu, &cuda);
    assert_true(cpu.metric_count > 0);
    assert_int_equal(cpu.metric_count, cuda.metric_count);
    for (int i = 0; i < cpu.metric_count; i++) {
        double wanted = cpu.metrics[i].value, found = cuda.metrics[i].value;
        print_message("  %s: %.6g on the processor, %.6g by kernels\n", cpu.metrics[i].name, wanted, found);
        assert_string_equal(cpu.metrics[i].name, cuda.metrics[i].name);
        if (!(fabs(wanted - found) <= 5e-3 * (1 + fabs(wanted))))
            fail_msg("%s: %.9g, wanted %.9g", cpu.metrics[i].name, found, wanted);
    }
}

int main(void)
{
    enum { CASES = sizeof cases / sizeof *cases };
    struct CMUnitTest tests[CASES];
    for (size_t i = 0; i < CASES; i++)
        tests[i] = (struct CMUnitTest){cases[i].algorithm, the_device_trains_as_the_processor_does, NULL, NULL,
                                       (void *)&cases[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
