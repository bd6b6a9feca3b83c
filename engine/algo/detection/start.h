/* The weights that a run begins with, where they are not drawn: of an earlier model (incremental training), or of the
 * shipped file of this base network and width (transfer learning).
 *
 * A shipped file holds a base up to conv4_2, a byte for each weight: `make pretrained` trains it anew, on made images
 * of other shapes than those that shapes40 has by itself, and packs it. */
#ifndef DETECTION_START_H
#define DETECTION_START_H

#include "engine/algo/detection/network.h"

/* The earlier model is read from `dir`; it must be one of this base network, width and number of classes. Says in a log
 * line what was taken. */
int start_from_model(struct detection_net *net, const char *dir, struct event_sink *sink, struct error *err);

/* Without a file that fits, the weights stay as they are, and a log line says so. */
int start_from_shipped(struct detection_net *net, struct event_sink *sink, struct error *err);

/* As a shipped file: appends. Each output channel of a convolution has a scale of its own; all else is float32. */
int start_pack(const struct detection_net *net, struct str *out, struct error *err);
/* Reads one; the heads stay as they are. */
int start_unpack(struct detection_net *net, const void *bytes, size_t len, const char *name, struct error *err);

#endif
