#include "engine/device.h"

#include <string.h>

#include "engine/gpu.h"

static bool is_auto(const char *asked)
{
    return !asked || strcmp(asked, "auto") == 0;
}

static bool wants_gpu(const char *asked, const struct algorithm *a, const struct settings *s)
{
    return is_auto(asked) ? a->wants_gpu && a->wants_gpu(s) : strcmp(asked, "cuda") == 0;
}

int device_check(const char *asked, const struct algorithm *a, const struct settings *s, int ranks, struct error *err)
{
    if (!is_auto(asked) && strcmp(asked, "cpu") != 0 && strcmp(asked, "cuda") != 0)
        return error_set(err, ERROR_INPUT, "--device", "use auto, cpu or cuda", "There is no device '%.60s'", asked);
    if (!wants_gpu(asked, a, s))
        return 0;
    if (!a->takes_gpu)
        return error_set(err, ERROR_INPUT, "--device", "use --device cpu", "%s trains on the CPU only", a->title);
    if (ranks > 1)
        return error_set(err, ERROR_INPUT, "--device", "use one rank, or --device cpu",
                         "One GPU trains with all the data: it cannot be shared by %d ranks", ranks);
    return gpu_open(err) ? 0 : -1;
}

static uint64_t values(const struct dataset *d)
{
    return d->x ? (uint64_t)d->rows * d->columns : d->start ? d->start[d->rows] : 0;
}

int device_choose(const char *asked, const struct algorithm *a, struct training *t, struct error *err)
{
    struct error unsaid = {0};
    bool wanted = wants_gpu(asked, a, t->settings);
    t->gpu = NULL;
    if (!wanted &&
        (!is_auto(asked) || !a->takes_gpu || comm_ranks(t->comm) > 1 || !t->train || values(t->train) < DEVICE_LARGE))
        return 0;
    if (a->check_gpu && a->check_gpu(t, wanted ? err : &unsaid) < 0)
        return wanted ? -1 : 0;
    t->gpu = gpu_open(wanted ? err : &unsaid);
    return t->gpu || !wanted ? 0 : -1;
}
