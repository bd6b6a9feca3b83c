#include "web/study/term.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const struct term terms[] = {
    {"CSV", VALUE_FORMAT, false},
    {"libsvm", VALUE_FORMAT, false},
    {"recordIO-protobuf", VALUE_FORMAT, false},
    {"RecordIO", VALUE_FORMAT, false},
    {"protobuf", VALUE_FORMAT, true},
    {"Parquet", VALUE_FORMAT, false},
    {"JSON", VALUE_FORMAT, true},
    {"JSON Lines", VALUE_FORMAT, false},
    {"gzipped JSON Lines", VALUE_FORMAT, false},
    {"augmented manifest", VALUE_FORMAT, false},
    {"augmented manifest text", VALUE_FORMAT, false},
    {"GZIP", VALUE_FORMAT, true},
    {"JPEG", VALUE_FORMAT, false},
    {"PNG", VALUE_FORMAT, false},
    {"MXNet", VALUE_LIBRARY, false},
    {"TensorFlow", VALUE_LIBRARY, false},
    {"PyTorch", VALUE_LIBRARY, false},
    {"fastText", VALUE_LIBRARY, false},
    {"Dask", VALUE_LIBRARY, false},
    {"CPU", VALUE_HARDWARE, true},
    {"GPU", VALUE_HARDWARE, true},
    {"RNN", VALUE_MODEL, false},
    {"CNN", VALUE_MODEL, false},
    {"LSTM", VALUE_MODEL, false},
    {"SSD", VALUE_MODEL, false},
    {"ResNet", VALUE_MODEL, false},
    {"MobileNet", VALUE_MODEL, false},
    {"EfficientNet", VALUE_MODEL, false},
    {"EfficientDet", VALUE_MODEL, false},
    {"decision trees", VALUE_MODEL, false},
    {"regression trees", VALUE_MODEL, false},
    {"recurrent neural network", VALUE_MODEL, false},
    {"convolutional neural network", VALUE_MODEL, false},
    {"feed forward neural network", VALUE_MODEL, false},
    {"SGD", VALUE_OPTIMIZER, false},
    {"stochastic gradient descent", VALUE_OPTIMIZER, false},
    {"gradient descent", VALUE_OPTIMIZER, false},
    {"Adam", VALUE_OPTIMIZER, false},
    {"AdaGrad", VALUE_OPTIMIZER, false},
    {"RMSprop", VALUE_OPTIMIZER, false},
    {"File mode", VALUE_MODE, false},
    {"Pipe mode", VALUE_MODE, false},
    {"cbow", VALUE_MODE, false},
    {"skip-gram", VALUE_MODE, false},
    {"batch skip-gram", VALUE_MODE, false},
    {"beam search", VALUE_MODEL, false},
    {"word embedding", VALUE_MODEL, false},
    {"bounding boxes", VALUE_MODEL, false},
    {"BLEU", VALUE_METRIC, false},
    {"BLEU score", VALUE_METRIC, false},
    {"perplexity", VALUE_METRIC, false},
    {"AUC", VALUE_METRIC, false},
    {"accuracy", VALUE_METRIC, true},
    {"precision", VALUE_METRIC, true},
    {"recall", VALUE_METRIC, true},
    {"cross entropy", VALUE_METRIC, true},
    {"RMSE", VALUE_METRIC, true},
    {"mse", VALUE_METRIC, true},
    {"train", VALUE_CHANNEL, true},
    {"validation", VALUE_CHANNEL, true},
    {"test", VALUE_CHANNEL, true},
    {"classification", VALUE_USE, true},
    {"regression", VALUE_USE, true},
    {"ranking", VALUE_USE, true},
    {"learning rate", VALUE_NAME, true},
    {"epochs", VALUE_NAME, true},
    {"batch size", VALUE_NAME, true},
    {"mini batch size", VALUE_NAME, true},
    {"dropout", VALUE_NAME, true},
    {"dropout rate", VALUE_NAME, true},
    {"early stopping", VALUE_NAME, true},
    {"early stopping patience", VALUE_NAME, true},
    {"early stopping rounds", VALUE_NAME, true},
    {"optimizer", VALUE_NAME, true},
    {"optimizer type", VALUE_NAME, true},
    {"weight decay", VALUE_NAME, true},
    {"optimizer weight decay", VALUE_NAME, true},
    {"momentum", VALUE_NAME, true},
    {"activation functions", VALUE_NAME, true},
    {"L1 regularization", VALUE_NAME, true},
    {"L2 regularization", VALUE_NAME, true},
    {"num classes", VALUE_NAME, true},
    {"mode", VALUE_NAME, true},
    {"objective", VALUE_NAME, true},
    {"num layers", VALUE_NAME, true},
};

#define TERM_COUNT ((int)(sizeof terms / sizeof *terms))

struct entry {
    int concept, term;
};

static int by_concept(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return x->concept != y->concept ? (x->concept > y->concept) - (x->concept < y->concept) : x->term - y->term;
}

int term_table_open(struct term_table *table, struct vocabulary *v, struct arena *arena)
{
    struct entry *entries = arena_take(arena, sizeof *entries * TERM_COUNT);
    *table = (struct term_table){arena_take(arena, sizeof(int) * TERM_COUNT),
                                 arena_take(arena, sizeof(int) * TERM_COUNT), TERM_COUNT};
    if (!entries || !table->concepts || !table->terms)
        return -1;
    for (int i = 0; i < TERM_COUNT; i++)
        entries[i] = (struct entry){text_concept(v, arena, terms[i].text), i};
    qsort(entries, TERM_COUNT, sizeof *entries, by_concept);
    for (int i = 0; i < TERM_COUNT; i++) {
        table->concepts[i] = entries[i].concept;
        table->terms[i] = entries[i].term;
    }
    return v->failed ? -1 : 0;
}

const struct term *term_find(const struct term_table *table, int concept)
{
    int low = 0, high = table->count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (table->concepts[middle] < concept)
            low = middle + 1;
        else
            high = middle;
    }
    return low < table->count && table->concepts[low] == concept ? &terms[table->terms[low]] : NULL;
}

/* --- shapes ------------------------------------------------------------------------------------------------------- */

static bool begins_instance(const char *word, size_t len)
{
    return len > 4 && tolower((unsigned char)word[0]) == 'm' && tolower((unsigned char)word[1]) == 'l' &&
           word[2] == '.';
}

static bool is_instance_type(const char *word, size_t len)
{
    size_t i = 3, digits;
    const char *size;
    if (!begins_instance(word, len))
        return false;
    while (i < len && isalnum((unsigned char)word[i]))
        i++;
    if (i == 3 || i >= len || word[i] != '.')
        return false;
    size = word + i + 1;
    len -= i + 1;
    for (digits = 0; digits < len && isdigit((unsigned char)size[digits]);)
        digits++;
    size += digits;
    len -= digits;
    return (len == 6 && (memcmp(size, "xlarge", 6) == 0 || memcmp(size, "medium", 6) == 0)) ||
           (len == 5 && memcmp(size, "large", 5) == 0);
}

bool term_is_odd_instance(const char *word, size_t len)
{
    return begins_instance(word, len) && memchr(word + 3, '.', len - 3) && !is_instance_type(word, len);
}

/* "P3", "G4dn", "M5" */
static bool is_instance_family(const char *word, size_t len)
{
    if (len < 2 || len > 4 || !strchr("CGMPRT", word[0]) || !isdigit((unsigned char)word[1]))
        return false;
    for (size_t i = 2; i < len; i++)
        if (!islower((unsigned char)word[i]))
            return false;
    return true;
}

static bool is_number(const char *word, size_t len)
{
    size_t digits = 0;
    for (size_t i = 0; i < len; i++) {
        digits += (size_t)(isdigit((unsigned char)word[i]) != 0);
        if (!isdigit((unsigned char)word[i]) && !strchr(".,-%", word[i]))
            return false;
    }
    return digits > 0 && isdigit((unsigned char)word[0]);
}

/* "SGD", "RNNs", "TF/IDF" */
static bool is_acronym(const char *word, size_t len)
{
    size_t upper = 0;
    for (size_t i = 0; i < len; i++) {
        bool plural = i + 1 == len && word[i] == 's';
        upper += (size_t)(isupper((unsigned char)word[i]) != 0);
        if (!isupper((unsigned char)word[i]) && word[i] != '/' && !plural)
            return false;
    }
    return upper >= 2;
}

enum value_kind term_shape(const char *word, size_t len)
{
    if (is_instance_type(word, len) || is_instance_family(word, len))
        return VALUE_INSTANCE;
    if (is_number(word, len))
        return VALUE_NUMBER;
    if (memchr(word, '_', len) && len > 2 && isalnum((unsigned char)word[len - 1]))
        return VALUE_NAME;
    return is_acronym(word, len) ? VALUE_ACRONYM : VALUE_STATEMENT;
}
