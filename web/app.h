/* What the handlers share. One of it, made by main, alive as long as the server. */
#ifndef WEB_APP_H
#define WEB_APP_H

#include "web/config.h"

#define FLASHLAB_VERSION "0.1.0"

struct app {
    struct config config;
    struct store *store; /* web/store/store.h */
    struct lab *lab;     /* web/lab/lab.h */
    double started;      /* clock_seconds() */
};

#endif
