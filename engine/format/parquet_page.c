#include "engine/format/parquet_page.h"

#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "engine/format/thrift.h"

#define WINDOW 65536u         /* read at once */
#define HEADER_MAX (1u << 20) /* statistics may be long */

enum { DATA_PAGE, INDEX_PAGE, DICTIONARY_PAGE, DATA_PAGE_2 };

struct header {
    int64_t type, plain_len, packed_len, crc;
    bool has_crc, described;
    int64_t values, encoding, level_encoding, repetition_encoding;
    int64_t levels_len, repetition_len; /* version 2 */
    bool packed;                        /* version 2: the values are */
};

void parquet_pages_open(struct parquet_pages *p, struct input *in, const struct parquet_column *column,
                        const struct parquet_chunk *chunk, uint64_t *memory)
{
    p->in = in;
    p->at = chunk->start;
    p->end = chunk->start + chunk->len;
    p->codec = chunk->codec;
    p->defined = column->defined > 0;
    p->repeated = column->lists > 0;
    p->raw_at = p->raw_have = 0;
    p->memory = memory;
    p->number = 0;
}

void parquet_pages_free(struct parquet_pages *p)
{
    if (p->memory)
        *p->memory -= p->raw_room + p->plain_room;
    free(p->raw);
    free(p->plain);
    *p = (struct parquet_pages){0};
}

/* --- bytes ----------------------------------------------------------------------------------------------------------
 */

/* Room for `len` bytes and the slack; what was there before stays. */
static const char *reserve(struct parquet_pages *p, unsigned char **buffer, size_t *room, size_t len)
{
    size_t wanted = len + PARQUET_SLACK;
    unsigned char *grown;
    if (wanted <= *room)
        return NULL;
    if (*p->memory - *room + wanted > PARQUET_PAGES_MEMORY)
        return "and those of the other columns take more than 4 GiB together; write shorter pages";
    grown = realloc(*buffer, wanted);
    if (!grown)
        return "does not fit into memory";
    *p->memory += wanted - *room;
    *buffer = grown;
    *room = wanted;
    return NULL;
}

static size_t have(const struct parquet_pages *p)
{
    return p->raw_have - p->raw_at;
}

/* Reads on until `len` bytes are there, or as many as the chunk has. */
static int fill(struct parquet_pages *p, size_t len, const char **wrong, struct error *err)
{
    uint64_t left = p->end - p->at;
    size_t more;
    if (have(p) >= len || left == 0)
        return 0;
    more = len - have(p) > WINDOW ? len - have(p) : WINDOW;
    if (more > left)
        more = (size_t)left;
    if (p->raw_at) {
        memmove(p->raw, p->raw + p->raw_at, have(p));
        p->raw_have = have(p);
        p->raw_at = 0;
    }
    *wrong = reserve(p, &p->raw, &p->raw_room, p->raw_have + more);
    if (*wrong || input_read_at(p->in, p->at, p->raw + p->raw_have, more, err) < 0)
        return -1;
    p->at += more;
    p->raw_have += more;
    memset(p->raw + p->raw_have, 0, PARQUET_SLACK);
    return 0;
}

/* --- headers --------------------------------------------------------------------------------------------------------
 */

/* Which field is what: a dictionary's header begins as a data page's does. */
static void read_description(struct thrift *t, struct header *h, int type)
{
    int64_t *const first[] = {&h->values, &h->encoding, &h->level_encoding, &h->repetition_encoding},
                   *const second[] = {&h->values, NULL, NULL, &h->encoding, &h->levels_len, &h->repetition_len};
    int64_t *const *fields = type == DATA_PAGE_2 ? second : first;
    int count = type == DATA_PAGE_2 ? 6 : type == DATA_PAGE ? 4 : 2;
    h->described = h->described || type == h->type;
    thrift_begin(t);
    for (int id; thrift_next(t, &id);)
        if (type == h->type && id <= count && fields[id - 1])
            *fields[id - 1] = thrift_integer(t);
        else if (type == h->type && type == DATA_PAGE_2 && id == 7)
            h->packed = thrift_bool(t);
        else
            thrift_skip(t);
}

static void read_header(struct thrift *t, struct header *h)
{
    static const int types[] = {[5] = DATA_PAGE, [7] = DICTIONARY_PAGE, [8] = DATA_PAGE_2};
    *h = (struct header){.type = -1, .plain_len = -1, .packed_len = -1, .values = -1, .packed = true};
    h->level_encoding = h->repetition_encoding = PARQUET_RLE;
    thrift_begin(t);
    for (int id; thrift_next(t, &id);)
        switch (id) {
        case 1:
            h->type = thrift_integer(t);
            break;
        case 2:
            h->plain_len = thrift_integer(t);
            break;
        case 3:
            h->packed_len = thrift_integer(t);
            break;
        case 4:
            h->crc = thrift_integer(t);
            h->has_crc = true;
            break;
        case 5:
        case 7:
        case 8:
            read_description(t, h, types[id]);
            break;
        default:
            thrift_skip(t);
        }
}

static const char *check_header(const struct header *h)
{
    int64_t shorter = h->plain_len < h->packed_len ? h->plain_len : h->packed_len;
    if (h->plain_len < 0 || h->packed_len < 0)
        return "does not say how long it is";
    if (h->plain_len > PARQUET_PAGE_MAX || h->packed_len > PARQUET_PAGE_MAX)
        return "is longer than 256 MiB; write shorter pages";
    if (h->type < DATA_PAGE || h->type > DATA_PAGE_2)
        return "is of an unknown type";
    if (h->type == INDEX_PAGE)
        return NULL;
    if (!h->described || h->values < 0 || h->values > INT32_MAX)
        return "does not say how many values it has";
    if (h->levels_len < 0 || h->repetition_len < 0 || h->levels_len > shorter ||
        h->repetition_len > shorter - h->levels_len)
        return "has levels that are longer than itself";
    return NULL;
}

/* The header at the front of the window, which grows until the header is in it. */
static int take_header(struct parquet_pages *p, struct header *h, const char **wrong, struct error *err)
{
    for (size_t len = 64;; len *= 4) {
        struct thrift t;
        if (fill(p, len, wrong, err) < 0)
            return -1;
        t = thrift_open(p->raw + p->raw_at, have(p));
        read_header(&t, h);
        if (!t.wrong) {
            p->raw_at += (size_t)(t.at - (p->raw + p->raw_at));
            *wrong = check_header(h);
            return *wrong ? -1 : 0;
        }
        if (!t.cut || p->at == p->end || len > HEADER_MAX) {
            *wrong = "has a damaged header";
            return -1;
        }
        if (len < have(p))
            len = have(p);
    }
}

/* --- unpacking ------------------------------------------------------------------------------------------------------
 */

static const char *unpack_snappy(const unsigned char *from, size_t len, unsigned char *to, size_t size)
{
    size_t claimed;
    if (snappy_uncompressed_length((const char *)from, len, &claimed) != SNAPPY_OK || claimed != size ||
        snappy_uncompress((const char *)from, len, (char *)to, &claimed) != SNAPPY_OK)
        return "is damaged: it cannot be unpacked by snappy";
    return NULL;
}

/* Several members in a row are one page. */
static const char *unpack_gzip(const unsigned char *from, size_t len, unsigned char *to, size_t size)
{
    z_stream z = {.next_in = (unsigned char *)(uintptr_t)from, .avail_in = (uInt)len};
    int status = Z_OK;
    z.next_out = to;
    z.avail_out = (uInt)size;
    if (inflateInit2(&z, 15 + 32) != Z_OK)
        return "does not fit into memory";
    while (status == Z_OK) {
        status = inflate(&z, Z_NO_FLUSH);
        if (status == Z_STREAM_END && z.avail_in > 0 && z.avail_out > 0)
            status = inflateReset(&z);
    }
    inflateEnd(&z);
    return status == Z_STREAM_END && z.avail_out == 0 ? NULL : "is damaged: it cannot be unpacked by gzip";
}

static const char *unpack_zstd(const unsigned char *from, size_t len, unsigned char *to, size_t size)
{
    return ZSTD_decompress(to, size, from, len) == size ? NULL : "is damaged: it cannot be unpacked by zstd";
}

/* `most`: a byte becomes at most so many. */
static const struct unpacking {
    const char *(*unpack)(const unsigned char *from, size_t len, unsigned char *to, size_t size);
    uint64_t most;
} unpackings[] = {
    [PARQUET_SNAPPY] = {unpack_snappy, 64},
    [PARQUET_GZIP] = {unpack_gzip, 1040},
    [PARQUET_ZSTD] = {unpack_zstd, 131072},
};
enum { UNPACKINGS = sizeof unpackings / sizeof *unpackings };

/* `skip` bytes in front are not packed. */
static const char *unpack(struct parquet_pages *p, const struct header *h, size_t skip, struct parquet_page *page)
{
    const unsigned char *from = p->raw + p->raw_at;
    size_t len = (size_t)h->packed_len - skip, size = (size_t)h->plain_len - skip;
    const char *wrong;
    if (p->codec == PARQUET_PLAIN_BYTES || !h->packed) {
        page->bytes = from + skip;
        page->len = len;
        return len == size ? NULL : "is not as long as it says";
    }
    if (p->codec < 0 || p->codec >= UNPACKINGS || !unpackings[p->codec].unpack)
        return "is packed by a method that this build does not know; write it with snappy, gzip, zstd or none";
    if (size > (len + 16) * unpackings[p->codec].most)
        return "is damaged: it claims to be longer than it can be";
    wrong = reserve(p, &p->plain, &p->plain_room, size);
    if (!wrong && size > 0)
        wrong = unpackings[p->codec].unpack(from + skip, len, p->plain, size);
    if (wrong)
        return wrong;
    memset(p->plain + size, 0, PARQUET_SLACK);
    page->bytes = p->plain;
    page->len = size;
    return NULL;
}

/* In version 1 the levels stand at the front of what was packed, after their length. */
static const char *cut_levels(struct parquet_page *page, const unsigned char **levels, size_t *levels_len)
{
    uint32_t len;
    if (page->len < 4)
        return "ends too early";
    memcpy(&len, page->bytes, 4);
    if (len > page->len - 4)
        return "has levels that are longer than itself";
    *levels = page->bytes + 4;
    *levels_len = len;
    page->bytes += 4 + len;
    page->len -= 4 + len;
    return NULL;
}

static const char *open_page(struct parquet_pages *p, const struct header *h, struct parquet_page *page)
{
    size_t skip = (size_t)(h->repetition_len + h->levels_len);
    const char *wrong;
    *page = (struct parquet_page){.dictionary = h->type == DICTIONARY_PAGE};
    page->encoding = (int)h->encoding;
    page->values = (uint32_t)h->values;
    if (h->has_crc && (uint32_t)h->crc != (uint32_t)crc32(0, p->raw + p->raw_at, (uInt)h->packed_len))
        return "is damaged: its bytes do not have the checksum it names";
    if (h->type == DATA_PAGE &&
        ((p->defined && h->level_encoding != PARQUET_RLE) || (p->repeated && h->repetition_encoding != PARQUET_RLE)))
        return "has levels in the old form BIT_PACKED; write it again with a newer program";
    wrong = unpack(p, h, skip, page);
    if (wrong || page->dictionary || !p->defined)
        return wrong;
    if (h->type == DATA_PAGE && p->repeated)
        wrong = cut_levels(page, &page->repeats, &page->repeats_len);
    if (h->type == DATA_PAGE)
        return wrong ? wrong : cut_levels(page, &page->levels, &page->levels_len);
    page->repeats = p->raw + p->raw_at; /* all 0 where no lists are */
    page->repeats_len = (size_t)h->repetition_len;
    page->levels = page->repeats + page->repeats_len;
    page->levels_len = (size_t)h->levels_len;
    return NULL;
}

int parquet_pages_next(struct parquet_pages *p, struct parquet_page *page, const char **wrong, struct error *err)
{
    struct header h;
    *wrong = NULL;
    do {
        if (have(p) == 0 && p->at == p->end)
            return 0;
        p->number++;
        if (take_header(p, &h, wrong, err) < 0 || fill(p, (size_t)h.packed_len, wrong, err) < 0)
            return -1;
        *wrong = have(p) < (size_t)h.packed_len ? "ends too early"
                 : h.type == INDEX_PAGE         ? NULL
                                                : open_page(p, &h, page);
        if (*wrong)
            return -1;
        p->raw_at += (size_t)h.packed_len;
    } while (h.type == INDEX_PAGE);
    return 1;
}
