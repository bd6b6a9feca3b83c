/* Each test forks a child which confines itself and tries one thing; the parent reads its exit status. */
#include "engine/confine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern void __asan_init(void) __attribute__((weak));

enum { REFUSED = 40, WENT_THROUGH, OTHER_ERROR, NOT_CONFINED };

static char folder[] = "/tmp/flashlab-confine-XXXXXX";

/* The exit status of a child that confined itself and called `attempt`; 1000 + signal when it was killed. */
static int status_of(int (*attempt)(void))
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct error err;
        _exit(confine(1, 64, &err) < 0 ? NOT_CONFINED : attempt());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int judge(long result)
{
    return result >= 0 ? WENT_THROUGH : errno == EPERM ? REFUSED : OTHER_ERROR;
}

static int try_socket(void)
{
    return judge(socket(AF_INET, SOCK_STREAM, 0));
}
static int try_unix_socket(void)
{
    int pair[2];
    return judge(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}
static int try_fork(void)
{
    return judge(syscall(SYS_fork));
}
static int try_vfork(void)
{
    return judge(syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, NULL));
}
static int try_exec(void)
{
    char *const arguments[] = {"true", NULL}, *const environment[] = {NULL};
    return judge(execve("/bin/true", arguments, environment));
}
static int try_kill(void)
{
    return judge(kill(getppid(), 0));
}
static int try_tgkill(void)
{
    return judge(syscall(SYS_tgkill, getppid(), getppid(), 0));
}
static int try_ptrace(void)
{
    return judge(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}
static int try_mount(void)
{
    return judge(mount("none", folder, "tmpfs", 0, NULL));
}
static int try_unshare(void)
{
    return judge(syscall(SYS_unshare, CLONE_NEWUSER));
}
static int try_io_uring(void)
{
    char parameters[256] = {0};
    return judge(syscall(SYS_io_uring_setup, 1, parameters));
}
static int try_create(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/new", folder);
    return judge(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}
static int try_overwrite(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/there", folder);
    return judge(open(path, O_RDWR | O_CLOEXEC));
}
static int try_truncate(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/there", folder);
    return judge(open(path, O_RDONLY | O_TRUNC | O_CLOEXEC));
}
static int try_unlink(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/there", folder);
    return judge(unlink(path));
}
static int try_mkdir(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/sub", folder);
    return judge(mkdir(path, 0700));
}
static int try_chmod(void)
{
    return judge(chmod(folder, 0777));
}
static int try_raise_limit(void)
{
    struct rlimit limit = {1000, 1000};
    return judge(setrlimit(RLIMIT_NOFILE, &limit));
}
static int try_memfd(void)
{
    return judge(memfd_create("x", MFD_CLOEXEC));
}

static void refuses_what_a_trainer_does_not_need(void **state)
{
    static const struct {
        const char *name;
        int (*attempt)(void);
    } attempts[] = {
        {"socket", try_socket},       {"socketpair", try_unix_socket},
        {"fork", try_fork},           {"vfork", try_vfork},
        {"exec", try_exec},           {"kill", try_kill},
        {"tgkill", try_tgkill},       {"ptrace", try_ptrace},
        {"mount", try_mount},         {"unshare", try_unshare},
        {"io_uring", try_io_uring},   {"create", try_create},
        {"overwrite", try_overwrite}, {"truncate", try_truncate},
        {"unlink", try_unlink},       {"mkdir", try_mkdir},
        {"chmod", try_chmod},         {"setrlimit", try_raise_limit},
        {"memfd_create", try_memfd},
    };
    (void)state;
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        int status = status_of(attempts[i].attempt);
        if (status != REFUSED)
            fail_msg("%s was not refused: status %d", attempts[i].name, status);
    }
}

static void *add_one(void *value)
{
    ++*(int *)value;
    return NULL;
}

static int use_what_is_left(void)
{
    char path[128], text[8] = "";
    int value = 0, fd;
    pthread_t thread;
    char *block = malloc(16u << 20);
    if (!block)
        return 1;
    memset(block, 1, 16u << 20);
    free(block);
    snprintf(path, sizeof path, "%s/there", folder);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, 5) != 5 || memcmp(text, "hello", 5) != 0)
        return 2;
    close(fd);
    if (pthread_create(&thread, NULL, add_one, &value) != 0 || pthread_join(thread, NULL) != 0 || value != 1)
        return 3;
    if (printf("%g\n", 0.5) < 0 || fflush(stdout) != 0)
        return 4;
    return 0;
}

static void leaves_reading_threads_and_memory(void **state)
{
    (void)state;
    assert_int_equal(status_of(use_what_is_left), 0);
}

static int map_too_much(void)
{
    void *block = mmap(NULL, 512u << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return block == MAP_FAILED && errno == ENOMEM ? REFUSED : WENT_THROUGH;
}

static void bounds_memory(void **state)
{
    (void)state;
    if (__asan_init)
        skip(); /* AddressSanitizer needs terabytes of address space, so confine() leaves that limit out */
    assert_int_equal(status_of(map_too_much), REFUSED);
}

static int spin(void)
{
    for (volatile unsigned i = 0;; i++)
        ;
    return 0;
}

static void bounds_processor_time(void **state)
{
    (void)state;
    assert_int_equal(status_of(spin), 1000 + SIGXCPU);
}

static int stop_oneself(void)
{
    abort();
}

static void lets_a_crash_be_a_crash(void **state)
{
    (void)state;
    assert_int_equal(status_of(stop_oneself), 1000 + SIGABRT);
}

static int niceness(void)
{
    int nice = -1;
    FILE *stat = fopen("/proc/self/stat", "re");
    if (!stat)
        return -1;
    if (fscanf(stat, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %d", &nice) != 1)
        nice = -1;
    fclose(stat);
    return nice;
}

static int count_limits(void)
{
    struct rlimit files, core;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_max > 64)
        return 1;
    if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_max != 0)
        return 2;
    return niceness() >= 10 ? 0 : 3;
}

static void sets_limits_and_niceness(void **state)
{
    (void)state;
    assert_int_equal(status_of(count_limits), 0);
}

/* The middle process ends; the confined one, which would sleep for a minute, must end with it and close the pipe. */
static void ends_with_its_parent(void **state)
{
    int line[2], status;
    char byte;
    struct pollfd end;
    pid_t middle;
    (void)state;
    assert_int_equal(pipe2(line, O_CLOEXEC), 0);
    middle = fork();
    if (middle == 0) {
        pid_t trainer = fork();
        if (trainer == 0) {
            struct error err;
            if (confine(60, 64, &err) == 0 && write(line[1], "r", 1) == 1)
                sleep(60);
            _exit(0);
        }
        if (read(line[0], &byte, 1) != 1)
            _exit(1);
        _exit(0);
    }
    close(line[1]);
    assert_int_equal(waitpid(middle, &status, 0), middle);
    assert_int_equal(status, 0);
    end = (struct pollfd){.fd = line[0], .events = POLLIN};
    assert_int_equal(poll(&end, 1, 40000), 1);
    assert_int_equal(read(line[0], &byte, 1), 0);
    close(line[0]);
}

static int confine_as_nobody(void)
{
    struct error err;
    if (setgid(65534) < 0 || setuid(65534) < 0)
        return OTHER_ERROR;
    return confine(1, 32, &err) < 0 ? NOT_CONFINED : try_socket();
}

static void works_for_an_ordinary_user(void **state)
{
    int status;
    pid_t child;
    (void)state;
    if (getuid() != 0)
        skip(); /* the other tests ran as an ordinary user already */
    child = fork();
    if (child == 0)
        _exit(confine_as_nobody());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), REFUSED);
}

static void refuses_odd_limits(void **state)
{
    struct error err = {0};
    (void)state;
    assert_int_equal(confine(0, 64, &err), -1);
    assert_int_equal(err.code, ERROR_INPUT);
    assert_int_equal(confine(__builtin_nan(""), 64, &err), -1);
    assert_int_equal(confine(10, 0, &err), -1);
    assert_int_equal(confine(10, -5, &err), -1);
    assert_string_equal(err.where, "--confine");
}

static int make_folder(void **state)
{
    char path[128];
    FILE *there;
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/there", folder);
    there = fopen(path, "we");
    return there && fputs("hello", there) >= 0 && fclose(there) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
    char path[128];
    (void)state;
    snprintf(path, sizeof path, "%s/there", folder);
    return unlink(path) == 0 && rmdir(folder) == 0 ? 0 : -1; /* fails when a test left something behind */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_a_trainer_does_not_need),
        cmocka_unit_test(leaves_reading_threads_and_memory),
        cmocka_unit_test(bounds_memory),
        cmocka_unit_test(bounds_processor_time),
        cmocka_unit_test(lets_a_crash_be_a_crash),
        cmocka_unit_test(sets_limits_and_niceness),
        cmocka_unit_test(ends_with_its_parent),
        cmocka_unit_test(works_for_an_ordinary_user),
        cmocka_unit_test(refuses_odd_limits),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
