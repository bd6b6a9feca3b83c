/* Reads text to learn words from:
 *
 *   text/plain              a sentence a line; with labels: "__label__4 linux ready for prime time", labels anywhere
 *   application/jsonlines   the augmented manifest: {"source": "linux ready ...", "label": 4} or "label": [4, 9];
 *                           other keys are skipped; becomes the tokens __label__4 linux ready ...
 */
#ifndef FORMAT_TEXT_H
#define FORMAT_TEXT_H

#include "engine/base/error.h"
#include "engine/data/text.h"
#include "engine/format/format.h"
#include "engine/format/input.h"

/* A whole channel: a file, a folder, "-", through gzip where the name says so. In Pipe mode, epoch >= 0: where PATH
 * does not exist and PATH_EPOCH does, that is read. Bytes that are no UTF-8, a token above TEXT_WORD_MAX, a text
 * without a token: refused with file and line. Frees what it had read when it fails. */
int text_read(const struct channel *channel, int epoch, struct text *t, struct error *err);

/* One file of either type; lines are appended, also those before one that is refused. */
int text_plain_read(struct input *in, struct text *t, struct error *err);
int text_manifest_read(struct input *in, struct text *t, struct error *err);

#endif
