#include "engine/algo/blazingtext/word_plan.h"

static int check(const struct word_plan *p, struct error *err)
{
    if (p->subwords && p->mode == WORD_BATCH)
        return error_set(err, ERROR_INPUT, "subwords", "give mode=skipgram or mode=cbow, or subwords=false",
                         "batch_skipgram learns no subwords");
    if (p->subwords && p->min_char > p->max_char)
        return error_set(err, ERROR_INPUT, "min_char", "give at most max_char",
                         "The shortest subword has %d letters, the longest %d", p->min_char, p->max_char);
    return 0;
}

int word_plan_read(struct word_plan *p, const struct settings *s, struct error *err)
{
    *p = (struct word_plan){
        .mode = settings_is(s, "mode", "cbow")       ? WORD_CBOW
                : settings_is(s, "mode", "skipgram") ? WORD_SKIPGRAM
                                                     : WORD_BATCH,
        .mode_name = settings_get(s, "mode"),
        .width = (size_t)settings_number(s, "vector_dim"),
        .window = (size_t)settings_number(s, "window_size"),
        .negatives = (size_t)settings_number(s, "negative_samples"),
        .batch = (size_t)settings_number(s, "batch_size"),
        .epochs = (long)settings_number(s, "epochs"),
        .least = (uint64_t)settings_number(s, "min_count"),
        .rate = settings_number(s, "learning_rate"),
        .sampling = settings_number(s, "sampling_threshold"),
        .subwords = settings_true(s, "subwords"),
        .evaluation = settings_true(s, "evaluation"),
        .deterministic = settings_true(s, "deterministic"),
        .min_char = (int)settings_number(s, "min_char"),
        .max_char = (int)settings_number(s, "max_char"),
        .buckets = (uint32_t)settings_number(s, "buckets"),
    };
    return check(p, err);
}
