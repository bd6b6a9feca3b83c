#include "engine/format/input.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define RAW_SIZE 65536

struct input {
    int fd; /* -1: memory */
    const unsigned char *memory;
    size_t memory_left;
    unsigned char *raw; /* RAW_SIZE; z.next_in points into it */
    z_stream z;
    bool looked, compressed, in_member, ended;
    uint64_t raw_bytes;
    char name[PATH_MAX];
};

static struct input *input_new(const char *name)
{
    struct input *in = calloc(1, sizeof *in);
    unsigned char *raw = malloc(RAW_SIZE);
    if (!in || !raw) {
        free(in);
        free(raw);
        return NULL;
    }
    in->raw = raw;
    in->fd = -1;
    snprintf(in->name, sizeof in->name, "%s", name);
    return in;
}

/* Opening a FIFO waits for its writer, which a signal ends. */
static void open_error(const char *path, int why, struct error *err)
{
    if (why == EINTR)
        error_set(err, ERROR_INPUT, path, "start it again when something is written there",
                  "The run was stopped while nobody wrote to the pipe");
    else
        error_set(err, ERROR_INPUT, path, "check the path and who may read it", "The file cannot be opened: %s",
                  strerror(why));
}

struct input *input_open(const char *path, struct error *err)
{
    bool standard = strcmp(path, "-") == 0;
    struct input *in = input_new(standard ? "standard input" : path);
    struct stat status;
    if (!in) {
        error_set(err, ERROR_SYSTEM, path, NULL, "There is not enough memory to read it");
        return NULL;
    }
    in->fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (in->fd < 0)
        open_error(path, errno, err);
    else if (fstat(in->fd, &status) == 0 && S_ISDIR(status.st_mode))
        error_set(err, ERROR_INPUT, path, "give files", "A folder stands where a file was expected");
    else
        return in;
    input_close(in);
    return NULL;
}

struct input *input_open_bytes(const void *bytes, size_t len, const char *name)
{
    struct input *in = input_new(name);
    if (in) {
        in->memory = bytes;
        in->memory_left = len;
    }
    return in;
}

void input_take_plain(struct input *in)
{
    in->looked = true;
}

void input_close(struct input *in)
{
    if (!in)
        return;
    if (in->compressed)
        inflateEnd(&in->z);
    if (in->fd > STDIN_FILENO)
        close(in->fd);
    free(in->raw);
    free(in);
}

/* Raw bytes into `buffer`: how many, 0 at the end, -1. */
static long read_raw(struct input *in, unsigned char *buffer, size_t size, struct error *err)
{
    ssize_t n;
    if (in->fd < 0) {
        n = (ssize_t)(size < in->memory_left ? size : in->memory_left);
        if (n) {
            memcpy(buffer, in->memory, (size_t)n);
            in->memory += n;
            in->memory_left -= (size_t)n;
        }
    } else {
        do
            n = read(in->fd, buffer, size);
        while (n < 0 && errno == EINTR);
    }
    if (n < 0)
        return error_set(err, ERROR_SYSTEM, in->name, NULL, "Reading failed: %s", strerror(errno));
    in->raw_bytes += (uint64_t)n;
    return (long)n;
}

/* Reads the first block and sees whether it is gzip. */
static int look(struct input *in, struct error *err)
{
    size_t have = 0;
    in->looked = true;
    while (have < 2) {
        long n = read_raw(in, in->raw + have, RAW_SIZE - have, err);
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    in->z.next_in = in->raw;
    in->z.avail_in = (uInt)have;
    if (have < 2 || in->raw[0] != 0x1F || in->raw[1] != 0x8B)
        return 0;
    if (inflateInit2(&in->z, 15 + 16) != Z_OK)
        return error_set(err, ERROR_SYSTEM, in->name, NULL, "There is not enough memory to unpack it");
    in->compressed = in->in_member = true;
    return 0;
}

static int refill(struct input *in, struct error *err)
{
    long n;
    if (in->z.avail_in > 0)
        return 0;
    n = read_raw(in, in->raw, RAW_SIZE, err);
    if (n < 0)
        return -1;
    in->z.next_in = in->raw;
    in->z.avail_in = (uInt)n;
    return 0;
}

/* After a member comes the end of the file or another member; padding with zeros, which tar leaves, is skipped. */
static int next_member(struct input *in, struct error *err)
{
    for (;;) {
        if (refill(in, err) < 0)
            return -1;
        if (in->z.avail_in == 0) {
            in->ended = true;
            return 0;
        }
        if (*in->z.next_in != 0)
            break;
        in->z.next_in++;
        in->z.avail_in--;
    }
    if (inflateReset(&in->z) != Z_OK)
        return error_set(err, ERROR_FAULT, in->name, NULL, "Unpacking could not go on");
    in->in_member = true;
    return 0;
}

static long read_compressed(struct input *in, void *buffer, size_t size, struct error *err)
{
    in->z.next_out = buffer;
    in->z.avail_out = (uInt)size;
    while (in->z.avail_out == size && !in->ended) {
        int status;
        if (!in->in_member) {
            if (next_member(in, err) < 0)
                return -1;
            continue;
        }
        if (refill(in, err) < 0)
            return -1;
        if (in->z.avail_in == 0)
            return error_set(err, ERROR_INPUT, in->name, "copy the file again", "The compressed data end too early");
        status = inflate(&in->z, Z_NO_FLUSH);
        if (status == Z_STREAM_END)
            in->in_member = false;
        else if (status != Z_OK && status != Z_BUF_ERROR)
            return error_set(err, ERROR_INPUT, in->name, "copy the file again", "The compressed data are damaged: %s",
                             in->z.msg ? in->z.msg : "unknown reason");
    }
    return (long)(size - in->z.avail_out);
}

static long read_plain(struct input *in, void *buffer, size_t size, struct error *err)
{
    size_t n = in->z.avail_in < size ? in->z.avail_in : size;
    if (n == 0)
        return read_raw(in, buffer, size, err);
    memcpy(buffer, in->z.next_in, n);
    in->z.next_in += n;
    in->z.avail_in -= (uInt)n;
    return (long)n;
}

long input_read(struct input *in, void *buffer, size_t size, struct error *err)
{
    if (size > INT_MAX)
        size = INT_MAX;
    if (!in->looked && look(in, err) < 0)
        return -1;
    return in->compressed ? read_compressed(in, buffer, size, err) : read_plain(in, buffer, size, err);
}

/* --- any place ------------------------------------------------------------------------------------------------------
 */

static int write_all(int fd, const unsigned char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno != EINTR)
            return -1;
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int copy_into(int fd, struct input *in, struct error *err)
{
    unsigned char buffer[RAW_SIZE];
    long n;
    while ((n = input_read(in, buffer, sizeof buffer, err)) > 0)
        if (write_all(fd, buffer, (size_t)n) < 0)
            return error_set(err, ERROR_SYSTEM, in->name, "make room for temporary files",
                             "It could not be copied to a temporary file: %s", strerror(errno));
    return n < 0 ? -1 : 0;
}

/* All bytes, unpacked, in a file without a name. */
static int spool(struct input *in, struct error *err)
{
    FILE *file = tmpfile();
    int fd = file ? fcntl(fileno(file), F_DUPFD_CLOEXEC, 3) : -1, status;
    if (file)
        fclose(file);
    if (fd < 0)
        return error_set(err, ERROR_SYSTEM, in->name, "make room for temporary files",
                         "There can be no temporary file to copy it to: %s", strerror(errno));
    status = copy_into(fd, in, err);
    if (in->fd > STDIN_FILENO)
        close(in->fd);
    in->fd = fd;
    return status;
}

int input_random(struct input *in, uint64_t *size, struct error *err)
{
    struct stat status;
    bool plain;
    if (look(in, err) < 0)
        return -1;
    if (in->fd < 0 && !in->compressed) {
        in->memory -= in->z.avail_in;
        *size = in->memory_left += in->z.avail_in;
        return 0;
    }
    plain = !in->compressed && fstat(in->fd, &status) == 0 && S_ISREG(status.st_mode);
    if (!plain && spool(in, err) < 0)
        return -1;
    if (fstat(in->fd, &status) < 0)
        return error_set(err, ERROR_SYSTEM, in->name, NULL, "Reading failed: %s", strerror(errno));
    *size = (uint64_t)status.st_size;
    if (plain)
        in->raw_bytes = *size;
    return 0;
}

int input_read_at(struct input *in, uint64_t at, void *buffer, size_t len, struct error *err)
{
    unsigned char *to = buffer;
    if (in->fd < 0 && at <= in->memory_left && len <= in->memory_left - at) {
        memcpy(buffer, in->memory + at, len);
        return 0;
    }
    while (in->fd >= 0 && len > 0) {
        ssize_t n = pread(in->fd, to, len, (off_t)at);
        if (n < 0 && errno != EINTR)
            return error_set(err, ERROR_SYSTEM, in->name, NULL, "Reading failed: %s", strerror(errno));
        if (n == 0)
            break;
        to += n > 0 ? n : 0;
        at += n > 0 ? (uint64_t)n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return len == 0 ? 0 : error_set(err, ERROR_INPUT, in->name, "copy the file again", "The file ends too early");
}

const char *input_name(const struct input *in)
{
    return in->name;
}

uint64_t input_raw_bytes(const struct input *in)
{
    return in->raw_bytes;
}

int input_all(const char *path, size_t most, struct str *bytes, struct error *err)
{
    char block[65536];
    long got = 0;
    struct input *in = input_open(path, err);
    if (!in)
        return -1;
    while (bytes->len <= most && (got = input_read(in, block, sizeof block, err)) > 0)
        str_append(bytes, block, (size_t)got);
    input_close(in);
    if (got < 0)
        return -1;
    if (bytes->len > most)
        return error_set(err, ERROR_LIMIT, path, "cut it into smaller files", "It has more than %zu MiB", most >> 20);
    return bytes->failed ? error_set(err, ERROR_SYSTEM, path, NULL, "There is not enough memory") : 0;
}
