#include "web/page.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/str.h"

#define PLACEHOLDER "{{version}}"

void page_etag(const void *bytes, size_t len, char etag[40])
{
    unsigned char digest[crypto_generichash_BYTES_MIN];
    char hex[2 * sizeof digest + 1];
    crypto_generichash(digest, sizeof digest, bytes, len, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    snprintf(etag, 40, "\"%s\"", hex);
}

static char *fill_version(const char *html, size_t len, const char *version, size_t *out_len)
{
    struct str out = {0};
    const char *end = html + len, *found;
    while ((found = memmem(html, (size_t)(end - html), PLACEHOLDER, strlen(PLACEHOLDER)))) {
        str_append(&out, html, (size_t)(found - html));
        str_puts(&out, version);
        html = found + strlen(PLACEHOLDER);
    }
    str_append(&out, html, (size_t)(end - html));
    *out_len = out.len;
    return str_take(&out);
}

static void add_script_hash(struct str *policy, const char *script, size_t len)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    char base64[sodium_base64_ENCODED_LEN(sizeof digest, sodium_base64_VARIANT_ORIGINAL)];
    crypto_hash_sha256(digest, (const unsigned char *)script, len);
    sodium_bin2base64(base64, sizeof base64, digest, sizeof digest, sodium_base64_VARIANT_ORIGINAL);
    str_printf(policy, " 'sha256-%s'", base64);
}

/* Every <script ...>TEXT</script> whose text is not empty. */
static void add_script_hashes(struct str *policy, const char *html)
{
    const char *tag = html, *text, *end;
    while ((tag = strstr(tag, "<script")) && (text = strchr(tag, '>')) && (end = strstr(text, "</script"))) {
        text++;
        if (end > text)
            add_script_hash(policy, text, (size_t)(end - text));
        tag = end;
    }
}

int page_make(struct page *page, const char *html, size_t len, const char *version)
{
    struct str policy = {0};
    bool fits;
    *page = (struct page){0};
    page->html = fill_version(html, len, version, &page->len);
    if (!page->html)
        return -1;
    page_etag(page->html, page->len, page->etag);
    str_puts(&policy, "default-src 'self'; script-src 'self'");
    add_script_hashes(&policy, page->html);
    str_puts(&policy, "; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
                      "frame-ancestors 'none'");
    fits = !policy.failed && policy.len < sizeof page->policy;
    if (fits)
        memcpy(page->policy, policy.data, policy.len + 1);
    else
        page_free(page);
    str_free(&policy);
    return fits ? 0 : -1;
}

void page_free(struct page *page)
{
    free(page->html);
    *page = (struct page){0};
}
