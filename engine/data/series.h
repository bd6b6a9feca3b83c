/* Time series, as DeepAR reads them: where each starts, its values with gaps, its categories and the features that are
 * known for every step. format/series.h reads them. */
#ifndef DATA_SERIES_H
#define DATA_SERIES_H

#include <stddef.h>
#include <stdint.h>

#define SERIES_LENGTH_MAX 10000000u /* values of one series */
#define SERIES_FEATURES_MAX 100u    /* categories, and dynamic features, of one series */

struct series {
    int64_t start;         /* seconds since 1970-01-01 00:00:00, no time zone */
    size_t length;         /* values */
    float *target;         /* length; NaN is a missing value */
    int32_t *category;     /* set's `categories` of them */
    size_t feature_length; /* of each dynamic feature: at least length; more where the future is known */
    float *feature;        /* set's `features` x feature_length, one feature after the other */
    size_t line;           /* of the file, or number of the instance, from 1: for messages */
    char *item;            /* "item_id" where the line has one; else NULL */
};

struct series_set {
    struct series *items; /* the set owns all arrays */
    size_t count;
    size_t categories, features; /* the same in all series */
    size_t observations;         /* values that are not missing */
    uint64_t bytes_read;
    char name[128]; /* file or generator, for messages */
};

/* Appends a series, zeroed but for arrays of these sizes; NULL when memory ends. Pointers to earlier ones move. */
struct series *series_append(struct series_set *set, size_t length, size_t feature_length);
void series_free(struct series_set *set); /* NULL and {0} are fine */

/* Proleptic Gregorian calendar. month and day from 1; weekday 0 is Monday; day_of_year from 0. */
struct moment {
    int64_t year;
    int month, day, hour, minute, second, weekday, day_of_year;
};
struct moment moment_of(int64_t seconds);
int64_t moment_seconds(int64_t year, int month, int day, int hour, int minute, int second);
/* "YYYY-MM-DD", "YYYY-MM-DD HH:MM:SS" or the same with a T; 0, or -1 when it is none. */
int moment_read(const char *text, size_t len, int64_t *seconds);

#endif
