// SPDX-License-Identifier: Apache-2.0
internal import CPosix
internal import Glibc

/// Tells a signal to the whole process group from one to this process alone, which the signal itself does not say.
///
/// A process of its own in the same group, to which signals of the group come as well.
final class SignalWitness {
    private let process: pid_t
    private let answers: Int32
    private let questions: Int32

    /// Nil where none can be started.
    init?() {
        var ends: [Int32] = [-1, -1]
        process = reg_start_witness(&ends)
        (answers, questions) = (ends[0], ends[1])
        if process < 0 { return nil }
    }

    deinit {
        close(questions)
        close(answers)
        kill(process, SIGKILL)
        while waitpid(process, nil, 0) < 0 && errno == EINTR {}
    }

    /// Whether the signal came to it since it was asked for last; false where it does not answer.
    func hasSeen(_ number: Int32) -> Bool {
        var byte = UInt8(truncatingIfNeeded: number)
        // Nobody reads where it was killed: SIGPIPE is ignored.
        guard retrying({ Int32(write(questions, &byte, 1)) }) == 1 else { return false }
        var waiting = pollfd(fd: answers, events: Int16(POLLIN), revents: 0)
        guard retrying({ poll(&waiting, 1, 1_000) }) == 1 else { return false }
        return retrying({ Int32(read(answers, &byte, 1)) }) == 1 && byte == 1
    }
}
