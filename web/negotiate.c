#include "web/negotiate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SPACE " \t"

static bool token_is(const char *text, size_t len, const char *token)
{
    return strlen(token) == len && !strncasecmp(text, token, len);
}

/* The q parameter of one list item "gzip;q=0.5", in thousandths. Anything unreadable counts as 0. */
static int quality(const char *item, size_t len)
{
    const char *q = memchr(item, ';', len), *end = item + len;
    int value, scale = 100;
    if (!q)
        return 1000;
    for (q++; q < end && strchr(SPACE, *q); q++)
        continue;
    if (end - q < 3 || (*q != 'q' && *q != 'Q') || q[1] != '=' || (q[2] != '0' && q[2] != '1'))
        return 0;
    value = (q[2] - '0') * 1000;
    if (end - q > 4 && q[3] == '.')
        for (q += 4; q < end && *q >= '0' && *q <= '9'; q++, scale /= 10)
            value += (*q - '0') * scale;
    return value > 1000 ? 1000 : value;
}

enum coding negotiate_coding(const char *accept, bool has_gzip, bool has_brotli)
{
    static const char *const names[] = {"identity", "gzip", "br"};
    const bool at_hand[] = {true, has_gzip, has_brotli};
    int wish[] = {-1, -1, -1}, others = -1;
    enum coding best = CODING_NONE;
    if (!accept)
        return CODING_IDENTITY;
    while (*accept) {
        size_t len = strcspn(accept, ","), skip = strspn(accept, SPACE), name_len;
        const char *item = accept + (skip < len ? skip : len);
        size_t item_len = len - (size_t)(item - accept);
        name_len = strcspn(item, "; \t,");
        if (token_is(item, name_len, "*"))
            others = quality(item, item_len);
        for (int i = 0; i < 3; i++)
            if (token_is(item, name_len, names[i]) || (i == CODING_GZIP && token_is(item, name_len, "x-gzip")))
                wish[i] = quality(item, item_len);
        accept += len + (accept[len] == ',');
    }
    for (int i = 0; i < 3; i++)
        if (wish[i] < 0)
            wish[i] = others >= 0 ? others : i == CODING_IDENTITY ? 1 : 0; /* identity is always acceptable, last */
    for (int i = 0; i < 3; i++)
        if (at_hand[i] && wish[i] > 0 && (best == CODING_NONE || wish[i] >= wish[best]))
            best = (enum coding)i;
    return best;
}

bool negotiate_not_modified(const char *if_none_match, const char *etag)
{
    size_t etag_len = strlen(etag);
    if (!if_none_match)
        return false;
    while (*if_none_match) {
        size_t len;
        if_none_match += strspn(if_none_match, ", \t");
        if (if_none_match[0] == '*')
            return true;
        if (!strncmp(if_none_match, "W/", 2))
            if_none_match += 2;
        if (if_none_match[0] != '"')
            return false;
        len = strcspn(if_none_match + 1, "\"") + 2;
        if (!if_none_match[len - 1])
            return false;
        if (len == etag_len && !memcmp(if_none_match, etag, len))
            return true;
        if_none_match += len;
    }
    return false;
}

const char *negotiate_content_type(const char *path)
{
    static const struct {
        const char *suffix, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
        {".webmanifest", "application/manifest+json"},
    };
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
        if (!strcmp(dot, types[i].suffix))
            return types[i].type;
    return "application/octet-stream";
}

bool negotiate_is_json(const char *content_type)
{
    const char *charset;
    size_t len;
    if (!content_type)
        return false;
    len = strcspn(content_type, "; \t");
    if (!token_is(content_type, len, "application/json"))
        return false;
    charset = strcasestr(content_type + len, "charset=");
    if (!charset)
        return true;
    charset += strlen("charset=") + (charset[strlen("charset=")] == '"');
    return token_is(charset, strcspn(charset, "\"; \t"), "utf-8");
}
