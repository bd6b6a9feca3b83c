/* The forecasts that a watcher sees: of up to six series, always the same ones. */
#ifndef DEEPAR_PICTURE_H
#define DEEPAR_PICTURE_H

#include "engine/algo/deepar/deepar_forecast.h"

#define DEEPAR_SHOWN 6

struct deepar_look {
    struct window windows[DEEPAR_SHOWN];
    size_t count;
    bool truth;  /* the series go on behind `at` */
    double sent; /* when the last one was sent */
};

/* From the test series where there are any: their last values, hidden. Else what follows after training series; or,
 * where their dynamic features end with them, their last values. */
void deepar_look_choose(struct deepar_look *l, const struct deepar_plan *p, const struct histories *train,
                        const struct histories *test);
/* Sends one, unless the last is younger than a quarter of a second and this is not the `end`. */
int deepar_look_send(struct deepar_look *l, const struct deepar_net *n, struct tape *t, struct event_sink *sink,
                     uint64_t seed, int epoch, long step, bool end, struct error *err);

#endif
