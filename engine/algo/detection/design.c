#include "engine/algo/detection/design.h"

#include <limits.h>
#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define BETA_LEAST 1e-12 /* stands for 0, which to the trainer means its own default */

static int bad_step(const char *text, struct error *err)
{
    return error_set(err, ERROR_INPUT, "lr_scheduler_step", "write epochs in rising order: 10, 20",
                     "lr_scheduler_step = '%.80s' is no list of epochs", text);
}

/* "10, 20" */
static int read_rate_steps(struct detection_design *d, const char *text, struct error *err)
{
    const char *at = text ? text : "";
    while (*(at += strspn(at, " "))) {
        char *end;
        long epoch = strtol(at, &end, 10), before = d->rate_steps ? d->rate_epoch[d->rate_steps - 1] : 0;
        if (end == at || *at == '+' || epoch <= before || epoch > INT_MAX)
            return bad_step(text, err);
        if (d->rate_steps == DETECTION_RATE_STEPS)
            return error_set(err, ERROR_LIMIT, "lr_scheduler_step", "name fewer",
                             "lr_scheduler_step lists more than %d epochs", DETECTION_RATE_STEPS);
        d->rate_epoch[d->rate_steps++] = epoch;
        at = end + strspn(end, " ");
        if (*at && *at++ != ',')
            return bad_step(text, err);
        if (at[-1] == ',' && !at[strspn(at, " ")])
            return bad_step(text, err);
    }
    return 0;
}

static int check_freeze(const char *pattern, struct error *err)
{
    regex_t compiled;
    char fault[160];
    int status = pattern ? regcomp(&compiled, pattern, REG_EXTENDED) : 0;
    if (!pattern)
        return 0;
    if (status == 0) {
        regfree(&compiled);
        return 0;
    }
    regerror(status, &compiled, fault, sizeof fault);
    return error_set(err, ERROR_INPUT, "freeze_layer_pattern", "write a POSIX extended one: ^(conv1_|conv2_).*",
                     "freeze_layer_pattern = '%.120s' is no regular expression: %s", pattern, fault);
}

static int check_meaning(const struct detection_design *d, const struct settings *s, struct error *err)
{
    if (settings_is(s, "kv_store", "dist_async"))
        return error_set(err, ERROR_INPUT, "kv_store", "give dist_sync or leave it out",
                         "kv_store = dist_async: here the ranks take every step together");
    if (d->classes * DETECTION_LABEL_OBJECT > 100000)
        return error_set(err, ERROR_LIMIT, "num_classes", "give at most 20000", "num_classes = %zu is too many",
                         d->classes);
    if (d->label_width < DETECTION_LABEL_HEADER + DETECTION_LABEL_OBJECT)
        return error_set(err, ERROR_INPUT, "label_width", "give at least 7: a header of 2 and 5 numbers an object",
                         "label_width = %zu has no room for one object", d->label_width);
    if (d->optimiser == OPTIMISER_ADAM && (d->beta_1 >= 1 || d->beta_2 >= 1))
        return error_set(err, ERROR_INPUT, d->beta_1 >= 1 ? "beta_1" : "beta_2", "give less than 1",
                         "A mean that never forgets its start learns nothing: 1 is too much");
    return check_freeze(d->freeze, err);
}

static size_t size_of(const struct settings *s, const char *name)
{
    return (size_t)settings_number(s, name);
}

int detection_design_read(struct detection_design *d, const struct settings *s, struct error *err)
{
    bool decays = settings_is(s, "optimizer", "sgd") || settings_is(s, "optimizer", "rmsprop");
    *d = (struct detection_design){
        .classes = size_of(s, "num_classes"),
        .samples = size_of(s, "num_training_samples"),
        .base = settings_is(s, "base_network", "resnet-50") ? BASE_RESNET : BASE_VGG,
        .side = size_of(s, "image_shape"),
        .width = size_of(s, "width"),
        .augment = {.flip = settings_true(s, "flip"),
                    .rescale = settings_true(s, "rescale"),
                    .jitter = settings_true(s, "jitter"),
                    .crop = settings_true(s, "crop")},
        .batch = size_of(s, "mini_batch_size"),
        .epochs = (long)settings_number(s, "epochs"),
        .optimiser = (enum optimiser_kind)optimiser_kind_of(settings_get(s, "optimizer")),
        .rate = settings_number(s, "learning_rate"),
        .momentum = settings_number(s, "momentum"),
        .beta_1 = fmax(settings_number(s, "beta_1"), BETA_LEAST),
        .beta_2 = fmax(settings_number(s, "beta_2"), BETA_LEAST),
        .decay = decays ? settings_number(s, "weight_decay") : 0,
        .rate_factor = settings_number(s, "lr_scheduler_factor"),
        .stops_early = settings_true(s, "early_stopping"),
        .min_epochs = (long)settings_number(s, "early_stopping_min_epochs"),
        .patience = (long)settings_number(s, "early_stopping_patience"),
        .tolerance = settings_number(s, "early_stopping_tolerance"),
        .min_delta = settings_number(s, "early_stopping_min_delta"),
        .freeze = settings_get(s, "freeze_layer_pattern"),
        .top_only = settings_true(s, "train_only_on_top_layer"),
        .pretrained = settings_number(s, "use_pretrained_model") != 0,
        .top = settings_is(s, "reinitialize_top_layer", "True")    ? TOP_NEW
               : settings_is(s, "reinitialize_top_layer", "False") ? TOP_KEPT
                                                                   : TOP_AUTO,
        .label_width = size_of(s, "label_width"),
        .nms = settings_number(s, "nms_threshold"),
        .overlap = settings_number(s, "overlap_threshold"),
    };
    if (d->freeze && !*d->freeze)
        d->freeze = NULL;
    if (read_rate_steps(d, settings_get(s, "lr_scheduler_step"), err) < 0)
        return -1;
    return check_meaning(d, s, err);
}

double detection_rate(const struct detection_design *d, double images_seen)
{
    double rate = d->rate;
    for (int i = 0; i < d->rate_steps; i++)
        if (images_seen >= (double)d->rate_epoch[i] * (double)d->samples)
            rate *= d->rate_factor;
    return rate;
}
