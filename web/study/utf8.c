#include "web/study/utf8.h"

#include <utf8proc.h>

size_t utf8_valid_length(const char *bytes, size_t len)
{
    size_t i = 0;
    while (i < len) {
        utf8proc_int32_t c;
        utf8proc_ssize_t size;
        if ((unsigned char)bytes[i] < 0x80) {
            i++;
            continue;
        }
        size = utf8proc_iterate((const utf8proc_uint8_t *)bytes + i, (utf8proc_ssize_t)(len - i), &c);
        if (size <= 0)
            return i;
        i += (size_t)size;
    }
    return len;
}

int32_t utf8_character(const char *text, size_t len, size_t *size)
{
    utf8proc_int32_t c = 0;
    utf8proc_ssize_t read;
    *size = len ? 1 : 0;
    if (!len)
        return 0;
    if ((unsigned char)*text < 0x80)
        return *text;
    read = utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)len, &c);
    if (read <= 0)
        return 0xFFFD;
    *size = (size_t)read;
    return c;
}

bool utf8_is_space(int32_t c)
{
    if (c < 0x80)
        return c <= ' ' || c == 0x7F;
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
        return true;
    default:
        return false;
    }
}

bool utf8_is_invisible(int32_t c)
{
    return c == 0xAD || c == 0x200B || c == 0x2060 || c == 0xFEFF || c == 0x200E || c == 0x200F ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

bool utf8_is_lower(int32_t c)
{
    return c < 0x80 ? c >= 'a' && c <= 'z' : utf8proc_category(c) == UTF8PROC_CATEGORY_LL;
}

bool utf8_is_upper(int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT;
}

bool utf8_is_letter(int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
           (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}
