/* The data of a run, of the kind that its algorithm learns from: rows of a table, time series, pairs of token
 * sequences, text or images; each in up to three parts. A part that was not given is empty. */
#ifndef DATA_PARTS_H
#define DATA_PARTS_H

#include "engine/data/dataset.h"
#include "engine/data/images.h"
#include "engine/data/pairs.h"
#include "engine/data/series.h"
#include "engine/data/text.h"
#include "engine/data/vocabulary.h"

enum data_kind { DATA_TABLE, DATA_SERIES, DATA_PAIRS, DATA_TEXT, DATA_IMAGES };
enum { PART_TRAIN, PART_VALIDATION, PART_TEST, PARTS };

struct parts {
    enum data_kind kind; /* which of these is filled */
    struct dataset table[PARTS];
    struct series_set series[PARTS];
    struct pairs pairs[PARTS];
    struct text text[PARTS];
    struct images images[PARTS];
    struct vocabulary vocabulary[2]; /* of sides 0 and 1, where the algorithm has a channel "vocab" */
};

void parts_free(struct parts *p);                    /* NULL and {0} are fine */
size_t parts_count(const struct parts *p, int part); /* rows, series, pairs, lines or images */
uint64_t parts_bytes_read(const struct parts *p);
const char *parts_name(const struct parts *p, int part);

#endif
