#include "engine/format/record_message.h"

#include <stdlib.h>

#include "engine/format/recordio.h"

static void *take_memory(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void leave_memory(void *arena, void *memory)
{
    (void)arena;
    (void)memory; /* all of a message goes at once */
}

Aialgs__Data__Record *record_message_open(struct arena *arena, const unsigned char *payload, size_t len)
{
    ProtobufCAllocator allocator = {.alloc = take_memory, .free = leave_memory, .allocator_data = arena};
    return aialgs__data__record__unpack(&allocator, len, payload);
}

int record_message_append(struct str *out, const Aialgs__Data__Record *record, const char *where, struct error *err)
{
    size_t len = aialgs__data__record__get_packed_size(record);
    uint8_t *payload;
    if (len > RECORDIO_LENGTH_MAX)
        return error_set(err, ERROR_LIMIT, where, "give rows with fewer entries", "The record has 512 MiB or more");
    payload = malloc(len);
    if (!payload)
        return error_set(err, ERROR_SYSTEM, where, NULL, "There is not enough memory to write the record");
    aialgs__data__record__pack(record, payload);
    recordio_append(out, payload, len);
    free(payload);
    return 0;
}
