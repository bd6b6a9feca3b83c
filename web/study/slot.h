/* Names that stay the same whoever wrote the notes: a topic's slot and an algorithm's slug. */
#ifndef STUDY_SLOT_H
#define STUDY_SLOT_H

#include "web/study/arena.h"

const char *slot_of_topic(const char *topic); /* one of notes_slots: "Hyperparams" is "hyperparameters" */

/* "Linear Learner" is "linear-learner": lower-case ASCII words joined by "-", accents taken off, well-known long names
 * shortened. A name that ASCII cannot spell ends with 8 hexadecimal digits that tell it apart. */
const char *slot_slug(struct arena *arena, const char *name);

#endif
