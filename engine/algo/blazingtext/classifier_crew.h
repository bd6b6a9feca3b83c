/* Threads that learn lines together, or ask about them. One thread, and the deterministic way of many, learn line after
 * line: a step hangs on the one before, and waiting for each other costs threads more than a line does; the others help
 * with asking. So do rows that are too short to share: a line of them is learned in less time than two processors need
 * to pass each other its rows.
 *
 * Else they learn without locks, as the original program (Recht et al. 2011): every thread changes rows as it goes, and
 * some updates get lost. The labels' rows and those of the commonest words, which nearly every line changes, are copied
 * for each thread, and what they gained is added up every few lines, since two processors that write to the same memory
 * wait for each other. */
#ifndef BLAZINGTEXT_CLASSIFIER_CREW_H
#define BLAZINGTEXT_CLASSIFIER_CREW_H

#include <stdbool.h>

#include "engine/algo/blazingtext/classifier_lines.h"
#include "engine/algo/blazingtext/classifier_net.h"

struct classifier_crew;

/* Lines order[begin] .. order[end - 1] of an epoch, with the rate falling from the first to behind the last. */
struct classifier_piece {
    const struct classifier_lines *lines;
    const uint32_t *order;
    size_t begin, end;
    double rate, rate_after;
    uint64_t key; /* picks the label of a line that has several */
};

struct classifier_tally {
    double loss;
    size_t hits, lines; /* hits: the likeliest label was one of the line's */
};

/* The first `common` rows are those of words that many lines have. NULL: no memory or no threads. */
struct classifier_crew *classifier_crew_open(struct classifier_net *net, size_t common, int threads,
                                             bool deterministic);
void classifier_crew_close(struct classifier_crew *c); /* NULL is fine */

void classifier_crew_learn(struct classifier_crew *c, const struct classifier_piece *piece,
                           struct classifier_tally *sum);

/* The likeliest label of every line to guess[], its probabilities to probability[] (lines x labels) unless NULL; a
 * line's loss is that of its first label. */
void classifier_crew_ask(struct classifier_crew *c, const struct classifier_lines *lines, int32_t *guess,
                         float *probability, struct classifier_tally *sum);

#endif
