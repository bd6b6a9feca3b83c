/* Tests what a card claims: two arms, several seeds, one measure, and a rule that says when the interval decides.
 *
 * Every seed is a pair: both arms see the same data, split, initial weights and order of batches, so that the unit of
 * analysis is the difference within a seed. Each arm is tuned on validation over its own grid before it is measured on
 * test; seeds stream until the interval decides or the cap is reached (stats.h).
 *
 * Lines (event.h): start; per arm and seed a log of the tuning and the curves of the measured run; the verdict; end.
 * Pictures: contour once per arm, for the first seed (contour.h), and after every seed
 *
 *     pairs {"metric":..,"rows":[{"seed":1,"values":[a,b],"difference":b-a,"chosen":[..],"diverged":[..]}],"mean":..,
 *            "low":..,"high":..}                                                   low and high: null for one row
 *
 * A run that diverged is scored as the guess that needs no features (measure.h). */
#ifndef ENGINE_EXPERIMENT_H
#define ENGINE_EXPERIMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/event.h"

/* `id_or_file` is an ID of the built-in catalogue ("LL-14") or the path of a catalogue file that holds one experiment.
 * `flip` runs the twin in which the claim should fail. `seed` is the first seed. `pace` sleeps that many seconds after
 * each step of a measured run (0: the catalogue's pace). Returns 0 also when the sink asked to stop. */
int experiment_run(const char *id_or_file, bool flip, uint64_t seed, double pace, struct event_sink *sink,
                   struct error *err);

#endif
