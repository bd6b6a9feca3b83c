/* line_clean: the text of a line as a person reads it. */
#include <string.h>

#include "web/study/notes_line.h"
#include "web/study/utf8.h"

/* Code keeps its blanks; only what is not to be printed goes. */
static size_t copy_code(char *out, const char *text, size_t len)
{
    size_t used = 0, size;
    for (size_t at = 0; at < len; at += size) {
        int32_t c = utf8_character(text + at, len - at, &size);
        if (utf8_is_invisible(c))
            continue;
        if (size == 1 && c != '\t' && utf8_is_space(c))
            out[used++] = ' ';
        else {
            memcpy(out + used, text + at, size);
            used += size;
        }
    }
    while (used && (out[used - 1] == ' ' || out[used - 1] == '\t'))
        used--;
    return used;
}

/* Runs of blanks become one; none at the ends. */
static size_t copy_words(char *out, const char *text, size_t len)
{
    size_t used = 0, size;
    bool blank = false;
    for (size_t at = 0; at < len; at += size) {
        int32_t c = utf8_character(text + at, len - at, &size);
        if (utf8_is_invisible(c))
            continue;
        if (utf8_is_space(c)) {
            blank = used > 0;
            continue;
        }
        if (blank)
            out[used++] = ' ';
        blank = false;
        memcpy(out + used, text + at, size);
        used += size;
    }
    return used;
}

/* Takes the pairs of `mark` out of text that has at least one full pair; what stands inside stays. */
static size_t strip_pairs(char *text, size_t len, const char *mark)
{
    const size_t size = strlen(mark);
    size_t count = 0, used = 0, taken = 0;
    for (size_t i = 0; i + size <= len;) {
        bool here = memcmp(text + i, mark, size) == 0;
        count += here;
        i += here ? size : 1;
    }
    count -= count % 2;
    for (size_t i = 0; i < len;) {
        if (taken < count && i + size <= len && memcmp(text + i, mark, size) == 0) {
            taken++;
            i += size;
        } else {
            text[used++] = text[i++];
        }
    }
    return used;
}

static bool is_word_byte(char c)
{
    return (c & 0x80) || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* *emphasis* and _emphasis_ that touch their words and stand apart from others: 2*3*4 and snake_case_name stay. */
static size_t strip_emphasis(char *text, size_t len, char mark)
{
    size_t used = 0, open = len;
    for (size_t i = 0; i < len; i++) {
        bool word_before = i > 0 && is_word_byte(text[i - 1]), word_after = i + 1 < len && is_word_byte(text[i + 1]);
        if (text[i] != mark)
            continue;
        if (open == len && !word_before && word_after && text[i + 1] != mark) {
            open = i;
        } else if (open < len && i > open + 1 && text[i - 1] != ' ' && text[i - 1] != mark && !word_after) {
            text[open] = text[i] = '\0'; /* valid text holds no NUL: a place to leave out */
            open = len;
        }
    }
    for (size_t i = 0; i < len; i++)
        if (text[i])
            text[used++] = text[i];
    return used;
}

#define MAX_ADDRESS 300 /* bytes of a link's address; a longer one stays as written */

/* The bracket that closes the one at the start; NULL without one. */
static const char *closing_bracket(const char *text, size_t len)
{
    int open = 0;
    for (size_t i = 0; i < len && i < MAX_ADDRESS; i++) {
        open += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
        if (open == 0)
            return text + i;
    }
    return NULL;
}

/* [words](address) becomes words. */
static size_t strip_links(char *text, size_t len)
{
    size_t used = 0, open = len, from = 0;
    for (size_t i = 0; i < len; i++) {
        text[used++] = text[i];
        if (text[i] == '[') {
            open = used - 1;
            from = i;
        } else if (text[i] == ']' && open < used && i > from && i + 1 < len && text[i + 1] == '(') {
            const char *close = closing_bracket(text + i + 1, len - i - 1);
            if (!close)
                continue;
            memmove(text + open, text + open + 1, used - open - 2);
            used -= 2;
            if (open > 0 && text[open - 1] == '!') /* a picture: its words */
                memmove(text + open - 1, text + open, used-- - open);
            i = (size_t)(close - text);
            open = len;
        }
    }
    return used;
}

/* "## Input ##" may close with hashes. */
static size_t strip_hashes(const char *text, size_t len)
{
    size_t end = len;
    while (end && text[end - 1] == '#')
        end--;
    return end && text[end - 1] == ' ' ? end - 1 : len;
}

static size_t strip_marks(char *text, size_t len)
{
    len = strip_links(text, len);
    len = strip_pairs(text, len, "**");
    len = strip_emphasis(text, len, '*');
    len = strip_emphasis(text, len, '_');
    return strip_pairs(text, len, "`");
}

void line_clean(struct line *line, struct arena *arena, bool markdown)
{
    const char *from = line->bytes + line->text_from;
    const size_t size = line->size - line->text_from;
    size_t len = 0;
    char *text = arena_take(arena, size + 1);
    line->text = "";
    if (!text)
        return;
    if (line->shape == SHAPE_CODE) {
        len = copy_code(text, from, size);
    } else {
        len = copy_words(text, from, size);
        if (line->shape == SHAPE_HASH)
            len = strip_hashes(text, len);
        if (markdown)
            len = strip_marks(text, len);
        if (!len) /* nothing but marks: keep them */
            len = copy_words(text, from, size);
    }
    text[len] = '\0';
    line->text = text;
}
