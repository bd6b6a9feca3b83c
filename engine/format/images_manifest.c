/* The augmented manifest as a file: a line for each image, {"source-ref": path, NAME: annotation, "NAME-metadata":
 * {"class-map": {"0": "dog"}}}. Paths lie beside the file. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/images_file.h"

#define SHAPE                                                                                                          \
    "write {\"source-ref\":\"a.jpg\",\"bounding-box\":{\"image_size\":[{\"width\":300,\"height\":200,\"depth\":3}],"   \
    "\"annotations\":[]}}"
#define METADATA "-metadata"
#define LINE_MAX_BYTES ANNOTATION_BYTES_MAX

enum { SOURCE };
static const struct scan_key keys[] = {{"source-ref", SOURCE}, {NULL, 0}};
static const struct scan_key map_keys[] = {{"class-map", 0}, {NULL, 0}};

struct manifest {
    const char *file;
    struct images *set;
    struct annotation annotation, other; /* the line's, and what may be one */
    struct str source, name, class_name;
    bool has_source, has_annotation;
};

/* A key that was just read, from its comma on. */
static void take_key(const char *from, const char *to, struct str *name)
{
    const char *quote = memchr(from, '"', (size_t)(to - from)), *stop = to;
    while (stop > from && stop[-1] != '"')
        stop--;
    str_clear(name);
    if (quote && stop - 1 > quote)
        str_append(name, quote + 1, (size_t)(stop - 1 - (quote + 1)));
}

static bool ends_in(const struct str *name, const char *end)
{
    size_t len = strlen(end);
    return name->len >= len && memcmp(name->data + name->len - len, end, len) == 0;
}

/* {"0": "dog", ..} */
static int read_map(struct scan *s, struct manifest *m)
{
    static const struct scan_key none[] = {{NULL, 0}};
    bool first = true;
    int key;
    if (scan_open(s, '{') < 0)
        return -1;
    for (;; first = false) {
        const char *from = s->p;
        char *stop;
        unsigned long class_id;
        key = scan_key(s, first, none, true);
        if (key < 0)
            return key == SCAN_END ? 0 : -1;
        take_key(from, s->p, &m->name);
        class_id = strtoul(str_text(&m->name), &stop, 10);
        if (m->name.len == 0 || *stop || m->name.data[0] < '0' || m->name.data[0] > '9' ||
            class_id > ANNOTATION_CLASS_MAX)
            return scan_complain(s, ERROR_INPUT, "write {\"0\":\"dog\",\"1\":\"cat\"}",
                                 "A key of the class map is no class number");
        str_clear(&m->class_name);
        if (scan_text(s, &m->class_name) < 0 ||
            annotation_name_class(m->set, (uint32_t)class_id, str_text(&m->class_name), s->at, s->err) < 0)
            return -1;
    }
}

static int read_metadata(struct scan *s, struct manifest *m)
{
    bool first = true;
    int key;
    if (!scan_step(s, '{'))
        return scan_pass(s);
    for (; (key = scan_key(s, first, map_keys, true)) >= 0; first = false)
        if ((key == SCAN_UNKNOWN ? scan_pass(s) : read_map(s, m)) < 0)
            return -1;
    return key == SCAN_END ? 0 : -1;
}

/* A value under a free name: the annotation, where it is an object with annotations in it. */
static int read_named(struct scan *s, struct manifest *m)
{
    struct annotation swap;
    s->p = scan_space(s->p, s->end);
    if (ends_in(&m->name, METADATA))
        return read_metadata(s, m);
    if (s->p == s->end || *s->p != '{')
        return scan_pass(s);
    if (annotation_read(s, &m->other) < 0)
        return -1;
    if (!m->other.has_boxes)
        return 0;
    if (m->has_annotation)
        return scan_complain(s, ERROR_INPUT, "leave one of them", "The line has two lists of annotations");
    m->has_annotation = true;
    swap = m->annotation;
    m->annotation = m->other;
    m->other = swap;
    return 0;
}

static int read_keys(struct scan *s, struct manifest *m)
{
    bool first = true;
    int key;
    if (scan_open(s, '{') < 0)
        return -1;
    for (;; first = false) {
        const char *from = s->p;
        key = scan_key(s, first, keys, true);
        if (key < 0)
            return key == SCAN_END ? 0 : -1;
        if (key == SOURCE && m->has_source)
            return scan_complain(s, ERROR_INPUT, "write it once", "The key \"source-ref\" stands there twice");
        if (key == SOURCE)
            m->has_source = true;
        else
            take_key(from, s->p, &m->name);
        if ((key == SOURCE ? scan_text(s, &m->source) : read_named(s, m)) < 0)
            return -1;
    }
}

/* A manifest may only name what lies beside it or deeper. */
static bool lies_beside(const char *path)
{
    if (*path == '/' || !*path)
        return false;
    for (; path; path = strchr(path, '/')) {
        path += *path == '/';
        if (strncmp(path, "..", 2) == 0 && (path[2] == '/' || !path[2]))
            return false;
    }
    return true;
}

static int find_source(const struct scan *s, const struct manifest *m, char path[PATH_MAX])
{
    const char *source = str_text(&m->source), *slash = strrchr(m->file, '/');
    char what[160];
    if (strncmp(source, "s3://", 5) == 0)
        return scan_complain(s, ERROR_INPUT, "copy the images beside the manifest and write their paths from there",
                             "source-ref names an image in S3, which is not read from here");
    if (!lies_beside(source)) {
        snprintf(what, sizeof what, "source-ref names '%.100s', which does not lie beside the manifest", source);
        return scan_complain(s, ERROR_INPUT, "write paths from the manifest's folder on", what);
    }
    if (snprintf(path, PATH_MAX, "%.*s%s", slash ? (int)(slash + 1 - m->file) : 0, m->file, source) >= PATH_MAX)
        return scan_complain(s, ERROR_INPUT, "use shorter names", "The path of the image is too long");
    return 0;
}

static int read_line(void *context, const char *line, const char *end, const struct place *at, struct error *err)
{
    struct manifest *m = context;
    struct scan s = {.p = line, .end = end, .at = at, .shape = SHAPE, .err = err};
    char path[PATH_MAX];
    uint8_t *bytes;
    size_t len;
    m->has_source = m->has_annotation = false;
    str_clear(&m->source);
    if (read_keys(&s, m) < 0)
        return -1;
    if ((s.p = scan_space(s.p, s.end)) < s.end)
        return scan_unexpected(&s, "the end of the line");
    if (!m->has_source)
        return scan_complain(&s, ERROR_INPUT, SHAPE, "The key \"source-ref\" is missing");
    if (!m->has_annotation)
        return scan_complain(&s, ERROR_INPUT, SHAPE, "The image has no annotations");
    if (annotation_whole(&s, &m->annotation) < 0 || find_source(&s, m, path) < 0 ||
        images_load(path, &bytes, &len, &m->set->bytes_read, err) < 0)
        return -1;
    return images_add(m->set, bytes, len, str_text(&m->source), path, &m->annotation, at, err);
}

int images_manifest_read(struct input *in, void *images, struct error *err)
{
    struct manifest m = {.file = input_name(in), .set = images};
    int status;
    if (strcmp(m.file, "standard input") == 0)
        m.file = "";
    status = lines_read_long(in, LINE_MAX_BYTES, read_line, &m, err);
    annotation_free(&m.annotation);
    annotation_free(&m.other);
    str_free(&m.source);
    str_free(&m.name);
    str_free(&m.class_name);
    return status;
}
