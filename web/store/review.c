#include <stdio.h>
#include <string.h>

#include "web/store/internal.h"

struct adding {
    const struct review *review;
    struct review *stored;
    struct schedule *after;
    bool known;
};

/* A row of REVIEW_COLUMNS. */
static struct review read_review(struct query *q)
{
    struct review review = {.grade = (enum grade)query_int(q, 2),
                            .chosen = query_int(q, 3),
                            .elapsed_ms = query_int(q, 4),
                            .at_ms = query_integer(q, 5)};
    snprintf(review.id, sizeof review.id, "%s", query_text(q, 0));
    snprintf(review.card, sizeof review.card, "%s", query_text(q, 1));
    return review;
}

/* 1: known already, and then it has to be the same answer. */
static int find_review(struct connection *c, const struct review *review, struct review *stored, struct schedule *after,
                       struct error *err)
{
    struct query q = query_start(c, REVIEW_GET);
    int rc;
    query_bind_text(&q, 1, review->id);
    rc = query_step(&q, err);
    if (rc == 1) {
        *stored = read_review(&q);
        *after = query_schedule(&q, 6);
        if (strcmp(stored->card, review->card) != 0 || stored->grade != review->grade)
            rc = error_set(err, ERROR_INPUT, "id", "send every answer under an id of its own",
                           "a different answer is stored under this id already");
    }
    query_end(&q);
    return rc;
}

static int find_schedule(struct connection *c, const char *card, struct schedule *schedule, struct error *err)
{
    struct query q = query_start(c, SCHEDULE_GET);
    int rc;
    query_bind_text(&q, 1, card);
    rc = query_step(&q, err);
    if (rc == 1)
        *schedule = query_schedule(&q, 0);
    if (rc == 0)
        rc = error_set(err, ERROR_INPUT, "card", "load the page again", "there is no card '%s'", card);
    query_end(&q);
    return rc < 0 ? -1 : 0;
}

static int insert_review(struct connection *c, const struct review *review, const struct schedule *before,
                         const struct schedule *after, struct error *err)
{
    struct query q = query_start(c, REVIEW_ADD);
    query_bind_text(&q, 1, review->id);
    query_bind_text(&q, 2, review->card);
    query_bind_integer(&q, 3, review->grade);
    query_bind_integer(&q, 4, review->chosen);
    query_bind_integer(&q, 5, review->elapsed_ms);
    query_bind_integer(&q, 6, review->at_ms);
    query_bind_schedule(&q, 7, before);
    query_bind_schedule(&q, 7 + QUERY_SCHEDULE_COLUMNS, after);
    return query_run(&q, err);
}

static int set_schedule(struct connection *c, const char *card, const struct schedule *schedule, struct error *err)
{
    struct query q = query_start(c, SCHEDULE_SET);
    query_bind_text(&q, 1, card);
    query_bind_schedule(&q, 2, schedule);
    return query_run(&q, err);
}

static int add_job(struct connection *c, void *context, struct error *err)
{
    struct adding *adding = context;
    const struct review *review = adding->review;
    struct schedule before = {0};
    int rc = find_review(c, review, adding->stored, adding->after, err);
    adding->known = rc == 1;
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    if (find_schedule(c, review->card, &before, err))
        return -1;
    *adding->stored = *review;
    *adding->after = schedule_answer(&before, review->grade, review->at_ms, schedule_seed(review->card, before.reps));
    if (insert_review(c, review, &before, adding->after, err))
        return -1;
    return set_schedule(c, review->card, adding->after, err);
}

int store_review_add(struct store *s, const struct review *review, struct review *stored, struct schedule *after,
                     struct error *err)
{
    struct adding adding = {.review = review, .stored = stored, .after = after};
    if (writer_do(store_writer(s), add_job, &adding, err))
        return -1;
    return adding.known ? 0 : 1;
}

int store_reviews_each(struct store *s, const char *before, int limit,
                       void (*each)(void *context, const struct review *review, int64_t due_ms), void *context,
                       struct error *err)
{
    struct connection *c = store_reader(s, err);
    struct query q;
    int rc;
    if (!c)
        return -1;
    q = query_start(c, REVIEW_LIST);
    query_bind_text(&q, 1, before);
    query_bind_integer(&q, 2, limit);
    while ((rc = query_step(&q, err)) == 1) {
        struct review review = read_review(&q);
        each(context, &review, query_integer(&q, 6));
    }
    query_end(&q);
    return rc;
}
