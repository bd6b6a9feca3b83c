/* Decimal numbers in text, both ways: rounded as strtod does and written as short as reading them back allows. In any
 * locale the point is a point. */
#ifndef FORMAT_NUMBER_H
#define FORMAT_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

#define NUMBER_TEXT 32 /* bytes that number_write needs */

/* The number at `p`: [+-] digits [. digits] [e [+-] digits]. Returns where it ends, NULL when there is none. */
const char *number_read(const char *p, const char *end, double *value);

/* The same for what most numbers are, faster: at most seven digits, a point and seven more, no exponent. Looks up to
 * NUMBER_AHEAD bytes ahead, which must be there. NULL for other numbers too. */
#define NUMBER_AHEAD 24
const char *number_read_short(const char *p, double *value);

/* The number that fills all `len` bytes. False when it is none. */
bool number_fills(const char *text, size_t len, double *value);

/* The shortest text that reads back as `value`, which is finite. Returns its length. */
size_t number_write(char *text, float value);

/* The same with nine digits: longer, and much faster. */
size_t number_write_nine(char *text, float value);

#endif
