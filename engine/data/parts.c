#include "engine/data/parts.h"

void parts_free(struct parts *p)
{
    if (!p)
        return;
    for (int i = 0; i < PARTS; i++) {
        dataset_free(&p->table[i]);
        series_free(&p->series[i]);
        pairs_free(&p->pairs[i]);
        text_free(&p->text[i]);
        images_free(&p->images[i]);
    }
    for (int i = 0; i < 2; i++)
        vocabulary_free(&p->vocabulary[i]);
}

size_t parts_count(const struct parts *p, int part)
{
    const size_t counts[] = {[DATA_TABLE] = p->table[part].rows,
                             [DATA_SERIES] = p->series[part].count,
                             [DATA_PAIRS] = p->pairs[part].count,
                             [DATA_TEXT] = p->text[part].lines,
                             [DATA_IMAGES] = p->images[part].count};
    return counts[p->kind];
}

uint64_t parts_bytes_read(const struct parts *p)
{
    uint64_t bytes = 0;
    for (int i = 0; i < PARTS; i++)
        bytes += p->table[i].bytes_read + p->series[i].bytes_read + p->pairs[i].bytes_read + p->text[i].bytes_read +
                 p->images[i].bytes_read;
    return bytes;
}

const char *parts_name(const struct parts *p, int part)
{
    const char *const names[] = {[DATA_TABLE] = p->table[part].name,
                                 [DATA_SERIES] = p->series[part].name,
                                 [DATA_PAIRS] = p->pairs[part].name,
                                 [DATA_TEXT] = p->text[part].name,
                                 [DATA_IMAGES] = p->images[part].name};
    return names[p->kind];
}
