/* What client and server agree on for a file: coding, freshness, type. Pure functions on header values. */
#ifndef WEB_NEGOTIATE_H
#define WEB_NEGOTIATE_H

#include <stdbool.h>

enum coding { CODING_NONE = -1, CODING_IDENTITY, CODING_GZIP, CODING_BROTLI };

/* The best coding of those at hand for an Accept-Encoding header (NULL: none was sent). Equal wishes are settled by
 * size: brotli, gzip, identity. CODING_NONE: the client accepts nothing that is at hand. */
enum coding negotiate_coding(const char *accept, bool has_gzip, bool has_brotli);

/* Whether an If-None-Match header names the tag: lists, "*" and weak tags count (RFC 9110, 13.1.2). */
bool negotiate_not_modified(const char *if_none_match, const char *etag);

/* "text/javascript; charset=utf-8" for "js/main.js". */
const char *negotiate_content_type(const char *path);

/* Whether a Content-Type header says JSON in UTF-8. */
bool negotiate_is_json(const char *content_type);

#endif
