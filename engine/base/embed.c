/* Build tool: writes a C file that holds files, for asset.h.
 *
 *     embed asset_static OUT.c NAME=FILE [NAME=FILE ...]
 */
#include <brotli/encode.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct bytes {
    unsigned char *data;
    size_t len;
};

struct file {
    const char *name;
    struct bytes plain, gzip, brotli;
    char hash[17];
};

static void die(const char *what, const char *which)
{
    fprintf(stderr, "embed: %s %s\n", what, which);
    exit(1);
}

static void *need(void *p)
{
    if (!p)
        die("out of", "memory");
    return p;
}

static struct bytes read_file(const char *path)
{
    struct bytes b = {0};
    long size;
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET))
        die("cannot read", path);
    b.len = (size_t)size;
    b.data = need(malloc(b.len + 1));
    if (fread(b.data, 1, b.len, f) != b.len)
        die("cannot read", path);
    fclose(f);
    return b;
}

/* gzip at level 9 without a time stamp, so that the same input gives the same bytes. */
static struct bytes gzip_bytes(struct bytes in)
{
    z_stream z = {0};
    struct bytes out;
    deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
    out.len = deflateBound(&z, in.len) + 32;
    out.data = need(malloc(out.len));
    z.next_in = in.data;
    z.avail_in = (uInt)in.len;
    z.next_out = out.data;
    z.avail_out = (uInt)out.len;
    deflate(&z, Z_FINISH);
    out.len = z.total_out;
    deflateEnd(&z);
    return out;
}

static struct bytes brotli_bytes(struct bytes in)
{
    struct bytes out = {.len = BrotliEncoderMaxCompressedSize(in.len) + 32};
    out.data = need(malloc(out.len));
    if (!BrotliEncoderCompress(11, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, in.len, in.data, &out.len, out.data))
        out.len = 0;
    return out;
}

static void hash_bytes(char hex[17], const unsigned char *data, size_t len)
{
    unsigned char digest[crypto_generichash_BYTES_MIN];
    char full[2 * sizeof digest + 1];
    crypto_generichash(digest, sizeof digest, data, len, NULL, 0);
    sodium_bin2hex(full, sizeof full, digest, sizeof digest);
    memcpy(hex, full, 16);
    hex[16] = '\0';
}

static void write_array(FILE *out, const char *kind, size_t index, struct bytes b)
{
    fprintf(out, "static const unsigned char %s_%zu[] = {", kind, index);
    for (size_t i = 0; i < b.len; i++)
        fprintf(out, "%s%u,", i % 32 ? "" : "\n", b.data[i]);
    fprintf(out, "0};\n");
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->name, ((const struct file *)b)->name);
}

static void write_set(FILE *out, const char *set, const struct file *files, size_t count)
{
    char all[17], *hashes = need(calloc(count + 1, 80));
    fprintf(out, "#include \"engine/base/asset.h\"\n");
    for (size_t i = 0; i < count; i++) {
        write_array(out, "plain", i, files[i].plain);
        write_array(out, "gzip", i, files[i].gzip);
        write_array(out, "brotli", i, files[i].brotli);
        snprintf(hashes + strlen(hashes), 80, "%.60s%s", files[i].name, files[i].hash);
    }
    hash_bytes(all, (const unsigned char *)hashes, strlen(hashes));
    fprintf(out, "static const struct asset files[] = {\n");
    for (size_t i = 0; i < count; i++)
        fprintf(out, "{\"%s\", \"%s\", plain_%zu, gzip_%zu, brotli_%zu, %zu, %zu, %zu},\n", files[i].name,
                files[i].hash, i, i, i, files[i].plain.len, files[i].gzip.len, files[i].brotli.len);
    fprintf(out, "};\nconst struct asset_set %s = {files, %zu, \"%s\"};\n", set, count, all);
    free(hashes);
}

/* `argument` is NAME=FILE, and is taken apart. */
static void load(struct file *f, char *argument)
{
    char *equals = strchr(argument, '=');
    if (!equals)
        die("not NAME=FILE:", argument);
    *equals = '\0';
    f->name = argument;
    f->plain = read_file(equals + 1);
    f->gzip = gzip_bytes(f->plain);
    f->brotli = brotli_bytes(f->plain);
    if (f->gzip.len >= f->plain.len)
        f->gzip.len = 0;
    if (f->brotli.len >= f->plain.len)
        f->brotli.len = 0;
    hash_bytes(f->hash, f->plain.data, f->plain.len);
}

/* What it allocates is needed until it ends. */
int main(int argc, char **argv)
{
    size_t count = argc > 3 ? (size_t)argc - 3 : 0;
    struct file *files;
    FILE *out;
    if (!count || sodium_init() < 0)
        die("usage:", "embed SET OUT.c NAME=FILE ...");
    files = need(calloc(count, sizeof *files));
    for (size_t i = 0; i < count; i++)
        load(&files[i], argv[i + 3]);
    qsort(files, count, sizeof *files, by_name);
    out = fopen(argv[2], "w");
    if (!out)
        die("cannot write", argv[2]);
    write_set(out, argv[1], files, count);
    if (fclose(out))
        die("cannot write", argv[2]);
    exit(0);
}
