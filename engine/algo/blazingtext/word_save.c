/* The files of a model: word2vec's two forms of vectors, and the reference program's binary one (word_file). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/blazingtext/word_model.h"
#include "engine/base/str.h"
#include "engine/format/number.h"
#include "engine/model.h"

#define BLOCK (1u << 20)

static void put_text(struct str *out, const float *vector, size_t width)
{
    char text[NUMBER_TEXT + 1] = " ";
    for (size_t i = 0; i < width; i++)
        str_append(out, text, 1 + number_write_nine(text + 1, vector[i]));
    str_putc(out, '\n');
}

static void put_binary(struct str *out, const float *vector, size_t width)
{
    str_putc(out, ' ');
    str_append(out, vector, width * sizeof *vector);
    str_putc(out, '\n');
}

static int save_words(const struct word_model *m, struct model_writer *w, const char *name,
                      void (*put)(struct str *, const float *, size_t), struct error *err)
{
    struct str out = {0};
    float *vector = malloc((m->width + 1) * sizeof *vector);
    int status = vector ? 0 : -1;
    str_printf(&out, "%zu %zu\n", m->dictionary.words, m->width);
    for (size_t i = 0; i < m->dictionary.words && status == 0; i++) {
        size_t len;
        const char *word = dictionary_spelling(&m->dictionary, (int32_t)i, &len);
        word_model_vector(m, word, len, vector);
        str_append(&out, word, len);
        put(&out, vector, m->width);
        if (out.len < BLOCK)
            continue;
        status = out.failed ? -1 : model_writer_put(w, name, out.data, out.len, err);
        str_clear(&out);
    }
    if (!vector || out.failed)
        status = error_set(err, ERROR_SYSTEM, name, NULL, "There is not enough memory to write it");
    if (status == 0)
        status = model_writer_put(w, name, out.data, out.len, err);
    free(vector);
    str_free(&out);
    return status;
}

int word_model_save(const struct word_model *m, struct model_writer *w, struct error *err)
{
    if (m->classifier)
        return word_file_write(m, w, WORD_MODEL_CLASSIFIER, err);
    if (save_words(m, w, WORD_MODEL_TEXT, put_text, err) < 0 ||
        save_words(m, w, WORD_MODEL_WORD2VEC, put_binary, err) < 0)
        return -1;
    return word_file_write(m, w, WORD_MODEL_VECTORS, err);
}

int word_model_load(struct word_model *m, const char *dir, const struct settings *s, struct error *err)
{
    const char *mode = settings_get(s, "mode");
    bool classifier = mode && strcmp(mode, "supervised") == 0;
    char path[4200];
    *m = (struct word_model){0};
    snprintf(path, sizeof path, "%.4000s/%s", dir, classifier ? WORD_MODEL_CLASSIFIER : WORD_MODEL_VECTORS);
    if (word_file_open(m, path, err) == 0 && m->classifier == classifier)
        return 0;
    if (m->classifier != classifier && m->file)
        error_set(err, ERROR_INPUT, path, "train the model again", "The model is of another mode than model.json says");
    word_model_free(m);
    return -1;
}
