#include "web/decode.h"

#include <string.h>
#include <utf8proc.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte at `raw`, and how many characters spell it; -1 when a % is not followed by two digits. */
static int next_byte(const char *raw, size_t left, size_t *used)
{
    int high, low;
    *used = 1;
    if (raw[0] != '%')
        return (unsigned char)raw[0];
    if (left < 3 || (high = hex_digit(raw[1])) < 0 || (low = hex_digit(raw[2])) < 0)
        return -1;
    *used = 3;
    return high * 16 + low;
}

bool decode_is_clean(const char *raw)
{
    size_t len = strlen(raw), used, continuing = 0;
    unsigned char sequence[4];
    size_t have = 0;
    utf8proc_int32_t point;
    for (size_t i = 0; i < len; i += used) {
        int byte = next_byte(raw + i, len - i, &used);
        if (byte < 0x20 || byte == 0x7F)
            return false;
        if (have == 0)
            continuing = byte < 0xC0 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        sequence[have++] = (unsigned char)byte;
        if (have <= continuing)
            continue;
        if (utf8proc_iterate(sequence, (utf8proc_ssize_t)have, &point) != (utf8proc_ssize_t)have)
            return false;
        have = 0;
    }
    return have == 0;
}

size_t decode_percent(const char *raw, size_t len, bool plus_is_space, char *out)
{
    size_t written = 0, used;
    for (size_t i = 0; i < len; i += used) {
        int byte = next_byte(raw + i, len - i, &used);
        if (raw[i] == '+' && plus_is_space)
            byte = ' ';
        out[written++] = byte < 0 ? '%' : (char)byte;
    }
    out[written] = '\0';
    return written;
}

int decode_query(char *query, struct query_pair *pairs, int max)
{
    int count = 0;
    while (*query) {
        size_t len = strcspn(query, "&"), name_len;
        bool last = query[len] == '\0';
        char *value;
        query[len] = '\0';
        if (len && count == max)
            return -1;
        if (len) {
            name_len = strcspn(query, "=");
            value = query + name_len + (query[name_len] == '=');
            decode_percent(value, strlen(value), true, value);
            query[name_len] = '\0';
            decode_percent(query, name_len, true, query);
            pairs[count++] = (struct query_pair){query, value};
        }
        if (last)
            break;
        query += len + 1;
    }
    return count;
}

static bool is_utf8(const char *text, size_t len)
{
    utf8proc_int32_t point;
    for (size_t i = 0; i < len;) {
        utf8proc_ssize_t used =
            utf8proc_iterate((const utf8proc_uint8_t *)text + i, (utf8proc_ssize_t)(len - i), &point);
        if (used <= 0)
            return false;
        i += (size_t)used;
    }
    return true;
}

const char *decode_json_fault(const char *text, size_t len)
{
    size_t depth = 0;
    bool in_string = false;
    if (!is_utf8(text, len))
        return "The body is not valid UTF-8.";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 && (in_string || (c != '\t' && c != '\n' && c != '\r')))
            return "The body has a raw control character; write it as an escape such as \\n.";
        if (in_string && c == '\\') {
            if (len - i > 5 && !memcmp(text + i + 1, "u0000", 5))
                return "The escape \\u0000 is not accepted in a text.";
            if (i + 1 < len && (unsigned char)text[i + 1] >= 0x20)
                i++; /* what is escaped cannot end the string */
        } else if (c == '"') {
            in_string = !in_string;
        } else if (!in_string && (c == '[' || c == '{')) {
            if (++depth > JSON_MAX_NESTING)
                return "The body is nested more than 64 levels deep.";
        } else if (!in_string && (c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return NULL;
}
