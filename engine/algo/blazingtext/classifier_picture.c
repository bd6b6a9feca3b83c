#include "engine/algo/blazingtext/classifier_picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"

#define EVERY 0.25 /* seconds between pictures */

enum {
    CLASSES = 10,      /* shown */
    SHORT = 40,        /* words of a sentence that is easily read; longer ones only where there are no others */
    PIECES_MAX = 2000, /* of a sentence */
};

/* --- pieces ---------------------------------------------------------------------------------------------------------
 */

/* Words of the sentence, the end of the line among them; labels are none. */
struct spelling {
    const char *word;
    size_t len;
};

static size_t spell(const struct text *t, size_t line, struct spelling *words)
{
    size_t count, n = 0;
    const int32_t *id = text_line(t, line, &count);
    for (size_t i = 0; i < count; i++) {
        struct spelling s;
        s.word = text_word(t, id[i], &s.len);
        if (!text_label(s.word, s.len))
            words[n++] = s;
    }
    words[n++] = (struct spelling){DICTIONARY_END, sizeof DICTIONARY_END - 1};
    return n;
}

static char *join(const struct spelling *words, size_t count)
{
    size_t len = 0, used = 0;
    char *text;
    for (size_t i = 0; i < count; i++)
        len += words[i].len + 1;
    text = calloc(len + 1, 1);
    for (size_t i = 0; text && i < count; i++) {
        memcpy(text + used, words[i].word, words[i].len);
        used += words[i].len;
        text[used++] = i + 1 < count ? ' ' : '\0';
    }
    return text;
}

static int add_piece(struct classifier_sentence *s, int32_t row, const struct spelling *words, size_t count)
{
    char *text;
    if (row < 0 || s->pieces == PIECES_MAX)
        return 0;
    text = join(words, count);
    if (!text)
        return -1;
    s->piece[s->pieces++] = (struct classifier_piece_of){text, row};
    return 0;
}

static int add_pieces(struct classifier_sentence *s, const struct classifier_words *w, const struct spelling *words,
                      size_t count)
{
    const struct dictionary *d = w->dictionary;
    for (size_t i = 0; i < count; i++) {
        int32_t id = dictionary_find(d, words[i].word, words[i].len);
        if (add_piece(s, id < (int32_t)d->words ? id : -1, words + i, 1) < 0)
            return -1;
    }
    for (size_t i = 0; w->buckets && i < count; i++) {
        uint64_t h = (uint64_t)(int64_t)(int32_t)dictionary_hash(words[i].word, words[i].len);
        for (size_t j = i + 1; j < count && j < i + (size_t)w->ngrams; j++) {
            int32_t row;
            h = dictionary_ngram(h, dictionary_hash(words[j].word, words[j].len));
            row = buckets_find(w->buckets, (uint32_t)(h % w->buckets->all));
            if (add_piece(s, row < 0 ? -1 : (int32_t)d->words + row, words + i, j - i + 1) < 0)
                return -1;
        }
    }
    return 0;
}

static void add_labels(struct classifier_sentence *s, const struct text *t, size_t line, const struct dictionary *d)
{
    size_t count;
    const int32_t *id = text_line(t, line, &count);
    for (size_t i = 0; i < count; i++) {
        size_t len;
        const char *word = text_word(t, id[i], &len);
        int32_t found = dictionary_find(d, word, len);
        if (found >= (int32_t)d->words)
            s->label[s->labels++] = found - (int32_t)d->words;
    }
}

static int add_sentence(struct classifier_picture *p, const struct text *t, size_t line,
                        const struct classifier_words *w)
{
    struct classifier_sentence *s = &p->sentence[p->sentences++];
    size_t count = t->start[line + 1] - t->start[line];
    struct spelling *words = calloc(count + 1, sizeof *words);
    int status = -1;
    s->piece = calloc(PIECES_MAX, sizeof *s->piece);
    s->label = calloc(count + 1, sizeof *s->label);
    if (words && s->piece && s->label)
        status = add_pieces(s, w, words, spell(t, line, words));
    if (status == 0)
        add_labels(s, t, line, w->dictionary);
    free(words);
    return status;
}

static bool labelled(const struct text *t, size_t line, size_t most)
{
    size_t count;
    const int32_t *id = text_line(t, line, &count);
    for (size_t i = 0; i < count && count <= most; i++) {
        size_t len;
        const char *word = text_word(t, id[i], &len);
        if (text_label(word, len))
            return true;
    }
    return false;
}

/* Evenly spread over the text: the first that will do of each eighth. */
static int add_sentences(struct classifier_picture *p, const struct text *t, const struct classifier_words *w,
                         size_t most)
{
    for (size_t k = 0; k < CLASSIFIER_SENTENCES; k++) {
        size_t i = t->lines * k / CLASSIFIER_SENTENCES, end = t->lines * (k + 1) / CLASSIFIER_SENTENCES;
        while (i < end && !labelled(t, i, most))
            i++;
        if (i < end && add_sentence(p, t, i, w) < 0)
            return -1;
    }
    return 0;
}

int classifier_picture_open(struct classifier_picture *p, const struct text *t, const struct classifier_words *w)
{
    *p = (struct classifier_picture){.dictionary = w->dictionary};
    if (add_sentences(p, t, w, SHORT) < 0)
        return -1;
    return p->sentences ? 0 : add_sentences(p, t, w, SIZE_MAX);
}

void classifier_picture_close(struct classifier_picture *p)
{
    for (size_t i = 0; i < p->sentences; i++) {
        struct classifier_sentence *s = &p->sentence[i];
        for (size_t k = 0; k < s->pieces; k++)
            free(s->piece[k].text);
        free(s->piece);
        free(s->label);
    }
    p->sentences = 0;
}

/* --- the event ------------------------------------------------------------------------------------------------------
 */

void classifier_write_label(struct json *j, const void *of, size_t label)
{
    const struct dictionary *d = of;
    size_t len;
    const char *name = dictionary_spelling(d, (int32_t)(d->words + label), &len);
    json_string_n(j, NULL, name, len);
}

static float score(const struct classifier_net *n, int32_t row, size_t label)
{
    float sum = 0;
    for (size_t k = 0; k < n->width; k++)
        sum += n->input[(size_t)row * n->stride + k] * n->output[label * n->stride + k];
    return sum;
}

static void write_sentence(struct json *j, const struct classifier_picture *p, const struct classifier_sentence *s,
                           const struct classifier_net *n, struct classifier_room *room)
{
    size_t shown = n->labels < CLASSES ? n->labels : CLASSES;
    int32_t row[PIECES_MAX];
    for (size_t i = 0; i < s->pieces; i++)
        row[i] = s->piece[i].row;
    classifier_net_ask(n, row, s->pieces, room);
    json_object(j, NULL);
    json_array(j, "label");
    for (size_t i = 0; i < s->labels; i++)
        classifier_write_label(j, p->dictionary, (size_t)s->label[i]);
    json_end(j);
    json_array(j, "probability");
    for (size_t c = 0; c < shown; c++)
        json_float(j, NULL, (double)room->probability[c]);
    json_end(j);
    json_array(j, "pieces");
    for (size_t i = 0; i < s->pieces; i++) {
        json_object(j, NULL);
        json_string(j, "text", s->piece[i].text);
        json_array(j, "share");
        for (size_t c = 0; c < shown; c++)
            json_float(j, NULL, (double)score(n, row[i], c) / (double)s->pieces);
        json_end(j);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}

void classifier_picture_draw(struct classifier_picture *p, const struct classifier_net *n, struct event_sink *sink,
                             long epoch, long step, bool now)
{
    struct classifier_room room;
    struct event e;
    if (p->sentences == 0 || (!now && clock_seconds() - p->drawn < EVERY) || classifier_room_open(&room, n) < 0)
        return;
    event_begin(&e, sink, "picture");
    json_string(&e.json, "kind", "sentences");
    json_object(&e.json, "data");
    json_integer(&e.json, "epoch", epoch);
    json_array(&e.json, "classes");
    for (size_t c = 0; c < n->labels && c < CLASSES; c++)
        classifier_write_label(&e.json, p->dictionary, c);
    json_end(&e.json);
    json_array(&e.json, "rows");
    for (size_t i = 0; i < p->sentences; i++)
        write_sentence(&e.json, p, &p->sentence[i], n, &room);
    json_end(&e.json);
    json_end(&e.json);
    json_integer(&e.json, "step", step);
    json_number(&e.json, "t", event_time(sink));
    event_send(&e);
    classifier_room_close(&room);
    p->drawn = clock_seconds();
}
