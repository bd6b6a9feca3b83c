/* Which device trains: --device auto, cpu or cuda. `auto` is the CPU, except where the settings ask for a GPU, or the
 * training data are large (of text the algorithm says) or the algorithm is a network (which then takes the faster of
 * both, measured: nn/placement.h), the algorithm takes a GPU for them, and one answers. Nothing of the backend is
 * loaded before that is asked. */
#ifndef ENGINE_DEVICE_H
#define ENGINE_DEVICE_H

#include "engine/algo/algorithm.h"

#define DEVICE_LARGE ((uint64_t)1 << 26) /* values of the training data from which auto looks for a GPU */

/* Before the data are read: is there such a device, and may `ranks` ranks train on it? */
int device_check(const char *asked, const struct algorithm *a, const struct settings *s, int ranks, struct error *err);

/* With the data: sets t->gpu, or leaves it NULL for the CPU. */
int device_choose(const char *asked, const struct algorithm *a, struct training *t, struct error *err);

#endif
