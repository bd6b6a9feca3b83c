#include "web/disk.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool good_name(const char *name, size_t len)
{
    return len > 0 && len < 256 && name[0] != '.' && !memchr(name, '\\', len);
}

/* Opens one name after the other, so that a link can be no part of the path. Takes over `at`. */
static int open_beneath(int at, const char *path)
{
    char name[256];
    while (at >= 0) {
        size_t len = strcspn(path, "/");
        bool last = path[len] == '\0';
        int next = -1;
        if (good_name(path, len)) {
            memcpy(name, path, len);
            name[len] = '\0';
            next = openat(at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (last ? 0 : O_DIRECTORY));
        }
        close(at);
        if (last)
            return next;
        at = next;
        path += len + 1;
    }
    return -1;
}

static char *read_all(int fd, size_t size, size_t *len)
{
    char *bytes = malloc(size + 1);
    ssize_t got;
    for (*len = 0; bytes && *len < size; *len += (size_t)got)
        if ((got = read(fd, bytes + *len, size - *len)) <= 0)
            break;
    if (bytes)
        bytes[*len] = '\0';
    return bytes;
}

char *disk_read(const char *dir, const char *path, size_t *len)
{
    int fd = open_beneath(open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path);
    struct stat about;
    char *bytes = NULL;
    if (fd < 0)
        return NULL;
    if (!fstat(fd, &about) && S_ISREG(about.st_mode) && about.st_size <= DISK_MAX_BYTES)
        bytes = read_all(fd, (size_t)about.st_size, len);
    close(fd);
    return bytes;
}
