/* A loaded model as its network, for a run that goes on from it. */
#ifndef DETECTION_MODEL_H
#define DETECTION_MODEL_H

#include "engine/algo/detection/network.h"

const struct detection_net *detection_model_net(const void *model); /* what detection_load gave */

#endif
