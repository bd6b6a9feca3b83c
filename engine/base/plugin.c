#include "engine/base/plugin.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char fault[256];

const char *plugin_fault(void)
{
    return fault;
}

void *plugin_open(const char *name, bool global)
{
    char program[PATH_MAX - 64], path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    char *slash;
    void *plugin;
    program[len > 0 ? len : 0] = '\0';
    slash = strrchr(program, '/');
    snprintf(path, sizeof path, "%.*s%.60s", slash ? (int)(slash - program + 1) : 0, program, name);
    if (access(path, F_OK) != 0) {
        snprintf(fault, sizeof fault, "%.60s is not there", name);
        return NULL;
    }
    plugin = dlopen(path, RTLD_NOW | (global ? RTLD_GLOBAL : RTLD_LOCAL));
    if (!plugin)
        snprintf(fault, sizeof fault, "%s", dlerror());
    return plugin;
}
