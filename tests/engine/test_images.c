/* Images with their boxes from folders, records and manifests, written by PIL and by hand; every refusal with the name
 * of the file that is at fault. */
#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <zlib.h>

#include "engine/format/image.h"
#include "engine/format/images_file.h"
#include "engine/format/recordio.h"

#define GOLDEN "tests/golden/image/"
#define SIZE "\"image_size\":[{\"width\":21,\"height\":13,\"depth\":3}]"
#define BOX "{\"class_id\":1,\"left\":2,\"top\":3,\"width\":10,\"height\":4}"
#define NOTE "{" SIZE ",\"annotations\":[" BOX "]}"

static const char *const types[] = {"application/x-image",   "image/jpeg", "image/png", "application/x-recordio",
                                    "application/jsonlines", NULL};

/* --- a folder to write into -----------------------------------------------------------------------------------------
 */

static char folder[64];

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/flashlab-images-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *path_of(const char *name)
{
    static char path[4][300];
    static unsigned turn;
    char *to = path[turn++ % 4];
    snprintf(to, sizeof path[0], "%s/%s", folder, name);
    return to;
}

static void write_bytes(const char *name, const void *bytes, size_t len)
{
    char path[300], *slash;
    FILE *file;
    snprintf(path, sizeof path, "%s", path_of(name));
    for (slash = strchr(path + strlen(folder) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static void write_text(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

static void copy_golden(const char *golden, const char *name)
{
    struct str bytes = {0};
    struct error err;
    char path[200];
    snprintf(path, sizeof path, GOLDEN "%s", golden);
    assert_int_equal(input_all(path, 1u << 20, &bytes, &err), 0);
    write_bytes(name, bytes.data, bytes.len);
    str_free(&bytes);
}

static int read_channel(const char *path, const char *annotation, const char *type, struct images *s, struct error *err)
{
    const struct channel channel = {.path = path, .content_type = type, .allowed = types};
    *err = (struct error){0};
    return images_read(&channel, annotation, -1, s, err);
}

/* Reads what must be refused: `what` is in the sentence, `where` in the place. */
static void refused(const char *path, const char *annotation, const char *type, const char *where, const char *what)
{
    struct images s;
    struct error err;
    if (read_channel(path, annotation, type, &s, &err) == 0)
        fail_msg("%s was not refused", what);
    if (!strstr(err.what, what) || !strstr(err.where, where) || !err.fix[0])
        fail_msg("'%s' at '%s' (%s), not '%s' at '%s'", err.what, err.where, err.fix, what, where);
    assert_null(s.item);
}

static void assert_box(const struct images *s, size_t i, int class_id, double left, double top, double right,
                       double bottom)
{
    const struct box *b = &s->box[i];
    assert_int_equal(b->class_id, class_id);
    assert_true(b->left == (float)left && b->top == (float)top && b->right == (float)right &&
                b->bottom == (float)bottom);
}

static void assert_decodes(const struct images *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct error err;
        uint8_t *pixels = image_pixels(&s->item[i], &err);
        assert_non_null(pixels);
        free(pixels);
    }
}

/* --- folders --------------------------------------------------------------------------------------------------------
 */

static void two_folders_become_images_with_boxes(void **state)
{
    struct images s;
    struct error err;
    (void)state;
    copy_golden("jpeg_colour.jpg", "i/b.JPG");
    copy_golden("png_colour.png", "i/deep/a.png");
    copy_golden("png_grey.png", "i/by_name.png");
    write_text("i/.hidden", "x");
    write_text("n/anything.json",
               "\xEF\xBB\xBF{\"file\":\"b.JPG\",\n" SIZE ",\"annotations\":[" BOX ",\n{\"class_id\":0,\"left\":0,"
               "\"top\":0,\"width\":21,\"height\":13,\"iscrowd\":[0]}],\"categories\":[{\"class_id\":0,\"name\":"
               "\"disc\"},{\"class_id\":1,\"name\":\"square \\u00e4\"}],\"licence\":{\"a\":[1]}}");
    write_text("n/deep/a.json", "{\"file\":\"elsewhere/a.png\"," SIZE ",\"annotations\":[]}");
    write_text("n/by_name.json", NOTE);
    assert_int_equal(read_channel(path_of("i"), path_of("n"), NULL, &s, &err), 0);
    assert_int_equal(s.count, 3);
    assert_int_equal(s.classes, 2);
    assert_string_equal(s.name, "i");
    assert_string_equal(s.class_name[1], "square \xC3\xA4");
    assert_string_equal(s.item[0].name, "b.JPG");
    assert_string_equal(s.item[1].name, "by_name.png");
    assert_string_equal(s.item[2].name, "deep/a.png");
    assert_int_equal(s.item[0].coding, IMAGE_JPEG);
    assert_int_equal(s.item[0].boxes, 2);
    assert_int_equal(s.item[1].first, 2);
    assert_int_equal(s.item[2].boxes, 0);
    assert_box(&s, 0, 1, 2 / 21., 3 / 13., 12 / 21., 7 / 13.);
    assert_box(&s, 1, 0, 0, 0, 1, 1);
    assert_true(s.bytes_read > 2000);
    assert_decodes(&s);
    images_free(&s);
}

static void one_folder_may_hold_both(void **state)
{
    struct images s;
    struct error err;
    (void)state;
    copy_golden("jpeg_colour.jpg", "a.jpg");
    write_text("a.json", "{\"file\":\"train/a.jpg\"," SIZE ",\"annotations\":[" BOX "]}");
    assert_int_equal(read_channel(folder, folder, "image/jpeg", &s, &err), 0);
    assert_int_equal(s.count, 1);
    images_free(&s);
    assert_int_equal(read_channel(folder, NULL, NULL, &s, &err), 0);
    assert_int_equal(s.boxes, 1);
    images_free(&s);
}

static void images_and_annotations_belong_together(void **state)
{
    (void)state;
    copy_golden("jpeg_colour.jpg", "i/a.jpg");
    refused(path_of("i"), NULL, NULL, "/i", "boxes of the images are missing");
    mkdir(path_of("n"), 0700);
    refused(path_of("i"), path_of("n"), NULL, "i/a.jpg", "no annotation");
    write_text("n/a.json", NOTE);
    write_text("n/b.json", NOTE);
    refused(path_of("i"), path_of("n"), NULL, "n/b.json", "not in");
    write_text("n/b.json", "{\"file\":\"a.jpg\"," SIZE ",\"annotations\":[]}");
    refused(path_of("i"), path_of("n"), NULL, "n/b.json", "two annotations");
    unlink(path_of("n/b.json"));
    write_text("n/a.json", "{\"file\":\"c.jpg\"," SIZE ",\"annotations\":[]}");
    refused(path_of("i"), path_of("n"), NULL, "n/a.json", "c.jpg, which is not in");
    write_text("n/a.json", NOTE);
    copy_golden("png_colour.png", "i/a.png");
    refused(path_of("i"), path_of("n"), NULL, "n/a.json", "Two images");
}

static void folders_hold_nothing_else(void **state)
{
    struct images s;
    struct error err;
    (void)state;
    copy_golden("jpeg_colour.jpg", "i/a.jpg");
    write_text("n/a.json", NOTE);
    write_text("i/read.me", "x");
    refused(path_of("i"), path_of("n"), NULL, "i/read.me", "neither .jpg");
    unlink(path_of("i/read.me"));
    refused(path_of("i"), path_of("n"), "image/png", "i/a.jpg", "is a JPEG, the content type image/png");
    refused(path_of("i"), path_of("none"), NULL, "none", "cannot be read");
    refused(path_of("i"), path_of("n/a.json"), NULL, "a.json", "A file stands where a folder");
    refused(path_of("i/a.jpg"), path_of("n"), NULL, "i/a.jpg", "are a folder of images");
    refused(path_of("none"), NULL, "application/x-image", "none", "are a folder of images");
    mkdir(path_of("empty"), 0700);
    refused(path_of("empty"), path_of("empty"), NULL, "empty", "no images");
    copy_golden("refused_cmyk.jpg", "i/a.jpg");
    refused(path_of("i"), path_of("n"), NULL, "i/a.jpg", "CMYK");
    write_text("i/a.jpg", "");
    refused(path_of("i"), path_of("n"), NULL, "i/a.jpg", "empty");
    copy_golden("png_colour.png", "i/a.jpg"); /* what it is counts, not what it is called */
    assert_int_equal(read_channel(path_of("i"), path_of("n"), NULL, &s, &err), 0);
    assert_int_equal(s.item[0].coding, IMAGE_PNG);
    images_free(&s);
}

/* --- annotations ----------------------------------------------------------------------------------------------------
 */

static int settle(const char *text, struct annotation *a, struct error *err)
{
    const struct place at = {.file = "n.json"};
    *err = (struct error){0};
    if (annotation_read_text(text, strlen(text), &at, a, err) < 0)
        return -1;
    return annotation_settle(a, 21, 13, &at, err);
}

static void boxes_that_are_none_are_refused(void **state)
{
    static const struct {
        const char *box, *what;
    } cases[] = {{"{\"class_id\":0,\"left\":-1,\"top\":0,\"width\":9,\"height\":9}", "reaches out"},
                 {"{\"class_id\":0,\"left\":0,\"top\":-1.5,\"width\":9,\"height\":9}", "reaches out"},
                 {"{\"class_id\":0,\"left\":13,\"top\":0,\"width\":9,\"height\":9}", "reaches out"},
                 {"{\"class_id\":0,\"left\":0,\"top\":6,\"width\":9,\"height\":8}", "reaches out"},
                 {"{\"class_id\":0,\"left\":1e30,\"top\":6,\"width\":1e30,\"height\":8}", "reaches out"},
                 {"{\"class_id\":0,\"left\":9,\"top\":0,\"width\":-4,\"height\":9}", "turned around"},
                 {"{\"class_id\":0,\"left\":9,\"top\":0,\"width\":4,\"height\":0}", "turned around or empty"},
                 {"{\"class_id\":0,\"left\":21.1,\"top\":0,\"width\":0.5,\"height\":4}", "nothing of the image"},
                 {"{\"class_id\":-1,\"left\":9,\"top\":0,\"width\":4,\"height\":4}", "'-1' is no whole number"},
                 {"{\"class_id\":1.5,\"left\":9,\"top\":0,\"width\":4,\"height\":4}", "'1.5' is no whole number"},
                 {"{\"class_id\":65536,\"left\":9,\"top\":0,\"width\":4,\"height\":4}", "from 0 to 65535"},
                 {"{\"class_id\":\"0\",\"left\":9,\"top\":0,\"width\":4,\"height\":4}", "no whole number"},
                 {"{\"class_id\":0,\"left\":9,\"top\":null,\"width\":4,\"height\":4}", "not a number"},
                 {"{\"class_id\":0,\"left\":9,\"width\":4,\"height\":4}", "\"top\" is missing"},
                 {"{\"class_id\":0,\"left\":9,\"left\":9,\"top\":1,\"width\":4,\"height\":4}", "twice"},
                 {"[0,1,2,3]", "should come"}};
    struct annotation a = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[400];
        struct error err;
        snprintf(text, sizeof text, "{" SIZE ",\"annotations\":[" BOX ",%s]}", cases[i].box);
        if (settle(text, &a, &err) == 0 || !strstr(err.what, cases[i].what))
            fail_msg("%s: '%s', not '%s'", cases[i].box, err.what, cases[i].what);
        assert_string_equal(err.where, "n.json");
    }
    annotation_free(&a);
}

static void less_than_a_pixel_outside_is_cut(void **state)
{
    struct annotation a = {0};
    struct error err;
    (void)state;
    assert_int_equal(settle("{" SIZE ",\"annotations\":[{\"class_id\":0,\"left\":-0.9,\"top\":-0.5,\"width\":22.5,"
                            "\"height\":14}]}",
                            &a, &err),
                     0);
    assert_int_equal(a.boxes, 1);
    assert_true(a.fraction[0].left == 0 && a.fraction[0].top == 0 && a.fraction[0].right == 1 &&
                a.fraction[0].bottom == 1);
    annotation_free(&a);
}

static void annotations_must_be_whole(void **state)
{
    static const struct {
        const char *text, *what;
    } cases[] = {{"", "ends where"},
                 {"[]", "should come"},
                 {"{}", "\"image_size\" is missing"},
                 {"{" SIZE "}", "\"annotations\" is missing"},
                 {"{\"annotations\":[]}", "\"image_size\" is missing"},
                 {"{\"image_size\":[{\"width\":20,\"height\":13,\"depth\":3}],\"annotations\":[]}",
                  "of an image of 20 x 13 pixels, the image has 21 x 13"},
                 {"{\"image_size\":[{\"width\":21,\"height\":13,\"depth\":2}],\"annotations\":[]}", "depth"},
                 {"{\"image_size\":[],\"annotations\":[]}", "should come"},
                 {"{\"image_size\":[{\"width\":21,\"depth\":3}],\"annotations\":[]}", "\"height\" is missing"},
                 {NOTE " x", "the end"},
                 {"{" SIZE ",\"annotations\":[" BOX "],\"categories\":[{\"class_id\":0,\"name\":\"a\"}]}",
                  "class_id 1, which is not among the categories"},
                 {"{" SIZE ",\"annotations\":[],\"annotations\":[]}", "twice"},
                 {"{" SIZE ",\"annotations\":[" BOX "}", "comma or ]"},
                 {"{" SIZE ",\"annotations\":[],\"file\":7}", "should come"}};
    struct annotation a = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err;
        if (settle(cases[i].text, &a, &err) == 0 || !strstr(err.what, cases[i].what) || !err.fix[0])
            fail_msg("%s: '%s', not '%s'", cases[i].text, err.what, cases[i].what);
    }
    annotation_free(&a);
}

static void one_class_has_one_name(void **state)
{
    (void)state;
    copy_golden("jpeg_colour.jpg", "a.jpg");
    copy_golden("jpeg_colour.jpg", "b.jpg");
    write_text("a.json", "{" SIZE ",\"annotations\":[],\"categories\":[{\"class_id\":3,\"name\":\"cat\"}]}");
    write_text("b.json", "{" SIZE ",\"annotations\":[],\"categories\":[{\"class_id\":3,\"name\":\"dog\"}]}");
    refused(folder, folder, NULL, "b.json", "Class 3 is called 'dog' here and 'cat' before");
}

/* --- records --------------------------------------------------------------------------------------------------------
 */

static void records_of_mxnet(void **state)
{
    struct images s;
    struct error err;
    (void)state;
    assert_int_equal(read_channel(GOLDEN "records.rec", NULL, NULL, &s, &err), 0);
    assert_int_equal(s.count, 3);
    assert_int_equal(s.classes, 3);
    assert_null(s.class_name);
    assert_string_equal(s.item[1].name, "records.rec, record 2");
    assert_int_equal(s.item[0].boxes, 1);
    assert_int_equal(s.item[1].boxes, 0);
    assert_int_equal(s.item[2].boxes, 2);
    assert_box(&s, 0, 1, .25, .25, .75, .5);
    assert_box(&s, 2, 2, .5, .5, 1, 1);
    assert_decodes(&s);
    images_free(&s);
}

static void records_of_image_and_json_by_turns(void **state)
{
    struct images s;
    struct error err;
    (void)state;
    assert_int_equal(read_channel(GOLDEN "pairs.rec", NULL, "application/x-recordio", &s, &err), 0);
    assert_int_equal(s.count, 2);
    assert_int_equal(s.boxes, 2);
    assert_string_equal(s.class_name[1], "square");
    assert_string_equal(s.item[1].name, "pairs.rec, record 3");
    assert_box(&s, 1, 1, 2 / 21., 3 / 13., 12 / 21., 7 / 13.);
    images_free(&s);
}

static struct str golden_image(void)
{
    struct str bytes = {0};
    struct error err;
    assert_int_equal(input_all(GOLDEN "png_colour.png", 1u << 20, &bytes, &err), 0);
    return bytes;
}

/* A record of `count` announced labels, of which `there` are there. */
static void write_record(const char *name, uint32_t count, const float *labels, size_t there, const struct str *image)
{
    const unsigned char rest[20] = {0};
    struct str payload = {0}, out = {0};
    str_append(&payload, &count, sizeof count);
    str_append(&payload, rest, sizeof rest);
    str_append(&payload, labels, there * sizeof *labels);
    str_append(&payload, image->data, image->len);
    recordio_append(&out, payload.data, payload.len);
    write_bytes(name, out.data, out.len);
    str_free(&payload);
    str_free(&out);
}

static void labels_that_are_no_boxes_are_refused(void **state)
{
    static const struct {
        uint32_t count;
        float labels[8];
        const char *what;
    } cases[] = {{0, {0}, "one label for the whole image"},
                 {1, {2}, "too few"},
                 {7, {2, 4, 0, 0, 0, 1, 1}, "no list of objects"},
                 {7, {1, 5, 0, 0, 0, 1, 1}, "no list of objects"},
                 {6, {2, 5, 0, 0, 0, 1}, "no list of objects"},
                 {7, {2, 5.5f, 0, 0, 0, 1, 1}, "no list of objects"},
                 {7, {NAN, 5, 0, 0, 0, 1, 1}, "no list of objects"},
                 {7, {9, 5, 0, 0, 0, 1, 1}, "no list of objects"},
                 {7, {2, 5, -1, 0, 0, 1, 1}, "The class is no whole number"},
                 {7, {2, 5, 1e9f, 0, 0, 1, 1}, "The class is no whole number"},
                 {7, {2, 5, 0, 0.5f, 0, 0.4f, 1}, "turned around"},
                 {7, {2, 5, 0, 0.5f, 0, 1.1f, 1}, "reaches out"},
                 {7, {2, 5, 0, NAN, 0, 1, 1}, "is no number"},
                 {7, {2, 5, 0, 2, 3, 12, 7}, "reaches out"}};
    struct str image = golden_image(), none = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_record("t.rec", cases[i].count, cases[i].labels, cases[i].count, &image);
        refused(path_of("t.rec"), NULL, NULL, "t.rec, record 1", cases[i].what);
    }
    write_record("t.rec", 4000000000u, cases[2].labels, 7, &image);
    refused(path_of("t.rec"), NULL, NULL, "t.rec, record 1", "shorter than the labels");
    write_record("t.rec", 2, (const float[]){2, 5}, 2, &none);
    refused(path_of("t.rec"), NULL, NULL, "t.rec, record 1", "empty");
    write_text("t.rec", "no records at all");
    refused(path_of("t.rec"), NULL, NULL, "t.rec", "begin with the bytes");
    write_text("t.rec", "");
    refused(path_of("t.rec"), NULL, NULL, "t.rec", "no images");
    write_record("t.rec", 2, (const float[]){2, 5}, 2, &image);
    refused(path_of("t.rec"), folder, NULL, "flashlab-images", "hold their annotations themselves");
    str_free(&image);
}

static void pairs_must_be_pairs(void **state)
{
    struct str image = golden_image(), out = {0};
    (void)state;
    recordio_append(&out, image.data, image.len);
    write_bytes("t.rec", out.data, out.len);
    refused(path_of("t.rec"), NULL, NULL, "t.rec, record 1", "no annotation behind it");
    recordio_append(&out, "{", 1);
    write_bytes("t.rec", out.data, out.len);
    refused(path_of("t.rec"), NULL, NULL, "t.rec, record 2", "ends where");
    str_clear(&out);
    recordio_append(&out, image.data, image.len);
    recordio_append(&out, NOTE, strlen(NOTE));
    recordio_append(&out, NOTE, strlen(NOTE));
    recordio_append(&out, image.data, image.len);
    write_bytes("t.rec", out.data, out.len);
    refused(path_of("t.rec"), NULL, NULL, "t.rec, record 3", "neither a JPEG nor a PNG");
    str_free(&image);
    str_free(&out);
}

/* A PNG with the magic of RecordIO at every place a multiple of four may be. */
static struct str image_with_magic(void)
{
    static const uint8_t magic[] = {0x0A, 0x23, 0xD7, 0xCE};
    struct str golden = golden_image(), out = {0}, data = {0};
    uint8_t word[4];
    for (int i = 0; i < 9; i++) {
        str_append(&data, magic, 4);
        str_append(&data, "xyz", (size_t)(i % 4));
    }
    uint32_t sum = (uint32_t)crc32(crc32(0, (const Bytef *)"teSt", 4), (const Bytef *)data.data, (uInt)data.len);
    str_append(&out, golden.data, 33);
    for (int i = 0; i < 4; i++)
        word[i] = (uint8_t)(data.len >> (24 - 8 * i));
    str_append(&out, word, 4);
    str_append(&out, "teSt", 4);
    str_append(&out, data.data, data.len);
    for (int i = 0; i < 4; i++)
        word[i] = (uint8_t)(sum >> (24 - 8 * i));
    str_append(&out, word, 4);
    str_append(&out, golden.data + 33, golden.len - 33);
    str_free(&golden);
    str_free(&data);
    return out;
}

static void records_that_were_written_read_the_same(void **state)
{
    static const struct box boxes[] = {{4, .1f, .2f, .3f, .4f}, {0, 0, 0, 1, 1}};
    struct images s = {0}, again;
    struct str image = image_with_magic(), out = {0};
    struct error err;
    uint8_t *copy = malloc(image.len), *plain = calloc(1, 48);
    (void)state;
    memcpy(copy, image.data, image.len);
    assert_int_equal(images_append(&s, IMAGE_PNG, copy, image.len, 21, 13, boxes, 2, "a"), 0);
    assert_int_equal(images_append(&s, IMAGE_RGB, plain, 48, 8, 2, boxes + 1, 1, "made"), 0);
    for (size_t i = 0; i < s.count; i++)
        assert_int_equal(images_record_append(&out, &s, i, i, &err), 0);
    write_bytes("t.rec", out.data, out.len);
    assert_int_equal(read_channel(path_of("t.rec"), NULL, NULL, &again, &err), 0);
    assert_int_equal(again.count, 2);
    assert_int_equal(again.item[0].len, image.len);
    assert_memory_equal(again.item[0].bytes, image.data, image.len);
    assert_memory_equal(again.box, s.box, 3 * sizeof *s.box);
    assert_decodes(&again);
    images_free(&s);
    images_free(&again);
    str_free(&image);
    str_free(&out);
}

static void an_epoch_may_have_a_pipe_of_its_own(void **state)
{
    struct images s;
    struct error err;
    const struct channel channel = {.path = path_of("train"), .content_type = "application/x-recordio"};
    const struct channel images = {.path = folder, .content_type = "application/x-image"};
    (void)state;
    copy_golden("records.rec", "train_0");
    copy_golden("pairs.rec", "train_1");
    assert_int_equal(images_read(&channel, NULL, 0, &s, &err), 0);
    assert_int_equal(s.count, 3);
    images_free(&s);
    assert_int_equal(images_read(&channel, NULL, 1, &s, &err), 0);
    assert_int_equal(s.count, 2);
    images_free(&s);
    assert_int_equal(images_read(&channel, NULL, 2, &s, &err), -1);
    assert_int_equal(images_read(&images, NULL, 0, &s, &err), -1);
    assert_non_null(strstr(err.what, "A pipe sends records"));
}

/* --- manifests ------------------------------------------------------------------------------------------------------
 */

static void manifests_name_images_beside_them(void **state)
{
    struct images s;
    struct error err;
    (void)state;
    copy_golden("jpeg_colour.jpg", "m/a.jpg");
    copy_golden("png_colour.png", "m/deep/b..png");
    write_text("m/t.manifest", "{\"source-ref\":\"a.jpg\",\"other\":{\"annotation\":1},\"boxes\":" NOTE
                               ",\"boxes-metadata\":{\"class-map\":"
                               "{\"0\":\"cat\",\"1\":\"dog\"},\"type\":\"groundtruth/object-detection\"}}\n\n"
                               "{\"boxes\":{\"annotations\":[]," SIZE "},\"source-ref\":\"deep/b..png\",\"n\":3}\n");
    assert_int_equal(read_channel(path_of("m/t.manifest"), NULL, NULL, &s, &err), 0);
    assert_int_equal(s.count, 2);
    assert_int_equal(s.item[0].boxes, 1);
    assert_int_equal(s.item[1].boxes, 0);
    assert_string_equal(s.item[1].name, "deep/b..png");
    assert_string_equal(s.class_name[1], "dog");
    images_free(&s);
}

static void manifests_name_nothing_else(void **state)
{
    static const struct {
        const char *line, *what;
    } cases[] = {
        {"{\"source-ref\":\"s3://bucket/a.jpg\",\"b\":" NOTE "}", "in S3"},
        {"{\"source-ref\":\"/etc/passwd\",\"b\":" NOTE "}", "does not lie beside"},
        {"{\"source-ref\":\"../a.jpg\",\"b\":" NOTE "}", "does not lie beside"},
        {"{\"source-ref\":\"x/../../a.jpg\",\"b\":" NOTE "}", "does not lie beside"},
        {"{\"source-ref\":\"x/..\",\"b\":" NOTE "}", "does not lie beside"},
        {"{\"source-ref\":\"\",\"b\":" NOTE "}", "does not lie beside"},
        {"{\"source-ref\":\"none.jpg\",\"b\":" NOTE "}", "cannot be opened"},
        {"{\"b\":" NOTE "}", "\"source-ref\" is missing"},
        {"{\"source-ref\":\"a.jpg\"}", "no annotations"},
        {"{\"source-ref\":\"a.jpg\",\"source-ref\":\"a.jpg\"}", "twice"},
        {"{\"source-ref\":\"a.jpg\",\"b\":" NOTE ",\"c\":" NOTE "}", "two lists"},
        {"{\"source-ref\":\"a.jpg\",\"b\":{\"annotations\":[]}}", "\"image_size\" is missing"},
        {"{\"source-ref\":\"a.jpg\",\"b\":" NOTE ",\"b-metadata\":{\"class-map\":{\"x\":\"y\"}}}", "no class number"},
        {"{\"source-ref\":\"a.jpg\",\"b\":" NOTE "} {}", "the end of the line"},
        {"7", "should come"}};
    (void)state;
    copy_golden("jpeg_colour.jpg", "a.jpg");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_text("t.manifest", cases[i].line);
        refused(path_of("t.manifest"), NULL, NULL, i == 6 ? "none.jpg" : "t.manifest, line 1", cases[i].what);
    }
}

static void other_types_are_refused(void **state)
{
    (void)state;
    write_text("t.csv", "1,2\n");
    refused(path_of("t.csv"), NULL, NULL, "t.csv", "does not take data of type text/csv");
    refused(path_of("t.csv"), NULL, "image/gif", "", "no content type");
    refused(path_of("t.csv"), NULL, "application/x-recordio-protobuf", "t.csv", "does not take data of type");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(two_folders_become_images_with_boxes),
                                       TEST(one_folder_may_hold_both),
                                       TEST(images_and_annotations_belong_together),
                                       TEST(folders_hold_nothing_else),
                                       TEST(boxes_that_are_none_are_refused),
                                       TEST(less_than_a_pixel_outside_is_cut),
                                       TEST(annotations_must_be_whole),
                                       TEST(one_class_has_one_name),
                                       TEST(records_of_mxnet),
                                       TEST(records_of_image_and_json_by_turns),
                                       TEST(labels_that_are_no_boxes_are_refused),
                                       TEST(pairs_must_be_pairs),
                                       TEST(records_that_were_written_read_the_same),
                                       TEST(an_epoch_may_have_a_pipe_of_its_own),
                                       TEST(manifests_name_images_beside_them),
                                       TEST(manifests_name_nothing_else),
                                       TEST(other_types_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
