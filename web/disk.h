/* Reads a file beneath a folder, for --static DIR. No path leads out of it: "..", links and devices are refused. */
#ifndef WEB_DISK_H
#define WEB_DISK_H

#include <stddef.h>

#define DISK_MAX_BYTES (16u << 20)

/* malloc'ed bytes with a NUL behind them, or NULL: there is no such file, or it may not be read. */
char *disk_read(const char *dir, const char *path, size_t *len);

#endif
