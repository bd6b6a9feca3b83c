/* Bytes of a file or of standard input, through gzip where they are compressed, and how many were really read.
 *
 * Compressed is what begins with gzip's two magic bytes; several gzip members in a row are one file. */
#ifndef FORMAT_INPUT_H
#define FORMAT_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/str.h"

struct input;

/* `path` "-" is standard input. NULL and an error when it cannot be opened. */
struct input *input_open(const char *path, struct error *err);
struct input *input_open_bytes(const void *bytes, size_t len, const char *name); /* memory, not copied; for tests */
void input_take_plain(struct input *in);                                         /* gzip is not looked for */
void input_close(struct input *in);                                              /* NULL is fine */

/* Fills `buffer` with at most `size` bytes. Returns how many, 0 at the end, -1 with an error. */
long input_read(struct input *in, void *buffer, size_t size, struct error *err);

/* Instead of input_read, for formats that jump about: `size` is how many bytes there are, and any of them can be read.
 * The bytes of a pipe, and those that are compressed, go to an unnamed temporary file first. */
int input_random(struct input *in, uint64_t *size, struct error *err);

/* Fills `buffer` with the `len` bytes at `at`, which are all there, else an error. */
int input_read_at(struct input *in, uint64_t at, void *buffer, size_t len, struct error *err);

/* Appends all bytes of `path`, `most` of them at most; more are an error. */
int input_all(const char *path, size_t most, struct str *bytes, struct error *err);

const char *input_name(const struct input *in);
uint64_t input_raw_bytes(const struct input *in); /* read so far, before decompression */

#endif
