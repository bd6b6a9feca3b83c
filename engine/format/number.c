#include "engine/format/number.h"

#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/digits.h"

#define FIVES 27       /* 5^27 is the last power of five that has 64 bits */
#define NUMBER_MAX 400 /* bytes of a number that the exact, slow way takes */

__extension__ typedef unsigned __int128 wide;

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* What was read of a number: value = sign * digits * 10^exponent, if not `cut`. */
struct decimal {
    uint64_t digits;
    long exponent;
    bool negative, cut; /* cut: more digits than fit */
};

static const char *scan_digits(const char *p, const char *end, struct decimal *d, bool fraction)
{
    while (end - p >= 8 && d->digits < 10000000000) { /* eight more digits fit */
        uint64_t digits = digits_load(p) ^ DIGITS_EACH * '0';
        if (digits_find_other(digits))
            break;
        d->digits = d->digits * 100000000 + digits_join(digits, 8);
        d->exponent -= fraction ? 8 : 0;
        p += 8;
    }
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        if (d->digits > (UINT64_MAX - 9) / 10) {
            d->cut = true;
            continue;
        }
        d->digits = d->digits * 10 + (uint64_t)(*p - '0');
        d->exponent -= fraction;
    }
    return p;
}

static const char *scan_exponent(const char *p, const char *end, struct decimal *d)
{
    bool negative = false;
    long exponent = 0;
    if (p < end && (*p == '+' || *p == '-'))
        negative = *p++ == '-';
    if (p == end || *p < '0' || *p > '9')
        return NULL;
    for (; p < end && *p >= '0' && *p <= '9'; p++)
        if (exponent < 100000)
            exponent = exponent * 10 + (*p - '0');
    d->exponent += negative ? -exponent : exponent;
    return p;
}

/* [+-] digits [. digits] [e [+-] digits]. Returns where it ends, NULL when there is none. */
static const char *scan_decimal(const char *p, const char *end, struct decimal *d)
{
    const char *start;
    size_t count;
    *d = (struct decimal){0};
    if (p < end && (*p == '+' || *p == '-'))
        d->negative = *p++ == '-';
    start = p;
    p = scan_digits(p, end, d, false);
    count = (size_t)(p - start);
    if (p < end && *p == '.') {
        start = ++p;
        p = scan_digits(p, end, d, true);
        count += (size_t)(p - start);
    }
    if (count == 0)
        return NULL;
    if (p < end && (*p == 'e' || *p == 'E'))
        return scan_exponent(p + 1, end, d);
    return p;
}

/* The locale of numbers written with a point. Made once; a process that cannot have it has no memory at all. */
static double exact(const char *text, size_t len)
{
    static locale_t c_locale;
    char copy[NUMBER_MAX + 1];
    if (!c_locale)
        c_locale = newlocale(LC_ALL_MASK, "C", NULL);
    memcpy(copy, text, len);
    copy[len] = '\0';
    return c_locale ? strtod_l(copy, NULL, c_locale) : strtod(copy, NULL);
}

/* digits / 10^power for 0 < digits and power <= FIVES: digits / 5^power as a quotient of 63 bits or more, whose lowest
 * bit also stands for a remainder, so that making a double of it rounds once; then times a power of two. */
static double divide(uint64_t digits, unsigned power)
{
    static const uint64_t fives[] = {1u,
                                     5u,
                                     25u,
                                     125u,
                                     625u,
                                     3125u,
                                     15625u,
                                     78125u,
                                     390625u,
                                     1953125u,
                                     9765625u,
                                     48828125u,
                                     244140625u,
                                     1220703125u,
                                     6103515625u,
                                     30517578125u,
                                     152587890625u,
                                     762939453125u,
                                     3814697265625u,
                                     19073486328125u,
                                     95367431640625u,
                                     476837158203125u,
                                     2384185791015625u,
                                     11920928955078125u,
                                     59604644775390625u,
                                     298023223876953125u,
                                     1490116119384765625u,
                                     7450580596923828125u};
    uint64_t five = fives[power], quotient;
    int left, right;
    wide shifted;
    left = __builtin_clzll(digits);
    right = __builtin_clzll(five);
    shifted = (wide)(digits << left) << 63;
    five <<= right;
    quotient = (uint64_t)(shifted / five);
    quotient |= shifted != (wide)quotient * five;
    return ldexp((double)quotient, right - left - 63 - (int)power);
}

/* Where both the digits and the power of ten are exact doubles, one operation rounds correctly (Clinger 1990). */
static double decimal_value(const struct decimal *d, const char *text, size_t len)
{
    double value;
    if (!d->cut && d->digits && d->exponent < 0 && d->exponent >= -FIVES &&
        (d->digits > (1ull << 53) || d->exponent < -22)) {
        value = divide(d->digits, (unsigned)-d->exponent);
        return d->negative ? -value : value;
    }
    if (d->cut || d->digits > (1ull << 53) || d->exponent < -22 || d->exponent > 22)
        return exact(text, len);
    value = (double)d->digits;
    value = d->exponent < 0 ? value / powers[-d->exponent] : value * powers[d->exponent];
    return d->negative ? -value : value;
}

const char *number_read(const char *p, const char *end, double *value)
{
    struct decimal d;
    const char *stop = scan_decimal(p, end, &d);
    if (!stop || stop - p > NUMBER_MAX)
        return NULL;
    *value = decimal_value(&d, p, (size_t)(stop - p));
    return stop;
}

/* How many digits stand at the front, up to 7; 0 for more. `digits` gets their number. */
static unsigned take_digits(const char *p, uint64_t *digits)
{
    uint64_t word = digits_load(p) ^ DIGITS_EACH * '0', other = digits_find_other(word);
    unsigned len = other ? (unsigned)__builtin_ctzll(other) / 8 : 0;
    *digits = len ? digits_join(word, len) : 0;
    return len;
}

/* Both parts together have fewer than 15 digits, so that one division rounds correctly. */
const char *number_read_short(const char *p, double *value)
{
    bool negative = *p == '-';
    uint64_t whole, fraction;
    unsigned len = take_digits(p += negative, &whole);
    double number = (double)whole;
    if (len == 0)
        return NULL;
    p += len;
    if (*p == '.') {
        len = take_digits(++p, &fraction);
        if (len == 0)
            return NULL;
        number = (number * powers[len] + (double)fraction) / powers[len];
        p += len;
    }
    if ((*p | 32) == 'e')
        return NULL;
    *value = negative ? -number : number;
    return p;
}

bool number_fills(const char *text, size_t len, double *value)
{
    return number_read(text, text + len, value) == text + len;
}

/* Nine digits tell all 32-bit floats apart; most that people write need fewer. */
size_t number_write(char *text, float value)
{
    double back;
    int len = 0;
    if (fabsf(value) < 1e6f && value == truncf(value) && !signbit(value))
        return (size_t)snprintf(text, NUMBER_TEXT, "%d", (int)value);
    for (int digits = 6; digits <= 9; digits++) {
        len = snprintf(text, NUMBER_TEXT, "%.*g", digits, (double)value);
        if (number_fills(text, (size_t)len, &back) && (float)back == value)
            break;
    }
    return (size_t)len;
}

size_t number_write_nine(char *text, float value)
{
    static const double tens[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13};
    double size = fabs((double)value);
    char made[NUMBER_TEXT], *end = made + sizeof made, *p = end;
    int places = 0;
    uint64_t digits;
    if (!(size >= 1e-5 && size < 100))
        return number_write(text, value);
    while (size * tens[places] < 1e8)
        places++;
    digits = (uint64_t)(size * tens[places] + 0.5);
    for (int i = 0; i < places; i++, digits /= 10)
        *--p = (char)('0' + digits % 10);
    *--p = '.';
    do
        *--p = (char)('0' + digits % 10);
    while (digits /= 10);
    if (value < 0)
        *--p = '-';
    memcpy(text, p, (size_t)(end - p));
    return (size_t)(end - p);
}
