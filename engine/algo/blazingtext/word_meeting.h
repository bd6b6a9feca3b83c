/* Several ranks learn from shares of one text, each with both tables. Where they meet, the moves that each has made
 * since they met last are brought together, so that all go on from the same tables (data parallel as in Ji et al.
 * 2016).
 *
 * A row that is moved rarely takes the sum of all moves, as if one rank had made them. A row that is moved so often
 * that each rank brings it where it belongs takes their mean: the sum would shoot beyond. Between them the share
 * follows how much a row is expected to move from one meeting to the next: the pairs it is in, times the rate. */
#ifndef BLAZINGTEXT_WORD_MEETING_H
#define BLAZINGTEXT_WORD_MEETING_H

#include "engine/algo/blazingtext/word_learner.h"
#include "engine/comm.h"

struct word_meeting {
    struct comm *comm;
    float *before;   /* both tables when ranks last met; NULL: this rank is alone */
    float *pairs[2]; /* of each word's input and output, that one rank learns between two meetings */
};

/* `meetings` in an epoch. No subwords. */
int word_meeting_open(struct word_meeting *m, struct comm *comm, const struct word_plan *p, const struct dictionary *d,
                      const struct word_tables *tables, double meetings, struct error *err);
void word_meeting_close(struct word_meeting *m); /* {0} is fine */

/* On all ranks at the same time, with the same rate; alone nothing happens. */
int word_meeting_meet(struct word_meeting *m, struct word_tables *tables, double rate, struct error *err);

#endif
