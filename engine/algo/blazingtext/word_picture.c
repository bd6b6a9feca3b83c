#include "engine/algo/blazingtext/word_picture.h"

#include <math.h>
#include <stdio.h>

#include "engine/base/clock.h"

#define EVERY 0.25 /* seconds between pictures, at least */
#define SHARE 30   /* and so many times what one takes */

int word_picture_open(struct word_picture *p, struct event_sink *sink, const struct dictionary *d, size_t width,
                      struct error *err)
{
    size_t count = d->words < EMBEDDING_MAX ? d->words : EMBEDDING_MAX;
    *p = (struct word_picture){.sink = sink};
    if (embedding_open(&p->embedding, count, width, err) < 0)
        return -1;
    p->embedding.count = count;
    for (size_t i = 0; i < count; i++) {
        size_t len;
        const char *word = dictionary_spelling(d, (int32_t)i, &len);
        snprintf(p->embedding.name[i], sizeof p->embedding.name[i], "%.*s", (int)len, word);
        embedding_group(&p->embedding, i, d->group[0] ? d->group[0][i] : -1);
    }
    return 0;
}

void word_picture_close(struct word_picture *p)
{
    embedding_close(&p->embedding);
    *p = (struct word_picture){0};
}

static void send(const struct word_picture *p, long epoch, long step)
{
    struct event e;
    event_begin(&e, p->sink, "picture");
    json_string(&e.json, "kind", "embedding");
    json_object(&e.json, "data");
    json_integer(&e.json, "epoch", epoch);
    json_string(&e.json, "side", "words");
    embedding_put(&p->embedding, &e.json);
    json_end(&e.json);
    json_integer(&e.json, "step", step);
    json_number(&e.json, "t", event_time(p->sink));
    event_send(&e);
}

int word_picture_draw(struct word_picture *p, const struct word_text *text, const struct word_tables *tables,
                      long epoch, long step, bool now, struct error *err)
{
    struct embedding *e = &p->embedding;
    double began = clock_seconds();
    if (e->count < 3 || (!now && began < p->next))
        return 0;
    word_tables_vectors(tables, text, e->count, e->vectors, e->dim);
    if (embedding_place(e, err) < 0)
        return -1;
    send(p, epoch, step);
    p->next = clock_seconds() + fmax(EVERY, SHARE * (clock_seconds() - began));
    return 0;
}
