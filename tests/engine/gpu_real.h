/* The real backend for tests, where a GPU answers. */
#ifndef TESTS_GPU_REAL_H
#define TESTS_GPU_REAL_H

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/gpu.h"

/* CUDA maps memory where AddressSanitizer keeps its own, and leaks by design. */
const char *__asan_default_options(void);
const char *__lsan_default_suppressions(void);
const char *__asan_default_options(void)
{
    return "protect_shadow_gap=0";
}
const char *__lsan_default_suppressions(void)
{
    return "leak:libcuda\nleak:libcublas\n";
}

static char linked[PATH_MAX]; /* the plugin beside this program, if we put it there */

/* The plugin is built into the folder of the programs, some folders above this one's. */
static void link_plugin(void)
{
    char here[PATH_MAX - 128], path[PATH_MAX + 128];
    ssize_t len = readlink("/proc/self/exe", here, sizeof here - 1);
    char *slash;
    here[len > 0 ? len : 0] = '\0';
    slash = strrchr(here, '/');
    if (!slash)
        return;
    *slash = '\0';
    snprintf(linked, sizeof linked, "%s/" GPU_PLUGIN, here);
    if (access(linked, F_OK) == 0) {
        linked[0] = '\0';
        return;
    }
    for (; (slash = strrchr(here, '/')); *slash = '\0') {
        snprintf(path, sizeof path, "%s/" GPU_PLUGIN, here);
        if (access(path, F_OK) == 0 && symlink(path, linked) == 0)
            return;
    }
    linked[0] = '\0';
}

static int unlink_plugin(void **state)
{
    (void)state;
    if (linked[0])
        unlink(linked);
    return 0;
}

/* NULL after saying why: the caller skips. */
static const struct gpu *real_gpu(void)
{
    struct error err = {0};
    const struct gpu *gpu = gpu_open(&err);
    if (!gpu)
        print_message("skipped: %s\n", err.what);
    return gpu;
}

#endif
