#include "engine/algo/detection/detection.h"

#include <math.h>

#include "engine/algo/detection/design.h"

#define FROM(low) .min = (low), .max = INFINITY
#define BETWEEN(low, high) .min = (low), .max = (high)
#define ABOVE(low, high) .min = (low), .max = (high), .min_open = true

static const struct hyperparameter hyperparameters[] = {
    {"num_classes", HYPER_INTEGER, FROM(1), .required = true, .help = "kinds of objects; class ids are 0 to one less"},
    {"num_training_samples", HYPER_INTEGER, FROM(1), .required = true,
     .help = "training images; counts epochs for lr_scheduler_step"},
    {"base_network", HYPER_CHOICE, .choices = "vgg-16|resnet-50", .fallback = "vgg-16",
     .help = "layers that see the image, of the kind of VGG (plain 3 x 3 convolutions) or ResNet (bottlenecks with a "
             "way around), small ones by `width`"},
    {"width", HYPER_INTEGER, BETWEEN(4, 64), .fallback = "16",
     .help = "channels of the first layer (not the service's); later layers have up to 8 times as many"},
    {"use_pretrained_model", HYPER_INTEGER, BETWEEN(0, 1), .fallback = "1",
     .help = "1: the base begins with shipped weights, trained on images of other shapes, where there are some of this "
             "base_network and width; 0: at random"},
    {"image_shape", HYPER_INTEGER, BETWEEN(32, 1024), .fallback = "300",
     .help = "side of the square that images are rescaled to; the service takes 300 and more, here it may be smaller"},
    {"epochs", HYPER_INTEGER, FROM(1), .fallback = "30", .help = "passes over the training images at most"},
    {"mini_batch_size", HYPER_INTEGER, BETWEEN(1, 4096), .fallback = "32", .alias = "batch_size",
     .help = "images of a step, of all ranks together"},
    {"optimizer", HYPER_CHOICE, .choices = "sgd|adam|rmsprop|adadelta|adagrad", .fallback = "sgd",
     .help = "how slopes become steps"},
    {"learning_rate", HYPER_FLOAT, ABOVE(0, 1), .fallback = "0.001", .help = "size of a step at the start"},
    {"momentum", HYPER_FLOAT, ABOVE(0, 1), .fallback = "0.9", .when = "optimizer=sgd",
     .help = "share of a step that the next one keeps"},
    {"weight_decay", HYPER_FLOAT, .min = 0, .max = 1, .min_open = true, .max_open = true, .fallback = "0.0005",
     .when = "optimizer=sgd|rmsprop", .help = "L2 on all weights"},
    {"lr_scheduler_step", HYPER_TEXT, .takes_empty = true, .fallback = "",
     .help = "epochs, as in \"10, 20\", after each of which the learning rate is multiplied by lr_scheduler_factor"},
    {"lr_scheduler_factor", HYPER_FLOAT, .min = 0, .max = 1, .min_open = true, .max_open = true, .fallback = "0.1",
     .help = "see lr_scheduler_step"},
    {"beta_1", HYPER_FLOAT, .min = 0, .max = 1, .fallback = "0.9", .when = "optimizer=adam",
     .help = "how slowly the mean of the slopes forgets"},
    {"beta_2", HYPER_FLOAT, .min = 0, .max = 1, .fallback = "0.999", .when = "optimizer=adam",
     .help = "how slowly the mean of their squares forgets"},
    {"flip", HYPER_BOOLEAN, .fallback = "true",
     .help = "half of the training images are seen in a mirror (the service does it always)"},
    {"rescale", HYPER_BOOLEAN, .fallback = "true",
     .help = "half of the training images are seen smaller, somewhere on a grey ground (the service does it always)"},
    {"jitter", HYPER_BOOLEAN, .fallback = "true",
     .help = "brightness, contrast and colours of training images are shifted (the service does it always)"},
    {"crop", HYPER_BOOLEAN, .fallback = "true",
     .help = "of training images a part is seen that holds an object (the service does it always)"},
    {"freeze_layer_pattern", HYPER_TEXT, .takes_empty = true, .fallback = "",
     .help = "a regular expression; weights whose names it matches from their first letter stay as they are: "
             "^(conv1_|conv2_).*"},
    {"train_only_on_top_layer", HYPER_BOOLEAN, .fallback = "false",
     .help = "the base stays as it is; only the heads that answer learn"},
    {"reinitialize_top_layer", HYPER_CHOICE, .choices = "Auto|True|False", .fallback = "Auto",
     .help = "do the heads begin anew? Auto: not where an earlier model is gone on from"},
    {"early_stopping", HYPER_BOOLEAN, .fallback = "false",
     .help = "end when validation:mAP does not improve; needs validation images"},
    {"early_stopping_min_epochs", HYPER_INTEGER, FROM(1), .fallback = "10", .when = "early_stopping=true",
     .help = "epochs before that may happen"},
    {"early_stopping_patience", HYPER_INTEGER, FROM(1), .fallback = "5", .when = "early_stopping=true",
     .help = "epochs in a row that may bring no improvement"},
    {"early_stopping_tolerance", HYPER_FLOAT, BETWEEN(0, 1), .fallback = "0.0", .when = "early_stopping=true",
     .help = "gain of validation:mAP that counts, as a share of the best before"},
    {"early_stopping_min_delta", HYPER_FLOAT, BETWEEN(0, 1), .fallback = "0.0", .when = "early_stopping=true",
     .help = "the same as a difference"},
    {"label_width", HYPER_INTEGER, FROM(1), .fallback = "350",
     .help = "room for the labels of an image: 2 and 5 numbers for each object; images with more objects are refused"},
    {"nms_threshold", HYPER_FLOAT, ABOVE(0, 1), .fallback = "0.45",
     .help = "of two boxes of a class that overlap by more (intersection over union), only the surer is answered"},
    {"overlap_threshold", HYPER_FLOAT, ABOVE(0, 1), .fallback = "0.5",
     .help = "a box hits an object when they overlap by more than this; for mAP"},
    {"kv_store", HYPER_CHOICE, .choices = "dist_sync|dist_async",
     .help = "how ranks exchange: dist_sync, all take each step together; dist_async is refused"},
    {"epsilon", HYPER_FLOAT, BETWEEN(0, 1), .not_yet = "optimisers use 1e-8 here (adadelta 1e-6), and it cannot be set",
     .help = "the small number that optimisers add to a divisor"},
    {"rho", HYPER_FLOAT, BETWEEN(0, 1), .not_yet = "adadelta and rmsprop use 0.9 here, and it cannot be set",
     .help = "how slowly adadelta and rmsprop forget"},
    {"initial_accumulator_value", HYPER_FLOAT, BETWEEN(0, 1),
     .not_yet = "adagrad begins at 0 here, and it cannot be set", .help = "what adagrad's sums of squares begin with"},
    {0},
};

static int check(const struct settings *s, struct error *err)
{
    struct detection_design d;
    return detection_design_read(&d, s, err);
}

static const char *const content_types[] = {
    "image/jpeg", "image/png", "application/x-image", "application/x-recordio", "application/jsonlines", NULL};
static const char *const channels[] = {"train", "validation", "test", "train_annotation", "validation_annotation",
                                       "model", NULL};
static const char *const pictures[] = {"images", "detections", "precision", NULL};
static const char *const made_data[] = {"shapes40", NULL};
static const char *const files[] = {DETECTION_FILE, NULL};

const struct algorithm object_detection = {
    .name = "object-detection",
    .title = "Object Detection",
    .data = DATA_IMAGES,
    .hyperparameters = hyperparameters,
    .content_types = content_types,
    .channels = channels,
    .pictures = pictures,
    .generators = made_data,
    .takes_pipe = true,
    .takes_gpu = true,
    .check = check,
    .train = detection_train,
    .model_files = files,
    .load = detection_load,
    .unload = detection_unload,
    .invoke = detection_invoke,
    .accepts = detection_accepts,
};
