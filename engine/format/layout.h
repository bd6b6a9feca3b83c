/* How the rows of a channel or of a request stand in their bytes, beyond what the format itself says. */
#ifndef FORMAT_LAYOUT_H
#define FORMAT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

/* LABEL_NEEDED: training data. LABEL_NONE: requests, whose rows have no label; where a format can tell a label from a
 * feature, one that is there is left out. */
enum layout_label { LABEL_NEEDED, LABEL_NONE };

struct layout {
    enum layout_label label;
    size_t columns; /* features that a row has; 0: as many as the first. Of sparse rows the most there may be */
    bool weights;   /* the second CSV column is the row's weight */
    bool float32;   /* a tensor of another type in a Record is refused */
};

#endif
