#include "web/lab/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "engine/base/clock.h"

#define READ_BYTES 65536
#define GRACE_SECONDS 2.0 /* between SIGTERM and SIGKILL */
#define TAIL_BYTES 2048   /* of standard error, for the message about a crash */
#define MAX_ARGS 200

enum reason { REASON_NONE, REASON_ASKED, REASON_TIME, REASON_BROKEN };

/* A program with pipes at its outputs. */
struct process {
    pid_t pid;
    int handle;   /* pidfd: readable when it has ended */
    int out, err; /* our ends, non-blocking; -1 when closed */
};

struct worker {
    struct process process;
    struct transcript transcript;
    transcript_line each;
    void *context;
    char *buffer;
    char tail[TAIL_BYTES];
    size_t tail_len;
    double limit;    /* seconds it may take */
    double deadline; /* clock_seconds(): SIGTERM then; once ending, SIGKILL then */
    enum reason reason;
    struct error broken; /* for REASON_BROKEN */
    bool ending, ended;
    int status; /* of waitpid */
};

/* --- starting ----------------------------------------------------------------------------------------------------- */

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
            close(pair[i]);
}

static void process_close(struct process *p)
{
    int all[] = {p->handle, p->out, p->err};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] >= 0)
            close(all[i]);
    p->handle = p->out = p->err = -1;
}

/* Its own process group, no signal blocked or ignored, nothing open but 0, 1, 2. Returns an errno. */
static int spawn(pid_t *pid, const char *program, char *const *arguments, int in, int out, int err)
{
    static char threads[] = "OPENBLAS_NUM_THREADS=1", path[] = "PATH=/usr/local/bin:/usr/bin:/bin",
                lang[] = "LANG=C.UTF-8";
    char *const environment[] = {threads, path, lang, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, every;
    int failed;
    sigemptyset(&none);
    sigfillset(&every);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    if ((failed = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                                            POSIX_SPAWN_SETSIGMASK)) == 0 &&
        (failed = posix_spawnattr_setsigmask(&attributes, &none)) == 0 &&
        (failed = posix_spawnattr_setsigdefault(&attributes, &every)) == 0 &&
        (failed = in >= 0 ? posix_spawn_file_actions_adddup2(&files, in, 0)
                          : posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)) == 0 &&
        (failed = posix_spawn_file_actions_adddup2(&files, out, 1)) == 0 &&
        (failed = posix_spawn_file_actions_adddup2(&files, err, 2)) == 0 &&
        (failed = posix_spawn_file_actions_addclosefrom_np(&files, 3)) == 0)
        failed = posix_spawn(pid, program, &files, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failed;
}

/* `in` becomes standard input; -1: nothing to read. */
static int process_start(struct process *p, const char *program, const char *const *args, int in, struct error *err)
{
    char *arguments[MAX_ARGS + 2] = {(char *)program}; /* posix_spawn takes char *const, and changes nothing */
    int out[2] = {-1, -1}, errors[2] = {-1, -1}, failed = 0;
    *p = (struct process){.handle = -1, .out = -1, .err = -1};
    for (int i = 0; args[i]; i++) {
        if (i >= MAX_ARGS)
            return error_set(err, ERROR_INPUT, NULL, "give fewer settings", "A run has more than %d arguments",
                             MAX_ARGS);
        arguments[i + 1] = (char *)args[i];
    }
    if (pipe2(out, O_CLOEXEC) < 0 || pipe2(errors, O_CLOEXEC) < 0 || fcntl(out[0], F_SETFL, O_NONBLOCK) < 0 ||
        fcntl(errors[0], F_SETFL, O_NONBLOCK) < 0)
        failed = errno;
    if (!failed)
        failed = spawn(&p->pid, program, arguments, in, out[1], errors[1]);
    if (failed) {
        close_pair(out);
        close_pair(errors);
        return error_set(err, ERROR_SYSTEM, program, "name the trainer with --engine PATH",
                         "The trainer could not be started: %s", strerror(failed));
    }
    close(out[1]);
    close(errors[1]);
    p->out = out[0];
    p->err = errors[0];
    p->handle = (int)syscall(SYS_pidfd_open, p->pid, 0);
    if (p->handle >= 0)
        return 0;
    failed = errno;
    kill(-p->pid, SIGKILL);
    waitpid(p->pid, NULL, 0);
    process_close(p);
    return error_set(err, ERROR_SYSTEM, program, "run the server on Linux 5.3 or later",
                     "The trainer cannot be watched: %s", strerror(failed));
}

struct worker *worker_start(const char *program, const char *const *args, double seconds, transcript_line each,
                            void *context, struct error *err)
{
    struct worker *w = calloc(1, sizeof *w);
    char *buffer = malloc(READ_BYTES);
    if (!w || !buffer) {
        error_set(err, ERROR_SYSTEM, NULL, "try again later", "The server is out of memory");
    } else if (process_start(&w->process, program, args, -1, err) == 0) {
        w->each = each;
        w->context = context;
        w->buffer = buffer;
        w->limit = seconds;
        w->deadline = clock_seconds() + seconds;
        return w;
    }
    free(w);
    free(buffer);
    return NULL;
}

pid_t worker_pid(const struct worker *w)
{
    return w->process.pid;
}

int worker_watch(struct worker *w, int epoll)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = w};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, w->process.out, &event) == 0 &&
                   epoll_ctl(epoll, EPOLL_CTL_ADD, w->process.err, &event) == 0 &&
                   epoll_ctl(epoll, EPOLL_CTL_ADD, w->process.handle, &event) == 0
               ? 0
               : -1;
}

/* --- reading and ending ------------------------------------------------------------------------------------------- */

static void end_for(struct worker *w, enum reason reason)
{
    if (w->ending || w->ended)
        return;
    w->ending = true;
    w->reason = reason;
    w->deadline = clock_seconds() + GRACE_SECONDS;
    kill(-w->process.pid, reason == REASON_BROKEN ? SIGKILL : SIGTERM); /* not reaped: the number is still its own */
}

void worker_stop(struct worker *w)
{
    end_for(w, REASON_ASKED);
}

/* Reads once. Returns false when there is nothing more for now; closes the descriptor at its end. */
static bool read_some(int *fd, char *buffer, size_t *len)
{
    ssize_t n = *fd >= 0 ? read(*fd, buffer, READ_BYTES) : 0;
    *len = n > 0 ? (size_t)n : 0;
    if (*fd >= 0 && (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))) {
        close(*fd);
        *fd = -1;
    }
    return n > 0;
}

static bool read_output(struct worker *w)
{
    size_t len;
    if (!read_some(&w->process.out, w->buffer, &len))
        return false;
    if (w->reason != REASON_BROKEN &&
        transcript_feed(&w->transcript, w->buffer, len, w->each, w->context, &w->broken) < 0) {
        end_for(w, REASON_BROKEN);
        w->reason = REASON_BROKEN; /* also when it was ending for another reason */
    }
    return w->reason != REASON_BROKEN;
}

static bool read_errors(struct worker *w)
{
    size_t len, kept;
    if (!read_some(&w->process.err, w->buffer, &len))
        return false;
    if (len >= TAIL_BYTES) {
        memcpy(w->tail, w->buffer + len - TAIL_BYTES, TAIL_BYTES);
        w->tail_len = TAIL_BYTES;
        return true;
    }
    kept = w->tail_len < TAIL_BYTES - len ? w->tail_len : TAIL_BYTES - len;
    memmove(w->tail, w->tail + w->tail_len - kept, kept);
    memcpy(w->tail + kept, w->buffer, len);
    w->tail_len = kept + len;
    return true;
}

/* The trainer is gone: its children too, then what is left in the pipes, and only then its number. A pipe holds 64 KB;
 * the count keeps a child that escaped to a group of its own from writing for ever. */
static void reap(struct worker *w)
{
    kill(-w->process.pid, SIGKILL);
    for (int i = 0; i < 64 && read_output(w); i++)
        ;
    for (int i = 0; i < 64 && read_errors(w); i++)
        ;
    while (waitpid(w->process.pid, &w->status, 0) < 0 && errno == EINTR)
        ;
    w->ended = true;
}

void worker_serve(struct worker *w)
{
    struct pollfd gone = {.fd = w->process.handle, .events = POLLIN};
    if (w->ended)
        return;
    read_output(w);
    read_errors(w);
    if (poll(&gone, 1, 0) > 0) {
        reap(w);
    } else if (clock_seconds() >= w->deadline) {
        if (w->ending) {
            kill(-w->process.pid, SIGKILL);
            w->deadline += GRACE_SECONDS;
        } else {
            end_for(w, REASON_TIME);
        }
    }
}

double worker_patience(const struct worker *w)
{
    double left = w->deadline - clock_seconds();
    return left > 0 ? left : 0;
}

bool worker_ended(const struct worker *w)
{
    return w->ended;
}

/* --- what it came to ---------------------------------------------------------------------------------------------- */

/* The last words on standard error, from the beginning of a line where possible, as one line. */
static void last_words(const struct worker *w, char *out, size_t size)
{
    static const char before[] = "it last said: ";
    const char *from = w->tail, *end = w->tail + w->tail_len, *line;
    size_t room = size - sizeof before;
    while (end > from && (end[-1] == '\n' || end[-1] == ' '))
        end--;
    if ((size_t)(end - from) > room) {
        from = end - room;
        line = memchr(from, '\n', room);
        from = line ? line + 1 : from;
    }
    if (from == end) {
        snprintf(out, size, "it said nothing on standard error");
        return;
    }
    snprintf(out, size, "%s%.*s", before, (int)(end - from), from);
    for (char *c = out; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = ' ';
}

static const struct {
    int signal;
    const char *fix;
} signal_fixes[] = {
    {SIGKILL, "start it again; if it happens again, the machine is short of memory or somebody ends the process"},
    {SIGXCPU, "use less data or fewer epochs, or start the server with a larger --run-seconds"},
    {SIGTERM, "start it again; somebody ended the process"},
};

static enum worker_result killed(const struct worker *w, struct error *err)
{
    const char *fix = "this is a fault of the trainer: try other settings, and report it";
    int number = WTERMSIG(w->status);
    bool sent = false; /* a signal that somebody sends, not one that a fault raises */
    const char *name = sigabbrev_np(number);
    char where[sizeof err->where];
    for (size_t i = 0; i < sizeof signal_fixes / sizeof *signal_fixes; i++)
        if (signal_fixes[i].signal == number) {
            fix = signal_fixes[i].fix;
            sent = true;
        }
    last_words(w, where, sizeof where);
    error_set(err, ERROR_FAULT, where, fix, "Trainer stopped: %s signal %d (SIG%s)%s",
              sent ? "killed by" : "crashed with", number, name ? name : "?",
              number == SIGXCPU ? ": it used more processor time than a run may" : "");
    return WORKER_FAILED;
}

static enum worker_result disagreed(const struct worker *w, struct error *err)
{
    static const char *const said[] = {
        [LAST_NONE] = "without saying anything",         [LAST_OTHER] = "in the middle of its work",
        [LAST_DONE] = "after it had said \"done\"",      [LAST_STOPPED] = "after it had said \"stopped\"",
        [LAST_ERROR] = "after it had reported an error",
    };
    char where[sizeof err->where];
    last_words(w, where, sizeof where);
    error_set(err, ERROR_FAULT, where, "this is a fault of the trainer: try other settings, and report it",
              "Trainer stopped: it ended with exit status %d %s", WEXITSTATUS(w->status), said[w->transcript.last]);
    return WORKER_FAILED;
}

static enum worker_result judge(const struct worker *w, struct error *err)
{
    enum last_event last = w->transcript.last;
    bool exited = WIFEXITED(w->status);
    if (w->reason == REASON_BROKEN) {
        *err = w->broken;
        return WORKER_FAILED;
    }
    if (exited && WEXITSTATUS(w->status) == 0 && last == LAST_DONE)
        return WORKER_DONE; /* also when a stop came too late */
    if (w->reason == REASON_TIME) {
        error_set(err, ERROR_LIMIT, "--run-seconds",
                  "use less data or fewer epochs, or start the server with a larger --run-seconds",
                  "The run took longer than the %g seconds a run may take", w->limit);
        return WORKER_FAILED;
    }
    if (w->reason == REASON_ASKED || (exited && WEXITSTATUS(w->status) == 0 && last == LAST_STOPPED))
        return WORKER_STOPPED;
    if (!exited)
        return killed(w, err);
    if (WEXITSTATUS(w->status) != 0 && last == LAST_ERROR) {
        *err = w->transcript.reported;
        return WORKER_FAILED;
    }
    return disagreed(w, err);
}

enum worker_result worker_finish(struct worker *w, struct error *err)
{
    enum worker_result result = judge(w, err);
    process_close(&w->process);
    transcript_free(&w->transcript);
    free(w->buffer);
    free(w);
    return result;
}

/* --- short questions ---------------------------------------------------------------------------------------------- */

/* Reads both pipes until they end, the time is over, or there is too much. */
static int hear(struct process *p, double deadline, size_t max_bytes, struct str *answer, struct str *complaint)
{
    char bytes[4096];
    while (p->out >= 0 || p->err >= 0) {
        struct pollfd ready[] = {{.fd = p->out, .events = POLLIN}, {.fd = p->err, .events = POLLIN}};
        double left = deadline - clock_seconds();
        if (left <= 0 || answer->len > max_bytes || complaint->len > max_bytes)
            return -1;
        if (poll(ready, 2, (int)(left * 1000) + 1) < 0 && errno != EINTR)
            return -1;
        for (int i = 0; i < 2; i++) {
            int *fd = i == 0 ? &p->out : &p->err;
            ssize_t n = ready[i].revents && *fd >= 0 ? read(*fd, bytes, sizeof bytes) : -1;
            if (n > 0)
                str_append(i == 0 ? answer : complaint, bytes, (size_t)n);
            if (n == 0) {
                close(*fd);
                *fd = -1;
            }
        }
    }
    return 0;
}

struct reply {
    struct str *answer;
    struct str complaint;
    int status; /* of waitpid */
};

/* Starts, hears and ends the program. -1: it did not start (err), or did not end in time or within max_bytes. */
static int converse(const char *program, const char *const *args, int in, double seconds, size_t max_bytes,
                    struct reply *reply, struct error *err)
{
    struct process process;
    int heard;
    err->code = ERROR_NONE;
    if (process_start(&process, program, args, in, err) < 0)
        return -1;
    heard = hear(&process, clock_seconds() + seconds, max_bytes, reply->answer, &reply->complaint);
    if (heard < 0)
        kill(-process.pid, SIGKILL);
    while (waitpid(process.pid, &reply->status, 0) < 0 && errno == EINTR)
        ;
    process_close(&process);
    return heard;
}

static int did_not_answer(const char *program, const char *what, double seconds, size_t max_bytes,
                          const struct reply *reply, struct error *err)
{
    return error_set(err, ERROR_SYSTEM, program, "name the trainer with --engine PATH",
                     "The trainer did not answer `%s` within %g seconds and %zu bytes%s%.300s", what, seconds,
                     max_bytes, reply->complaint.len ? "; it said: " : "", str_text(&reply->complaint));
}

int worker_ask(const char *program, const char *const *args, double seconds, size_t max_bytes, struct str *answer,
               struct error *err)
{
    struct reply reply = {.answer = answer};
    int heard = converse(program, args, -1, seconds, max_bytes, &reply, err);
    if (err->code == ERROR_NONE && (heard < 0 || answer->failed || answer->len == 0))
        heard = did_not_answer(program, args[0], seconds, max_bytes, &reply, err);
    str_free(&reply.complaint);
    return heard;
}

static void copy_field(const cJSON *event, const char *name, char *out, size_t size)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, name));
    snprintf(out, size, "%s", text ? text : "");
}

/* The error event among what was said, the last line that is one. */
static bool find_complaint(const struct str *said, struct error *err)
{
    const char *line = str_text(said), *end;
    bool found = false;
    for (; *line; line = *end ? end + 1 : end) {
        cJSON *event;
        end = strchrnul(line, '\n');
        event = cJSON_ParseWithLength(line, (size_t)(end - line));
        if (cJSON_GetObjectItemCaseSensitive(event, "what")) {
            copy_field(event, "what", err->what, sizeof err->what);
            copy_field(event, "where", err->where, sizeof err->where);
            copy_field(event, "fix", err->fix, sizeof err->fix);
            found = true;
        }
        cJSON_Delete(event);
    }
    return found;
}

/* An anonymous file is written whole before the program starts, so neither side can wait for the other. */
static int input_file(const void *input, size_t len, struct error *err)
{
    int file = memfd_create("input", MFD_CLOEXEC);
    for (size_t done = 0; file >= 0 && done < len;) {
        ssize_t now = write(file, (const char *)input + done, len - done);
        if (now < 0 && errno != EINTR) {
            close(file);
            file = -1;
        }
        done += now > 0 ? (size_t)now : 0;
    }
    if (file < 0 || lseek(file, 0, SEEK_SET) < 0)
        error_set(err, ERROR_SYSTEM, NULL, "try again later", "The server is out of memory");
    return file;
}

int worker_feed(const char *program, const char *const *args, const void *input, size_t len, double seconds,
                size_t max_bytes, struct str *answer, struct error *err)
{
    struct reply reply = {.answer = answer};
    int file = input_file(input, len, err), result;
    if (file < 0)
        return -1;
    result = converse(program, args, file, seconds, max_bytes, &reply, err);
    close(file);
    if (err->code == ERROR_NONE && (result < 0 || answer->failed || !WIFEXITED(reply.status)))
        result = did_not_answer(program, args[0], seconds, max_bytes, &reply, err);
    else if (err->code == ERROR_NONE && WEXITSTATUS(reply.status) != 0) {
        if (!find_complaint(&reply.complaint, err))
            did_not_answer(program, args[0], seconds, max_bytes, &reply, err);
        err->code = WEXITSTATUS(reply.status) == 1 ? ERROR_INPUT : ERROR_SYSTEM;
        result = -1;
    }
    str_free(&reply.complaint);
    return result;
}
