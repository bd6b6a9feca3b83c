#include "engine/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <math.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MIB 1048576ull
#define BLAS_BYTES (64 * MIB) /* OpenBLAS and its threads' stacks; for its buffers blas_cpu.c looks for room */
#define MAX_SECONDS 1e7
#define MAX_MIB (1l << 24)
#define FILE_BYTES (64 * MIB) /* only standard output can be a file; the server reads less than this of it */
#define FILES 64
#define NICENESS 10

static bool confined;

/* Present exactly when AddressSanitizer is linked in. */
extern void __asan_init(void) __attribute__((weak));

/* LeakSanitizer asks this at the end. Its search forks a tracer, which a confined process must not be able to do. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return confined;
}

static int refuse(struct error *err, const char *what)
{
    return error_set(err, ERROR_SYSTEM, "--confine", "run without --confine, or on a kernel that has it",
                     "This process could not confine itself: %s: %s", what, strerror(errno));
}

/* The address space in use now: libraries and their buffers (OpenBLAS maps tens of MiB while loading). */
static unsigned long long mapped_bytes(void)
{
    unsigned long long pages = 0;
    char line[128];
    FILE *statm = fopen("/proc/self/statm", "re");
    if (!statm)
        return 0;
    if (fgets(line, sizeof line, statm))
        pages = strtoull(line, NULL, 10);
    fclose(statm);
    return pages * (unsigned long long)sysconf(_SC_PAGESIZE);
}

static int limit_resources(double seconds, long mib, struct error *err)
{
    rlim_t cpu = (rlim_t)ceil(seconds), memory = (rlim_t)mib * MIB + BLAS_BYTES + mapped_bytes();
    struct {
        const char *name;
        __rlimit_resource_t resource;
        struct rlimit limit;
        bool skip;
    } limits[] = {
        {"memory limit", RLIMIT_AS, {memory, memory}, __asan_init != NULL},
        {"processor time limit", RLIMIT_CPU, {cpu, cpu + 1}, false},
        {"file size limit", RLIMIT_FSIZE, {FILE_BYTES, FILE_BYTES}, false},
        {"open file limit", RLIMIT_NOFILE, {FILES, FILES}, false},
        {"core file limit", RLIMIT_CORE, {0, 0}, false},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit now, *wanted = &limits[i].limit;
        if (limits[i].skip)
            continue;
        /* An ordinary user cannot go above a lower limit that is in force already: keep that one. */
        if (getrlimit(limits[i].resource, &now) == 0 && now.rlim_max < wanted->rlim_max) {
            wanted->rlim_max = now.rlim_max;
            if (wanted->rlim_cur > now.rlim_max)
                wanted->rlim_cur = now.rlim_max;
        }
        if (setrlimit(limits[i].resource, wanted) < 0)
            return refuse(err, limits[i].name);
    }
    return 0;
}

/* All ways of changing or running a file, without a rule that would allow one; reading stays as it is. A kernel without
 * Landlock leaves the same refusals to the filter below. */
static void restrict_files(void)
{
    struct landlock_ruleset_attr rules = {
        .handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                             LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                             LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                             LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                             LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM};
    long fd = syscall(SYS_landlock_create_ruleset, &rules, sizeof rules.handled_access_fs, 0);
    if (fd < 0)
        return;
    syscall(SYS_landlock_restrict_self, fd, 0);
    close((int)fd);
}

/* What a trainer calls, and what glibc, OpenBLAS and the sanitizers call on its behalf. Everything else is EPERM: a
 * list of what is forbidden would have to follow every new kernel, this one only has to follow the trainer. */
static const int allowed[] = {
    /* files that are open, and looking at names */
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(preadv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(close),
    SCMP_SYS(lseek),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(statx),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(getdents64),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getcwd),
    SCMP_SYS(fadvise64),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(dup),
    /* memory */
    SCMP_SYS(brk),
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(mprotect),
    SCMP_SYS(madvise),
    SCMP_SYS(mincore),
    SCMP_SYS(membarrier),
    SCMP_SYS(mbind),
    SCMP_SYS(get_mempolicy),
    /* threads and signals of this process */
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(get_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(arch_prctl),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getppid),
    /* time, chance, and facts about the machine */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(getrandom),
    SCMP_SYS(getrusage),
    SCMP_SYS(getrlimit),
    SCMP_SYS(times),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(getcpu),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
};

/* Allowed only with this argument. Each row allows a call when (argument & mask) == value. */
static const struct condition {
    int call;
    unsigned argument;
    scmp_datum_t mask, value;
} conditions[] = {
    {SCMP_SYS(open), 1, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY},
    {SCMP_SYS(openat), 2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY},
    {SCMP_SYS(clone), 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM}, /* a thread, never a process */
    {SCMP_SYS(prlimit64), 2, ~0ull, 0},                                     /* asking, not setting */
    {SCMP_SYS(prctl), 0, 0xffffffff, PR_SET_NAME},
    {SCMP_SYS(ioctl), 1, 0xffffffff, TCGETS}, /* isatty */
    {SCMP_SYS(ioctl), 1, 0xffffffff, TIOCGWINSZ},
    {SCMP_SYS(fcntl), 1, 0xffffffff, F_GETFD},
    {SCMP_SYS(fcntl), 1, 0xffffffff, F_SETFD},
    {SCMP_SYS(fcntl), 1, 0xffffffff, F_GETFL},
    {SCMP_SYS(fcntl), 1, 0xffffffff, F_DUPFD_CLOEXEC},
};

static int filter_calls(struct error *err)
{
    int result = -1;
    pid_t self = getpid();
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter) {
        errno = ENOMEM;
        return refuse(err, "system call filter");
    }
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if ((errno = -seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0)))
            goto done;
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        const struct condition *c = &conditions[i];
        if ((errno = -seccomp_rule_add(filter, SCMP_ACT_ALLOW, c->call, 1,
                                       SCMP_CMP(c->argument, SCMP_CMP_MASKED_EQ, c->mask, c->value))))
            goto done;
    }
    /* abort() and raise() signal the own process; glibc starts threads with clone when clone3 does not exist. */
    if ((errno = -seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                   SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)self))) ||
        (errno = -seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0)))
        goto done;
    errno = -seccomp_load(filter);
    result = errno ? -1 : 0;
done:
    if (result < 0)
        refuse(err, "system call filter");
    seccomp_release(filter);
    return result;
}

int confine(double seconds, long mib, struct error *err)
{
    if (!(seconds > 0 && seconds <= MAX_SECONDS) || mib < 1 || mib > MAX_MIB)
        return error_set(err, ERROR_INPUT, "--confine", "write SECONDS:MIB, such as 120:2048",
                         "A limit of %g s and %ld MiB cannot be kept", seconds, mib);
    if (limit_resources(seconds, mib, err) < 0)
        return -1;
    signal(SIGXFSZ, SIG_IGN);               /* writing too much is an error that can be told */
    setpriority(PRIO_PROCESS, 0, NICENESS); /* may be lower already, then it stays */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return refuse(err, "ending with the parent");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return refuse(err, "giving up privileges");
    restrict_files();
    if (filter_calls(err) < 0)
        return -1;
    confined = true;
    return 0;
}
