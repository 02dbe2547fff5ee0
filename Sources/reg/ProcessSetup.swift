// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegKit

/// Makes the process safe to work in: its standard descriptors, and what it does on signals.
func prepareProcess(_ failures: FailureWriter) {
    occupyStandardDescriptors()
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)  // a write over the limit then fails with EFBIG
    LastWords.prepare(failures)
    for number in [SIGINT, SIGTERM] { handle(number) }
    catchCrashes()
}

/// Takes up descriptors 0 to 2 where the caller closed them, so that no file of ours becomes one of them.
///
/// They are opened the wrong way round: using one fails as it would have done closed.
private func occupyStandardDescriptors() {
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 {
        _ = open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
    }
}

/// Ends a crash with exit code 70 and one line, in place of the runtime's report.
///
/// That report shows memory, which may hold credentials. Whoever sets `SWIFT_BACKTRACE` wants it and gets it.
private func catchCrashes() {
    guard getenv("SWIFT_BACKTRACE") == nil else { return }
    let byteCount = 1 << 16
    // Kept until the end: a handler cannot run on a stack that overflowed.
    var stack = stack_t(ss_sp: malloc(byteCount), ss_flags: 0, ss_size: byteCount)
    sigaltstack(&stack, nil)
    for number in [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] { handle(number) }
    signal(SIGQUIT, SIG_DFL)
}

private func handle(_ number: Int32) {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { number in LastWords.end(by: number) }
    action.sa_flags = SA_ONSTACK
    sigaction(number, &action, nil)
}

/// What a signal handler writes, made beforehand: a handler may call next to nothing.
private enum LastWords {
    // Set once, before there are handlers or threads.
    nonisolated(unsafe) private static var interrupted = UnsafeRawBufferPointer(start: nil, count: 0)
    nonisolated(unsafe) private static var terminated = UnsafeRawBufferPointer(start: nil, count: 0)
    nonisolated(unsafe) private static var crashed = UnsafeRawBufferPointer(start: nil, count: 0)

    static func prepare(_ failures: FailureWriter) {
        let crash = RegError(.internalError, "internal error: reg crashed", hint: RegError.reportHint)
        interrupted = permanent(failures.text(RegError(.interrupted, "interrupted")))
        terminated = permanent(failures.text(RegError(.interrupted, "terminated"), code: 143))
        crashed = permanent(failures.text(crash))
    }

    private static func permanent(_ text: String) -> UnsafeRawBufferPointer {
        let line = isatty(STDERR_FILENO) == 1 ? ProgressDisplay.eraseLine + text : text
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: line.utf8.count, alignment: 1)
        buffer.copyBytes(from: line.utf8)
        return UnsafeRawBufferPointer(buffer)
    }

    static func end(by number: Int32) -> Never {
        switch number {
        case SIGINT: end(saying: interrupted, code: 130)
        case SIGTERM: end(saying: terminated, code: 143)
        default: end(saying: crashed, code: 70)
        }
    }

    private static func end(saying words: UnsafeRawBufferPointer, code: Int32) -> Never {
        _ = Glibc.write(STDERR_FILENO, words.baseAddress, words.count)
        _exit(code)
    }
}
