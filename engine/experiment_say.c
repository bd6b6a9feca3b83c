#include "engine/experiment_say.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static void write_command(const struct run *r, char *out, size_t size)
{
    char pace[40] = "";
    if (r->pace > 0 && r->pace != r->plan->pace)
        snprintf(pace, sizeof pace, " --pace %g", r->pace);
    snprintf(out, size, "flashlab-engine experiment %.200s%s --seed %llu%s", r->asked, r->plan->flip ? " --flip" : "",
             (unsigned long long)r->seed, pace);
}

static void write_arms(struct json *j, const struct plan *p)
{
    json_array(j, "arms");
    for (int i = 0; i < 2; i++) {
        const struct plan_arm *arm = &p->arms[i];
        json_object(j, NULL);
        json_string(j, "name", arm->name);
        json_string(j, "label", arm->label);
        json_object(j, "settings");
        for (int k = 0; k < arm->settings.count; k++)
            if (!arm->tuned || strcmp(arm->settings.items[k].name, arm->tuned) != 0)
                json_string(j, arm->settings.items[k].name, arm->settings.items[k].value);
        json_end(j);
        json_string(j, "tuned", arm->tuned);
        json_array(j, "grid");
        for (int k = 0; arm->tuned && k < arm->value_count; k++)
            json_string(j, NULL, arm->values[k]);
        json_end(j);
        json_end(j);
    }
    json_end(j);
}

void experiment_say_start(struct run *r)
{
    const struct plan *p = r->plan;
    char command[320];
    struct event e;
    write_command(r, command, sizeof command);
    event_begin(&e, r->sink, "start");
    json_string(&e.json, "algorithm", p->algorithm->name);
    json_string(&e.json, "experiment", p->id);
    json_bool(&e.json, "flip", p->flip);
    json_string(&e.json, "title", p->title);
    json_string(&e.json, "claim", p->claim);
    json_string(&e.json, "data", p->data);
    json_string(&e.json, "data_says", p->data_says);
    write_arms(&e.json, p);
    json_object(&e.json, "measure");
    json_string(&e.json, "metric", p->measure.metric);
    json_string(&e.json, "label", p->measure.label);
    json_string(&e.json, "direction", p->measure.larger_is_better ? "max" : "min");
    json_end(&e.json);
    json_number(&e.json, "band", p->rule.band);
    json_number(&e.json, "confidence", p->rule.confidence);
    json_object(&e.json, "seeds");
    json_integer(&e.json, "start", (long long)p->rule.start);
    json_integer(&e.json, "cap", (long long)p->rule.cap);
    json_end(&e.json);
    json_string(&e.json, "budget", p->budget);
    json_string(&e.json, "caveat", p->caveat);
    json_integer(&e.json, "seed", (long long)r->seed);
    json_integer(&e.json, "threads", 1);
    json_string(&e.json, "device", "cpu");
    json_number(&e.json, "pace", r->pace);
    json_string(&e.json, "command", command);
    event_send(&e);
}

static void write_pair(struct json *j, const struct pair *pair)
{
    json_object(j, NULL);
    json_integer(j, "seed", (long long)pair->seed);
    json_array(j, "values");
    json_number(j, NULL, pair->arms[0].value);
    json_number(j, NULL, pair->arms[1].value);
    json_end(j);
    json_number(j, "difference", pair->arms[1].value - pair->arms[0].value);
    json_array(j, "chosen");
    json_string(j, NULL, pair->arms[0].chosen);
    json_string(j, NULL, pair->arms[1].chosen);
    json_end(j);
    json_array(j, "diverged");
    json_bool(j, NULL, pair->arms[0].diverged);
    json_bool(j, NULL, pair->arms[1].diverged);
    json_end(j);
    json_end(j);
}

/* The interval is null before the second pair. */
static void write_interval(struct json *j, const struct run *r)
{
    json_number(j, "mean", r->count > 1 ? r->interval.mean : r->differences[0]);
    json_number(j, "low", r->count > 1 ? r->interval.low : NAN);
    json_number(j, "high", r->count > 1 ? r->interval.high : NAN);
}

void experiment_say_pairs(struct run *r)
{
    struct event e;
    event_begin(&e, r->sink, "picture");
    json_string(&e.json, "kind", "pairs");
    json_object(&e.json, "data");
    json_string(&e.json, "metric", r->plan->measure.metric);
    json_array(&e.json, "rows");
    for (size_t i = 0; i < r->count; i++)
        write_pair(&e.json, &r->pairs[i]);
    json_end(&e.json);
    write_interval(&e.json, r);
    json_end(&e.json);
    json_number(&e.json, "t", event_time(r->sink));
    event_send(&e);
}

static bool always_both_diverged(const struct run *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (!r->pairs[i].arms[0].diverged || !r->pairs[i].arms[1].diverged)
            return false;
    return true;
}

static const char *verdict_word(const struct run *r, enum stats_decision decision)
{
    if (always_both_diverged(r))
        return "untestable";
    if (decision == STATS_UNDECIDED)
        return "too_close";
    return decision == (r->plan->expected_sign > 0 ? STATS_ABOVE : STATS_BELOW) ? "confirmed" : "refuted";
}

/* Decimals that show the band with two digits and more, the same for every number of a sentence. */
static int verdict_decimals(const struct run *r)
{
    double band = r->plan->rule.band;
    int decimals = band > 0 ? 1 - (int)floor(log10(band)) : 3;
    return decimals < 0 ? 0 : decimals > 9 ? 9 : decimals;
}

/* "+0.107", or with the typographer's minus. */
static const char *signed_number(char text[32], double value, int decimals)
{
    snprintf(text, 32, "%s%.*f", value < 0 ? "\xE2\x88\x92" : "+", decimals, fabs(value));
    return text;
}

/* One sentence in plain words, and a second where the effect is real but smaller than the catalogue expected. */
static void verdict_text(const struct run *r, const char *word, enum stats_decision decision, struct str *out)
{
    const struct plan *p = r->plan;
    const char *first = p->arms[0].label, *second = p->arms[1].label, *label = p->measure.label;
    int d = verdict_decimals(r);
    char interval[160], low[32], high[32], mean[32];
    signed_number(mean, r->interval.mean, d);
    snprintf(interval, sizeof interval, "(%.4g %% interval %s to %s, %zu seeds)", 100 * p->rule.confidence,
             signed_number(low, r->interval.low, d), signed_number(high, r->interval.high, d), r->count);
    if (!strcmp(word, "untestable"))
        str_printf(out, "Cannot be tested here: both arms diverged with every seed.");
    else if (decision == STATS_UNDECIDED)
        str_printf(out,
                   "Too close to call: “%s” against “%s” changes the %s by %s, and the interval neither clears nor "
                   "fits into the band of %.3g that does not matter %s.",
                   second, first, label, mean, p->rule.band, interval);
    else if (decision == STATS_WITHIN)
        str_printf(out, "Refuted: it makes no difference. “%s” against “%s” changes the %s by %s, less than %.3g %s.",
                   second, first, label, mean, p->rule.band, interval);
    else
        str_printf(out, "%s: “%s” has a %s that is %.*f %s than “%s” %s.",
                   !strcmp(word, "confirmed") ? "Confirmed" : "Refuted", second, label, d, fabs(r->interval.mean),
                   decision == STATS_ABOVE ? "higher" : "lower", first, interval);
    if (!strcmp(word, "confirmed") && fabs(r->interval.mean) < p->expected_size)
        str_printf(out, " That is less than the %.3g expected.", p->expected_size);
}

void experiment_say_verdict(struct run *r, enum stats_decision decision)
{
    const char *word = verdict_word(r, decision);
    struct str text = {0};
    struct event e;
    verdict_text(r, word, decision, &text);
    event_begin(&e, r->sink, "verdict");
    json_string(&e.json, "verdict", word);
    write_interval(&e.json, r);
    json_number(&e.json, "confidence", r->plan->rule.confidence);
    json_integer(&e.json, "seeds", (long long)r->count);
    json_string(&e.json, "metric", r->plan->measure.metric);
    json_string(&e.json, "text", str_text(&text));
    json_bool(&e.json, "flip", r->plan->flip);
    json_string(&e.json, "condition", r->plan->condition);
    json_number(&e.json, "t", event_time(r->sink));
    event_send(&e);
    str_free(&text);
}

void experiment_say_end(struct run *r)
{
    struct rusage usage = {0};
    struct event e;
    getrusage(RUSAGE_SELF, &usage);
    event_begin(&e, r->sink, "end");
    json_string(&e.json, "status", r->sink->stopped ? "stopped" : "done");
    json_number(&e.json, "t", event_time(r->sink));
    json_integer(&e.json, "seeds", (long long)r->count);
    json_integer(&e.json, "peak_memory_bytes", (long long)usage.ru_maxrss * 1024);
    event_send(&e);
}

void experiment_say_contour(struct run *r, const struct plan_arm *arm, const struct contour *c)
{
    struct event e;
    r->sink->arm = arm->name;
    r->sink->seed = (long long)r->seed;
    event_begin(&e, r->sink, "picture");
    json_string(&e.json, "kind", "contour");
    contour_write(&e.json, c, &r->parts.table[PART_TRAIN]);
    json_number(&e.json, "t", event_time(r->sink));
    event_send(&e);
    r->sink->arm = NULL;
}
