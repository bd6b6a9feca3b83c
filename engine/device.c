#include "engine/device.h"

#include <string.h>

#include "engine/gpu.h"

static bool is_auto(const char *asked)
{
    return !asked || strcmp(asked, "auto") == 0;
}

/* Who asks for a GPU: the flag, a setting, or NULL: nobody. */
static const char *who_asks(const char *asked, const struct algorithm *a, const struct settings *s)
{
    if (!is_auto(asked))
        return strcmp(asked, "cuda") == 0 ? "--device" : NULL;
    return a->wants_gpu ? a->wants_gpu(s) : NULL;
}

int device_check(const char *asked, const struct algorithm *a, const struct settings *s, int ranks, struct error *err)
{
    const char *who = who_asks(asked, a, s);
    struct error missing = {0};
    if (!is_auto(asked) && strcmp(asked, "cpu") != 0 && strcmp(asked, "cuda") != 0)
        return error_set(err, ERROR_INPUT, "--device", "use auto, cpu or cuda", "There is no device '%.60s'", asked);
    if (!who)
        return 0;
    if (!a->takes_gpu)
        return error_set(err, ERROR_INPUT, "--device", "use --device cpu", "%s trains on the CPU only", a->title);
    if (ranks > 1)
        return error_set(err, ERROR_INPUT, who, "use one rank, or train on the CPU",
                         "One GPU trains with all the data: it cannot be shared by %d ranks", ranks);
    if (gpu_open(&missing))
        return 0;
    *err = missing;
    return is_auto(asked) ? error_set(err, ERROR_INPUT, who, "choose a value that the CPU can do",
                                      "%s = %s needs a GPU. %.300s", who, settings_get(s, who), missing.what)
                          : -1;
}

static uint64_t values(const struct dataset *d)
{
    return d->x ? (uint64_t)d->rows * d->columns : d->start ? d->start[d->rows] : 0;
}

/* Is it worth to look for a GPU? A network measures by itself which device is the faster one (nn/placement.h). */
static bool large(const struct algorithm *a, const struct training *t)
{
    return a->data != DATA_TABLE || (t->train && values(t->train) >= DEVICE_LARGE);
}

int device_choose(const char *asked, const struct algorithm *a, struct training *t, struct error *err)
{
    struct error unsaid = {0};
    bool wanted = who_asks(asked, a, t->settings) != NULL;
    t->gpu = NULL;
    t->gpu_asked = wanted;
    if (!wanted && (!is_auto(asked) || !a->takes_gpu || comm_ranks(t->comm) > 1 || !large(a, t)))
        return 0;
    if (a->check_gpu && a->check_gpu(t, wanted ? err : &unsaid) < 0)
        return wanted ? -1 : 0;
    t->gpu = gpu_open(wanted ? err : &unsaid);
    return t->gpu || !wanted ? 0 : -1;
}
