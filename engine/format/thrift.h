/* Thrift's compact protocol, both ways: the fields of structs, one after another, in memory that somebody else filled.
 *
 *     for (int id; thrift_next(&t, &id);)              the fields of the struct that was begun last
 *         switch (id) {
 *         case 1: rows = thrift_integer(&t); break;    what is asked for must be what stands there
 *         default: thrift_skip(&t);
 *         }
 *
 * Nothing is allocated and nothing recurses. After a fault `wrong` says what it is, every value is 0 and every loop
 * ends: check once. Hard limits: THRIFT_DEPTH_MAX structs within each other; a list has no more entries than bytes. */
#ifndef FORMAT_THRIFT_H
#define FORMAT_THRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/str.h"

#define THRIFT_DEPTH_MAX 32

enum thrift_type {
    THRIFT_STOP,
    THRIFT_TRUE,
    THRIFT_FALSE,
    THRIFT_BYTE,
    THRIFT_I16,
    THRIFT_I32,
    THRIFT_I64,
    THRIFT_DOUBLE,
    THRIFT_BINARY,
    THRIFT_LIST,
    THRIFT_SET,
    THRIFT_MAP,
    THRIFT_STRUCT
};

struct thrift {
    const unsigned char *at, *end;
    enum thrift_type type; /* of the value that comes next */
    unsigned depth;
    int last[THRIFT_DEPTH_MAX]; /* field of each open struct */
    const char *wrong;          /* NULL: nothing */
    bool cut;                   /* the bytes end too early: with more of them it may be right */
};

struct thrift thrift_open(const void *bytes, size_t len); /* at a struct */
void thrift_begin(struct thrift *t);                      /* the next value is a struct: its fields follow */
bool thrift_next(struct thrift *t, int *id);              /* false after the last field */
int64_t thrift_integer(struct thrift *t);
bool thrift_bool(struct thrift *t);
size_t thrift_binary(struct thrift *t, const unsigned char **bytes);
void thrift_skip(struct thrift *t);

/* for (size_t n = thrift_list(&t, &element); thrift_element(&t, element, &n);) one value */
size_t thrift_list(struct thrift *t, enum thrift_type *element);
bool thrift_element(struct thrift *t, enum thrift_type element, size_t *left);

/* Writing: fields in rising order. Within a list the values of structs are begun with id 0, integers put with it. */
struct thrift_writer {
    struct str *out;
    unsigned depth;
    int last[THRIFT_DEPTH_MAX];
};

void thrift_put_begin(struct thrift_writer *w, int id);
void thrift_put_end(struct thrift_writer *w);
void thrift_put_integer(struct thrift_writer *w, int id, enum thrift_type type, int64_t value);
void thrift_put_text(struct thrift_writer *w, int id, const char *text);
void thrift_put_list(struct thrift_writer *w, int id, enum thrift_type element, size_t count);

#endif
