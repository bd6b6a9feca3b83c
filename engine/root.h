/* The service's folder contract: what a training container finds below /opt/ml, and what it leaves there.
 *
 *   DIR/input/config/hyperparameters.json    {"name": "value", ...}
 *   DIR/input/config/inputdataconfig.json    {"train": {"ContentType": .., "TrainingInputMode": "File"|"Pipe"}, ...}
 *   DIR/input/data/CHANNEL/                  files; in Pipe mode FIFOs DIR/input/data/CHANNEL_EPOCH
 *   DIR/model/                               the model
 *   DIR/output/failure                       why there is none, first what went wrong */
#ifndef ENGINE_ROOT_H
#define ENGINE_ROOT_H

#include "engine/job.h"

struct root {
    char train[4096], validation[4096], test[4096], vocabulary[4096], auxiliary[4096], train_annotation[4096],
        validation_annotation[4096], resume[4096], model[4096], content_type[128];
};

/* Fills the job with what stands in the folder; its texts live in `r`. What the command line said already stays. */
int root_read(struct root *r, const char *dir, struct job *job, struct error *err);

void root_failure(const char *dir, const struct error *why);

#endif
