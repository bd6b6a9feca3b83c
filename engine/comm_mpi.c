/* Ranks under mpirun. MPI itself is in a plugin beside the program, so that the engine starts without it. */
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>

#include "engine/base/plugin.h"
#include "engine/comm.h"

#define PLUGIN "flashlab-mpi.so"
#define REBUILD "install libopenmpi-dev and openmpi-bin and build again, or use --ranks N --spread processes"

typedef int plugin_run(comm_run *run, void *context, struct error *err);

int comm_mpi_ranks(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = getenv(names[i]);
        char *end;
        long ranks = text ? strtol(text, &end, 10) : 0;
        if (ranks > 0 && ranks <= INT_MAX && *end == '\0')
            return (int)ranks;
    }
    return 0;
}

int comm_run_mpi(comm_run *run, void *context, struct error *err)
{
    void *plugin = plugin_open(PLUGIN, true); /* stays open: MPI ends with the process */
    plugin_run *start = NULL;
    if (!plugin)
        return error_set(err, ERROR_INPUT, "mpirun", REBUILD, "This build has no MPI: %.200s", plugin_fault());
    *(void **)&start = dlsym(plugin, "flashlab_mpi_run");
    if (!start)
        return error_set(err, ERROR_SYSTEM, "mpirun", "build again", "The plugin for MPI is of another build");
    return start(run, context, err);
}
