/* How a handler answers: exactly one of these per request. Header and body leave in one write. */
#ifndef WEB_REPLY_H
#define WEB_REPLY_H

#include "engine/base/error.h"
#include "engine/base/str.h"
#include "web/request.h"

/* Takes the text in `body` (JSON) and frees it; a body that ran out of memory becomes a 503. */
void reply_json(struct request *r, int status, struct str *body);

/* {"error":{"code","message","field"}}; code is snake_case for programs, the message a sentence for people. */
void reply_error(struct request *r, int status, const char *code, const char *field, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* 400 for ERROR_INPUT and ERROR_LIMIT, else 500 (503 when the system is out of something). */
void reply_failure(struct request *r, const struct error *err);

/* A file of the program by its embedded path, or from --static DIR while developing: ETag, encodings, 304, HEAD. */
void reply_asset(struct request *r, const char *path);

/* index.html, with the version of the files filled in and a policy that admits only its own scripts. */
void reply_page(struct request *r, int status);

/* Bytes of that content type, which are freed. `filename` NULL: not a download. */
void reply_bytes(struct request *r, const char *type, const char *filename, struct str *body);

void reply_no_content(struct request *r);

/* For event streams: writes status line and headers, then gives the connection's socket away (non-blocking); the
 * worker thread is free when the handler returns. Returns the descriptor, owned by the caller, or -1 (replied already).
 */
int reply_take_socket(struct request *r, const char *headers);

#endif
