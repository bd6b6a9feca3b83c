/* The one HTML page of the program: {{version}} filled in, strong ETag, and the Content-Security-Policy that fits it.
 * The policy names the inline scripts (the import map) by their hash; no other inline script can run. */
#ifndef WEB_PAGE_H
#define WEB_PAGE_H

#include <stddef.h>

struct page {
    char *html;
    size_t len;
    char etag[40];
    char policy[1024];
};

/* -1: out of memory, or more inline scripts than the policy has room for. */
int page_make(struct page *page, const char *html, size_t len, const char *version);
void page_free(struct page *page);

/* A strong ETag for any bytes, with its quotes. */
void page_etag(const void *bytes, size_t len, char etag[40]);

#endif
