// SPDX-License-Identifier: Apache-2.0
internal import CPosix
internal import Glibc
internal import RegBytes
internal import RegFiles

/// A program for a test to run, with a limit on its time; nothing of the test's own environment reaches it.
package struct Command: Sendable {
    /// The file to execute; `PATH` is not searched.
    package var program: String
    /// Without the program's own name; bytes, since some tests pass paths that are not text.
    package var arguments: [[UInt8]]
    /// All variables.
    package var environment: [String: String]
    /// Where it starts.
    package var directory: String
    /// What it reads from its standard input.
    package var input: [UInt8] = []

    package init(
        _ program: String, _ arguments: [[UInt8]], environment: [String: String], in directory: String
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
    }

    package init(
        _ program: String, _ arguments: [String], environment: [String: String], in directory: String
    ) {
        self.init(program, arguments.map { Array($0.utf8) }, environment: environment, in: directory)
    }

    /// How a program ended.
    package enum Ending: Equatable, Sendable {
        case exited(Int32)
        /// By a signal that was not ours.
        case signalled(Int32)
        /// It still ran at the deadline of ``run(limit:)``, or at the moment of ``run(killedAfter:)``.
        case killed
    }

    /// What an ended program left.
    package struct Outcome: Sendable {
        package let ending: Ending
        package let output: [UInt8]
        package let errors: [UInt8]
        package let time: Duration
        /// Bytes that it asked the system for, and gave to it, in reads and writes of any kind.
        package let readByteCount: UInt64
        package let writtenByteCount: UInt64

        package var text: String { String(decoding: output, as: UTF8.self) }
        package var errorText: String { String(decoding: errors, as: UTF8.self) }
        /// The exit status; nil after a signal.
        package var code: Int32? { if case .exited(let code) = ending { code } else { nil } }
    }

    /// Runs the program to its end; with everything that it started it is killed at the limit.
    package func run(limit: Duration = .seconds(60)) throws(CommandFailure) -> Outcome {
        let running = try RunningCommand(self)
        let inTime = try running.serve(for: limit)
        if !inTime { running.kill(.group) }
        return try running.finish(killed: !inTime)
    }

    /// Runs the program and kills it (only it, with SIGKILL) after `delay`, if it has not ended by itself.
    package func run(killedAfter delay: Duration) throws(CommandFailure) -> Outcome {
        let running = try RunningCommand(self)
        let ended = try running.serve(for: delay)
        if !ended { running.kill(.program) }
        return try running.finish(killed: !ended)
    }

    /// Runs the program to its end, and calls `body` once: after `delay`, or when it has ended before.
    package func run(
        limit: Duration = .seconds(60), after delay: Duration, _ body: () throws -> Void
    ) throws -> Outcome {
        let running = try RunningCommand(self)
        _ = try running.serve(for: delay)
        try body()
        let inTime = try running.serve(for: limit)
        if !inTime { running.kill(.group) }
        return try running.finish(killed: !inTime)
    }
}

/// A system call of ``Command`` that failed.
package struct CommandFailure: Error, CustomStringConvertible {
    package let call: String
    package let code: Int32

    package var description: String { "\(call): \(String(cString: strerror(code)))" }
}

/// A program that runs; one thread at a time.
final class RunningCommand {
    private var process: pid_t = 0
    private var isReaped = false
    private let keepsInput: Bool
    private let start = ContinuousClock.now
    /// Near ends of standard input, output and errors; -1 once closed.
    private var channels: [Int32] = [-1, -1, -1]
    private var input: ArraySlice<UInt8>
    private var received: [[UInt8]] = [[], [], []]

    enum Victim { case program, group }

    /// `keepsInput`: whether the program's standard input stays open when all of it was sent, until ``closeInput()``.
    init(_ command: Command, keepsInput: Bool = false) throws(CommandFailure) {
        self.keepsInput = keepsInput
        input = command.input[...]
        var far: [Int32] = []
        defer { for descriptor in far { close(descriptor) } }
        for channel in 0..<3 {
            var ends: [Int32] = [-1, -1]
            let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw .last("socketpair") }
            channels[channel] = ends[0]
            far.append(ends[1])
        }
        let code = spawn(command, far)
        guard code == 0 else { throw CommandFailure(call: "start \(command.program)", code: code) }
        feedRest()
    }

    deinit {
        if !isReaped, process > 0 {
            kill(.group)
            var word: Int32 = 0
            while waitpid(process, &word, 0) < 0, errno == EINTR {}
        }
        for channel in 0..<3 { closeChannel(channel) }
    }

    /// Sends input and collects output until both outputs end; false if that takes longer than `limit`.
    func serve(for limit: Duration) throws(CommandFailure) -> Bool {
        while channels[1] >= 0 || channels[2] >= 0 {
            let left = limit - (ContinuousClock.now - start)
            guard left > .zero else { return false }
            var waiting = channels.enumerated().map { channel, descriptor in
                pollfd(fd: descriptor, events: Int16(channel == 0 ? POLLOUT : POLLIN), revents: 0)
            }
            let wholeMilliseconds = Int32(min(left / .milliseconds(1), 1e6))
            if wholeMilliseconds == 0 {
                var rest = timespec(left)
                nanosleep(&rest, nil)
            }
            let ready = poll(&waiting, nfds_t(waiting.count), wholeMilliseconds)
            guard ready >= 0 || errno == EINTR else { throw .last("poll") }
            if waiting[0].revents != 0 { feed() }
            for channel in 1...2 where waiting[channel].revents != 0 { collect(channel) }
        }
        return true
    }

    func kill(_ victim: Victim) { _ = Glibc.kill(victim == .group ? -process : process, SIGKILL) }

    func finish(killed: Bool) throws(CommandFailure) -> Command.Outcome {
        var information = siginfo_t()
        while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) < 0 {
            guard errno == EINTR else { throw .last("waitid") }
        }
        let (read, written) = traffic()
        var word: Int32 = 0
        while waitpid(process, &word, 0) < 0 { guard errno == EINTR else { throw .last("waitpid") } }
        isReaped = true
        let time = ContinuousClock.now - start
        for channel in 1...2 where channels[channel] >= 0 {
            // What it wrote before it was killed; what it started itself may hold the other end open.
            while collect(channel, flags: Int32(MSG_DONTWAIT)) {}
        }
        // wait(2): the low seven bits are the signal, the next byte the exit status.
        let signal = word & 0x7f
        let ending: Command.Ending =
            if signal == 0 { .exited(word >> 8 & 0xff) } else if killed, signal == SIGKILL { .killed } else {
                .signalled(signal)
            }
        return Command.Outcome(
            ending: ending, output: received[1], errors: received[2], time: time, readByteCount: read,
            writtenByteCount: written)
    }

    /// What the kernel has counted, which it tells until the process is reaped; zeros where it does not count.
    private func traffic() -> (read: UInt64, written: UInt64) {
        let path = BytePath("/proc/\(process)/io")
        let text = String(decoding: (try? kernelFile(path)) ?? [], as: UTF8.self)
        func count(_ key: String) -> UInt64 {
            text.split(separator: "\n").first { $0.hasPrefix(key) }.flatMap {
                UInt64($0.dropFirst(key.count))
            } ?? 0
        }
        return (count("rchar: "), count("wchar: "))
    }

    /// The bytes of a file whose size the kernel does not know.
    private func kernelFile(_ path: BytePath) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let file = try Descriptor.open(path, .read)
        let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
        return Array(bytes.prefix(count))
    }

    private func feed() {
        let sent = input.withUnsafeBytes { bytes in
            send(channels[0], bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        }
        if sent >= 0 { input = input.dropFirst(sent) } else if errno != EAGAIN, errno != EINTR { input = [] }
        feedRest()
    }

    private func feedRest() {
        if input.isEmpty, !keepsInput { closeChannel(0) }
    }

    func closeInput() { closeChannel(0) }

    /// Collects output until there is a whole line of it, or the program closes it; nil for neither within `limit`.
    func firstLine(within limit: Duration) throws(CommandFailure) -> [UInt8]? {
        let deadline = ContinuousClock.now + limit
        while channels[1] >= 0 {
            if let end = received[1].firstIndex(of: UInt8(ascii: "\n")) { return Array(received[1][..<end]) }
            let left = deadline - .now
            guard left > .zero else { return nil }
            var waiting = pollfd(fd: channels[1], events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, Int32(min(left / .milliseconds(1), 1e6)) + 1)
            guard ready >= 0 || errno == EINTR else { throw .last("poll") }
            if waiting.revents != 0 { collect(1) }
        }
        return nil
    }

    /// What the program has written to its standard error so far.
    func errors() -> [UInt8] {
        while channels[2] >= 0, collect(2, flags: Int32(MSG_DONTWAIT)) {}
        return received[2]
    }

    /// Whether there was something.
    @discardableResult private func collect(_ channel: Int, flags: Int32 = 0) -> Bool {
        var block = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(channels[channel], &block, block.count, flags)
        if count > 0 {
            received[channel] += block.prefix(count)
        } else if count == 0 || errno != EINTR && errno != EAGAIN {
            closeChannel(channel)
        }
        return count > 0
    }

    private func closeChannel(_ channel: Int) {
        if channels[channel] >= 0 { close(channels[channel]) }
        channels[channel] = -1
    }

    /// 0 or an errno.
    private func spawn(_ command: Command, _ far: [Int32]) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for channel in 0..<3 { posix_spawn_file_actions_adddup2(&actions, far[channel], Int32(channel)) }
        let code = reg_spawn_add_chdir(&actions, command.directory)
        guard code == 0 else { return code }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var unblocked = sigset_t()
        sigemptyset(&unblocked)
        posix_spawnattr_setsigmask(&attributes, &unblocked)
        var reset = sigset_t()
        sigfillset(&reset)
        posix_spawnattr_setsigdefault(&attributes, &reset)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
        let words = [Array(command.program.utf8)] + command.arguments
        let variables = command.environment.map { Array("\($0.key)=\($0.value)".utf8) }
        return withStrings(words) { arguments in
            withStrings(variables) { variables in
                posix_spawn(&process, command.program, &actions, &attributes, arguments, variables)
            }
        }
    }
}

extension CommandFailure {
    /// The failure of the call that has just returned.
    fileprivate static func last(_ call: String) -> CommandFailure { CommandFailure(call: call, code: errno) }
}

extension timespec {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    }
}

/// Calls `body` with the strings as C wants them: ended by NUL each, the list ended by nil.
private func withStrings<Result>(
    _ strings: [[UInt8]], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    let pointers: [UnsafeMutablePointer<CChar>?] = strings.map { string in
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: string.count + 1)
        for (index, byte) in string.enumerated() { copy[index] = CChar(bitPattern: byte) }
        copy[string.count] = 0
        return copy
    }
    defer { for pointer in pointers { pointer?.deallocate() } }
    let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: pointers.count + 1)
    defer { list.deallocate() }
    list.initialize(from: pointers + [nil], count: pointers.count + 1)
    return body(list)
}
