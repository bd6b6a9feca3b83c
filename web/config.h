/* The server's settings: command line over environment over built-in default. */
#ifndef WEB_CONFIG_H
#define WEB_CONFIG_H

#include "engine/base/error.h"

struct config {
    char listen[64];       /* --listen ADDRESS:PORT        FLASHLAB_LISTEN   127.0.0.1:8080 */
    char data[1024];       /* --data DIR                   FLASHLAB_DATA     data */
    char static_dir[1024]; /* --static DIR                 FLASHLAB_STATIC   "": the files inside the program */
    char engine[1024];     /* --engine PATH                FLASHLAB_ENGINE   flashlab-engine beside this program */
    int threads;           /* --threads N                  FLASHLAB_THREADS  64 workers */
    int runs;              /* --runs N                     FLASHLAB_RUNS     runs at once; number of processors */
    int run_seconds;       /* --run-seconds N              FLASHLAB_RUN_SECONDS  wall-clock limit of a run, 120 */
    int run_memory_mb;     /* --run-memory N               FLASHLAB_RUN_MEMORY   address space of a run, 2048 MiB */
};

int config_read(struct config *c, int argc, char **argv, struct error *err);

#endif
