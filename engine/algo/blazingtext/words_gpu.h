/* BlazingText's learning on a GPU (engine/gpu.h): skip-gram, CBOW and the classifier. A warp takes a line at a time and
 * many lines go at once, without locks and without atomic additions, as Gupta and Khare 2017 do: two runs differ in the
 * last digits. How many lines go at once depends on the number of rows that they could meet in.
 *
 *     struct words_gpu *w = words_gpu_open_vectors(...), or words_gpu_open_labels(...)
 *     each epoch: words_gpu_learn(w, epoch, begin, end) over the lines, words_gpu_tally; now and then words_gpu_read
 *     words_gpu_close(w);
 *
 * Learning is queued; the tables of the host are those of the last read. */
#ifndef BLAZINGTEXT_WORDS_GPU_H
#define BLAZINGTEXT_WORDS_GPU_H

#include "engine/algo/blazingtext/classifier_lines.h"
#include "engine/algo/blazingtext/classifier_net.h"
#include "engine/algo/blazingtext/word_learner.h"
#include "engine/gpu.h"

struct words_gpu;

/* Why a GPU does not take this training; 0 when it does: algorithm.h's check_gpu. Where nobody asked for one, few words
 * are a reason: a GPU takes its time to start. */
int words_gpu_check(const struct training *t, struct error *err);

/* Copies the text and what else they need; the tables must live as long. */
struct words_gpu *words_gpu_open_vectors(const struct training *t, const struct word_plan *plan,
                                         const struct word_text *text, struct word_tables *tables, struct error *err);
struct words_gpu *words_gpu_open_labels(const struct training *t, const struct classifier_lines *lines,
                                        struct classifier_net *net, long epochs, double rate, struct error *err);
void words_gpu_close(struct words_gpu *w);

size_t words_gpu_lines(const struct words_gpu *w); /* of an epoch: of word vectors long ones are cut */

/* Queues learning from lines begin .. end - 1. The first epoch: 0. */
void words_gpu_learn(struct words_gpu *w, long epoch, size_t begin, size_t end);

/* What was learned since the last time. */
int words_gpu_tally(struct words_gpu *w, struct gpu_words_tally *sum, struct error *err);

int words_gpu_read(struct words_gpu *w, struct error *err); /* brings both tables */

#endif
