/* Any bytes as a vocabulary: no crash; what is taken finds each of its words, and is the same after it was written and
 * read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/data/vocabulary.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void write_and_compare(const struct vocabulary *v)
{
    struct vocabulary again;
    struct str out = {0};
    struct error err;
    if (vocabulary_write(v, &out) < 0 || vocabulary_read(&again, out.data, out.len, "again", &err) < 0 ||
        again.size != v->size)
        abort();
    for (size_t i = 0; i < v->size; i++) {
        if (!v->word[i] != !again.word[i] || (v->word[i] && strcmp(v->word[i], again.word[i]) != 0))
            abort();
        if (v->word[i] && vocabulary_id(&again, v->word[i], strlen(v->word[i])) != (int32_t)i)
            abort();
    }
    vocabulary_free(&again);
    str_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct vocabulary v;
    struct error err = {0};
    if (vocabulary_read(&v, (const char *)bytes, size, "fuzz", &err) == 0)
        write_and_compare(&v);
    else if (err.code == ERROR_NONE || !err.what[0] || !err.where[0])
        abort();
    vocabulary_free(&v);
    return 0;
}
