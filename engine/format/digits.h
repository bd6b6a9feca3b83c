/* Eight characters at a time in one register, the first in its lowest byte: which are digits, and what number they are.
 */
#ifndef FORMAT_DIGITS_H
#define FORMAT_DIGITS_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define DIGITS_EACH 0x0101010101010101u /* in each byte 1 */
#define DIGITS_EVEN 0x00FF00FF00FF00FFu /* the bytes 0, 2, 4, 6 */
#define DIGITS_HIGH 0x8080808080808080u /* the highest bit of each byte */

static inline uint64_t digits_load(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return le64toh(word);
}

/* Of characters xor '0': the highest bit of the first byte that is no digit, and perhaps of bytes behind it; 0: all are
 * digits. */
static inline uint64_t digits_find_other(uint64_t digits)
{
    return ((digits + DIGITS_EACH * 0x76) | digits) & DIGITS_HIGH;
}

/* The number that the first `len` bytes, 1 to 8, of digits xor '0' are. */
static inline uint64_t digits_join(uint64_t digits, unsigned len)
{
    digits <<= 64 - 8 * len;
    digits = (digits * 10 + (digits >> 8)) & DIGITS_EVEN;
    digits = (digits * 100 + (digits >> 16)) & 0x0000FFFF0000FFFFu;
    return (digits * 10000 + (digits >> 32)) & 0xFFFFFFFFu;
}

#endif
