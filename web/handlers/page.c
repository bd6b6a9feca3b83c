#include "web/reply.h"
#include "web/route.h"

void handle_page(struct request *r)
{
    reply_page(r, 200);
}

/* A version other than the current one is answered too, but not to be kept: a page may be older than the server. */
void handle_asset(struct request *r)
{
    reply_asset(r, request_path_value(r, "rest"));
}
