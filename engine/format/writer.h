/* A file of one format while it is being made: the format's functions put bytes here, format.c sends them on. */
#ifndef FORMAT_WRITER_H
#define FORMAT_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/str.h"
#include "engine/format/layout.h"

struct writer {
    struct layout layout;
    struct str bytes; /* made and not yet sent on */
    size_t rows;      /* so far, without the one that is being written */
    size_t columns;   /* of the rows so far */
    bool wide;        /* libsvm: a row has shown the last column */
    void *own;        /* of a format with rows in blocks: what it keeps until the end */
};

#endif
