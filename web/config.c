#include "web/config.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One row per setting; a text setting has a size, a number has bounds. */
static const struct setting {
    const char *flag, *variable;
    size_t offset, size;
    int min, max;
} settings[] = {
    {"--listen", "FLASHLAB_LISTEN", offsetof(struct config, listen), sizeof((struct config *)0)->listen, 0, 0},
    {"--data", "FLASHLAB_DATA", offsetof(struct config, data), sizeof((struct config *)0)->data, 0, 0},
    {"--static", "FLASHLAB_STATIC", offsetof(struct config, static_dir), sizeof((struct config *)0)->static_dir, 0, 0},
    {"--engine", "FLASHLAB_ENGINE", offsetof(struct config, engine), sizeof((struct config *)0)->engine, 0, 0},
    {"--threads", "FLASHLAB_THREADS", offsetof(struct config, threads), 0, 4, 512},
    {"--runs", "FLASHLAB_RUNS", offsetof(struct config, runs), 0, 1, 256},
    {"--run-seconds", "FLASHLAB_RUN_SECONDS", offsetof(struct config, run_seconds), 0, 1, 86400},
    {"--run-memory", "FLASHLAB_RUN_MEMORY", offsetof(struct config, run_memory_mb), 0, 64, 1048576},
};
#define SETTING_COUNT (sizeof settings / sizeof *settings)

static int set_number(struct config *c, const struct setting *s, const char *name, const char *text, struct error *err)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end || value < s->min || value > s->max)
        return error_set(err, ERROR_INPUT, name, NULL, "'%s' is not a whole number from %d to %d", text, s->min,
                         s->max);
    *(int *)((char *)c + s->offset) = (int)value;
    return 0;
}

/* `name` is how the user spelt the setting, for the message: the flag or the variable. */
static int set_value(struct config *c, const struct setting *s, const char *name, const char *text, struct error *err)
{
    if (!s->size)
        return set_number(c, s, name, text, err);
    if (strlen(text) >= s->size)
        return error_set(err, ERROR_LIMIT, name, NULL, "the value is longer than %zu bytes", s->size - 1);
    memcpy((char *)c + s->offset, text, strlen(text) + 1);
    return 0;
}

static void set_defaults(struct config *c)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    *c = (struct config){.listen = "127.0.0.1:8080", .data = "data", .threads = 64, .run_seconds = 120};
    c->runs = processors < 1 ? 1 : processors > 256 ? 256 : (int)processors;
    c->run_memory_mb = 2048;
}

static int read_environment(struct config *c, struct error *err)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const char *value = getenv(settings[i].variable);
        if (value && *value && set_value(c, &settings[i], settings[i].variable, value, err))
            return -1;
    }
    return 0;
}

static const struct setting *find_flag(const char *arg, size_t len)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (strlen(settings[i].flag) == len && !memcmp(settings[i].flag, arg, len))
            return &settings[i];
    return NULL;
}

/* "--flag value" and "--flag=value" mean the same. */
static int read_arguments(struct config *c, int argc, char **argv, struct error *err)
{
    for (int i = 0; i < argc; i++) {
        size_t len = strcspn(argv[i], "=");
        const struct setting *s = find_flag(argv[i], len);
        const char *value = argv[i][len] ? argv[i] + len + 1 : NULL;
        if (!s)
            return error_set(err, ERROR_INPUT, argv[i], "see flashlab --help", "there is no such option");
        if (!value && ++i < argc)
            value = argv[i];
        if (!value || !*value)
            return error_set(err, ERROR_INPUT, s->flag, "see flashlab --help", "the option needs a value");
        if (set_value(c, s, s->flag, value, err))
            return -1;
    }
    return 0;
}

/* Writes the address as CivetWeb wants it, "A.B.C.D:PORT". A port alone and "localhost" are understood. */
static int check_listen(struct config *c, struct error *err)
{
    char *colon = strrchr(c->listen, ':'), *end;
    const char *digits = colon ? colon + 1 : c->listen;
    unsigned long port = strtoul(digits, &end, 10);
    char host[sizeof c->listen] = "127.0.0.1";
    struct in_addr address;
    if (end == digits || *end || digits[0] < '0' || digits[0] > '9' || port > 65535)
        return error_set(err, ERROR_INPUT, "--listen", "write it as 127.0.0.1:8080",
                         "'%s' has no port number from 0 to 65535", c->listen);
    if (colon && colon != c->listen)
        snprintf(host, sizeof host, "%.*s", (int)(colon - c->listen), c->listen);
    if (!strcmp(host, "localhost"))
        snprintf(host, sizeof host, "127.0.0.1");
    if (inet_pton(AF_INET, host, &address) != 1)
        return error_set(err, ERROR_INPUT, "--listen", "write it as 127.0.0.1:8080", "'%s' is not an IPv4 address",
                         host);
    if ((ntohl(address.s_addr) >> 24) != 127)
        return error_set(
            err, ERROR_INPUT, "--listen",
            "listen on 127.0.0.1 and reach it from elsewhere through ssh -L 8080:127.0.0.1:8080",
            "%s can be reached from other machines, and this version has no accounts to keep strangers out", host);
    snprintf(c->listen, sizeof c->listen, "%.20s:%lu", host, port);
    return 0;
}

/* Without this the files inside the program would be served as if they were the folder's. */
static int check_static(const struct config *c, struct error *err)
{
    struct stat about;
    if (!c->static_dir[0] || (!stat(c->static_dir, &about) && S_ISDIR(about.st_mode)))
        return 0;
    return error_set(err, ERROR_INPUT, "--static", "name a folder that holds index.html", "'%.300s' is not a folder",
                     c->static_dir);
}

/* The engine is installed beside this program. */
static void find_engine(struct config *c)
{
    ssize_t len = readlink("/proc/self/exe", c->engine, sizeof c->engine - sizeof "flashlab-engine");
    char *slash;
    c->engine[len > 0 ? len : 0] = '\0';
    slash = strrchr(c->engine, '/');
    slash = slash ? slash + 1 : c->engine;
    memcpy(slash, "flashlab-engine", sizeof "flashlab-engine");
}

int config_read(struct config *c, int argc, char **argv, struct error *err)
{
    set_defaults(c);
    if (read_environment(c, err) || read_arguments(c, argc, argv, err) || check_listen(c, err) || check_static(c, err))
        return -1;
    if (!c->engine[0])
        find_engine(c);
    return 0;
}
