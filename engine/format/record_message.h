/* Protobuf messages of type Record in RecordIO: unpacking into an arena, and packing as records. */
#ifndef FORMAT_RECORD_MESSAGE_H
#define FORMAT_RECORD_MESSAGE_H

#include "engine/base/error.h"
#include "engine/base/str.h"
#include "engine/format/arena.h"
#include "engine/format/record.pb-c.h"

/* The message lives until the arena is cleared; NULL when it is none, or needs more than the arena may have. */
Aialgs__Data__Record *record_message_open(struct arena *arena, const unsigned char *payload, size_t len);

/* Appends the message as a record. `where` is for errors. */
int record_message_append(struct str *out, const Aialgs__Data__Record *record, const char *where, struct error *err);

#endif
