#include "engine/convert_images.h"

#include <string.h>

#include "engine/format/images_file.h"
#include "engine/format/output.h"

static int write_records(const struct image_conversion *c, const struct images *s, struct output *out,
                         struct event_sink *sink, struct error *err)
{
    struct str record = {0};
    int status = 0;
    for (size_t i = 0; status == 0 && i < s->count; i++) {
        str_clear(&record);
        status = images_record_append(&record, s, i, i, err);
        if (status == 0)
            status = output_write(out, record.data, record.len, err);
        if (status == 0 && event_stopping(sink))
            status = error_set(err, ERROR_INPUT, c->out, "start it again", "The conversion was stopped");
    }
    str_free(&record);
    return status;
}

static int write_all(const struct image_conversion *c, const struct images *s, struct event_sink *sink,
                     struct error *err)
{
    struct output *out = output_open(c->out, err);
    if (!out)
        return -1;
    if (write_records(c, s, out, sink, err) == 0)
        return output_close(out, err);
    output_abandon(out);
    return -1;
}

static void send_end(struct event_sink *sink, const struct images *s)
{
    struct event e;
    event_begin(&e, sink, "end");
    json_string(&e.json, "status", "done");
    json_number(&e.json, "t", event_time(sink));
    json_integer(&e.json, "images", (long long)s->count);
    json_integer(&e.json, "boxes", (long long)s->boxes);
    json_integer(&e.json, "classes", (long long)s->classes);
    json_integer(&e.json, "bytes_read", (long long)s->bytes_read);
    event_send(&e);
}

int convert_images(const struct image_conversion *c, struct event_sink *sink, struct error *err)
{
    const char *const allowed[] = {"application/x-image", "image/jpeg", "image/png", NULL};
    const struct channel channel = {.path = c->images, .content_type = c->type, .allowed = allowed};
    struct images s;
    int status;
    if (images_read(&channel, c->annotations, -1, &s, err) < 0)
        return -1;
    status = write_all(c, &s, sink, err);
    if (status == 0 && strcmp(c->out, "-") != 0)
        send_end(sink, &s);
    images_free(&s);
    return status;
}
