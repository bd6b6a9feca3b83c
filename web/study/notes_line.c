#include "web/study/notes_line.h"

#include <string.h>

#include "web/study/utf8.h"

#define MAX_INDENT 200
#define TAB_COLUMNS 4

struct token {
    const char *text;
    enum bullet bullet;
};

static const struct token bullets[] = {
    {"-", BULLET_HYPHEN}, {"–", BULLET_EN_DASH}, {"—", BULLET_EM_DASH}, {"*", BULLET_STAR},   {"+", BULLET_PLUS},
    {"•", BULLET_DOT},    {"·", BULLET_DOT},     {"◦", BULLET_DOT},     {"▪", BULLET_DOT},    {"●", BULLET_DOT},
    {"○", BULLET_DOT},    {"‣", BULLET_DOT},     {"■", BULLET_DOT},     {"−", BULLET_HYPHEN},
};

static const char *const arrows[] = {"-->", "->", "==>", "=>", "–>", "—>", "→", "⇒", "➔", "➜", "⟶", "↳"};

static const struct {
    const char *label;
    enum line_shape shape;
} marks[] = {{"Source:", SHAPE_SOURCE},
             {"Often wrong:", SHAPE_OFTEN_WRONG},
             {"Why:", SHAPE_WHY},
             {"Also true:", SHAPE_ALSO},
             {"Disputed:", SHAPE_ALSO}};

static bool starts(const char *text, size_t len, const char *with)
{
    size_t size = strlen(with);
    return len >= size && memcmp(text, with, size) == 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_ascii_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

size_t line_arrow(const char *text, size_t len)
{
    for (size_t i = 0; i < sizeof arrows / sizeof *arrows; i++)
        if (starts(text, len, arrows[i]))
            return strlen(arrows[i]);
    return 0;
}

/* Bytes of blanks and invisible characters at the start; counts the columns when asked. */
static size_t skip_blanks(const char *text, size_t len, unsigned *columns)
{
    size_t at = 0, size;
    unsigned column = 0;
    while (at < len) {
        int32_t c = utf8_character(text + at, len - at, &size);
        if (c == '\t')
            column = (column / TAB_COLUMNS + 1) * TAB_COLUMNS;
        else if (utf8_is_space(c))
            column++;
        else if (!utf8_is_invisible(c))
            break;
        at += size;
    }
    if (columns)
        *columns = column < MAX_INDENT ? column : MAX_INDENT;
    return at;
}

/* Three or more of - * _ = and nothing else but blanks. */
static bool is_rule(const char *text, size_t len)
{
    size_t count = 0;
    if (!len || !strchr("-*_=", *text))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == *text)
            count++;
        else if (text[i] != ' ' && text[i] != '\t')
            return false;
    }
    return count >= 3;
}

/* "1." "12)" "a)": its length with the blank behind it, or 0. */
static size_t number_bullet(const char *text, size_t len, enum bullet *bullet)
{
    size_t digits = 0, letters = 0, at;
    while (digits < len && digits < 4 && is_digit(text[digits]))
        digits++;
    if (!digits && len > 1 && is_ascii_letter(text[0]) && text[1] == ')')
        letters = 1;
    at = digits + letters;
    if (!at || at + 1 >= len || digits > 3 || (text[at] != '.' && text[at] != ')') || text[at + 1] != ' ')
        return 0;
    *bullet = letters ? BULLET_LETTER : BULLET_NUMBER;
    return at + 2;
}

/* A dash may touch its text ("-Helps"), but "-5", "--x" and "*bold*" carry no bullet. */
static size_t bullet_at(const char *text, size_t len, enum bullet *bullet)
{
    for (size_t i = 0; i < sizeof bullets / sizeof *bullets; i++) {
        size_t size = strlen(bullets[i].text);
        char next;
        if (!starts(text, len, bullets[i].text))
            continue;
        next = size < len ? text[size] : ' ';
        if (next != ' ' && next != '\t') {
            bool touching = bullets[i].bullet != BULLET_STAR && bullets[i].bullet != BULLET_PLUS;
            if (!touching || is_digit(next) || next == '.' || next == '-' || next == '>')
                return 0;
        }
        *bullet = bullets[i].bullet;
        return size;
    }
    return number_bullet(text, len, bullet);
}

/* "[ ] " and "[x] " of a list of things to do. */
static size_t checkbox_at(const char *text, size_t len)
{
    bool box = len > 4 && text[0] == '[' && strchr(" xX", text[1]) && text[2] == ']' && text[3] == ' ';
    return box ? 4 : 0;
}

static unsigned char hash_level(const char *text, size_t len)
{
    size_t level = 0;
    while (level < len && level < 7 && text[level] == '#')
        level++;
    if (!level || level > 6 || level >= len || text[level] != ' ' || starts(text + level, len - level, " of "))
        return 0;
    return (unsigned char)level;
}

static enum line_shape mark_at(const char *text, size_t len, size_t *size)
{
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        size_t label = strlen(marks[i].label);
        if (starts(text, len, marks[i].label) && skip_blanks(text + label, len - label, NULL) < len - label) {
            *size = label;
            return marks[i].shape;
        }
    }
    return SHAPE_TEXT;
}

static bool fence_at(const char *text, size_t len)
{
    return starts(text, len, "```") || starts(text, len, "~~~");
}

/* Text that is no code: bullet, heading, mark, arrow or plain words. */
static void classify_words(struct line *line, size_t at)
{
    const char *text = line->bytes;
    size_t len = line->size, size = 0;
    enum bullet bullet = BULLET_NONE;
    unsigned char level = hash_level(text + at, len - at);
    while (at + 1 < len && text[at] == '>' && text[at + 1] == ' ') /* a quotation */
        at += 1 + skip_blanks(text + at + 1, len - at - 1, NULL);
    line->shape = SHAPE_TEXT;
    if (level) {
        line->shape = SHAPE_HASH;
        line->level = level;
        at += level;
    } else if ((size = line_arrow(text + at, len - at)) > 0) {
        line->shape = SHAPE_ARROW;
        at += size;
    } else {
        at += bullet_at(text + at, len - at, &bullet);
        line->bullet = (unsigned char)bullet;
        at += skip_blanks(text + at, len - at, NULL);
        at += line->bullet ? checkbox_at(text + at, len - at) : 0;
        line->shape = (unsigned char)mark_at(text + at, len - at, &size);
        at += line->shape == SHAPE_TEXT ? 0 : size;
    }
    at += skip_blanks(text + at, len - at, NULL);
    if (at == len)
        line->shape = SHAPE_BLANK; /* a bullet or an arrow with nothing behind it */
    line->text_from = (unsigned)at;
}

void line_classify(struct line *line, const char *bytes, size_t size, bool *in_code)
{
    unsigned columns;
    size_t at = skip_blanks(bytes, size, &columns);
    *line = (struct line){.bytes = bytes, .size = (unsigned)size, .indent = (unsigned char)columns};
    line->text_from = (unsigned)at;
    if (fence_at(bytes + at, size - at)) {
        line->shape = SHAPE_FENCE;
        *in_code = !*in_code;
    } else if (*in_code) {
        line->shape = SHAPE_CODE;
        line->text_from = 0;
    } else if (at == size) {
        line->shape = SHAPE_BLANK;
    } else if (is_rule(bytes + at, size - at)) {
        line->shape = SHAPE_RULE;
    } else {
        classify_words(line, at);
    }
}

bool line_dash_find(const char *text, size_t from, struct line_dash *dash)
{
    for (const char *blank = strchr(text + from, ' '); blank; blank = strchr(blank + 1, ' ')) {
        for (size_t i = 0; i < sizeof bullets / sizeof *bullets; i++) {
            size_t size = strlen(bullets[i].text);
            bool is_dash = bullets[i].bullet <= BULLET_EM_DASH;
            if (is_dash && strncmp(blank + 1, bullets[i].text, size) == 0 && blank[1 + size] == ' ') {
                *dash = (struct line_dash){(size_t)(blank - text), size + 2, bullets[i].bullet};
                return true;
            }
        }
    }
    return false;
}
