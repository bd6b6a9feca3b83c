/* Shared objects that stand beside the running program and are loaded when they are needed. */
#ifndef BASE_PLUGIN_H
#define BASE_PLUGIN_H

#include <stdbool.h>

/* `global`: its symbols serve what it loads itself. NULL: plugin_fault says why. */
void *plugin_open(const char *name, bool global);
const char *plugin_fault(void);

#endif
