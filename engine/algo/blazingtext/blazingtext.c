#include "engine/algo/blazingtext/blazingtext.h"

#include <math.h>

#include "engine/algo/blazingtext/word_model.h"
#include "engine/algo/blazingtext/word_plan.h"
#include "engine/algo/blazingtext/word_score.h"
#include "engine/algo/blazingtext/words_gpu.h"

#define BETWEEN(low, high) .min = (low), .max = (high)
#define COUNT BETWEEN(1, 1e9)

#define VECTORS "mode=batch_skipgram|skipgram|cbow" /* Word2Vec */
#define CLASSES "mode=supervised"

static const struct hyperparameter hyperparameters[] = {
    {"mode", HYPER_CHOICE, .choices = "batch_skipgram|skipgram|cbow|supervised", .required = true,
     .help = "word vectors: skipgram (a word tells its neighbours), cbow (neighbours together tell the word), "
             "batch_skipgram (skipgram by small matrix products that share negative samples); supervised: sentences "
             "to labels"},
    {"batch_size", HYPER_INTEGER, BETWEEN(1, 1000), .fallback = "11", .when = "mode=batch_skipgram",
     .help = "neighbours of a word that share negative samples, at most; 2 window_size + 1 takes a whole window"},
    {"buckets", HYPER_INTEGER, BETWEEN(1, 100000000), .fallback = "2000000",
     .help = "hash buckets of subwords, or of a classifier's word n-grams; only those seen take memory"},
    {"early_stopping", HYPER_BOOLEAN, .fallback = "false", .when = CLASSES,
     .help = "ends when the validation accuracy stalls; needs a validation channel"},
    {"epochs", HYPER_INTEGER, COUNT, .fallback = "5", .help = "passes over the text; supervised: at most"},
    {"evaluation", HYPER_BOOLEAN, .fallback = "true", .when = VECTORS,
     .help = "after training, rank correlation with each word-similarity file of the auxiliary channel"},
    {"learning_rate", HYPER_FLOAT, .min = 0, .min_open = true, .max = INFINITY, .fallback = "0.05",
     .help = "size of the first steps; falls evenly to 0"},
    {"max_char", HYPER_INTEGER, BETWEEN(1, 100), .fallback = "6", .when = "subwords=true",
     .help = "letters of the longest subword"},
    {"min_char", HYPER_INTEGER, BETWEEN(1, 100), .fallback = "3", .when = "subwords=true",
     .help = "letters of the shortest subword"},
    {"min_count", HYPER_INTEGER, BETWEEN(0, 1e9), .fallback = "5", .help = "rarer words are dropped"},
    {"min_epochs", HYPER_INTEGER, COUNT, .fallback = "5", .when = "early_stopping=true",
     .help = "epochs before early stopping may act"},
    {"negative_samples", HYPER_INTEGER, BETWEEN(1, 1000), .fallback = "5", .when = VECTORS,
     .help = "drawn words that a neighbour is told from"},
    {"patience", HYPER_INTEGER, COUNT, .fallback = "4", .when = "early_stopping=true",
     .help = "epochs in a row without a better validation accuracy before training ends"},
    {"sampling_threshold", HYPER_FLOAT, BETWEEN(0, 1), .fallback = "0.0001", .when = VECTORS,
     .help = "words with a larger share of the text are read more rarely; 0: all are read"},
    {"subwords", HYPER_BOOLEAN, .fallback = "false", .when = VECTORS,
     .help = "a word's vector is the mean of its own and those of its character n-grams; not with batch_skipgram"},
    {"vector_dim", HYPER_INTEGER, BETWEEN(1, 10000), .fallback = "100", .help = "numbers of a vector"},
    {"window_size", HYPER_INTEGER, BETWEEN(1, 1000), .fallback = "5", .when = VECTORS,
     .help = "neighbours on either side: each time from 1 to so many, evenly drawn"},
    {"word_ngrams", HYPER_INTEGER, BETWEEN(1, 100), .fallback = "2", .when = CLASSES,
     .help = "words of the longest n-gram that is a feature of its own"},
    {"deterministic", HYPER_BOOLEAN, .fallback = "false",
     .help = "true: updates are made in one order, so that the same seed gives the same bits; false: threads update "
             "without waiting for each other, as the original does"},
    {0},
};

static int check(const struct settings *s, struct error *err)
{
    struct word_plan plan;
    if (settings_is(s, "mode", "supervised"))
        return 0;
    return word_plan_read(&plan, s, err);
}

static int train(struct training *t, struct error *err)
{
    return settings_is(t->settings, "mode", "supervised") ? classifier_train(t, err) : word2vec_train(t, err);
}

static const char *const content_types[] = {"text/plain", "application/jsonlines", NULL};
static const char *const channels[] = {"train", "validation", "test", "auxiliary", NULL};
static const char *const pictures[] = {"embedding", "sentences", "confusion", "ranking", NULL};
static const char *const made_data[] = {"planted_words", "opinion_text", NULL};
static const char *const files[] = {WORD_MODEL_TEXT,       WORD_MODEL_VECTORS, WORD_MODEL_WORD2VEC,
                                    WORD_MODEL_CLASSIFIER, WORD_SCORE_FILE,    NULL};
static const char *const accepts[] = {"application/json", "application/jsonlines", NULL};

const struct algorithm blazingtext = {
    .name = "blazingtext",
    .title = "BlazingText",
    .data = DATA_TEXT,
    .hyperparameters = hyperparameters,
    .content_types = content_types,
    .channels = channels,
    .pictures = pictures,
    .generators = made_data,
    .takes_pipe = true,
    .takes_gpu = true,
    .check_gpu = words_gpu_check,
    .check = check,
    .train = train,
    .model_files = files,
    .load = word_ask_load,
    .unload = word_ask_unload,
    .invoke = word_ask,
    .accepts = accepts,
};
