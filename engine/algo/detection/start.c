#include "engine/algo/detection/start.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/detection/detection.h"
#include "engine/algo/detection/model.h"
#include "engine/base/asset.h"
#include "engine/model.h"

#define MAGIC "FLbase1\n"
#define MAGIC_BYTES 8
#define HEAD_BYTES (MAGIC_BYTES + sizeof(uint64_t))
#define STEPS 127 /* of a byte to either side of 0 */

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "give a smaller width",
                     "There is not enough memory for the first weights");
}

/* --- an earlier model -----------------------------------------------------------------------------------------------
 */

static const struct parameter *named(const struct parameters *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->items[i].name, name) == 0)
            return &p->items[i];
    return NULL;
}

/* All that both networks have; counts them. */
static int copy_weights(struct detection_net *to, const struct detection_net *from, bool heads, size_t *copied,
                        struct error *err)
{
    for (size_t i = 0; i < to->parameters.count; i++) {
        struct parameter *one = &to->parameters.items[i];
        const struct parameter *other = named(&from->parameters, one->name);
        float *values;
        if (!other || !tensor_same_shape(&one->tensor, &other->tensor) || (!heads && detection_name_of_head(one->name)))
            continue;
        values = malloc((tensor_count(&one->tensor) + 1) * sizeof *values);
        if (!values)
            return no_memory(err);
        parameters_get(&from->parameters, &other->tensor, values);
        parameters_set(&to->parameters, &one->tensor, values);
        free(values);
        ++*copied;
    }
    return 0;
}

static int check_same(const struct detection_design *now, const struct detection_design *before, const char *dir,
                      struct error *err)
{
    static const char *const bases[] = {"vgg-16", "resnet-50"};
    if (now->base != before->base)
        return error_set(err, ERROR_INPUT, dir, "go on with the same base_network",
                         "The earlier model's base_network is %s, this run's %s", bases[before->base],
                         bases[now->base]);
    if (now->classes != before->classes)
        return error_set(err, ERROR_INPUT, dir, "go on with the same num_classes",
                         "The earlier model has %zu classes, this run %zu", before->classes, now->classes);
    if (now->width != before->width)
        return error_set(err, ERROR_INPUT, dir, "go on with the same width",
                         "The earlier model's width is %zu, this run's %zu", before->width, now->width);
    return 0;
}

int start_from_model(struct detection_net *net, const char *dir, struct event_sink *sink, struct error *err)
{
    struct model before = {0};
    const struct detection_net *from;
    size_t copied = 0;
    int status = model_load(&before, dir, err);
    if (status == 0 && before.algorithm != &object_detection)
        status = error_set(err, ERROR_INPUT, dir, "name the folder of an Object Detection model",
                           "The earlier model is one of %s", before.algorithm->title);
    from = status == 0 ? detection_model_net(before.loaded) : NULL;
    if (from)
        status = check_same(&net->design, &from->design, dir, err);
    if (from && status == 0)
        status = copy_weights(net, from, net->design.top != TOP_NEW, &copied, err);
    if (status == 0)
        event_log(sink, "goes on from %s: %zu of %zu parts of the network are taken from it%s", dir, copied,
                  net->parameters.count, net->design.top == TOP_NEW ? ", the heads begin anew" : "");
    model_unload(&before);
    return status;
}

/* The last maps are small and have most of the weights: they learn with the heads. */
static bool is_packed(const char *name)
{
    return strncmp(name, "conv", 4) == 0 && name[4] <= '4';
}

/* --- packing --------------------------------------------------------------------------------------------------------
 */

/* Float32 numbers as they are; of a convolution, whose last dimension is the output channels, bytes times a scale. */
static void pack_values(struct str *out, const float *values, size_t count, size_t channels, bool coded)
{
    if (!coded) {
        str_append(out, values, count * sizeof *values);
        return;
    }
    for (size_t c = 0; c < channels; c++) {
        float most = 0;
        for (size_t i = c; i < count; i += channels)
            most = fmaxf(most, fabsf(values[i]));
        most /= STEPS;
        str_append(out, &most, sizeof most);
        for (size_t i = c; i < count; i += channels)
            str_putc(out, (char)(int8_t)lrintf(most > 0 ? values[i] / most : 0));
    }
}

int start_pack(const struct detection_net *net, struct str *out, struct error *err)
{
    size_t begin = out->len;
    str_append(out, MAGIC, MAGIC_BYTES);
    str_append(out, &(uint64_t){0}, sizeof(uint64_t)); /* the bytes that follow */
    for (size_t i = 0; i < net->parameters.count; i++) {
        const struct parameter *one = &net->parameters.items[i];
        size_t count = tensor_count(&one->tensor);
        uint32_t bytes = (uint32_t)count;
        char name[PARAMETER_NAME] = {0};
        float *values;
        if (!is_packed(one->name))
            continue;
        values = malloc((count + 1) * sizeof *values);
        if (!values)
            return no_memory(err);
        parameters_get(&net->parameters, &one->tensor, values);
        snprintf(name, sizeof name, "%s", one->name);
        str_append(out, name, sizeof name);
        str_append(out, &bytes, sizeof bytes);
        pack_values(out, values, count, tensor_width(&one->tensor), one->tensor.rank == 4);
        free(values);
    }
    if (out->failed)
        return no_memory(err);
    memcpy(out->data + begin + MAGIC_BYTES, &(uint64_t){out->len - begin - HEAD_BYTES}, sizeof(uint64_t));
    return 0;
}

static int cut_short(const char *name, struct error *err)
{
    return error_set(err, ERROR_INPUT, name, "make pretrained",
                     "The file of a trained base is cut short or of another network");
}

static void unpack_values(const unsigned char *bytes, float *values, size_t count, size_t channels, bool coded)
{
    if (!coded) {
        memcpy(values, bytes, count * sizeof *values);
        return;
    }
    for (size_t c = 0; c < channels; c++) {
        float scale;
        memcpy(&scale, bytes, sizeof scale);
        bytes += sizeof scale;
        for (size_t i = c; i < count; i += channels)
            values[i] = scale * (float)(int8_t)*bytes++;
    }
}

/* One part; *len: what is left of the file. */
static int unpack_one(struct detection_net *net, const unsigned char **at, size_t *len, const char *name,
                      struct error *err)
{
    const struct parameter *one;
    char part[PARAMETER_NAME];
    uint32_t count;
    size_t head = sizeof part + sizeof count, bytes, channels;
    float *values;
    if (*len < head)
        return cut_short(name, err);
    memcpy(part, *at, sizeof part);
    part[sizeof part - 1] = '\0';
    memcpy(&count, *at + sizeof part, sizeof count);
    one = named(&net->parameters, part);
    if (!one || tensor_count(&one->tensor) != count || !is_packed(part))
        return cut_short(name, err);
    channels = tensor_width(&one->tensor);
    bytes = one->tensor.rank == 4 ? count + channels * sizeof(float) : count * sizeof(float);
    if (*len - head < bytes)
        return cut_short(name, err);
    values = malloc((count + 1) * sizeof *values);
    if (!values)
        return no_memory(err);
    unpack_values(*at + head, values, count, channels, one->tensor.rank == 4);
    parameters_set(&net->parameters, &net->parameters.items[one - net->parameters.items].tensor, values);
    free(values);
    *at += head + bytes;
    *len -= head + bytes;
    return 0;
}

int start_unpack(struct detection_net *net, const void *bytes, size_t len, const char *name, struct error *err)
{
    const unsigned char *at = bytes;
    uint64_t follow;
    if (len < HEAD_BYTES || memcmp(at, MAGIC, MAGIC_BYTES) != 0)
        return error_set(err, ERROR_INPUT, name, "make pretrained", "This is no file of a trained base");
    memcpy(&follow, at + MAGIC_BYTES, sizeof follow);
    at += HEAD_BYTES;
    len -= HEAD_BYTES;
    if (follow != len)
        return cut_short(name, err);
    while (len > 0)
        if (unpack_one(net, &at, &len, name, err) < 0)
            return -1;
    return 0;
}

int start_from_shipped(struct detection_net *net, struct event_sink *sink, struct error *err)
{
    static const char *const bases[] = {"vgg-16", "resnet-50"};
    const struct asset *file;
    char name[80];
    snprintf(name, sizeof name, "pretrained/%s-width%zu.base", bases[net->design.base], net->design.width);
    file = asset_find(&asset_content, name);
    if (!file) {
        event_log(sink,
                  "use_pretrained_model: there are no shipped weights of %s at width %zu; the base begins at random",
                  bases[net->design.base], net->design.width);
        return 0;
    }
    if (start_unpack(net, file->plain, file->plain_len, name, err) < 0)
        return -1;
    event_log(sink, "the base begins with shipped weights (%s), trained on made images of other shapes", name);
    return 0;
}
