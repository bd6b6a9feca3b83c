/* The sockets beneath CivetWeb, which does not show them: found by their addresses. */
#ifndef WEB_SOCKET_H
#define WEB_SOCKET_H

#include "engine/base/error.h"

/* Streams are moved to descriptors from here on, so that looking for a worker's socket need not pass them. */
#define SOCKET_STREAMS_FROM 4096

/* Raises the limit of open descriptors to what the system allows. Before there are threads. */
void socket_raise_limit(void);

/* 0 when "A.B.C.D:PORT" can be listened on; else a sentence that names the port and the way out. */
int socket_probe(const char *listen, struct error *err);

/* The descriptor of the connection from remote_addr:remote_port to local_port, or -1. */
int socket_find(const char *remote_addr, int remote_port, int local_port);

/* Lets a refused client finish sending, for at most a second, so that it reads the reply instead of a reset. */
void socket_linger(int fd);

/* Moves the connection of descriptor `fd` to a new, non-blocking, close-on-exec descriptor and returns that; `fd`
 * itself becomes a dead socket, on which CivetWeb's shutdown and close do no harm. -1: out of descriptors. The two
 * steps are apart so that the reply can be written when nothing can fail any more. */
struct socket_move {
    int from, to, dead;
};
int socket_move_prepare(struct socket_move *m, int fd);
void socket_move_finish(struct socket_move *m);

/* Refuses new connections on the port and ends the reading side of those below SOCKET_STREAMS_FROM: threads that wait
 * for a request on them wake up. */
void socket_close_port(int local_port);

#endif
