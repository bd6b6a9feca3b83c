/* A growing byte string, always NUL-terminated once something was appended.
 *
 *     struct str s = {0};
 *     str_printf(&s, "%d rows", rows);
 *     if (s.failed) ...out of memory...
 *     str_free(&s);
 *
 * A failed allocation sets `failed` and turns every later append into nothing: check once, at the end. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

struct str {
    char *data; /* NULL while empty and never appended to */
    size_t len;
    size_t cap;
    bool failed;
};

void str_append(struct str *s, const void *bytes, size_t len);
void str_puts(struct str *s, const char *text);
void str_putc(struct str *s, char c);
void str_printf(struct str *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Empties without giving the memory back. */
void str_clear(struct str *s);
void str_free(struct str *s);

/* The text, "" when empty. */
const char *str_text(const struct str *s);

/* Hands the text to the caller, who frees it; NULL when out of memory. Leaves `s` empty. */
char *str_take(struct str *s);

#endif
