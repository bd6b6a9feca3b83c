/* Takes back splits that gained less than gamma, from the leaves up; what a better split stands below stays. */
#ifndef XGBOOST_PRUNE_H
#define XGBOOST_PRUNE_H

#include "engine/algo/xgboost/tree.h"

/* Closes the gaps, so nodes get new numbers: now[old], of a node that went the one it went into. value[old] is what
 * that node's leaf adds. Both have room for every node. */
void prune_tree(struct tree *t, double gamma, double eta, int *now, float *value);

#endif
