/* The commands that ask a trained model: once (predict), or by the service's HTTP contract (serve: GET /ping, POST
 * /invocations, GET /execution-parameters). */
#ifndef ENGINE_PREDICT_H
#define ENGINE_PREDICT_H

#include "engine/base/error.h"
#include "engine/event.h"

struct prediction {
    const char *model;                 /* folder, or a file that the real XGBoost saved */
    const char *input;                 /* file, or "-" for standard input */
    const char *content_type, *accept; /* NULL: told from the file's name; the algorithm's default */
};

/* The answer goes to standard output. */
int predict(const struct prediction *p, struct error *err);

/* Answers on `listen` ("127.0.0.1:8080") until the sink is told to stop. */
int serve(const char *model, const char *listen, int threads, struct event_sink *sink, struct error *err);

#endif
