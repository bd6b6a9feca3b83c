/* Data that a learner brings: stored, to be named by a run; X-Upload adds a file to an upload that is there. What is in
 * them is for the trainer to read and judge. */
#include <stdio.h>

#include "engine/base/json.h"
#include "web/app.h"
#include "web/lab/uploads.h"
#include "web/reply.h"
#include "web/route.h"

void handle_upload_add(struct request *r)
{
    const char *name = request_header(r, "X-Filename"), *into = request_header(r, "X-Upload");
    char id[UPLOAD_ID_LENGTH + 1] = "", stored[UPLOAD_NAME_MAX + 1];
    struct str body = {0};
    struct json j = json_begin(&body);
    struct error err;
    size_t len;
    const void *bytes = request_bytes(r, &len);
    if (!bytes)
        return;
    if (len == 0) {
        reply_error(r, 400, "empty", NULL, "The file is empty: there is nothing to train on.");
        return;
    }
    if (into && (size_t)snprintf(id, sizeof id, "%s", into) >= sizeof id) {
        reply_error(r, 400, "invalid_field", "X-Upload", "X-Upload must be the id of an upload.");
        return;
    }
    if (uploads_add(request_app(r)->config.data, name ? name : "data.csv", bytes, len, id, stored, &err) < 0) {
        reply_failure(r, &err);
        return;
    }
    json_object(&j, NULL);
    json_string(&j, "id", id);
    json_string(&j, "name", stored);
    json_integer(&j, "bytes", (long long)len);
    json_end(&j);
    reply_json(r, 201, &body);
}
