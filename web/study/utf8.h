/* Text in UTF-8, character by character. Everything but utf8_valid_length expects text that was found valid. */
#ifndef STUDY_UTF8_H
#define STUDY_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t utf8_valid_length(const char *bytes, size_t len); /* how many bytes from the start are valid; len: all */

/* The character at the start and its length in bytes, at least 1; 0 at the end. */
int32_t utf8_character(const char *text, size_t len, size_t *size);

bool utf8_is_space(int32_t c);     /* blank in any script, tabs and control characters too */
bool utf8_is_invisible(int32_t c); /* takes no room: joiners, byte order marks, marks of writing direction */
bool utf8_is_lower(int32_t c);
bool utf8_is_upper(int32_t c);
bool utf8_is_letter(int32_t c); /* or a digit */

#endif
