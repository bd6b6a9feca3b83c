#include "web/study/slot.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "web/study/notes.h"

const char *const notes_slots[] = {"model type", "input", "hyperparameters", "instances", "training", "pre-processing",
                                   "validation", "modes", "usage",           "inference", "metrics",  "other",
                                   NULL};

/* Beginnings of words, the more telling first: "Instance types" are instances, "Training data" is input. A space at
 * the end asks for the whole word. */
static const struct {
    const char *beginning, *slot;
} topics[] = {
    {"hyperparam", "hyperparameters"},
    {"hyper param", "hyperparameters"},
    {"parameter", "hyperparameters"},
    {"instance", "instances"},
    {"hardware", "instances"},
    {"pre process", "pre-processing"},
    {"preprocess", "pre-processing"},
    {"data preparation", "pre-processing"},
    {"how is it used", "usage"},
    {"how it is used", "usage"},
    {"how to use", "usage"},
    {"when to use", "usage"},
    {"use case", "usage"},
    {"usage", "usage"},
    {"uses ", "usage"},
    {"mode ", "modes"},
    {"modes ", "modes"},
    {"input", "input"},
    {"training data", "input"},
    {"data format", "input"},
    {"file format", "input"},
    {"metric", "metrics"},
    {"evaluation", "metrics"},
    {"validation", "validation"},
    {"inference", "inference"},
    {"prediction", "inference"},
    {"training", "training"},
    {"model type", "model type"},
    {"type of model", "model type"},
    {"types of model", "model type"},
    {"model ", "model type"},
    {"models ", "model type"},
    {"type ", "model type"},
    {"types ", "model type"},
};

static const struct {
    const char *slug, *known;
} aliases[] = {
    {"sequence-to-sequence", "seq2seq"}, {"sequence2sequence", "seq2seq"}, {"seq-2-seq", "seq2seq"},
    {"seq-to-seq", "seq2seq"},           {"deepar-forecasting", "deepar"}, {"deep-ar", "deepar"},
    {"blazing-text", "blazingtext"},     {"xg-boost", "xgboost"},          {"extreme-gradient-boosting", "xgboost"},
    {"object-2-vec", "object2vec"},      {"object-to-vec", "object2vec"},  {"linearlearner", "linear-learner"},
};

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* " how is it used and types ": lower-case words, each between single blanks; what does not fit is left off. */
static void topic_words(const char *topic, char *out, size_t size)
{
    size_t used = 1;
    out[0] = ' ';
    for (; *topic && used + 2 < size; topic++) {
        char c = *topic >= 'A' && *topic <= 'Z' ? (char)(*topic + 32) : *topic;
        if (is_word_byte(c))
            out[used++] = c;
        else if (out[used - 1] != ' ')
            out[used++] = ' ';
    }
    if (out[used - 1] != ' ')
        out[used++] = ' ';
    out[used] = '\0';
}

const char *slot_of_topic(const char *topic)
{
    char words[128], wanted[32];
    topic_words(topic, words, sizeof words);
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        snprintf(wanted, sizeof wanted, " %s", topics[i].beginning);
        if (strstr(words, wanted))
            return topics[i].slot;
    }
    return "other";
}

/* Letters without accents, folded to lower case; NULL when that cannot be done. */
static char *fold_accents(struct arena *arena, const char *name)
{
    const utf8proc_option_t options = UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT |
                                      UTF8PROC_STRIPMARK | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
    utf8proc_uint8_t *folded = NULL;
    utf8proc_ssize_t len = utf8proc_map((const utf8proc_uint8_t *)name, 0, &folded, options);
    arena->failed = arena->failed || len == UTF8PROC_ERROR_NOMEM;
    return len < 0 ? NULL : (char *)folded;
}

static unsigned name_hash(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

const char *slot_slug(struct arena *arena, const char *name)
{
    char *folded = fold_accents(arena, name);
    const char *from = folded ? folded : name;
    char *slug = arena_take(arena, strlen(from) + 12); /* and a hash */
    size_t used = 0;
    bool lossy = false;
    if (!slug) {
        free(folded);
        return "";
    }
    for (; *from; from++) {
        if (is_word_byte(*from))
            slug[used++] = *from;
        else if (used && slug[used - 1] != '-')
            slug[used++] = '-';
        lossy = lossy || (*from & 0x80);
    }
    while (used && slug[used - 1] == '-')
        used--;
    slug[used] = '\0';
    if (lossy || !used) /* what ASCII cannot say still tells two names apart */
        snprintf(slug + used, 12, "%s-%08x", used ? "" : "x", name_hash(folded ? folded : name));
    free(folded);
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(slug, aliases[i].slug) == 0)
            return aliases[i].known;
    return slug;
}
