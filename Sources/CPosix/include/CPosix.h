// SPDX-License-Identifier: Apache-2.0
// System calls that Swift's importer leaves out: variadic ones, and those behind _GNU_SOURCE.
#ifndef REG_CPOSIX_H
#define REG_CPOSIX_H


/// openat2(2) confined to `directory`: nothing above it, no symlink, no magic link. -1 and errno on failure.
int reg_open_beneath(int directory, const char *path, int flags, unsigned mode);

/// openat(2), which is variadic.
int reg_openat(int directory, const char *path, int flags, unsigned mode);

/// fallocate(2): makes a file reach from `offset` on `count` bytes on. -1 and errno on failure.
int reg_reserve(int descriptor, long long offset, long long count);

/// The flag of open(2) that bypasses the page cache.
int reg_o_direct(void);

/// syncfs(2).
int reg_syncfs(int descriptor);

/// The kind of file system that holds `path`, as statfs(2) numbers them. -1 and errno on failure.
int reg_file_system_type(const char *path, unsigned *type);

/// renameat2(2) with RENAME_EXCHANGE: each name has what the other had. -1 and errno on failure.
int reg_exchange(int directory, const char *one, const char *other);

/// Makes the file `target` share the blocks of `source` (FICLONE). -1 and errno on failure.
int reg_clone(int target, int source);

/// copy_file_range(2) from where both files stand: how many bytes were copied; -1 and errno on failure.
long long reg_copy_range(int source, int target, unsigned long long count);

/// Columns of the terminal at `descriptor`, 0 if it is none.
int reg_terminal_columns(int descriptor);

/// posix_spawn_file_actions_addchdir_np(3): the new process starts in `path`. 0 or an errno.
int reg_spawn_add_chdir(void *actions, const char *path);

/// pipe2(2), closed in programs that are started.
int reg_pipe(int ends[2]);

/// pidfd_open(2): a descriptor that is readable when the process has ended. -1 and errno on failure.
int reg_open_process(int process);

/// What reg_start_program failed at.
enum reg_step { REG_STEP_SYSTEM, REG_STEP_DIRECTORY, REG_STEP_EXECUTE };

/// Starts a program, which gets SIGTERM when the thread that called this ends: posix_spawn(3) cannot ask for that.
///
/// `file` is relative to `directory`; `shell_arguments` are those of /bin/sh, where it is a script that does not say
/// what runs it. `descriptors`: what become its standard output and errors, both above 2, and one that stays open in
/// it and in all that it starts, or -1. Its process number; -1, errno and the step that failed.
int reg_start_program(
    const char *file, char *const *arguments, char *const *shell_arguments, char *const *environment,
    const char *directory, const int descriptors[3], enum reg_step *step);

/// Starts a process in the group of this one that does nothing but tell which signals came to it; it ends with the
/// thread that called this.
///
/// It has none of our descriptors. `ends`: a number of a signal written to the second is answered by one byte from the
/// first: 1 where it came since it was asked for last, else 0. Its process number; -1 and errno on failure.
int reg_start_witness(int ends[2]);

/// A signal that came, and why (`si_code`).
struct reg_signal {
    int number;
    int code;
};

/// Has signals noted instead of what else they do, but for those that are ignored; SIGPIPE is ignored meanwhile.
///
/// The descriptor to take them from by reg_next_signal, which stays open; -1 and errno, EBUSY while they are caught
/// already.
int reg_catch_signals(const int *numbers, int count);

/// Ends what reg_catch_signals has begun.
void reg_release_signals(void);

/// Takes the next signal; 0 where there is none.
int reg_next_signal(int descriptor, struct reg_signal *signal);

#endif
