/* Reads images with boxes, in the service's ways:
 *
 *   image/jpeg, image/png, application/x-image   a folder of images (subfolders too), and a second folder of one JSON
 *                                                per image, NAME.json: {"file",
 * "image_size":[{"width","height","depth"}], "annotations":[{"class_id","left","top","width","height"}..],
 *                                                "categories":[{"class_id","name"}..]}, pixels from the upper left
 *   application/x-recordio                       MXNet's image records (.rec): a head of 24 bytes, the labels [2, 5,
 *                                                (class, left, top, right, bottom)..] as fractions, the image. Or, as
 * the pipe of an augmented manifest sends it: by turns an image and its JSON application/jsonlines the augmented
 * manifest itself: {"source-ref": path, NAME: {"image_size", "annotations"}, ..} a line; paths lie beside the file;
 * s3:// is refused
 *
 * A box outside its image, turned around or empty, a class id that is no whole number from 0, sizes that differ from
 * the image's, an image without annotation and an annotation without image are refused with the name of the file. An
 * image whose annotations are an empty list is fine: it holds nothing. */
#ifndef FORMAT_IMAGES_H
#define FORMAT_IMAGES_H

#include "engine/data/images.h"
#include "engine/format/format.h"

/* A whole channel. `annotation`: the folder of the JSON files, NULL where the content type needs none. Pipe mode as
 * text.h. Frees what it had read when it fails. */
int images_read(const struct channel *channel, const char *annotation, int epoch, struct images *s, struct error *err);

#endif
