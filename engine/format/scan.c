#include "engine/format/scan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/number.h"

/* --- errors ---------------------------------------------------------------------------------------------------------
 */

int scan_complain(const struct scan *s, enum error_code code, const char *fix, const char *what)
{
    return place_error(s->at, "", 0, code, fix, what, s->err);
}

int scan_no_memory(const struct scan *s)
{
    return scan_complain(s, ERROR_LIMIT, "give fewer rows or more memory", "The data do not fit into memory");
}

int scan_unexpected(const struct scan *s, const char *wanted)
{
    char what[200];
    size_t left = (size_t)(s->end - s->p), len = left < 20 ? left : 20;
    if (left == 0)
        snprintf(what, sizeof what, "The JSON ends where %s should come", wanted);
    else
        snprintf(what, sizeof what, "'%.*s'%s stands where %s should come", (int)len, s->p, left > len ? "..." : "",
                 wanted);
    return scan_complain(s, ERROR_INPUT, s->shape, what);
}

/* --- passing over ---------------------------------------------------------------------------------------------------
 */

const char *scan_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

/* Behind the string whose opening quote is at `p`. */
static const char *skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p < end ? p + 1 : NULL;
}

/* A word that is no bracket and no string: number, true, false, null. */
static const char *skip_word(const char *p, const char *end)
{
    const char *start = p;
    while (p < end && (strchr("+-.", *p) || (*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z')) && *p)
        p++;
    return p == start ? NULL : p;
}

const char *scan_value(const char *p, const char *end)
{
    char closers[SCAN_DEPTH_MAX];
    size_t depth = 0;
    do {
        p = scan_space(p, end);
        if (p == end)
            return NULL;
        if (*p == '{' || *p == '[') {
            if (depth == sizeof closers)
                return NULL;
            closers[depth++] = *p++ == '{' ? '}' : ']';
        } else if (depth && *p == closers[depth - 1]) {
            depth--;
            p++;
        } else if (depth && (*p == ',' || *p == ':')) {
            p++;
        } else {
            p = *p == '"' ? skip_string(p, end) : skip_word(p, end);
        }
    } while (p && depth);
    return p;
}

int scan_pass(struct scan *s)
{
    const char *next = scan_value(s->p, s->end);
    if (!next)
        return scan_complain(s, ERROR_INPUT, "leave it out",
                             "A value that is passed over is no JSON of at most 64 levels");
    s->p = next;
    return 0;
}

/* --- brackets and keys ----------------------------------------------------------------------------------------------
 */

bool scan_step(struct scan *s, char wanted)
{
    s->p = scan_space(s->p, s->end);
    if (s->p == s->end || *s->p != wanted)
        return false;
    s->p++;
    return true;
}

int scan_open(struct scan *s, char bracket)
{
    const char text[] = {bracket, '\0'};
    return scan_step(s, bracket) ? 0 : scan_unexpected(s, text);
}

int scan_element(struct scan *s, bool first)
{
    if (scan_step(s, ']'))
        return 0;
    if (first || scan_step(s, ','))
        return 1;
    return scan_unexpected(s, "a comma or ]");
}

static int unknown_key(const struct scan *s, const char *name, size_t len, const struct scan_key *keys)
{
    char what[120], fix[200] = "known here:";
    size_t used = strlen(fix);
    snprintf(what, sizeof what, "The key '%.*s' is not known here", (int)(len < 40 ? len : 40), name);
    for (; keys->name; keys++)
        used += (size_t)snprintf(fix + used, sizeof fix - used, " %s", keys->name);
    return scan_complain(s, ERROR_INPUT, fix, what);
}

int scan_key(struct scan *s, bool first, const struct scan_key *keys, bool open)
{
    const struct scan_key *k = keys;
    const char *name, *after;
    size_t len;
    if (scan_step(s, '}'))
        return SCAN_END;
    if (!first && !scan_step(s, ','))
        return scan_unexpected(s, "a comma or }");
    s->p = scan_space(s->p, s->end);
    name = s->p + 1;
    after = s->p < s->end && *s->p == '"' ? skip_string(s->p, s->end) : NULL;
    if (!after)
        return scan_unexpected(s, "a key in quotes");
    len = (size_t)(after - 1 - name);
    while (k->name && !(strlen(k->name) == len && memcmp(k->name, name, len) == 0))
        k++;
    if (!k->name && !open)
        return unknown_key(s, name, len, keys);
    s->p = after;
    if (!scan_step(s, ':'))
        return scan_unexpected(s, "a colon");
    return k->name ? k->meaning : SCAN_UNKNOWN;
}

int scan_reserve(const struct scan *s, void *array, size_t count, size_t *room, size_t size)
{
    void *old, *grown;
    if (count < *room)
        return 0;
    memcpy(&old, array, sizeof old);
    grown = realloc(old, (*room * 2 + 64) * size);
    if (!grown)
        return scan_no_memory(s);
    memcpy(array, &grown, sizeof grown);
    *room = *room * 2 + 64;
    /* cppcheck-suppress memleak; it is in the array now */
    return 0;
}

/* --- numbers --------------------------------------------------------------------------------------------------------
 */

static int bad_number(const struct scan *s)
{
    const char *stop = skip_word(s->p, s->end);
    char what[160];
    if (!stop)
        return scan_unexpected(s, "a number");
    snprintf(what, sizeof what, "'%.*s' is not a number of JSON", (int)(stop - s->p < 40 ? stop - s->p : 40), s->p);
    return scan_complain(s, ERROR_INPUT, "write finite numbers with a point, null where a value is missing", what);
}

int scan_number(struct scan *s, float *value)
{
    double number = 0;
    const char *next;
    s->p = scan_space(s->p, s->end);
    next =
        s->p < s->end && (*s->p == '-' || (*s->p >= '0' && *s->p <= '9')) ? number_read(s->p, s->end, &number) : NULL;
    if (!next)
        return bad_number(s);
    *value = (float)number;
    if (isinf(*value))
        return scan_complain(s, ERROR_INPUT, "keep values within 3.4e38", "A number is too large for 32-bit floats");
    s->p = next;
    return 0;
}

int scan_value_or_null(struct scan *s, float *value)
{
    s->p = scan_space(s->p, s->end);
    if (s->end - s->p < 4 || memcmp(s->p, "null", 4) != 0)
        return scan_number(s, value);
    *value = NAN;
    s->p += 4;
    return 0;
}

int scan_whole(struct scan *s, uint32_t limit, uint32_t *value, const char *fix)
{
    const char *p = s->p = scan_space(s->p, s->end), *stop;
    uint64_t number = 0;
    char what[120];
    for (; p < s->end && *p >= '0' && *p <= '9'; p++)
        number = number > limit ? number : number * 10 + (uint64_t)(*p - '0');
    if (p > s->p && number <= limit && (p == s->end || (*p != '.' && (*p | 32) != 'e'))) {
        *value = (uint32_t)number;
        s->p = p;
        return 0;
    }
    stop = scan_value(s->p, s->end);
    if (!stop)
        return scan_unexpected(s, "a whole number");
    snprintf(what, sizeof what, "'%.*s' is no whole number from 0 to %u", (int)(stop - s->p < 40 ? stop - s->p : 40),
             s->p, limit);
    return scan_complain(s, ERROR_INPUT, fix, what);
}

/* --- text -----------------------------------------------------------------------------------------------------------
 */

/* Bytes of the character at `p`; 0 where it is no UTF-8. */
static size_t character(const unsigned char *p, size_t left)
{
    size_t len = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t code = p[0] & (0xFFu >> (len + 1));
    if (len == 0 || len > left)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3Fu);
    }
    if (len > 1 && (code < least[len] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)))
        return 0;
    return len;
}

bool scan_is_utf8(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + len;
    while (p < end) {
        size_t step = character(p, (size_t)(end - p));
        if (step == 0)
            return false;
        p += step;
    }
    return true;
}

static void put_character(struct str *text, uint32_t code)
{
    const unsigned char bytes[4][4] = {{(unsigned char)code},
                                       {(unsigned char)(0xC0 | code >> 6), (unsigned char)(0x80 | (code & 0x3F))},
                                       {(unsigned char)(0xE0 | code >> 12), (unsigned char)(0x80 | (code >> 6 & 0x3F)),
                                        (unsigned char)(0x80 | (code & 0x3F))},
                                       {(unsigned char)(0xF0 | code >> 18), (unsigned char)(0x80 | (code >> 12 & 0x3F)),
                                        (unsigned char)(0x80 | (code >> 6 & 0x3F)),
                                        (unsigned char)(0x80 | (code & 0x3F))}};
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    str_append(text, bytes[len - 1], len);
}

/* Four hexadecimal digits at `p`; UINT32_MAX when they are none. */
static uint32_t hexadecimal(const char *p, const char *end)
{
    uint32_t code = 0;
    for (int i = 0; i < 4; i++, p++) {
        int digit;
        if (p >= end)
            return UINT32_MAX;
        digit = *p >= '0' && *p <= '9' ? *p - '0' : (*p | 32) >= 'a' && (*p | 32) <= 'f' ? (*p | 32) - 'a' + 10 : -1;
        if (digit < 0)
            return UINT32_MAX;
        code = code << 4 | (uint32_t)digit;
    }
    return code;
}

/* Behind the escape whose backslash is at `p`, which `text` gets; NULL when it is none. */
static const char *put_escape(const char *p, const char *end, struct str *text)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *found = end - p >= 2 && p[1] ? strchr(names, p[1]) : NULL;
    uint32_t code, second;
    if (found) {
        str_putc(text, meanings[found - names]);
        return p + 2;
    }
    if (end - p < 6 || p[1] != 'u' || (code = hexadecimal(p + 2, end)) == UINT32_MAX || code == 0)
        return NULL;
    p += 6;
    if (code >= 0xD800 && code < 0xE000) { /* half of a pair */
        if (code >= 0xDC00 || end - p < 6 || p[0] != '\\' || p[1] != 'u')
            return NULL;
        second = hexadecimal(p + 2, end);
        if (second < 0xDC00 || second > 0xDFFF)
            return NULL;
        code = 0x10000 + ((code - 0xD800) << 10) + (second - 0xDC00);
        p += 6;
    }
    put_character(text, code);
    return p;
}

int scan_text(struct scan *s, struct str *text)
{
    const char *fix = "write UTF-8, with \\\" and \\\\ and \\u escapes, without the character NUL";
    const char *p;
    if (scan_open(s, '"') < 0)
        return -1;
    for (p = s->p; p < s->end && *p != '"';) {
        const char *plain = p;
        while (p < s->end && *p != '"' && *p != '\\' && *p)
            p++;
        if (!scan_is_utf8(plain, (size_t)(p - plain)))
            return scan_complain(s, ERROR_INPUT, fix, "A text is no UTF-8");
        str_append(text, plain, (size_t)(p - plain));
        if (p < s->end && *p != '"' && (!*p || !(p = put_escape(p, s->end, text))))
            return scan_complain(s, ERROR_INPUT, fix, "A text holds a NUL or an escape that JSON does not have");
    }
    s->p = p;
    if (p >= s->end)
        return scan_unexpected(s, "a quote");
    s->p++;
    return text->failed ? scan_no_memory(s) : 0;
}
