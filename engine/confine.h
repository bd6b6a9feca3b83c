/* Takes from this process everything a trainer does not need, before it reads a byte of data: memory and time above a
 * limit, new files, sockets, other processes. What is left: reading files, threads, memory, standard output.
 *
 *     if (confine(120, 2048, &err) < 0) ...report err, exit status 2...
 *
 * Invariant: after 0 was returned nothing gives the rights back; a refused call fails with EPERM and the process goes
 * on. It works for root and for ordinary users, in containers, and under AddressSanitizer (which maps terabytes of
 * address space: there alone the memory limit is left out). Landlock backs the refusals where the kernel has it;
 * seccomp makes them by itself. */
#ifndef ENGINE_CONFINE_H
#define ENGINE_CONFINE_H

#include "engine/base/error.h"

/* `seconds` of processor time (SIGXCPU, then SIGKILL); `mib` of memory beyond what is mapped now and what one thread of
 * OpenBLAS needs: with a small limit set OPENBLAS_NUM_THREADS=1, as the server does. */
int confine(double seconds, long mib, struct error *err);

#endif
