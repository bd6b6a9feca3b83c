#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "web/app.h"
#include "web/lab/lab.h"
#include "web/reply.h"
#include "web/route.h"

void handle_health(struct request *r)
{
    struct app *app = request_app(r);
    struct str body = {0};
    struct json j = json_begin(&body);
    int running = 0, queued = 0;
    lab_counts(app->lab, &running, &queued);
    json_object(&j, NULL);
    json_string(&j, "status", "ok");
    json_float(&j, "uptime_s", clock_seconds() - app->started);
    json_string(&j, "version", FLASHLAB_VERSION);
    json_object(&j, "runs");
    json_integer(&j, "running", running);
    json_integer(&j, "queued", queued);
    json_end(&j);
    json_integer(&j, "watchers", (long long)hub_watchers(lab_hub(app->lab)));
    json_end(&j);
    reply_json(r, 200, &body);
}
