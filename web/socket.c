#include "web/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/clock.h"

#define MAX_DESCRIPTORS 65536
#define LINGER_SECONDS 1.0
#define LINGER_MAX_BYTES (16u << 20)

void socket_raise_limit(void)
{
    struct rlimit limit;
    int any, high;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max < MAX_DESCRIPTORS ? limit.rlim_max : MAX_DESCRIPTORS;
    setrlimit(RLIMIT_NOFILE, &limit);
    /* The kernel's table of descriptors grows now, in no time; once there are threads it takes 10 to 20 ms. */
    any = open("/dev/null", O_RDONLY | O_CLOEXEC);
    high = fcntl(any, F_DUPFD_CLOEXEC, SOCKET_STREAMS_FROM);
    if (high >= 0)
        close(high);
    if (any >= 0)
        close(any);
}

static bool parse_listen(const char *listen, struct sockaddr_in *address)
{
    char host[INET_ADDRSTRLEN];
    const char *colon = strrchr(listen, ':');
    if (!colon || (size_t)(colon - listen) >= sizeof host)
        return false;
    memcpy(host, listen, (size_t)(colon - listen));
    host[colon - listen] = '\0';
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10))};
    return inet_pton(AF_INET, host, &address->sin_addr) == 1;
}

static int probe_failure(const char *listen, int port, struct error *err)
{
    int reason = errno;
    char fix[128];
    if (reason == EADDRINUSE) {
        snprintf(fix, sizeof fix, "stop that program, or choose another port: --listen 127.0.0.1:%d",
                 port < 65535 ? port + 1 : port - 1);
        return error_set(err, ERROR_INPUT, "--listen", fix, "port %d is in use by another program", port);
    }
    if (reason == EACCES)
        return error_set(err, ERROR_INPUT, "--listen", "choose a port from 1024 on: --listen 127.0.0.1:8080",
                         "this user may not listen on port %d", port);
    return error_set(err, ERROR_SYSTEM, "--listen", NULL, "cannot listen on %s: %s", listen, strerror(reason));
}

int socket_probe(const char *listen_on, struct error *err)
{
    struct sockaddr_in address;
    int fd, on = 1, status = 0;
    if (!parse_listen(listen_on, &address))
        return error_set(err, ERROR_INPUT, "--listen", NULL, "'%s' is not an address and a port", listen_on);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 1))
        status = probe_failure(listen_on, ntohs(address.sin_port), err);
    if (fd >= 0)
        close(fd);
    return status;
}

/* Whether fd is a TCP socket of this local port; the port it is connected to goes to *remote, 0: it listens. */
static bool describe(int fd, int local_port, struct sockaddr_in *remote)
{
    struct sockaddr_in local = {0};
    socklen_t len = sizeof local;
    if (getsockname(fd, (struct sockaddr *)&local, &len) || local.sin_family != AF_INET ||
        ntohs(local.sin_port) != local_port)
        return false;
    len = sizeof *remote;
    if (getpeername(fd, (struct sockaddr *)remote, &len))
        *remote = (struct sockaddr_in){0};
    return true;
}

int socket_find(const char *remote_addr, int remote_port, int local_port)
{
    struct sockaddr_in remote = {0};
    struct in_addr wanted;
    if (inet_pton(AF_INET, remote_addr, &wanted) != 1)
        return -1;
    for (int fd = 3; fd < SOCKET_STREAMS_FROM; fd++)
        if (describe(fd, local_port, &remote) && ntohs(remote.sin_port) == remote_port &&
            remote.sin_addr.s_addr == wanted.s_addr)
            return fd;
    return -1;
}

void socket_linger(int fd)
{
    char sink[4096];
    double until = clock_seconds() + LINGER_SECONDS, left;
    size_t total = 0;
    shutdown(fd, SHUT_WR);
    while ((left = until - clock_seconds()) > 0 && total < LINGER_MAX_BYTES) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        ssize_t got;
        if (poll(&wait, 1, (int)(left * 1000) + 1) <= 0)
            continue;
        got = recv(fd, sink, sizeof sink, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return;
        total += got > 0 ? (size_t)got : 0;
    }
}

int socket_move_prepare(struct socket_move *m, int fd)
{
    int pair[2];
    *m = (struct socket_move){.from = fd, .to = -1, .dead = -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return -1;
    close(pair[1]);
    m->dead = pair[0];
    m->to = fcntl(fd, F_DUPFD_CLOEXEC, SOCKET_STREAMS_FROM);
    if (m->to < 0 && errno == EINVAL) /* the system allows fewer descriptors than that */
        m->to = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (m->to < 0) {
        close(m->dead);
        return -1;
    }
    fcntl(m->to, F_SETFL, fcntl(m->to, F_GETFL) | O_NONBLOCK);
    return 0;
}

void socket_move_finish(struct socket_move *m)
{
    dup3(m->dead, m->from, O_CLOEXEC);
    close(m->dead);
}

void socket_close_port(int local_port)
{
    struct sockaddr_in remote;
    for (int fd = 3; fd < SOCKET_STREAMS_FROM; fd++)
        if (describe(fd, local_port, &remote))
            shutdown(fd, remote.sin_port ? SHUT_RD : SHUT_RDWR);
}
