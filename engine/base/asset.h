/* Files that are part of the program: the pages in `flashlab`, the catalogue of experiments in both programs.
 *
 * `embed` (embed.c, run by the Makefile) writes one C file per set: plain, gzip and brotli bytes of each file, and a
 * strong hash. A set's `version` is a hash over all of its files. */
#ifndef BASE_ASSET_H
#define BASE_ASSET_H

#include <stddef.h>

struct asset {
    const char *path; /* as the program names it: "js/main.js" */
    const char *hash; /* 16 hexadecimal digits of the content's BLAKE2b */
    const unsigned char *plain, *gzip, *brotli;
    size_t plain_len, gzip_len, brotli_len; /* gzip and brotli are 0 where they would not be smaller */
};

struct asset_set {
    const struct asset *assets; /* sorted by path */
    size_t count;
    const char *version;
};

extern const struct asset_set asset_static;  /* linked into flashlab only */
extern const struct asset_set asset_content; /* linked into both programs: content/experiments, content/notes */

const struct asset *asset_find(const struct asset_set *set, const char *path); /* NULL when there is none */

#endif
