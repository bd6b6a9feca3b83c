/* What the server did: one JSON object per line on standard error, each line in one write so that threads do not mix.
 *
 *     {"time":"2026-11-24T06:15:23.123Z","event":"request","method":"GET","path":"/","status":200,"ms":0.21,"bytes":1432}
 *     {"time":"2026-11-24T06:15:22.904Z","event":"ready","text":"http://127.0.0.1:8080"} */
#ifndef WEB_LOG_H
#define WEB_LOG_H

#include <stddef.h>

void log_request(const char *method, const char *path, int status, double seconds, size_t body_bytes);

/* The life of the server: start, ready, stop, and what the HTTP library complains about. */
void log_event(const char *event, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
