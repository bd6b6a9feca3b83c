/* Time that never runs backwards, and the calendar's. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

double clock_seconds(void);       /* monotonic, since an arbitrary start */
int64_t clock_unix_ms(void);      /* milliseconds since 1970, UTC */
void clock_sleep(double seconds); /* at least so long, also when signals arrive */

#endif
