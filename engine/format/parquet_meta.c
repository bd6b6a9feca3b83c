#include "engine/format/parquet_meta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/str.h"
#include "engine/data/dataset.h"
#include "engine/format/thrift.h"

#define NAME_MAX_BYTES 1024 /* of a column with its path */
#define COPY_AGAIN "copy the file again, or write it again"

enum { REQUIRED, OPTIONAL, REPEATED };
enum {
    CONVERTED_DECIMAL = 5,
    CONVERTED_DATE = 6,
    CONVERTED_TIMESTAMP_MILLIS = 9,
    CONVERTED_TIMESTAMP = 10,
    CONVERTED_UINT8 = 11,
    CONVERTED_UINT64 = 14
};
enum { LOGICAL_DECIMAL = 5, LOGICAL_DATE = 6, LOGICAL_TIMESTAMP = 8, LOGICAL_INTEGER = 10 };

/* An element of the schema as it stands in the file. */
struct element {
    int64_t type, repetition, children, converted, scale;
    const unsigned char *name;
    size_t name_len;
    int logical, unit; /* unit: of a timestamp, 1 to 3 from milliseconds on */
    bool is_unsigned;
};

/* The open groups of the schema while its elements go by. */
struct walk {
    struct str path;
    size_t root_len;
    unsigned depth, defined, lists, element[PARQUET_LISTS_MAX];
    struct level {
        int64_t left;
        size_t path_len;
        unsigned defined, lists;
    } levels[THRIFT_DEPTH_MAX];
};

/* The lists while they grow. */
struct room {
    size_t columns, groups, chunks;
};

static int damaged(const char *name, const char *what, struct error *err)
{
    return error_set(err, ERROR_INPUT, name, COPY_AGAIN, "The end of the file, which describes it, is damaged: %s",
                     what);
}

/* --- schema ---------------------------------------------------------------------------------------------------------
 */

static void read_unit(struct thrift *t, struct element *e)
{
    thrift_begin(t);
    while (thrift_next(t, &e->unit))
        thrift_skip(t);
}

static void read_logical_fields(struct thrift *t, struct element *e)
{
    thrift_begin(t);
    for (int id; thrift_next(t, &id);)
        if (e->logical == LOGICAL_DECIMAL && id == 1)
            e->scale = thrift_integer(t);
        else if (e->logical == LOGICAL_TIMESTAMP && id == 2)
            read_unit(t, e);
        else if (e->logical == LOGICAL_INTEGER && id == 2)
            e->is_unsigned = !thrift_bool(t);
        else
            thrift_skip(t);
}

static void read_logical(struct thrift *t, struct element *e)
{
    thrift_begin(t);
    while (thrift_next(t, &e->logical))
        read_logical_fields(t, e);
}

static void read_element(struct thrift *t, struct element *e)
{
    *e = (struct element){.type = -1, .converted = -1};
    thrift_begin(t);
    for (int id; thrift_next(t, &id);)
        switch (id) {
        case 1:
            e->type = thrift_integer(t);
            break;
        case 3:
            e->repetition = thrift_integer(t);
            break;
        case 4:
            e->name_len = thrift_binary(t, &e->name);
            break;
        case 5:
            e->children = thrift_integer(t);
            break;
        case 6:
            e->converted = thrift_integer(t);
            break;
        case 7:
            e->scale = thrift_integer(t);
            break;
        case 10:
            read_logical(t, e);
            break;
        default:
            thrift_skip(t);
        }
}

static enum parquet_time time_of(const struct element *e)
{
    static const enum parquet_time units[] = {PARQUET_TIME_OF_DAY, PARQUET_MILLIS, PARQUET_MICROS, PARQUET_NANOS};
    if (e->converted == CONVERTED_DATE || e->logical == LOGICAL_DATE)
        return PARQUET_DAYS;
    if (e->logical == LOGICAL_TIMESTAMP && e->unit >= 1 && e->unit <= 3)
        return units[e->unit];
    if (e->converted == CONVERTED_TIMESTAMP_MILLIS || e->converted == CONVERTED_TIMESTAMP)
        return e->converted == CONVERTED_TIMESTAMP ? PARQUET_MICROS : PARQUET_MILLIS;
    return (e->converted > CONVERTED_DATE && e->converted < CONVERTED_TIMESTAMP) ||
                   (e->logical > LOGICAL_DATE && e->logical <= LOGICAL_TIMESTAMP)
               ? PARQUET_TIME_OF_DAY
               : PARQUET_NO_TIME;
}

static const char *refusal(const struct element *e, bool repeated)
{
    if (repeated)
        return "holds lists";
    if (e->type == PARQUET_BYTE_ARRAY || e->type == PARQUET_FIXED)
        return "holds text or bytes";
    if (e->type == PARQUET_INT96 || time_of(e) != PARQUET_NO_TIME)
        return "holds dates or times";
    return NULL;
}

static double unit_of(const struct element *e)
{
    double unit = 1;
    if (e->converted == CONVERTED_DECIMAL || e->logical == LOGICAL_DECIMAL)
        for (int64_t i = 0; i < e->scale; i++)
            unit *= 10;
    return 1 / unit;
}

/* Doubles the room of a list that is full. */
static int grow(void *list, size_t size, size_t count, size_t *room)
{
    void *grown, *old;
    size_t wanted = *room ? 2 * *room : 16;
    if (count < *room)
        return 0;
    memcpy(&old, list, sizeof old);
    grown = realloc(old, wanted * size);
    if (!grown)
        return -1;
    memcpy(list, &grown, sizeof grown);
    *room = wanted;
    /* cppcheck-suppress memleak; it is in the array now */
    return 0;
}

/* An element below others: what is not required has a level, what is repeated is a list. */
static void enter(struct walk *w, const struct element *e)
{
    w->defined += e->repetition != REQUIRED;
    if (e->repetition == REPEATED && w->lists++ < PARQUET_LISTS_MAX)
        w->element[w->lists - 1] = w->defined;
}

static const char *add_column(struct parquet_meta *m, struct room *room, const struct walk *w, const struct element *e)
{
    if (e->type < PARQUET_BOOLEAN || e->type > PARQUET_FIXED)
        return "a column has an unknown type";
    if (m->column_count > DATASET_DENSE_COLUMNS_MAX)
        return "it has more than 1,000,001 columns";
    if (e->scale < 0 || e->scale > 18)
        return "a decimal has an impossible scale";
    if (grow(&m->columns, sizeof *m->columns, m->column_count, &room->columns) < 0)
        return "it does not fit into memory";
    m->columns[m->column_count] = (struct parquet_column){
        .name = strdup(str_text(&w->path)),
        .type = (enum parquet_type)e->type,
        .defined = w->defined,
        .lists = w->lists,
        .element = {w->element[0], w->element[1]},
        .root_len = w->root_len,
        .time = time_of(e),
        .is_unsigned = e->is_unsigned || (e->converted >= CONVERTED_UINT8 && e->converted <= CONVERTED_UINT64),
        .unit = unit_of(e),
        .refused = refusal(e, w->lists > 0),
    };
    return m->columns[m->column_count++].name ? NULL : "it does not fit into memory";
}

static const char *add_leaf(struct parquet_meta *m, struct room *room, struct walk *w, const struct element *e)
{
    unsigned defined = w->defined, lists = w->lists;
    const char *wrong;
    enter(w, e);
    wrong = add_column(m, room, w, e);
    w->defined = defined;
    w->lists = lists;
    return wrong;
}

static const char *open_level(struct walk *w, const struct element *e)
{
    if (w->depth == THRIFT_DEPTH_MAX)
        return "structs lie too deep within each other";
    w->levels[w->depth++] = (struct level){e->children, w->path.len, w->defined, w->lists};
    enter(w, e);
    return NULL;
}

/* Leaves the groups whose children have all been seen; their parent's state comes back. */
static void close_levels(struct walk *w, size_t path_len)
{
    w->path.len = path_len;
    while (w->depth > 0 && w->levels[w->depth - 1].left == 0) {
        const struct level *level = &w->levels[--w->depth];
        w->defined = level->defined;
        w->lists = level->lists;
        if (w->depth > 0)
            w->path.len = w->levels[w->depth - 1].path_len;
    }
}

static const char *add_element(struct parquet_meta *m, struct room *room, struct walk *w, const struct element *e)
{
    size_t path_len = w->path.len;
    const char *wrong;
    if (w->depth == 0)
        return "the schema has more than one root";
    w->levels[w->depth - 1].left--;
    if (path_len + e->name_len > NAME_MAX_BYTES)
        return "a column's name is too long";
    if (path_len)
        str_putc(&w->path, '.');
    str_append(&w->path, e->name, e->name_len);
    if (w->depth == 1)
        w->root_len = e->name_len;
    wrong = e->children > 0 ? open_level(w, e) : add_leaf(m, room, w, e);
    if (!wrong && e->children <= 0)
        close_levels(w, path_len);
    return w->path.failed ? "it does not fit into memory" : wrong;
}

static const char *read_schema(struct thrift *t, struct parquet_meta *m, struct room *room)
{
    struct walk w = {0};
    enum thrift_type type;
    const char *wrong = NULL;
    bool root = true;
    for (size_t n = thrift_list(t, &type); !wrong && thrift_element(t, type, &n); root = false) {
        struct element e;
        read_element(t, &e);
        if (t->wrong)
            break;
        if (e.children < 0 || e.children > INT32_MAX)
            wrong = "a struct of the schema has an impossible number of children";
        else if (root && e.children > 0)
            w.levels[w.depth++] = (struct level){.left = e.children};
        else if (!root)
            wrong = add_element(m, room, &w, &e);
    }
    if (!wrong && !t->wrong && w.depth > 0)
        wrong = "the schema ends too early";
    str_free(&w.path);
    return wrong;
}

/* --- row groups -----------------------------------------------------------------------------------------------------
 */

static void read_chunk_fields(struct thrift *t, struct parquet_chunk *c)
{
    int64_t data = 0, dictionary = 0, len = 0;
    thrift_begin(t);
    for (int id; thrift_next(t, &id);)
        switch (id) {
        case 4:
            c->codec = (int)thrift_integer(t);
            break;
        case 5:
            c->values = thrift_integer(t);
            break;
        case 7:
            len = thrift_integer(t);
            break;
        case 9:
            data = thrift_integer(t);
            break;
        case 11:
            dictionary = thrift_integer(t);
            break;
        default:
            thrift_skip(t);
        }
    c->start = (uint64_t)(dictionary > 0 && dictionary < data ? dictionary : data);
    c->len = (uint64_t)len;
}

static const char *read_chunk(struct thrift *t, struct parquet_chunk *c, uint64_t size)
{
    const char *wrong = "a column has no description";
    *c = (struct parquet_chunk){.values = -1};
    thrift_begin(t);
    for (int id; thrift_next(t, &id);)
        if (id == 3) {
            read_chunk_fields(t, c);
            wrong = NULL;
        } else if (id == 1) {
            return "its columns lie in other files";
        } else {
            thrift_skip(t);
        }
    if (!wrong && (c->values < 0 || c->start > size || c->len > size - c->start))
        wrong = "a column lies outside the file";
    return wrong;
}

static const char *read_chunks(struct thrift *t, struct parquet_meta *m, struct room *room, uint64_t size)
{
    enum thrift_type type;
    size_t n = thrift_list(t, &type), count = m->group_count * m->column_count, first = count;
    if (n != m->column_count)
        return "a row group has not all columns";
    while (thrift_element(t, type, &n)) {
        const char *wrong;
        if (grow(&m->chunks, sizeof *m->chunks, count, &room->chunks) < 0)
            return "it does not fit into memory";
        wrong = read_chunk(t, &m->chunks[count++], size);
        if (wrong)
            return wrong;
    }
    return count - first == m->column_count ? NULL : "a row group has not all columns";
}

static const char *read_group(struct thrift *t, struct parquet_meta *m, struct room *room, uint64_t size)
{
    const char *wrong = "a row group has no columns";
    int64_t rows = -1;
    thrift_begin(t);
    for (int id; thrift_next(t, &id);)
        if (id == 1 && wrong) {
            wrong = read_chunks(t, m, room, size);
            if (wrong)
                return wrong;
        } else if (id == 3) {
            rows = thrift_integer(t);
        } else {
            thrift_skip(t);
        }
    if (wrong || rows < 0)
        return wrong ? wrong : "a row group does not say how many rows it has";
    if (grow(&m->rows, sizeof *m->rows, m->group_count, &room->groups) < 0)
        return "it does not fit into memory";
    m->rows[m->group_count++] = rows;
    return NULL;
}

static const char *read_groups(struct thrift *t, struct parquet_meta *m, struct room *room, uint64_t size)
{
    enum thrift_type type;
    const char *wrong = m->column_count ? NULL : "it has row groups and no columns";
    for (size_t n = thrift_list(t, &type); !wrong && thrift_element(t, type, &n);)
        wrong = read_group(t, m, room, size);
    return wrong;
}

static const char *read_footer(struct thrift *t, struct parquet_meta *m, uint64_t size)
{
    struct room room = {0};
    const char *wrong = NULL;
    thrift_begin(t);
    for (int id; !wrong && thrift_next(t, &id);)
        if (id == 2 && !m->columns)
            wrong = read_schema(t, m, &room);
        else if (id == 4 && !m->rows)
            wrong = read_groups(t, m, &room, size);
        else
            thrift_skip(t);
    if (!wrong && !t->wrong && m->column_count == 0)
        wrong = "it has no columns";
    return t->wrong ? t->wrong : wrong;
}

/* The file ends in the footer, its length in 4 bytes, and the magic. */
static int find_footer(struct input *in, uint64_t size, uint32_t *len, struct error *err)
{
    unsigned char head[4], tail[8];
    const char *name = input_name(in);
    if (size < 12)
        return error_set(err, ERROR_INPUT, name, COPY_AGAIN, "The file is too short for a Parquet file");
    if (input_read_at(in, 0, head, sizeof head, err) < 0 || input_read_at(in, size - 8, tail, sizeof tail, err) < 0)
        return -1;
    if (memcmp(tail + 4, "PARE", 4) == 0)
        return error_set(err, ERROR_INPUT, name, "write it without encryption", "The file is encrypted");
    if (memcmp(head, PARQUET_MAGIC, 4) != 0)
        return error_set(err, ERROR_INPUT, name, "check that it is a Parquet file",
                         "The file does not begin with the bytes PAR1");
    if (memcmp(tail + 4, PARQUET_MAGIC, 4) != 0)
        return error_set(err, ERROR_INPUT, name, COPY_AGAIN,
                         "The file does not end with the bytes PAR1: it is cut off or damaged");
    *len = (uint32_t)tail[0] | (uint32_t)tail[1] << 8 | (uint32_t)tail[2] << 16 | (uint32_t)tail[3] << 24;
    if (*len > size - 12)
        return damaged(name, "it is longer than the file", err);
    if (*len > PARQUET_FOOTER_MAX)
        return error_set(err, ERROR_LIMIT, name, "write fewer row groups or columns",
                         "The description at the end of the file is longer than 64 MiB");
    return 0;
}

int parquet_meta_read(struct input *in, uint64_t size, struct parquet_meta *m, struct error *err)
{
    uint32_t len = 0;
    unsigned char *bytes;
    struct thrift t;
    const char *wrong;
    *m = (struct parquet_meta){0};
    if (find_footer(in, size, &len, err) < 0)
        return -1;
    bytes = malloc(len ? len : 1);
    if (!bytes)
        return error_set(err, ERROR_LIMIT, input_name(in), NULL,
                         "The description of the file does not fit into memory");
    if (input_read_at(in, size - 8 - len, bytes, len, err) < 0) {
        free(bytes);
        return -1;
    }
    t = thrift_open(bytes, len);
    wrong = read_footer(&t, m, size - 8 - len);
    free(bytes);
    if (!wrong)
        return 0;
    parquet_meta_free(m);
    return damaged(input_name(in), wrong, err);
}

void parquet_meta_free(struct parquet_meta *m)
{
    for (size_t i = 0; i < m->column_count; i++)
        free(m->columns[i].name);
    free(m->columns);
    free(m->chunks);
    free(m->rows);
    *m = (struct parquet_meta){0};
}
