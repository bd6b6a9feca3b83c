/* Whatever a trainer writes, in whatever pieces: what is passed on is one line of JSON with an event that is not the
 * server's own, and the pieces make no difference. */
#include "web/lab/transcript.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check_line(void *context, const char *line, size_t len)
{
    struct str *all = context;
    cJSON *value = cJSON_ParseWithLength(line, len);
    const char *event = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(value, "event"));
    if (!event || strcmp(event, "status") == 0 || memchr(line, '\n', len) || memchr(line, '\r', len))
        abort();
    cJSON_Delete(value);
    str_append(all, line, len);
    str_putc(all, '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct transcript whole = {0}, pieces = {0};
    struct str of_whole = {0}, of_pieces = {0};
    struct error err;
    size_t step = size ? 1 + data[0] % 7 : 1;
    int result = transcript_feed(&whole, (const char *)data, size, check_line, &of_whole, &err), partial = 0;
    for (size_t at = 0; at < size && partial == 0; at += step)
        partial = transcript_feed(&pieces, (const char *)data + at, size - at < step ? size - at : step, check_line,
                                  &of_pieces, &err);
    if (result != partial || whole.last != pieces.last || strcmp(str_text(&of_whole), str_text(&of_pieces)) != 0)
        abort();
    transcript_free(&whole);
    transcript_free(&pieces);
    str_free(&of_whole);
    str_free(&of_pieces);
    return 0;
}
