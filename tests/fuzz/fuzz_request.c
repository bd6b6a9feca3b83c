/* What strangers can put into an address or a body: no bytes may crash the checks, and what passes them must be safe
 * for what comes next: cJSON's recursion, C strings. */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/decode.h"
#include "web/negotiate.h"
#include "web/route.h"

static void need(bool truth)
{
    if (!truth)
        abort();
}

static unsigned depth_of(const cJSON *item, unsigned limit)
{
    unsigned deepest = 0;
    need(limit > 0);
    for (const cJSON *child = item->child; child; child = child->next) {
        unsigned depth = depth_of(child, limit - 1);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

static void try_json(char *text, size_t len)
{
    const char *end;
    cJSON *json;
    if (decode_json_fault(text, len))
        return;
    need(!memchr(text, '\0', len));
    json = cJSON_ParseWithLengthOpts(text, len + 1, &end, 1);
    if (json)
        need(depth_of(json, JSON_MAX_NESTING + 2) <= JSON_MAX_NESTING + 1);
    cJSON_Delete(json);
}

static void try_query(const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    struct query_pair pairs[4];
    int count;
    memcpy(copy, text, len + 1);
    count = decode_query(copy, pairs, 4);
    need(count <= 4);
    for (int i = 0; i < count; i++)
        need(strlen(pairs[i].name) + strlen(pairs[i].value) <= len);
    free(copy);
}

static void try_path(const char *text)
{
    struct route_match match;
    char value[64];
    if (!decode_is_clean(text))
        return;
    route_find(routes, "GET", text, &match);
    for (int i = 0; i < match.value_count && match.route; i++)
        if (match.values[i].text_len < sizeof value)
            for (size_t n = decode_percent(match.values[i].text, match.values[i].text_len, false, value); n > 0; n--)
                need((unsigned char)value[n - 1] >= 0x20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';
    try_json(text, size);
    try_query(text, strlen(text));
    try_path(text);
    negotiate_coding(text, true, true);
    negotiate_not_modified(text, "\"abc\"");
    negotiate_is_json(text);
    free(text);
    return 0;
}
