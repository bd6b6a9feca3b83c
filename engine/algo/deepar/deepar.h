/* DeepAR (Salinas et al. 2020): one recurrent network for many related series, which says a distribution of each next
 * value; forecasts are sample paths of it.
 *
 *   frequency          time_freq: lags and calendar features
 *   deepar_plan        what settings and training data fix; which series are refused
 *   deepar_window      windows of series as numbers
 *   deepar_net         the network and its loss
 *   deepar_forecast    sample paths, quantiles
 *   deepar_score       test:RMSE, weighted quantile losses
 *   deepar_train       epochs
 *   deepar_mean        the running mean of the weights, which is the model that is shown, scored and saved
 *   deepar_picture     the forecasts that a watcher sees
 *   deepar_saved, deepar_invoke   model files; requests and answers
 *
 * An epoch is as many windows as hold each value of the training series once, in whole mini-batches. */
#ifndef DEEPAR_DEEPAR_H
#define DEEPAR_DEEPAR_H

#include "engine/algo/algorithm.h"

struct deepar_net;

extern const struct algorithm deepar;

int deepar_train(struct training *t, struct error *err);

extern const char *const deepar_files[], *const deepar_accepts[];
int deepar_save(const struct deepar_net *n, struct model_writer *to, struct error *err);
void *deepar_load(const char *dir, const struct settings *settings, struct error *err);
void deepar_unload(void *model);
int deepar_invoke(const void *model, const struct request *in, struct answer *out, struct error *err);

#endif
