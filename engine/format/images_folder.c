/* Images in one folder, a JSON for each in another, or in the same. */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/array.h"
#include "engine/format/image.h"
#include "engine/format/images_file.h"

/* Files below a folder, sorted by what follows it. */
struct listing {
    const char *root;
    struct entry {
        char *path;
        const char *name; /* of path, below the folder */
        const char *used; /* name of the annotation that belongs to this image */
    } * entry;
    size_t count, room;
};

struct folder {
    struct listing images, annotations;
    const char *type;
    bool shared; /* annotations lie among the images */
    struct annotation annotation;
    struct images *set;
};

static const char *ending(const char *name)
{
    const char *slash = strrchr(name, '/'), *dot = strrchr(slash ? slash : name, '.');
    return dot ? dot : "";
}

static bool is_image(const char *name)
{
    const char *end = ending(name);
    return strcasecmp(end, ".jpg") == 0 || strcasecmp(end, ".jpeg") == 0 || strcasecmp(end, ".png") == 0;
}

static bool is_annotation(const char *name)
{
    return strcasecmp(ending(name), ".json") == 0;
}

/* --- what is there --------------------------------------------------------------------------------------------------
 */

static int no_memory(const char *path, struct error *err)
{
    return error_set(err, ERROR_SYSTEM, path, "give fewer images or more memory", "There is not enough memory");
}

static int list_file(struct listing *l, const char *path, struct error *err)
{
    size_t below = strlen(l->root);
    struct entry *grown = array_room(l->entry, &l->room, l->count + 1, sizeof *grown);
    if (!grown)
        return no_memory(path, err);
    l->entry = grown;
    while (path[below] == '/')
        below++;
    l->entry[l->count] = (struct entry){.path = strdup(path)};
    if (!l->entry[l->count].path)
        return no_memory(path, err);
    l->entry[l->count].name = l->entry[l->count].path + below;
    l->count++;
    return 0;
}

/* Files whose names `wanted` takes; others are an error unless `other` takes them. */
static int list_entry(struct listing *l, FTS *tree, FTSENT *e, bool (*wanted)(const char *),
                      bool (*other)(const char *), struct error *err)
{
    if (e->fts_level > 0 && (e->fts_name[0] == '.' || strcmp(e->fts_name, "_SUCCESS") == 0)) {
        fts_set(tree, e, FTS_SKIP);
        return 0;
    }
    switch (e->fts_info) {
    case FTS_D:
    case FTS_DP:
        return 0;
    case FTS_DC:
        return error_set(err, ERROR_INPUT, e->fts_path, "take the link out", "The folder holds itself by a link");
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return error_set(err, ERROR_INPUT, e->fts_path, "check the path and who may read it", "It cannot be read: %s",
                         strerror(e->fts_errno));
    default:
        if (e->fts_level == 0)
            return error_set(err, ERROR_INPUT, e->fts_path, "give the folder that the files are in",
                             "A file stands where a folder was expected");
        if (wanted(e->fts_name))
            return list_file(l, e->fts_path, err);
        return other(e->fts_name) ? 0
                                  : error_set(err, ERROR_INPUT, e->fts_path, "take the file out of the folder",
                                              "The file is neither .jpg, .jpeg, .png nor .json");
    }
}

static int by_name(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    return strcmp(left->name, right->name);
}

static int list(struct listing *l, const char *root, bool (*wanted)(const char *), bool (*other)(const char *),
                struct error *err)
{
    char *copy = strdup(root), *const roots[] = {copy, NULL};
    FTS *tree = copy ? fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL) : NULL;
    FTSENT *e;
    int status = 0;
    l->root = root;
    if (!tree)
        status = error_set(err, ERROR_SYSTEM, root, NULL, "The folder cannot be opened: %s", strerror(errno));
    while (status == 0 && (e = fts_read(tree)))
        status = list_entry(l, tree, e, wanted, other, err);
    if (tree)
        fts_close(tree);
    free(copy);
    if (status == 0 && l->count)
        qsort(l->entry, l->count, sizeof *l->entry, by_name);
    return status;
}

static void free_listing(struct listing *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->entry[i].path);
    free(l->entry);
}

/* --- which belongs to which -----------------------------------------------------------------------------------------
 */

/* The first name that is not before `name`. */
static size_t lower_bound(const struct listing *l, const char *name, size_t len)
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strncmp(l->entry[middle].name, name, len);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct entry *find_named(const struct listing *l, const char *name)
{
    size_t i = lower_bound(l, name, strlen(name) + 1);
    return i < l->count && strcmp(l->entry[i].name, name) == 0 ? &l->entry[i] : NULL;
}

/* The image that has the annotation's name but for the ending; *more than one. */
static struct entry *find_beside(const struct listing *l, const char *annotation, bool *more)
{
    size_t len = (size_t)(ending(annotation) - annotation) + 1; /* with the point */
    struct entry *found = NULL;
    *more = false;
    for (size_t i = lower_bound(l, annotation, len); i < l->count && !strncmp(l->entry[i].name, annotation, len); i++)
        if (ending(l->entry[i].name) == l->entry[i].name + len - 1) {
            *more = found != NULL;
            found = &l->entry[i];
        }
    return found;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* By "file", a path below the folder of images; where nothing lies there, and without it, by the annotation's own
 * name, which then has to agree with the last part of "file". */
static struct entry *find_image(struct folder *f, const struct entry *annotation, struct error *err)
{
    const char *file = f->annotation.has_file ? str_text(&f->annotation.file) : NULL;
    struct entry *found = file ? find_named(&f->images, file) : NULL;
    bool more = false;
    if (found)
        return found;
    found = find_beside(&f->images, annotation->name, &more);
    if (found && file && strcmp(last_part(file), last_part(found->name)) != 0)
        found = NULL;
    if (!found)
        error_set(err, ERROR_INPUT, annotation->path, "add the image, or take the annotation out",
                  "The annotation is of the image %.100s, which is not in %.100s", file ? file : "of the same name",
                  f->images.root);
    else if (more && !file)
        error_set(err, ERROR_INPUT, annotation->path, "name the image in \"file\"",
                  "Two images have the annotation's name: %.100s is one", found->name);
    return found && (!more || file) ? found : NULL;
}

/* --- reading --------------------------------------------------------------------------------------------------------
 */

static int read_annotation(struct folder *f, const char *path, struct error *err)
{
    const struct place at = {.file = path};
    struct str text = {0};
    int status = input_all(path, ANNOTATION_BYTES_MAX, &text, err);
    f->set->bytes_read += text.len;
    if (status == 0)
        status = annotation_read_text(str_text(&text), text.len, &at, &f->annotation, err);
    str_free(&text);
    return status;
}

/* The content type may allow one coding only. */
static int check_coding(const struct folder *f, const struct image *image, const char *path, struct error *err)
{
    bool png = image->coding == IMAGE_PNG;
    if (strcmp(f->type, png ? "image/jpeg" : "image/png") != 0)
        return 0;
    return error_set(err, ERROR_INPUT, path, "give both kinds the content type application/x-image",
                     "The image is a %s, the content type %s", png ? "PNG" : "JPEG", f->type);
}

static int read_pair(struct folder *f, struct entry *annotation, struct error *err)
{
    const struct place at = {.file = annotation->path};
    struct entry *image;
    uint8_t *bytes;
    size_t len;
    if (read_annotation(f, annotation->path, err) < 0)
        return -1;
    image = find_image(f, annotation, err);
    if (!image)
        return -1;
    if (image->used)
        return error_set(err, ERROR_INPUT, annotation->path, "leave one of them",
                         "The image %.100s has two annotations; the other is %.100s", image->name, image->used);
    image->used = annotation->name;
    if (images_load(image->path, &bytes, &len, &f->set->bytes_read, err) < 0 ||
        images_add(f->set, bytes, len, image->name, image->path, &f->annotation, &at, err) < 0)
        return -1;
    return check_coding(f, &f->set->item[f->set->count - 1], image->path, err);
}

static int check_all_used(const struct folder *f, struct error *err)
{
    for (size_t i = 0; i < f->images.count; i++)
        if (!f->images.entry[i].used)
            return error_set(err, ERROR_INPUT, f->images.entry[i].path,
                             "add its JSON; an image of nothing has an empty list of annotations",
                             "The image has no annotation in %.100s", f->annotations.root);
    return 0;
}

static int list_both(struct folder *f, const char *path, const char *annotation, struct error *err)
{
    if (list(&f->images, path, is_image, is_annotation, err) < 0 ||
        list(&f->annotations, annotation ? annotation : path, is_annotation, is_image, err) < 0)
        return -1;
    if (!annotation && f->images.count && f->annotations.count == 0)
        return error_set(err, ERROR_INPUT, path,
                         "add --train-annotation DIR, the folder of their JSON files (for validation data "
                         "--validation-annotation DIR)",
                         "The boxes of the images are missing");
    return 0;
}

int images_folder_read(const char *path, const char *annotation, const char *type, struct images *s, struct error *err)
{
    struct folder f = {.type = type, .set = s};
    int status = list_both(&f, path, annotation, err);
    for (size_t i = 0; status == 0 && i < f.annotations.count; i++)
        status = read_pair(&f, &f.annotations.entry[i], err);
    if (status == 0)
        status = check_all_used(&f, err);
    annotation_free(&f.annotation);
    free_listing(&f.images);
    free_listing(&f.annotations);
    return status;
}
