#include "engine/format/recordio.h"

#include <endian.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 262144u
#define HEAD 8
#define LENGTH_BITS 29

static const unsigned char magic[4] = {0x0A, 0x23, 0xD7, 0xCE};

enum part { PART_WHOLE, PART_FIRST, PART_MIDDLE, PART_LAST };

void recordio_init(struct recordio *r, struct input *in)
{
    *r = (struct recordio){.in = in};
}

void recordio_free(struct recordio *r)
{
    free(r->buffer);
    str_free(&r->whole);
    *r = (struct recordio){0};
}

int recordio_error(const struct recordio *r, enum error_code code, const char *fix, const char *what, struct error *err)
{
    char where[256];
    snprintf(where, sizeof where, "%.200s, record %zu", input_name(r->in), r->number);
    return error_set(err, code, where, fix, "%s", what);
}

static int no_memory(const struct recordio *r, struct error *err)
{
    return recordio_error(r, ERROR_LIMIT, "give more memory", "The record does not fit into memory", err);
}

static int cut_short(const struct recordio *r, struct error *err)
{
    return recordio_error(r, ERROR_INPUT, "copy the file again", "The file ends inside this record", err);
}

/* Room behind what is there: first by moving it to the front, then by growing twofold. */
static int make_room(struct recordio *r)
{
    unsigned char *grown;
    if (r->at > 0) {
        memmove(r->buffer, r->buffer + r->at, r->have - r->at);
        r->have -= r->at;
        r->at = 0;
    }
    if (r->room - r->have >= BLOCK)
        return 0;
    grown = realloc(r->buffer, r->room * 2 + BLOCK);
    if (!grown)
        return -1;
    r->buffer = grown;
    r->room = r->room * 2 + BLOCK;
    return 0;
}

/* Reads on until `count` bytes are there or the file ends; says how many there are, -1 with an error. */
static long fetch(struct recordio *r, size_t count, struct error *err)
{
    while (r->have - r->at < count) {
        long n;
        if (make_room(r) < 0)
            return no_memory(r, err);
        n = input_read(r->in, r->buffer + r->have, r->room - r->have, err);
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        r->have += (size_t)n;
    }
    return (long)(r->have - r->at);
}

/* One part: 1, 0 where the file ends before it, -1. */
static int next_part(struct recordio *r, enum part *part, const unsigned char **bytes, size_t *len, struct error *err)
{
    uint32_t word;
    size_t padded;
    long there = fetch(r, HEAD, err);
    if (there <= 0)
        return (int)there;
    if (there >= 4 && memcmp(r->buffer + r->at, magic, sizeof magic) != 0)
        return recordio_error(r, ERROR_INPUT, "check that it is a file of RecordIO",
                              "The record does not begin with the bytes 0a 23 d7 ce", err);
    if (there < HEAD)
        return cut_short(r, err);
    memcpy(&word, r->buffer + r->at + sizeof magic, sizeof word);
    word = le32toh(word);
    *len = word & RECORDIO_LENGTH_MAX;
    if (word >> LENGTH_BITS > PART_LAST)
        return recordio_error(r, ERROR_INPUT, "copy the file again", "The length word has an unknown flag", err);
    *part = (enum part)(word >> LENGTH_BITS);
    padded = (*len + 3) & ~(size_t)3;
    there = fetch(r, HEAD + padded, err);
    if (there < 0)
        return -1;
    if ((size_t)there < HEAD + padded)
        return cut_short(r, err);
    *bytes = r->buffer + r->at + HEAD;
    r->at += HEAD + padded;
    return 1;
}

/* The parts after the first, with the magic that cut them put back. */
static int join(struct recordio *r, const unsigned char *bytes, size_t len, struct error *err)
{
    enum part part = PART_FIRST;
    int status = 1;
    str_clear(&r->whole);
    for (;;) {
        str_append(&r->whole, bytes, len);
        if (part == PART_LAST)
            break;
        str_append(&r->whole, magic, sizeof magic);
        status = next_part(r, &part, &bytes, &len, err);
        if (status <= 0)
            return status < 0 ? -1 : cut_short(r, err);
        if (part != PART_MIDDLE && part != PART_LAST)
            return recordio_error(r, ERROR_INPUT, "copy the file again",
                                  "A new record begins before the parts of this one end", err);
        if (r->whole.len + len > RECORDIO_LENGTH_MAX)
            return recordio_error(r, ERROR_LIMIT, "write shorter records", "The record has 512 MiB or more", err);
    }
    return r->whole.failed ? no_memory(r, err) : 1;
}

int recordio_next(struct recordio *r, const unsigned char **payload, size_t *len, struct error *err)
{
    enum part part = PART_WHOLE;
    int status;
    r->number++;
    status = next_part(r, &part, payload, len, err);
    if (status <= 0 || part == PART_WHOLE)
        return status;
    if (part != PART_FIRST)
        return recordio_error(r, ERROR_INPUT, "copy the file again", "The first part of this record is missing", err);
    status = join(r, *payload, *len, err);
    *payload = (const unsigned char *)r->whole.data;
    *len = r->whole.len;
    return status;
}

static void append_part(struct str *out, enum part part, const unsigned char *bytes, size_t len)
{
    static const char zeros[3];
    uint32_t word = htole32((uint32_t)part << LENGTH_BITS | (uint32_t)len);
    str_append(out, magic, sizeof magic);
    str_append(out, &word, sizeof word);
    str_append(out, bytes, len);
    str_append(out, zeros, (4 - len % 4) % 4);
}

void recordio_append(struct str *out, const void *payload, size_t len)
{
    const unsigned char *bytes = payload;
    size_t from = 0;
    for (size_t i = 0; i + sizeof magic <= len; i += sizeof magic)
        if (memcmp(bytes + i, magic, sizeof magic) == 0) {
            append_part(out, from ? PART_MIDDLE : PART_FIRST, bytes + from, i - from);
            from = i + sizeof magic;
        }
    append_part(out, from ? PART_LAST : PART_WHOLE, bytes + from, len - from);
}
