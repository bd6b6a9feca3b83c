#include "engine/gpu.h"

#include <dlfcn.h>

#include "engine/base/plugin.h"

#define REBUILD "install the CUDA toolkit so that make finds nvcc, and build again; or use --device cpu"
#define NO_DRIVER "use --device cpu, or a machine with an NVIDIA GPU and its driver"

static char device_name[GPU_TEXT];

const char *gpu_name(void)
{
    return device_name;
}

/* Asked before the plugin is loaded, which brings cuBLAS and 150 MB with it. */
static bool driver_is_there(void)
{
    static void *driver; /* stays: the plugin needs it */
    if (!driver)
        driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
    return driver != NULL;
}

const struct gpu *gpu_open(struct error *err)
{
    static const struct gpu *opened;
    char why[GPU_TEXT];
    const struct gpu *(*entry)(void);
    void *plugin;
    if (opened)
        return opened;
    if (!driver_is_there()) {
        error_set(err, ERROR_INPUT, "--device", NO_DRIVER, "No GPU answers: there is no NVIDIA driver (libcuda.so.1)");
        return NULL;
    }
    plugin = plugin_open(GPU_PLUGIN, false);
    if (!plugin) {
        error_set(err, ERROR_INPUT, "--device", REBUILD, "This build has no GPU backend: %.200s", plugin_fault());
        return NULL;
    }
    *(void **)&entry = dlsym(plugin, "flashlab_gpu");
    if (!entry || entry()->version != GPU_VERSION) {
        error_set(err, ERROR_INPUT, "--device", "build both again with make", GPU_PLUGIN " belongs to another build");
        return NULL;
    }
    if (entry()->probe(device_name, why) < 0) {
        error_set(err, ERROR_INPUT, "--device", NO_DRIVER, "No GPU answers: %s", why);
        return NULL;
    }
    opened = entry();
    return opened;
}

int gpu_finish(const struct gpu *gpu, struct error *err)
{
    char why[GPU_TEXT];
    if (gpu->finish(why) == 0)
        return 0;
    return error_set(err, ERROR_SYSTEM, device_name, "use --device cpu, or less data", "The GPU failed: %s", why);
}
