/* The worker against programs that behave badly, written as shell scripts; the real trainer is driven by runs.test.mjs.
 */
#include "web/lab/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "engine/base/clock.h"

#define DONE "echo '{\"event\":\"end\",\"status\":\"done\"}'"

static void add_line(void *context, const char *line, size_t len)
{
    struct str *text = context;
    if (text->len < 4096) {
        str_append(text, line, len);
        str_putc(text, '\n');
    }
}

static struct worker *start(const char *script, double seconds, struct str *said)
{
    const char *const args[] = {"-c", script, NULL};
    struct error err = {0};
    struct worker *w = worker_start("/bin/sh", args, seconds, add_line, said, &err);
    if (!w)
        fail_msg("%s", err.what);
    return w;
}

/* Serves until the end, as the lab's thread does; calls `meddle` once when the first line has come. */
static enum worker_result see_through(struct worker *w, struct str *said, void (*meddle)(struct worker *),
                                      struct error *err)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    enum worker_result result;
    assert_int_equal(worker_watch(w, epoll), 0);
    while (!worker_ended(w)) {
        struct epoll_event event;
        epoll_wait(epoll, &event, 1, (int)(worker_patience(w) * 1000) + 1);
        worker_serve(w);
        if (meddle && said->len > 0) {
            meddle(w);
            meddle = NULL;
        }
    }
    *err = (struct error){0};
    result = worker_finish(w, err);
    close(epoll);
    return result;
}

static enum worker_result run(const char *script, double seconds, struct str *said, struct error *err)
{
    str_clear(said);
    return see_through(start(script, seconds, said), said, NULL, err);
}

static void reads_lines_and_the_end(void **state)
{
    struct str said = {0};
    struct error err;
    (void)state;
    assert_int_equal(
        run("echo '{\"event\":\"start\"}'; printf '{\"event\":'; sleep 0.05; echo '\"log\"}'; " DONE, 20, &said, &err),
        WORKER_DONE);
    assert_string_equal(str_text(&said), "{\"event\":\"start\"}\n{\"event\":\"log\"}\n"
                                         "{\"event\":\"end\",\"status\":\"done\"}\n");
    str_free(&said);
}

/* What a program ends with, and what people are told about it. */
static void says_how_it_went(void **state)
{
    static const struct {
        const char *script;
        enum worker_result result;
        const char *what, *where;
    } cases[] = {
        {DONE, WORKER_DONE, "", ""},
        {"echo '{\"event\":\"end\",\"status\":\"stopped\"}'", WORKER_STOPPED, "", ""},
        {"echo '{\"event\":\"error\",\"what\":\"l1 is bad\",\"where\":\"l1\",\"fix\":\"x\"}'; exit 1", WORKER_FAILED,
         "l1 is bad", "l1"},
        {"exit 0", WORKER_FAILED, "exit status 0 without saying anything", "nothing on standard error"},
        {"echo '{\"event\":\"start\"}'", WORKER_FAILED, "exit status 0 in the middle of its work", ""},
        {DONE "; exit 2", WORKER_FAILED, "exit status 2 after it had said \"done\"", ""},
        {DONE "; echo '{\"event\":\"log\"}'", WORKER_FAILED, "exit status 0 in the middle of its work", ""},
        {"echo '{\"event\":\"error\",\"what\":\"x\"}'; exit 0", WORKER_FAILED, "after it had reported an error", ""},
        {"echo one >&2; echo 'out of luck' >&2; exit 3", WORKER_FAILED, "exit status 3",
         "it last said: one out of luck"},
        {"kill -9 $$", WORKER_FAILED, "Trainer stopped: killed by signal 9 (SIGKILL)", "nothing on standard error"},
        {"echo ouch >&2; kill -SEGV $$", WORKER_FAILED, "crashed with signal 11 (SIGSEGV)", "it last said: ouch"},
        {DONE "; kill -ABRT $$", WORKER_FAILED, "crashed with signal 6 (SIGABRT)", ""},
        {"ulimit -S -t 1; while :; do :; done", WORKER_FAILED, "more processor time than a run may", ""},
        {"echo garbage; sleep 30", WORKER_FAILED, "not an event", "line 1 of the trainer's output"},
        {"while :; do echo '{\"event\":\"log\"}'; done; sleep 30", WORKER_FAILED, "more than 20,000 lines", ""},
        {"head -c 300000 /dev/zero | tr '\\0' x; sleep 30", WORKER_FAILED, "a line of more than 256 KB", ""},
        {"exec cat /dev/zero", WORKER_FAILED, "a line of more than 256 KB", ""},
        {"printf '{\"event\":\"end\",\"status\":\"done\"}'", WORKER_FAILED, "without saying anything", ""},
    };
    struct str said = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err;
        enum worker_result result = run(cases[i].script, 60, &said, &err);
        if (result != cases[i].result || !strstr(err.what, cases[i].what) || !strstr(err.where, cases[i].where))
            fail_msg("`%s` ended as %d: '%s', '%s'", cases[i].script, (int)result, err.what, err.where);
        if (result == WORKER_FAILED && !*err.fix && !strstr(cases[i].script, "\"error\""))
            fail_msg("`%s` says nothing about what to do", cases[i].script);
    }
    str_free(&said);
}

static void ends_what_takes_too_long(void **state)
{
    struct str said = {0};
    struct error err;
    (void)state;
    assert_int_equal(run("sleep 600", 0.1, &said, &err), WORKER_FAILED);
    assert_non_null(strstr(err.what, "longer than the 0.1 seconds"));
    assert_int_equal(err.code, ERROR_LIMIT);
    /* and one that does not listen: SIGTERM is ignored, SIGKILL is not */
    assert_int_equal(run("trap '' TERM; while :; do sleep 0.1; done", 0.1, &said, &err), WORKER_FAILED);
    assert_non_null(strstr(err.what, "longer than the 0.1 seconds"));
    str_free(&said);
}

static void kill_it(struct worker *w)
{
    kill(worker_pid(w), SIGKILL);
}

/* Its child lives on and holds the pipes open: the end is noticed all the same, and the child is ended too. */
static void notices_an_end_behind_open_pipes(void **state)
{
    struct str said = {0}, pid = {0};
    struct error err;
    long child;
    double until = clock_seconds() + 60;
    struct worker *w =
        start("sleep 600 & echo '{\"event\":\"log\",\"child\":'$!'}'; while :; do sleep 0.1; done", 60, &said);
    (void)state;
    assert_int_equal(see_through(w, &said, kill_it, &err), WORKER_FAILED);
    assert_non_null(strstr(err.what, "killed by signal 9 (SIGKILL)"));
    child = strtol(strstr(str_text(&said), "child\":") + 7, NULL, 10);
    assert_true(child > 0);
    for (char state_letter = 'R'; state_letter != 'Z' && clock_seconds() < until; clock_sleep(0.005)) {
        FILE *stat;
        str_clear(&pid);
        str_printf(&pid, "/proc/%ld/stat", child);
        stat = fopen(str_text(&pid), "re");
        if (!stat)
            break; /* gone for good */
        if (fscanf(stat, "%*d %*s %c", &state_letter) != 1)
            state_letter = 'Z';
        fclose(stat);
    }
    assert_true(clock_seconds() < until);
    str_free(&said);
    str_free(&pid);
}

static void stop_it(struct worker *w)
{
    worker_stop(w);
    worker_stop(w); /* twice is fine */
}

static void stops_when_asked(void **state)
{
    struct str said = {0};
    struct error err;
    (void)state;
    assert_int_equal(see_through(start("echo '{\"event\":\"start\"}'; sleep 600", 60, &said), &said, stop_it, &err),
                     WORKER_STOPPED);
    str_clear(&said);
    assert_int_equal(
        see_through(start("trap 'echo \"{\\\"event\\\":\\\"end\\\",\\\"status\\\":\\\"stopped\\\"}\"; exit 0' TERM; "
                          "echo '{\"event\":\"start\"}'; while :; do sleep 0.05; done",
                          60, &said),
                    &said, stop_it, &err),
        WORKER_STOPPED);
    assert_non_null(strstr(str_text(&said), "stopped"));
    str_free(&said);
}

/* Standard input is empty, nothing of the server is open, no signal is ignored, the environment is its own. */
static void gives_it_nothing_of_the_server(void **state)
{
    struct str said = {0};
    struct error err;
    int open_here = dup2(STDIN_FILENO, 77); /* without close-on-exec, on purpose */
    (void)state;
    assert_int_equal(open_here, 77);
    setenv("SECRET", "x", 1);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(run("test -z \"$SECRET\" && test \"$OPENBLAS_NUM_THREADS\" = 1 && ! read line && "
                         "test ! -e /proc/$$/fd/3 && test ! -e /proc/$$/fd/77 && "
                         "grep -q '^SigIgn:.*0000$' /proc/$$/status && " DONE,
                         20, &said, &err),
                     WORKER_DONE);
    close(open_here);
    signal(SIGPIPE, SIG_DFL);
    str_free(&said);
}

static void names_a_missing_program(void **state)
{
    const char *const args[] = {NULL};
    struct error err = {0};
    (void)state;
    assert_null(worker_start("/nowhere/flashlab-engine", args, 1, add_line, NULL, &err));
    assert_string_equal(err.where, "/nowhere/flashlab-engine");
    assert_non_null(strstr(err.fix, "--engine"));
}

static int ask(const char *script, double seconds, struct str *answer, struct error *err)
{
    const char *const args[] = {"-c", script, NULL};
    str_clear(answer);
    return worker_ask("/bin/sh", args, seconds, 1000, answer, err);
}

static void asks_short_questions(void **state)
{
    struct str answer = {0};
    struct error err = {0};
    (void)state;
    assert_int_equal(ask("echo hello; echo warning >&2", 20, &answer, &err), 0);
    assert_string_equal(str_text(&answer), "hello\n");
    assert_int_equal(ask("echo no such option >&2; exit 1", 20, &answer, &err), -1);
    assert_non_null(strstr(err.what, "no such option"));
    assert_int_equal(ask("sleep 600", 0.1, &answer, &err), -1);
    assert_int_equal(ask("exec cat /dev/zero", 20, &answer, &err), -1);
    assert_non_null(strstr(err.fix, "--engine"));
    str_free(&answer);
}

static int feed(const char *script, const char *input, double seconds, struct str *answer, struct error *err)
{
    const char *const args[] = {"-c", script, NULL};
    str_clear(answer);
    return worker_feed("/bin/sh", args, input, strlen(input), seconds, 100, answer, err);
}

static void feeds_and_takes_the_answer(void **state)
{
    struct str answer = {0};
    struct error err;
    (void)state;
    assert_int_equal(feed("tr a-z A-Z", "some rows", 20, &answer, &err), 0);
    assert_string_equal(str_text(&answer), "SOME ROWS");
    assert_int_equal(feed("cat", "", 20, &answer, &err), 0);
    assert_int_equal(answer.len, 0);
    assert_int_equal(
        feed("echo noise >&2; echo '{\"event\":\"error\",\"what\":\"A\",\"where\":\"B\",\"fix\":\"C\"}' >&2;"
             "exit 1",
             "x", 20, &answer, &err),
        -1);
    assert_int_equal(err.code, ERROR_INPUT);
    assert_string_equal(err.what, "A");
    assert_string_equal(err.fix, "C");
    assert_int_equal(feed("exit 2", "x", 20, &answer, &err), -1);
    assert_int_equal(err.code, ERROR_SYSTEM);
    assert_int_equal(feed("kill -9 $$", "x", 20, &answer, &err), -1);
    assert_int_equal(err.code, ERROR_SYSTEM);
    assert_int_equal(feed("sleep 30", "x", 0.1, &answer, &err), -1);
    assert_int_equal(err.code, ERROR_SYSTEM);
    assert_int_equal(feed("yes", "x", 20, &answer, &err), -1);
    assert_int_equal(err.code, ERROR_SYSTEM);
    str_free(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lines_and_the_end),    cmocka_unit_test(says_how_it_went),
        cmocka_unit_test(ends_what_takes_too_long),   cmocka_unit_test(notices_an_end_behind_open_pipes),
        cmocka_unit_test(stops_when_asked),           cmocka_unit_test(gives_it_nothing_of_the_server),
        cmocka_unit_test(names_a_missing_program),    cmocka_unit_test(asks_short_questions),
        cmocka_unit_test(feeds_and_takes_the_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
