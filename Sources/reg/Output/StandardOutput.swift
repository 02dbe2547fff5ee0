// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegJSON
internal import RegKit

/// Standard output, whose reader may go away at any time.
final class StandardOutput {
    /// The reader went away and wants no more.
    struct Closed: Error {}

    private let descriptor: Int32
    private(set) var isClosed = false

    init(descriptor: Int32 = STDOUT_FILENO) { self.descriptor = descriptor }

    var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Writes all of `bytes`; throws ``Closed`` where nobody reads them.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(
                descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else {
                try recover(from: errno)
            }
        }
    }

    /// Returns where writing can be tried again.
    private func recover(from code: Int32) throws {
        switch code {
        case EINTR:
            return
        case EAGAIN:
            var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&request, 1, -1)
        case EPIPE:
            isClosed = true
            throw Closed()
        default:
            throw RegError(.local, "cannot write to standard output: \(String(cString: strerror(code)))")
        }
    }

    /// Writes `text` and a newline; quiet where nobody reads it.
    func print(_ text: String) throws {
        var line = text + "\n"
        do {
            try line.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
        } catch is Closed {
            // Whoever closed it has seen enough, and the work was done.
        }
    }

    /// Prints `answer` in the form asked for; nothing where it has nothing to say.
    func print(_ answer: some Answer, isJSON: Bool, isVerbose: Bool = false) throws {
        if isJSON {
            return try print(isTerminal ? answer.json.pretty : answer.json.compact)
        }
        var style = TextStyle.ofStandardOutput
        style.isVerbose = isVerbose
        let lines = answer.lines(style)
        if !lines.isEmpty { try print(lines.joined(separator: "\n")) }
    }
}

/// Writes `text` as well as it can be done: there is nowhere to report a failure.
func writeToStandardError(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
        var rest = UnsafeRawBufferPointer(bytes)[...]
        while !rest.isEmpty {
            let count = Glibc.write(
                STDERR_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0 && errno != EINTR { return }
            rest = rest.dropFirst(max(0, count))
        }
    }
}
