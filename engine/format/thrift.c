#include "engine/format/thrift.h"

#include <string.h>

static void fault(struct thrift *t, const char *what)
{
    if (!t->wrong)
        t->wrong = what;
    t->at = t->end;
    t->type = THRIFT_STOP;
}

static void end_early(struct thrift *t)
{
    t->cut = t->cut || !t->wrong;
    fault(t, "the bytes end too early");
}

static unsigned read_byte(struct thrift *t)
{
    if (t->at < t->end)
        return *t->at++;
    end_early(t);
    return 0;
}

static uint64_t read_varint(struct thrift *t)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        unsigned byte = read_byte(t);
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return t->wrong ? 0 : value;
    }
    fault(t, "a number has too many bytes");
    return 0;
}

static int64_t read_zigzag(struct thrift *t)
{
    uint64_t value = read_varint(t);
    return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

struct thrift thrift_open(const void *bytes, size_t len)
{
    struct thrift t = {.at = bytes, .type = THRIFT_STRUCT};
    t.end = t.at + len;
    return t;
}

static bool expect(struct thrift *t, enum thrift_type type)
{
    if (!t->wrong && t->type != type)
        fault(t, "a value is of another type than its field");
    return !t->wrong;
}

void thrift_begin(struct thrift *t)
{
    if (!expect(t, THRIFT_STRUCT))
        return;
    if (t->depth == THRIFT_DEPTH_MAX)
        fault(t, "structs lie too deep within each other");
    else
        t->last[t->depth++] = 0;
}

/* The field header at `*last`: false at the struct's end. */
static bool read_field(struct thrift *t, int *last)
{
    unsigned byte = read_byte(t);
    int64_t id;
    t->type = byte & 15;
    if (t->wrong || t->type == THRIFT_STOP)
        return false;
    id = byte >> 4 ? *last + (int)(byte >> 4) : read_zigzag(t);
    if (t->type > THRIFT_STRUCT || id <= 0 || id > INT16_MAX)
        fault(t, "a field has an unknown type or number");
    *last = (int)id;
    return !t->wrong;
}

bool thrift_next(struct thrift *t, int *id)
{
    if (t->wrong || t->depth == 0)
        return false;
    if (!read_field(t, &t->last[t->depth - 1])) {
        t->depth--;
        return false;
    }
    *id = t->last[t->depth - 1];
    return true;
}

int64_t thrift_integer(struct thrift *t)
{
    if (t->type == THRIFT_BYTE)
        return (int8_t)read_byte(t);
    if (t->type != THRIFT_I16 && t->type != THRIFT_I32 && !expect(t, THRIFT_I64))
        return 0;
    return read_zigzag(t);
}

bool thrift_bool(struct thrift *t)
{
    return t->type == THRIFT_TRUE || (expect(t, THRIFT_FALSE) && false);
}

size_t thrift_binary(struct thrift *t, const unsigned char **bytes)
{
    uint64_t len = expect(t, THRIFT_BINARY) ? read_varint(t) : 0;
    if (len > (uint64_t)(t->end - t->at)) {
        end_early(t);
        len = 0;
    }
    *bytes = t->at;
    t->at += len;
    return (size_t)len;
}

/* Every value takes at least a byte, so that a count can be checked before anything is made of it. */
static uint64_t check_count(struct thrift *t, uint64_t count)
{
    if (count <= (uint64_t)(t->end - t->at))
        return t->wrong ? 0 : count;
    end_early(t);
    return 0;
}

static uint64_t read_list(struct thrift *t, enum thrift_type *element)
{
    unsigned byte = read_byte(t);
    *element = byte & 15;
    if (!t->wrong && (*element == THRIFT_STOP || *element > THRIFT_STRUCT))
        fault(t, "a list has an unknown type");
    return check_count(t, byte >> 4 == 15 ? read_varint(t) : byte >> 4);
}

size_t thrift_list(struct thrift *t, enum thrift_type *element)
{
    *element = THRIFT_STOP;
    return expect(t, THRIFT_LIST) ? (size_t)read_list(t, element) : 0;
}

bool thrift_element(struct thrift *t, enum thrift_type element, size_t *left)
{
    if (t->wrong || *left == 0)
        return false;
    --*left;
    t->type = element;
    return true;
}

/* --- skipping -------------------------------------------------------------------------------------------------------
 */

/* Something that holds values: a struct, or `left` values of types that take turns. */
struct nest {
    bool fields;
    uint64_t left;
    enum thrift_type types[2];
};

static void skip_bytes(struct thrift *t, uint64_t len)
{
    if (len > (uint64_t)(t->end - t->at))
        end_early(t);
    else
        t->at += len;
}

static struct nest open_nest(struct thrift *t)
{
    struct nest nest = {.fields = t->type == THRIFT_STRUCT};
    if (nest.fields)
        return nest;
    if (t->type != THRIFT_MAP) {
        nest.left = read_list(t, &nest.types[0]);
        nest.types[1] = nest.types[0];
        return nest;
    }
    nest.left = read_varint(t);
    if (nest.left) {
        unsigned byte = read_byte(t);
        nest.types[1] = byte >> 4;
        nest.types[0] = byte & 15;
        nest.left = 2 * check_count(t, nest.left);
        if (byte >> 4 == 0 || byte >> 4 > THRIFT_STRUCT || (byte & 15) == 0 || (byte & 15) > THRIFT_STRUCT)
            fault(t, "a map has an unknown type");
    }
    return nest;
}

/* Goes on to the next value of the nest; false when there is none. A bool has a byte in lists and none in fields. */
static bool next_value(struct thrift *t, struct nest *nest)
{
    int last = 1;
    if (nest->fields) {
        if (!read_field(t, &last))
            return false;
        if (t->type == THRIFT_FALSE)
            t->type = THRIFT_TRUE;
        return true;
    }
    if (nest->left == 0 || t->wrong)
        return false;
    t->type = nest->types[--nest->left & 1];
    if (t->type == THRIFT_TRUE || t->type == THRIFT_FALSE)
        t->type = THRIFT_BYTE;
    return true;
}

void thrift_skip(struct thrift *t)
{
    struct nest nests[THRIFT_DEPTH_MAX];
    unsigned depth = 0;
    if (t->type == THRIFT_FALSE)
        t->type = THRIFT_TRUE;
    do {
        if (t->type == THRIFT_BYTE)
            skip_bytes(t, 1);
        else if (t->type == THRIFT_DOUBLE)
            skip_bytes(t, 8);
        else if (t->type == THRIFT_BINARY)
            skip_bytes(t, read_varint(t));
        else if (t->type >= THRIFT_I16 && t->type <= THRIFT_I64)
            read_varint(t);
        else if (t->type >= THRIFT_LIST && depth < THRIFT_DEPTH_MAX)
            nests[depth++] = open_nest(t);
        else if (t->type >= THRIFT_LIST)
            fault(t, "structs lie too deep within each other");
        while (depth > 0 && !next_value(t, &nests[depth - 1]))
            depth--;
    } while (depth > 0 && !t->wrong);
}

/* --- writing --------------------------------------------------------------------------------------------------------
 */

static void put_varint(struct str *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        str_putc(out, (char)(value | 0x80));
    str_putc(out, (char)value);
}

static void put_zigzag(struct str *out, int64_t value)
{
    put_varint(out, (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0));
}

/* id 0: a value of a list or the outermost struct, which have no header. */
static void put_field(struct thrift_writer *w, int id, enum thrift_type type)
{
    int *last = &w->last[w->depth ? w->depth - 1 : 0];
    if (id == 0)
        return;
    if (id - *last < 16) {
        str_putc(w->out, (char)((id - *last) << 4 | (int)type));
    } else {
        str_putc(w->out, (char)type);
        put_zigzag(w->out, id);
    }
    *last = id;
}

void thrift_put_begin(struct thrift_writer *w, int id)
{
    put_field(w, id, THRIFT_STRUCT);
    w->last[w->depth++] = 0;
}

void thrift_put_end(struct thrift_writer *w)
{
    str_putc(w->out, 0);
    w->depth--;
}

void thrift_put_integer(struct thrift_writer *w, int id, enum thrift_type type, int64_t value)
{
    put_field(w, id, type);
    put_zigzag(w->out, value);
}

void thrift_put_text(struct thrift_writer *w, int id, const char *text)
{
    put_field(w, id, THRIFT_BINARY);
    put_varint(w->out, strlen(text));
    str_puts(w->out, text);
}

void thrift_put_list(struct thrift_writer *w, int id, enum thrift_type element, size_t count)
{
    put_field(w, id, THRIFT_LIST);
    str_putc(w->out, (char)((count < 15 ? count : 15) << 4 | element));
    if (count >= 15)
        put_varint(w->out, count);
}
