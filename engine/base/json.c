#include "engine/base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct json json_begin(struct str *out)
{
    return (struct json){.out = out};
}

/* Length of the valid UTF-8 sequence at `s`, 0 when there is none (Unicode 15, table 3-7). */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    unsigned char low = 0x80, high = 0xBF;
    size_t len, i;
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF)
        len = 2;
    else if (s[0] >= 0xE0 && s[0] <= 0xEF)
        len = 3;
    else if (s[0] >= 0xF0 && s[0] <= 0xF4)
        len = 4;
    else
        return 0;
    if (s[0] == 0xE0)
        low = 0xA0;
    else if (s[0] == 0xED)
        high = 0x9F;
    else if (s[0] == 0xF0)
        low = 0x90;
    else if (s[0] == 0xF4)
        high = 0x8F;
    if (left < len || s[1] < low || s[1] > high)
        return 0;
    for (i = 2; i < len; i++)
        if (s[i] < 0x80 || s[i] > 0xBF)
            return 0;
    return len;
}

static void put_escaped(struct str *out, const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t i = 0, n;
    str_putc(out, '"');
    while (i < len) {
        if (s[i] == '"' || s[i] == '\\') {
            str_putc(out, '\\');
            str_putc(out, (char)s[i++]);
        } else if (s[i] == '\n') {
            str_puts(out, "\\n");
            i++;
        } else if (s[i] < 0x20 || s[i] == 0x7F) {
            str_printf(out, "\\u%04x", s[i++]);
        } else if ((n = utf8_length(s + i, len - i)) > 0) {
            str_append(out, s + i, n);
            i += n;
        } else {
            str_puts(out, "\xEF\xBF\xBD");
            i++;
        }
    }
    str_putc(out, '"');
}

static void start_value(struct json *j, const char *key)
{
    if (j->follows)
        str_putc(j->out, ',');
    j->follows = true;
    if (key) {
        put_escaped(j->out, key, strlen(key));
        str_putc(j->out, ':');
    }
}

static void open_level(struct json *j, const char *key, char opener, char closer)
{
    start_value(j, key);
    str_putc(j->out, opener);
    if (j->depth + 1 >= sizeof j->closers) {
        j->out->failed = true;
        return;
    }
    j->closers[j->depth++] = closer;
    j->follows = false;
}

void json_object(struct json *j, const char *key)
{
    open_level(j, key, '{', '}');
}

void json_array(struct json *j, const char *key)
{
    open_level(j, key, '[', ']');
}

void json_end(struct json *j)
{
    if (j->depth == 0) {
        j->out->failed = true;
        return;
    }
    str_putc(j->out, j->closers[--j->depth]);
    j->follows = true;
}

void json_string(struct json *j, const char *key, const char *text)
{
    if (text)
        json_string_n(j, key, text, strlen(text));
    else
        json_null(j, key);
}

void json_string_n(struct json *j, const char *key, const char *text, size_t len)
{
    start_value(j, key);
    put_escaped(j->out, text, len);
}

void json_number(struct json *j, const char *key, double value)
{
    char text[32];
    if (!isfinite(value)) {
        json_null(j, key);
        return;
    }
    if (fabs(value) < 0x1p53 && value == trunc(value)) {
        snprintf(text, sizeof text, "%.0f", value);
    } else {
        for (int digits = 6; digits <= 17; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, value);
            if (strtod(text, NULL) == value)
                break;
        }
    }
    start_value(j, key);
    str_puts(j->out, text);
}

void json_float(struct json *j, const char *key, double value)
{
    if (!isfinite(value)) {
        json_null(j, key);
        return;
    }
    start_value(j, key);
    str_printf(j->out, "%.6g", value);
}

void json_integer(struct json *j, const char *key, long long value)
{
    start_value(j, key);
    str_printf(j->out, "%lld", value);
}

void json_bool(struct json *j, const char *key, bool value)
{
    start_value(j, key);
    str_puts(j->out, value ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
    start_value(j, key);
    str_puts(j->out, "null");
}

void json_raw(struct json *j, const char *key, const char *text)
{
    start_value(j, key);
    str_puts(j->out, text);
}
