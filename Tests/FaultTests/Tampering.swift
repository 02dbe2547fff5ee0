// SPDX-License-Identifier: Apache-2.0
import RegTesting
import Testing

/// A fault that strace puts into one system call of reg; the programs that reg starts are left alone.
///
/// Calls are counted in each thread for itself, so the k-th is that of the first thread to get there.
struct Tampering: CustomStringConvertible {
    /// What becomes of the call.
    enum Effect: String {
        case kill = "signal=KILL"
        case ioError = "error=EIO"
        case interruption = "error=EINTR"
    }

    /// The calls that change files or make changes durable.
    static let writing = [
        "write", "pwrite64", "writev", "fsync", "fdatasync", "syncfs", "rename", "renameat", "renameat2",
        "link",
        "linkat", "unlink", "unlinkat", "ftruncate", "mkdir", "mkdirat",
    ]

    let call: String
    /// In strace's words.
    let effect: String
    /// The number of the call that fails, from 1.
    let number: Int

    init(_ call: String, _ effect: Effect, at number: Int) {
        self.init(call, effect.rawValue, at: number)
    }

    init(_ call: String, _ effect: String, at number: Int) {
        self.call = call
        self.effect = effect
        self.number = number
    }

    var description: String { "\(effect) at \(call) \(number)" }

    fileprivate var expression: String { "--inject=\(call):\(effect):when=\(number)" }
}

/// System calls of one run, as strace tells them, descriptors with their paths.
struct Trace {
    struct Line {
        let thread: Substring
        let text: Substring

        var call: Substring { text.prefix { $0 != "(" } }
        var isTampered: Bool { text.hasSuffix("(INJECTED)") }
        /// What the first argument, a descriptor, is open on.
        var path: Substring? {
            guard let start = text.firstIndex(of: "<"), let end = text.firstIndex(of: ">"), start < end else {
                return nil
            }
            return text[text.index(after: start)..<end]
        }
    }

    /// Calls in the order in which they returned.
    let lines: [Line]

    init(_ text: String) {
        lines = text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
            guard parts.count == 2, !parts[1].hasPrefix("+++"), !parts[1].hasPrefix("---") else { return nil }
            return Line(thread: parts[0], text: parts[1].drop { $0 == " " })
        }
    }

    /// The most calls of that name that one thread made.
    func count(of call: String) -> Int {
        var counts: [Substring: Int] = [:]
        for line in lines where line.call == call { counts[line.thread, default: 0] += 1 }
        return counts.values.max() ?? 0
    }
}

extension Sandbox {
    /// A run of reg under strace, which writes what it sees into the sandbox's file `trace`.
    func traced(
        _ arguments: [String], in directory: String, calls: [String], _ tampering: Tampering? = nil
    ) -> Command {
        let options = [
            "--follow-forks", "--detach-on=execve", "--quiet=all", "--decode-fds=path", "--string-limit=0",
            "--output=\(path("trace"))", "--trace=\(calls.map { "?\($0)" }.joined(separator: ","))",
        ]
        let inject = tampering.map { [$0.expression] } ?? []
        return command(
            "/usr/bin/strace", options + inject + ["--", Sandbox.regBinary] + arguments, in: directory)
    }

    func trace() throws -> Trace { Trace(String(decoding: try read("trace"), as: UTF8.self)) }
}

extension Work {
    /// The command under strace.
    func traced(_ calls: [String], _ tampering: Tampering? = nil) -> Command {
        sandbox.traced(arguments, in: place, calls: calls, tampering)
    }
}

/// At most `most` numbers from 1 to `count`, all of them if they are no more, else at even distances.
func sample(_ count: Int, most: Int, using random: inout SeededRandom) -> [Int] {
    if count <= most { return Array(0..<count).map { $0 + 1 } }
    let offset = Int.random(in: 0..<count, using: &random)
    return (0..<most).map { 1 + (offset + $0 * count / most) % count }.sorted()
}
