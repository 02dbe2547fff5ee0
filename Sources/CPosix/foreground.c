// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int reg_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int reg_open_process(int process) { return (int)syscall(SYS_pidfd_open, process, 0); }

struct program {
    const char *file;
    char *const *arguments;
    char *const *shell_arguments;
    char *const *environment;
    const char *directory;
    const int *descriptors;
};

struct failure {
    enum reg_step step;
    int code;
};

static _Noreturn void fail(int report, enum reg_step step) {
    struct failure failure = {step, errno};
    ssize_t written = write(report, &failure, sizeof failure);
    (void)written;
    _exit(127);
}

// What the copy of the process does: nothing here may allocate or lock, since other threads are gone.
static _Noreturn void become(const struct program *program, pid_t parent, int report) {
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN) signal(number, SIG_DFL);
    }
    // Ignored by reg itself, not by whoever started it.
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(128 + SIGTERM);
    const int *descriptors = program->descriptors;
    if (dup2(descriptors[0], 1) < 0 || dup2(descriptors[1], 2) < 0) fail(report, REG_STEP_SYSTEM);
    if (descriptors[2] >= 0 && fcntl(descriptors[2], F_SETFD, 0) < 0) fail(report, REG_STEP_SYSTEM);
    if (chdir(program->directory) != 0) fail(report, REG_STEP_DIRECTORY);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(program->file, program->arguments, program->environment);
    if (errno == ENOEXEC) execve("/bin/sh", program->shell_arguments, program->environment);
    fail(report, REG_STEP_EXECUTE);
}

int reg_start_program(
    const char *file, char *const *arguments, char *const *shell_arguments, char *const *environment,
    const char *directory, const int descriptors[3], enum reg_step *step) {
    struct program program = {file, arguments, shell_arguments, environment, directory, descriptors};
    int report[2];
    *step = REG_STEP_SYSTEM;
    if (reg_pipe(report) != 0) return -1;
    sigset_t all, mask;
    sigfillset(&all);
    // The copy must not run handlers of this process.
    pthread_sigmask(SIG_SETMASK, &all, &mask);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) become(&program, parent, report[1]);
    int code = errno;
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    close(report[1]);
    struct failure failure;
    ssize_t count = 0;
    if (child > 0) {
        do count = read(report[0], &failure, sizeof failure);
        while (count < 0 && errno == EINTR);
    }
    close(report[0]);
    if (child > 0 && count != sizeof failure) return child;
    if (child > 0) {
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
        *step = failure.step;
        code = failure.code;
    }
    errno = code;
    return -1;
}

// With all signals blocked: what came is pending until it is asked for. Nothing here may allocate or lock.
static _Noreturn void testify(pid_t parent, int questions, int answers) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
    // Both are above 2. Locks of this process go with its descriptors.
    if (dup2(questions, 0) < 0 || dup2(answers, 1) < 0) _exit(1);
    if (syscall(SYS_close_range, 2u, ~0u, 0u) != 0) _exit(1);
    unsigned char number;
    while (read(0, &number, 1) == 1) {
        sigset_t asked;
        sigemptyset(&asked);
        sigaddset(&asked, number);
        const struct timespec now = {0, 0};
        unsigned char came = sigtimedwait(&asked, NULL, &now) == number;
        if (write(1, &came, 1) != 1) break;
    }
    _exit(0);
}

int reg_start_witness(int ends[2]) {
    int questions[2], answers[2];
    if (reg_pipe(questions) != 0) return -1;
    if (reg_pipe(answers) != 0) {
        int code = errno;
        close(questions[0]);
        close(questions[1]);
        errno = code;
        return -1;
    }
    sigset_t all, mask;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &mask);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) testify(parent, questions[0], answers[1]);
    int code = errno;
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    close(questions[0]);
    close(answers[1]);
    if (child < 0) {
        close(questions[1]);
        close(answers[0]);
    }
    ends[0] = answers[0];
    ends[1] = questions[1];
    errno = code;
    return child;
}

static int is_catching;
// Made once and never closed: a handler may still be about to write.
static int channel[2] = {-1, -1};
static struct sigaction before[NSIG];
static char is_changed[NSIG];

static void note(int number, siginfo_t *information, void *context) {
    (void)context;
    int code = errno;
    struct reg_signal signal = {number, information->si_code};
    ssize_t written = write(channel[1], &signal, sizeof signal);
    (void)written;
    errno = code;
}

static void change(int number, const struct sigaction *action) {
    is_changed[number] = sigaction(number, action, &before[number]) == 0;
}

int reg_catch_signals(const int *numbers, int count) {
    if (__atomic_exchange_n(&is_catching, 1, __ATOMIC_ACQ_REL)) {
        errno = EBUSY;
        return -1;
    }
    if (channel[0] < 0 && pipe2(channel, O_CLOEXEC | O_NONBLOCK) != 0) {
        int code = errno;
        __atomic_store_n(&is_catching, 0, __ATOMIC_RELEASE);
        errno = code;
        return -1;
    }
    struct reg_signal old;
    while (reg_next_signal(channel[0], &old)) {}
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    for (int index = 0; index < count; index++) {
        struct sigaction current;
        // What is ignored, as under nohup, is so for the program, too.
        if (sigaction(numbers[index], NULL, &current) != 0 || current.sa_handler == SIG_IGN) continue;
        change(numbers[index], &action);
    }
    struct sigaction ignoring = {.sa_handler = SIG_IGN};
    change(SIGPIPE, &ignoring);
    // Where it is ignored there is nothing to wait for.
    struct sigaction usual = {.sa_handler = SIG_DFL};
    change(SIGCHLD, &usual);
    return channel[0];
}

void reg_release_signals(void) {
    for (int number = 1; number < NSIG; number++) {
        if (is_changed[number]) sigaction(number, &before[number], NULL);
        is_changed[number] = 0;
    }
    __atomic_store_n(&is_catching, 0, __ATOMIC_RELEASE);
}

int reg_next_signal(int descriptor, struct reg_signal *signal) {
    ssize_t count;
    do count = read(descriptor, signal, sizeof *signal);
    while (count < 0 && errno == EINTR);
    return count == sizeof *signal;
}
