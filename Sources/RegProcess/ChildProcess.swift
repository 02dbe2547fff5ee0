// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes

/// A program that runs, and the three channels to it; one thread at a time.
///
/// All three are served by one `poll`, so that neither side can wait for the other to empty a full channel.
final class ChildProcess {
    private let process: pid_t
    private var channels: StandardChannels
    private var input: ArraySlice<UInt8>
    /// Once true the number may belong to another process.
    private var isReaped = false
    private let timeLimit: Duration?
    private let start = ContinuousClock.now

    /// What came on standard error so far, cut after 64 KiB.
    private(set) var errors: [UInt8] = []

    private static let errorLimit = 64 << 10
    private static let blockSize = 64 << 10

    init(_ subprocess: Subprocess, timeLimit: Duration? = nil) throws(SubprocessError) {
        self.timeLimit = timeLimit
        input = (subprocess.input ?? [])[...]
        channels = try StandardChannels(withInput: subprocess.input != nil)
        do throws(SubprocessError) {
            process = try subprocess.spawn(channels)
        } catch {
            channels.closeAll()
            throw error
        }
        channels.closeFarEnds()
        if input.isEmpty { channels.input.close() }
    }

    deinit { kill() }

    /// The next part of standard output, never empty; nil at its end.
    func readBlock() throws(SubprocessError) -> [UInt8]? {
        while channels.output.isOpen {
            guard try serve() else { continue }
            let block = try channels.output.read(atMost: ChildProcess.blockSize)
            if !block.isEmpty { return block }
            channels.output.close()
        }
        return nil
    }

    /// Waits for the end, after all output was read.
    func finish() throws(SubprocessError) -> Subprocess.ExitStatus {
        while channels.errors.isOpen { _ = try serve() }
        // It may have closed its channels and run on.
        while timeLimit != nil, !hasEnded() { usleep(useconds_t(1000 * min(10, try millisecondsLeft()))) }
        return try reap()
    }

    /// Ends the program if it has not ended; for every way out that is not `finish`.
    func kill() {
        guard !isReaped else { return }
        Glibc.kill(process, SIGKILL)
        // There is nobody to tell: an error is on its way already.
        _ = try? reap()
    }

    /// Waits until a channel is ready and serves input and errors; whether output is ready.
    private func serve() throws(SubprocessError) -> Bool {
        var waiting = [
            pollfd(fd: channels.input.near, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: channels.output.near, events: Int16(POLLIN), revents: 0),
            pollfd(fd: channels.errors.near, events: Int16(POLLIN), revents: 0),
        ]
        let limit = try millisecondsLeft()
        guard retrying({ poll(&waiting, nfds_t(waiting.count), limit) }) >= 0 else { throw .last("poll") }
        if waiting[0].revents != 0 { try feed() }
        if waiting[2].revents != 0 { try collectErrors() }
        return waiting[1].revents != 0
    }

    /// What is left of its time, as `poll` takes it: never 0, -1 for no limit.
    private func millisecondsLeft() throws(SubprocessError) -> Int32 {
        guard let timeLimit else { return -1 }
        let rest = timeLimit - (.now - start)
        guard rest > .zero else { throw .tooSlow(limit: timeLimit) }
        return Int32(min(rest / .milliseconds(1), 1e6)) + 1
    }

    /// Whether the program has ended; it still has to be reaped.
    private func hasEnded() -> Bool {
        var information = siginfo_t()
        let flags = Int32(WEXITED | WNOWAIT | WNOHANG)
        return waitid(P_PID, id_t(process), &information, flags) != 0 || information.si_signo != 0
    }

    /// Sends as much input as the channel takes.
    private func feed() throws(SubprocessError) {
        let sent = try channels.input.send(input)
        input = input.dropFirst(sent ?? input.count)
        if input.isEmpty { channels.input.close() }
    }

    private func collectErrors() throws(SubprocessError) {
        let block = try channels.errors.read(atMost: ChildProcess.blockSize)
        if block.isEmpty { channels.errors.close() }
        errors += block.prefix(ChildProcess.errorLimit - errors.count)
    }

    private func reap() throws(SubprocessError) -> Subprocess.ExitStatus {
        isReaped = true
        channels.closeAll()
        var word: Int32 = 0
        guard retrying({ waitpid(process, &word, 0) }) == process else { throw .last("waitpid") }
        // wait(2): the low seven bits are the signal, the next byte the exit status.
        return word & 0x7f == 0 ? .exited(word >> 8 & 0xff) : .signalled(word & 0x7f)
    }
}

/// Calls again while a signal interrupts; the result is below zero on failure.
func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}
