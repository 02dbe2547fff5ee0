// SPDX-License-Identifier: Apache-2.0
internal import CPosix
internal import Glibc

/// A command that runs in the foreground; one thread, which all of it stays on.
final class ForegroundRun {
    private let command: ForegroundCommand
    private let signals: Int32
    private let process: pid_t
    /// Readable when the process has ended.
    private let processEnd: Int32
    private var streams: [OutputTee]
    private var log: OutputLog
    private let startTime: Int64
    private var ending: (status: Subprocess.ExitStatus, time: Int64, clock: ContinuousClock.Instant)?
    private let witness: SignalWitness?
    /// Signals that have come and of which it is not clear yet whether they are to be passed on, by number.
    private var waiting: [Int32: WaitingSignal] = [:]
    private var interruptions: [Int32] = []
    private var killTime: ContinuousClock.Instant?

    private struct WaitingSignal {
        /// Whether somebody has sent it, and not the kernel alone.
        var isSent: Bool
        let due: ContinuousClock.Instant
    }

    /// What a group is sent comes to its processes within this time; `timeout` sends to this process first, then to the group.
    private static let signalDelay = Duration.milliseconds(100)

    /// Those that ask a program to end.
    private static let ends: [Int32] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]
    /// Not SIGTSTP: this process then stops, as the command does, and both are continued together.
    private static let caught = ends + [SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH]

    init(_ command: ForegroundCommand) throws(ForegroundError) {
        self.command = command
        log = OutputLog(command.log)
        signals = reg_catch_signals(ForegroundRun.caught, Int32(ForegroundRun.caught.count))
        guard signals >= 0 else { throw .last("sigaction") }
        witness = SignalWitness()
        streams = []
        do throws(ForegroundError) {
            for target in [command.output, command.errors] { streams.append(try OutputTee(to: target)) }
            startTime = nanosecondsNow()
            process = try command.start(output: streams[0].far, errors: streams[1].far)
        } catch {
            for index in streams.indices { streams[index].closeAll() }
            reg_release_signals()
            throw error
        }
        for index in streams.indices { streams[index].closeFar() }
        processEnd = reg_open_process(process)
    }

    deinit {
        if ending == nil {
            kill(process, SIGKILL)
            _ = reap(process)
        }
        for index in streams.indices { streams[index].closeAll() }
        if processEnd >= 0 { close(processEnd) }
        reg_release_signals()
    }

    /// Serves the command to its end.
    func finish() throws(ForegroundError) -> ForegroundCommand.Ending {
        guard processEnd >= 0 else { throw .last("pidfd_open") }
        while true {
            if ending == nil {
                try serve()
            } else if streams.contains(where: \.isOpen), !isOutputLate {
                try serve()
            } else {
                break
            }
        }
        try passRest()
        guard let ending else { throw .process(.system(call: "waitpid", code: ECHILD)) }
        return ForegroundCommand.Ending(
            status: ending.status, startTime: startTime, endTime: ending.time,
            interruption: interruptions.first, logFailure: log.failure)
    }

    private var isOutputLate: Bool {
        ending.map { ContinuousClock.now > $0.clock + command.outputGrace } ?? false
    }

    /// Waits for whatever happens next, and does what it asks for.
    private func serve() throws(ForegroundError) {
        var events = [
            pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
            pollfd(fd: ending == nil ? processEnd : -1, events: Int16(POLLIN), revents: 0),
        ]
        events += streams.map { $0.isOpen ? $0.interest : pollfd(fd: -1, events: 0, revents: 0) }
        guard poll(&events, nfds_t(events.count), timeLimit) >= 0 || errno == EINTR else {
            throw .last("poll")
        }
        takeSignals()
        passSignals()
        if ending == nil, let killTime, ContinuousClock.now >= killTime {
            kill(process, SIGKILL)
            self.killTime = nil
        }
        for index in streams.indices where events[index + 2].revents != 0 { streams[index].serve(&log) }
        if events[1].revents != 0, ending == nil, let status = reap(process) {
            ending = (status, nanosecondsNow(), .now)
        }
    }

    /// Until when there is something to do without being asked, as `poll` takes it.
    private var timeLimit: Int32 {
        // What has ended and is read to its end only waits for whoever reads ours.
        if ending != nil, !streams.contains(where: { $0.near >= 0 }) { return -1 }
        let times =
            ending.map { [$0.clock + command.outputGrace] } ?? [killTime].compactMap { $0 }
            + waiting.values.map(\.due)
        guard let time = times.min() else { return -1 }
        return Int32(max(0, min((time - .now) / .milliseconds(1), 1e6))) + 1
    }

    private func takeSignals() {
        var signal = reg_signal()
        while reg_next_signal(signals, &signal) != 0 {
            let isSent = signal.code <= 0
            if waiting[signal.number] != nil {
                // Sent to this process and to its group, it is one.
                if isSent { waiting[signal.number]?.isSent = true }
                continue
            }
            waiting[signal.number] = WaitingSignal(isSent: isSent, due: .now + ForegroundRun.signalDelay)
            guard ForegroundRun.ends.contains(signal.number) else { continue }
            interruptions.append(signal.number)
            if interruptions.count == 2 { killTime = .now + command.killGrace }
        }
    }

    /// Passes on what was sent to this process alone: what the terminal or somebody else sends to the group has reached the
    /// command, too.
    private func passSignals() {
        for (number, signal) in waiting where signal.due <= .now {
            waiting[number] = nil
            let hasReached = witness?.hasSeen(number) ?? false
            if ending == nil, signal.isSent, !hasReached { kill(process, number) }
        }
    }

    /// Passes on what is at hand when the command has ended; whoever is asked to end now does not wait for a reader.
    private func passRest() throws(ForegroundError) {
        for index in streams.indices { streams[index].readRest(&log) }
        let before = interruptions.count
        while streams.contains(where: \.isWaiting) {
            try serve()
            guard interruptions.count > before else { continue }
            for index in streams.indices { streams[index].dropTarget() }
        }
    }
}

/// How the process has ended, which it must have.
private func reap(_ process: pid_t) -> Subprocess.ExitStatus? {
    var word: Int32 = 0
    guard retrying({ waitpid(process, &word, 0) }) == process else { return nil }
    // wait(2): the low seven bits are the signal, the next byte the exit status.
    return word & 0x7f == 0 ? .exited(word >> 8 & 0xff) : .signalled(word & 0x7f)
}

/// The time now, in nanoseconds since 1970.
private func nanosecondsNow() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
}
