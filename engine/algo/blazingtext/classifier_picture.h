/* A few sentences of the validation text (without one, of the training text), their probabilities, and what each word
 * and n-gram adds to the scores: picture `sentences` of engine/event.h. */
#ifndef BLAZINGTEXT_CLASSIFIER_PICTURE_H
#define BLAZINGTEXT_CLASSIFIER_PICTURE_H

#include "engine/algo/blazingtext/classifier_lines.h"
#include "engine/algo/blazingtext/classifier_net.h"
#include "engine/event.h"

#define CLASSIFIER_SENTENCES 8

struct classifier_piece_of {
    char *text;
    int32_t row;
};
struct classifier_sentence {
    struct classifier_piece_of *piece;
    size_t pieces;
    int32_t *label; /* those it has */
    size_t labels;
};

struct classifier_picture {
    const struct dictionary *dictionary;
    struct classifier_sentence sentence[CLASSIFIER_SENTENCES];
    size_t sentences;
    double drawn; /* when, by clock_seconds() */
};

int classifier_picture_open(struct classifier_picture *p, const struct text *t, const struct classifier_words *w);
void classifier_picture_close(struct classifier_picture *p);
/* picture_names: a label of a dictionary as a JSON string. */
void classifier_write_label(struct json *j, const void *of, size_t label);
/* At most a few times a second, unless it must be `now`. */
void classifier_picture_draw(struct classifier_picture *p, const struct classifier_net *n, struct event_sink *sink,
                             long epoch, long step, bool now);

#endif
