/* Ranks under mpirun. MPI itself is in a plugin beside the program, so that the engine starts without it. */
#include <dlfcn.h>
#include <stdlib.h>

#include "engine/base/plugin.h"
#include "engine/comm_way.h"

#define PLUGIN "flashlab-mpi.so"
#define REBUILD "install libopenmpi-dev and openmpi-bin and build again, or use --ranks N --spread processes"

int comm_mpi_ranks(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = getenv(names[i]);
        int ranks = text ? atoi(text) : 0;
        if (ranks > 0)
            return ranks;
    }
    return 0;
}

int comm_run_mpi(comm_run *run, void *context, struct error *err)
{
    struct comm c = {0};
    void *plugin = plugin_open(PLUGIN, true);
    int (*begin)(struct comm *);
    void (*end)(struct comm *, int);
    int status;
    if (!plugin)
        return error_set(err, ERROR_INPUT, "mpirun", REBUILD, "This build has no MPI: %.200s", plugin_fault());
    *(void **)&begin = dlsym(plugin, "flashlab_mpi_begin");
    *(void **)&end = dlsym(plugin, "flashlab_mpi_end");
    if (!begin || !end || begin(&c) < 0 || c.ranks > COMM_RANKS_MAX)
        return error_set(err, ERROR_SYSTEM, "mpirun", "start it as mpirun -n 4 flashlab-engine train ...",
                         "MPI could not be started");
    status = run(context, &c, err);
    end(&c, status < 0);
    return status;
}
