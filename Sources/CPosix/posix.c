// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

int reg_openat(int directory, const char *path, int flags, unsigned mode) {
    return openat(directory, path, flags, mode);
}

int reg_open_beneath(int directory, const char *path, int flags, unsigned mode) {
    struct open_how how;
    memset(&how, 0, sizeof how);
    how.flags = (unsigned)flags;
    how.mode = (flags & O_CREAT) ? mode : 0;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int reg_reserve(int descriptor, long long offset, long long count) { return fallocate(descriptor, 0, offset, count); }

int reg_o_direct(void) { return O_DIRECT; }

int reg_syncfs(int descriptor) { return syncfs(descriptor); }

int reg_file_system_type(const char *path, unsigned *type) {
    struct statfs status;
    if (statfs(path, &status) != 0) return -1;
    *type = (unsigned)status.f_type;
    return 0;
}

int reg_exchange(int directory, const char *one, const char *other) {
    return renameat2(directory, one, directory, other, RENAME_EXCHANGE);
}

int reg_clone(int target, int source) { return ioctl(target, FICLONE, source); }

long long reg_copy_range(int source, int target, unsigned long long count) {
    return copy_file_range(source, NULL, target, NULL, count, 0);
}

int reg_terminal_columns(int descriptor) {
    struct winsize size;
    if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}

int reg_spawn_add_chdir(void *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}
