/* Training: epochs of mini-batches, mAP on the validation images after each, the best epoch kept. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/detection/detection.h"
#include "engine/algo/detection/feed.h"
#include "engine/algo/detection/find.h"
#include "engine/algo/detection/loss.h"
#include "engine/algo/detection/picture.h"
#include "engine/algo/detection/score.h"
#include "engine/algo/detection/start.h"
#include "engine/base/clock.h"
#include "engine/format/images.h"
#include "engine/model.h"
#include "engine/nn/placement.h"
#include "engine/nn/trainer.h"
#include "engine/nn/weights.h"

#define METRIC_EVERY 200 /* train metrics in a run, about */
#define FLOOR 0.02       /* scores below it do not count for mAP */
#define STREAM_ORDER 17  /* of the seed */
#define STREAM_STEP 18

static const char *const part_name[PARTS] = {"train", "validation", "test"};

struct run {
    struct training *t;
    struct detection_design design;
    struct detection_net net;
    const struct backend *backend;
    struct tape *tape;
    struct trainer trainer;
    struct feed feed[PARTS];
    struct images piped; /* Pipe mode: the epoch that was read */
    uint32_t *order;     /* images of the epoch */
    size_t order_room;
    struct detection_target target;
    struct finder finder;
    struct picture picture;
    size_t room;       /* images of this rank at once */
    size_t box_room;   /* boxes of an image */
    float *pixels;     /* room x side x side x 3 */
    struct box *boxes; /* room x box_room */
    size_t *box_count; /* room */
    struct snapshot best;
    double best_map, watched; /* of the best epoch; what gains are counted from */
    long best_epoch, bad_epochs;
    long step, epoch, metric_stride;
    double images_seen;              /* of all ranks */
    double loss[2], steps_of_stride; /* sums since the last metric, over this rank's share: classes, places */
    bool ended;
};

static const struct images *part(const struct run *r, int which)
{
    const struct images *s = which == PART_TRAIN && r->t->pipe ? &r->piped : r->t->images[which];
    return s && s->count ? s : NULL;
}

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, NULL, "give a smaller mini_batch_size, image_shape or width",
                     "There is not enough memory to train");
}

/* --- checks ---------------------------------------------------------------------------------------------------------
 */

static int check_image(const struct run *r, const struct images *s, const struct image *image, struct error *err)
{
    const struct detection_design *d = &r->design;
    size_t width = image->boxes * DETECTION_LABEL_OBJECT + DETECTION_LABEL_HEADER;
    char fix[96];
    for (size_t k = 0; k < image->boxes; k++) {
        const struct box *b = &s->box[image->first + k];
        if (b->class_id >= 0 && (size_t)b->class_id < d->classes)
            continue;
        return error_set(err, ERROR_INPUT, image->name, "give a larger num_classes, or correct the label",
                         "An object has class id %d, but with num_classes = %zu ids are 0 to %zu", b->class_id,
                         d->classes, d->classes - 1);
    }
    if (width <= d->label_width)
        return 0;
    snprintf(fix, sizeof fix, "give label_width=%zu or more", width);
    return error_set(err, ERROR_INPUT, image->name, fix,
                     "The image has %zu objects, whose label takes %zu numbers, but label_width is %zu", image->boxes,
                     width, d->label_width);
}

static int check_part(const struct run *r, const struct images *s, struct error *err)
{
    for (size_t i = 0; i < s->count; i++)
        if (check_image(r, s, &s->item[i], err) < 0)
            return -1;
    return 0;
}

static int check_parts(const struct run *r, struct error *err)
{
    const struct images *train = part(r, PART_TRAIN);
    if (!train)
        return error_set(err, ERROR_INPUT, "train", "give at least one image", "There are no training images");
    for (int i = 0; i < PARTS; i++)
        if (part(r, i) && check_part(r, part(r, i), err) < 0)
            return -1;
    if (r->design.stops_early && !part(r, PART_VALIDATION))
        return error_set(err, ERROR_INPUT, "early_stopping", "give validation images, or leave early_stopping out",
                         "early_stopping watches validation:mAP, but there are no validation images");
    if (train->count != r->design.samples)
        event_log(r->t->sink,
                  "num_training_samples is %zu, but there are %zu training images; lr_scheduler_step counts epochs of "
                  "num_training_samples",
                  r->design.samples, train->count);
    return 0;
}

/* --- looking at how good it is --------------------------------------------------------------------------------------
 */

static uint64_t random_of(const struct run *r, uint64_t stream, long at)
{
    struct rng rng;
    rng_init(&rng, r->t->seed, stream + ((uint64_t)at << 8));
    return rng_next(&rng);
}

/* Fills the first `count` places of the batch; those numbers are in `image`. */
static int fill(struct run *r, int which, const uint32_t *image, size_t count, uint64_t random, struct error *err)
{
    return feed_batch(
        &(struct feed_batch){&r->feed[which], image, count, r->box_room, random, r->pixels, r->boxes, r->box_count},
        tape_pool(r->tape), err);
}

static int look_at(struct run *r, int which, struct score *s, struct error *err)
{
    const struct images *p = part(r, which);
    size_t end, at = pool_share(p->count, comm_rank(r->t->comm), comm_ranks(r->t->comm), &end);
    for (size_t count; at < end; at += count) {
        count = end - at < r->room ? end - at : r->room;
        for (size_t i = 0; i < count; i++)
            r->order[i] = (uint32_t)(at + i);
        if (fill(r, which, r->order, count, 0, err) < 0 || finder_ask(&r->finder, r->pixels, count, err) < 0)
            return -1;
        for (size_t i = 0; i < count; i++)
            score_add(s, r->finder.found + i * FIND_IMAGE, r->finder.count[i], r->boxes + i * r->box_room,
                      r->box_count[i]);
    }
    return score_exchange(s, r->t->comm, err);
}

/* mAP of a part. Each rank looks at its share. */
static int look(struct run *r, int which, double *map, struct error *err)
{
    struct score s;
    int status;
    score_open(&s, r->design.classes, r->design.overlap);
    status = s.failed ? no_memory(err) : look_at(r, which, &s, err);
    if (status == 0) {
        *map = score_finish(&s);
        status = s.failed ? no_memory(err) : 0;
    }
    if (status == 0 && isnan(*map)) /* no image holds an object */
        *map = 0;
    if (status == 0) {
        char name[32];
        snprintf(name, sizeof name, "%s:mAP", part_name[which]);
        event_metric(r->t->sink, name, *map, r->step, (int)r->epoch);
        training_metric(r->t, name, *map);
        picture_precision(r->t->sink, &s, part(r, which), part_name[which], *map, r->epoch, r->step);
    }
    score_close(&s);
    return status;
}

/* --- a step ---------------------------------------------------------------------------------------------------------
 */

struct matching {
    struct run *r;
    size_t count;
};

static void match_images(void *context, int thread, int threads)
{
    const struct matching *m = context;
    struct run *r = m->r;
    size_t end;
    for (size_t i = pool_share(m->count, thread, threads, &end); i < end; i++)
        detection_target_match(&r->target, &r->net.anchors, i, r->boxes + i * r->box_room, r->box_count[i]);
}

/* Pixels and what the network should say of them; *matched: default boxes of all ranks that answer for an object. */
static int prepare_step(struct run *r, const uint32_t *image, size_t count, uint64_t random, double *matched,
                        struct error *err)
{
    struct matching m = {r, count};
    if (fill(r, PART_TRAIN, image, count, random, err) < 0)
        return -1;
    pool_run(tape_pool(r->tape), match_images, &m);
    *matched = 0;
    for (size_t i = 0; i < count; i++)
        *matched += (double)r->target.matched[i];
    if (comm_sum_double(r->t->comm, matched, 1, err) < 0)
        return -1;
    *matched = fmax(*matched, 1);
    return 0;
}

/* The slopes of this rank's images. */
static int differentiate(struct run *r, size_t count, double matched, uint64_t random, struct error *err)
{
    size_t side = r->design.side;
    struct detection_losses loss;
    struct tensor *x;
    double classes, places;
    tape_begin(r->tape, true, random);
    if (!count)
        return tape_finish(r->tape, err);
    x = tape_input(r->tape, 4, (size_t[]){count, side, side, 3}, r->pixels);
    loss = detection_loss(&r->target, r->tape, detection_net_run(&r->net, r->tape, x, count), count, matched);
    tape_backward(r->tape, loss.all);
    if (tape_finish(r->tape, err) < 0)
        return -1;
    classes = tape_number(r->tape, loss.classes);
    places = tape_number(r->tape, loss.places);
    r->loss[0] += classes;
    r->loss[1] += places;
    if (isfinite(classes + places))
        return 0;
    return error_set(err, ERROR_INPUT, "learning_rate", "give a smaller learning_rate",
                     "The loss is no finite number any more at step %ld: training has diverged", r->step + 1);
}

static int say_training_loss(struct run *r, struct error *err)
{
    static const char *const name[] = {"train:cross_entropy", "train:smooth_l1"};
    if (r->steps_of_stride == 0)
        return 0;
    if (comm_sum_double(r->t->comm, r->loss, 2, err) < 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        event_metric(r->t->sink, name[i], r->loss[i] / r->steps_of_stride, r->step, (int)r->epoch);
        training_metric(r->t, name[i], r->loss[i] / r->steps_of_stride);
        r->loss[i] = 0;
    }
    r->steps_of_stride = 0;
    return 0;
}

static int step(struct run *r, size_t begin, size_t end, struct error *err)
{
    size_t last, first = pool_share(end - begin, comm_rank(r->t->comm), comm_ranks(r->t->comm), &last);
    uint64_t random = random_of(r, STREAM_STEP + (uint64_t)comm_rank(r->t->comm) * 1024, r->step);
    double began = clock_seconds(), matched;
    if (prepare_step(r, r->order + begin + first, last - first, random, &matched, err) < 0 ||
        differentiate(r, last - first, matched, random, err) < 0 ||
        trainer_step(&r->trainer, r->tape, detection_rate(&r->design, r->images_seen), err) < 0)
        return -1;
    r->t->step_seconds += clock_seconds() - began;
    r->images_seen += (double)(end - begin);
    r->step++;
    r->steps_of_stride++;
    if (r->step % r->metric_stride == 0 && say_training_loss(r, err) < 0)
        return -1;
    training_pace(r->t);
    r->ended = training_stopping(r->t);
    return 0;
}

/* --- epochs ---------------------------------------------------------------------------------------------------------
 */

/* Each rank's running means saw its own images: all go on with the mean of them. */
static int unite_running(struct run *r, struct error *err)
{
    struct parameters *p = &r->net.parameters;
    int ranks = comm_ranks(r->t->comm);
    for (size_t i = 0; i < p->count && ranks > 1; i++) {
        struct parameter *one = &p->items[i];
        size_t n = tensor_count(&one->tensor);
        float values[8 * 64]; /* the most channels */
        if (!one->fixed || one->tensor.rank != 1 || n > sizeof values / sizeof *values)
            continue;
        parameters_get(p, &one->tensor, values);
        if (comm_sum_float(r->t->comm, values, n, err) < 0)
            return -1;
        for (size_t k = 0; k < n; k++)
            values[k] /= (float)ranks;
        parameters_set(p, &one->tensor, values);
    }
    return 0;
}

/* Ends the run when mAP did not rise for too long. */
static void watch(struct run *r, double map)
{
    const struct detection_design *d = &r->design;
    double least = r->watched + fmax(d->tolerance * r->watched, d->min_delta);
    if (r->epoch == 1 || map > least) {
        r->watched = map;
        r->bad_epochs = 0;
        return;
    }
    r->bad_epochs++;
    if (!d->stops_early || r->epoch < d->min_epochs || r->bad_epochs < d->patience || r->epoch >= d->epochs)
        return;
    event_log(r->t->sink, "stopped after epoch %ld: validation:mAP did not rise for %ld epochs", r->epoch,
              r->bad_epochs);
    r->ended = true;
}

static int end_epoch(struct run *r, struct error *err)
{
    double map = 0;
    if (unite_running(r, err) < 0)
        return -1;
    if (part(r, PART_VALIDATION)) {
        if (look(r, PART_VALIDATION, &map, err) < 0)
            return -1;
        if (map >= r->best_map) {
            r->best_map = map;
            r->best_epoch = r->epoch;
            if (parameters_keep(&r->net.parameters, &r->best, err) < 0)
                return -1;
        }
        watch(r, map);
    }
    return picture_draw(&r->picture, &r->finder, r->epoch, r->step, r->ended || r->epoch == r->design.epochs, err);
}

static int grow(struct run *r, size_t images, struct error *err)
{
    size_t room = images > r->room ? images : r->room;
    uint32_t *order;
    if (room <= r->order_room)
        return 0;
    order = realloc(r->order, room * sizeof *order);
    if (!order)
        return no_memory(err);
    r->order = order;
    r->order_room = room;
    return 0;
}

/* Pipe mode: the images of an epoch, in place of those of the one before. */
static int read_epoch(struct run *r, long epoch, struct error *err)
{
    if (r->feed[PART_TRAIN].images)
        feed_close(&r->feed[PART_TRAIN]);
    images_free(&r->piped);
    r->piped = (struct images){0};
    if (images_read(r->t->pipe, NULL, (int)epoch, &r->piped, err) < 0)
        return -1;
    r->t->pipe_bytes += r->piped.bytes_read;
    return 0;
}

/* Pixels of a part that is trained on; those of another epoch may have more boxes. */
static int open_feed(struct run *r, int which, struct error *err)
{
    const struct images *s = part(r, which);
    size_t most = feed_most_boxes(s);
    if (most > r->box_room) {
        struct box *boxes = realloc(r->boxes, r->room * most * sizeof *boxes);
        if (!boxes)
            return no_memory(err);
        r->boxes = boxes;
        r->box_room = most;
    }
    return feed_open(&r->feed[which], s, r->design.side, which == PART_TRAIN ? &r->design.augment : NULL,
                     tape_pool(r->tape), err);
}

static int begin_epoch(struct run *r, struct error *err)
{
    struct rng rng;
    r->epoch++;
    if (r->t->pipe && r->epoch > 1) {
        if (read_epoch(r, r->epoch - 1, err) < 0)
            return -1;
        if (!part(r, PART_TRAIN))
            return error_set(err, ERROR_INPUT, r->t->pipe->path, "send the images once for each epoch",
                             "The pipe holds no images for epoch %ld", r->epoch);
        if (check_part(r, &r->piped, err) < 0 || open_feed(r, PART_TRAIN, err) < 0)
            return -1;
    }
    if (grow(r, part(r, PART_TRAIN)->count, err) < 0)
        return -1;
    for (size_t i = 0; i < part(r, PART_TRAIN)->count; i++)
        r->order[i] = (uint32_t)i;
    rng_init(&rng, r->t->seed, STREAM_ORDER + ((uint64_t)r->epoch << 8));
    rng_shuffle(&rng, r->order, part(r, PART_TRAIN)->count);
    return 0;
}

static int run_epoch(struct run *r, struct error *err)
{
    size_t count, batch = r->design.batch;
    if (begin_epoch(r, err) < 0)
        return -1;
    count = part(r, PART_TRAIN)->count;
    for (size_t at = 0; at < count && !r->ended; at += batch)
        if (step(r, at, count - at < batch ? count : at + batch, err) < 0)
            return -1;
    r->t->rows_seen = r->images_seen;
    return say_training_loss(r, err) < 0 ? -1 : end_epoch(r, err);
}

/* --- opening --------------------------------------------------------------------------------------------------------
 */

static int open_network(struct run *r, struct error *err)
{
    r->backend = placement_choose_images(r->t, r->design.batch, r->design.side, r->design.width);
    r->tape = tape_open(r->backend, r->t->threads, err);
    if (!r->tape || detection_net_open(&r->net, &r->design, r->backend, r->t->seed, err) < 0)
        return -1;
    if (r->t->resume)
        return start_from_model(&r->net, r->t->resume, r->t->sink, err);
    if (r->design.top == TOP_KEPT)
        return error_set(err, ERROR_INPUT, "reinitialize_top_layer", "give Auto, or an earlier model with --resume",
                         "reinitialize_top_layer = False: there is no earlier model whose heads could be kept");
    return r->design.pretrained ? start_from_shipped(&r->net, r->t->sink, err) : 0;
}

static int open_trainer(struct run *r, struct error *err)
{
    const struct trainer_settings settings = {.optimiser = r->design.optimiser,
                                              .momentum = (float)r->design.momentum,
                                              .beta_1 = (float)r->design.beta_1,
                                              .beta_2 = (float)r->design.beta_2,
                                              .decay = r->design.decay,
                                              .comm = r->t->comm};
    if (r->net.parameters.learned == 0)
        return error_set(err, ERROR_INPUT, "freeze_layer_pattern", "freeze fewer layers",
                         "All weights are frozen: there is nothing to learn");
    return trainer_open(&r->trainer, &r->net.parameters, &settings, err);
}

static int open_arrays(struct run *r, struct error *err)
{
    size_t ranks = (size_t)comm_ranks(r->t->comm), batch = (r->design.batch + ranks - 1) / ranks;
    size_t count = part(r, PART_TRAIN)->count;
    r->room = r->t->pipe || batch < count ? batch : count;
    r->room = r->room < PICTURE_IMAGES ? PICTURE_IMAGES : r->room;
    r->pixels = malloc(r->room * r->design.side * r->design.side * 3 * sizeof *r->pixels);
    r->box_count = malloc(r->room * sizeof *r->box_count);
    if (!r->pixels || !r->box_count)
        return no_memory(err);
    for (int i = 0; i < PARTS; i++)
        if (part(r, i) && open_feed(r, i, err) < 0)
            return -1;
    if (grow(r, r->room, err) < 0 || detection_target_open(&r->target, &r->net, r->room, err) < 0)
        return -1;
    return finder_open(&r->finder, &r->net, r->tape, r->room, FLOOR, err);
}

static int open_picture(struct run *r, struct error *err)
{
    int which = part(r, PART_VALIDATION) ? PART_VALIDATION : PART_TRAIN;
    if (comm_rank(r->t->comm) > 0)
        return 0;
    return picture_open(&r->picture, r->t->sink, part(r, which), part_name[which], r->design.side, err);
}

static int prepare(struct run *r, struct error *err)
{
    double steps;
    if (detection_design_read(&r->design, r->t->settings, err) < 0)
        return -1;
    if (r->t->pipe && read_epoch(r, 0, err) < 0)
        return -1;
    if (check_parts(r, err) < 0 || open_network(r, err) < 0 || open_trainer(r, err) < 0 || open_arrays(r, err) < 0)
        return -1;
    steps = ceil((double)part(r, PART_TRAIN)->count / (double)r->design.batch) * (double)r->design.epochs;
    r->metric_stride = (long)(steps / METRIC_EVERY) + 1;
    r->best_map = -1;
    return open_picture(r, err);
}

static void close_run(struct run *r)
{
    picture_close(&r->picture);
    finder_close(&r->finder);
    detection_target_close(&r->target);
    for (int i = 0; i < PARTS; i++)
        if (r->feed[i].images)
            feed_close(&r->feed[i]);
    images_free(&r->piped);
    free(r->order);
    free(r->pixels);
    free(r->boxes);
    free(r->box_count);
    if (r->trainer.parameters)
        trainer_close(&r->trainer);
    if (r->best.data)
        snapshot_free(&r->net.parameters, &r->best);
    tape_close(r->tape);
    detection_net_close(&r->net);
}

/* --- the run --------------------------------------------------------------------------------------------------------
 */

/* Back to the best epoch; what it is worth on the test images. */
static int finish(struct run *r, struct error *err)
{
    double map = 0;
    if (r->best.data) {
        parameters_restore(&r->net.parameters, &r->best);
        training_metric(r->t, "validation:mAP", r->best_map);
        if (r->best_epoch < r->epoch)
            event_log(r->t->sink, "the model is that of epoch %ld, with the best validation:mAP", r->best_epoch);
    }
    if (part(r, PART_TEST) && look(r, PART_TEST, &map, err) < 0)
        return -1;
    return weights_save(&r->net.parameters, r->t->model, DETECTION_FILE, err);
}

int detection_train(struct training *t, struct error *err)
{
    struct run r = {.t = t};
    double began = clock_seconds();
    int status = prepare(&r, err);
    if (status == 0)
        status = picture_draw(&r.picture, &r.finder, 0, 0, true, err);
    while (status == 0 && r.epoch < r.design.epochs && !r.ended)
        status = run_epoch(&r, err);
    t->train_seconds = fmax(clock_seconds() - began - t->pace * (double)r.step, 0);
    if (status == 0)
        status = finish(&r, err);
    close_run(&r);
    return status;
}
