// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegFiles
import RegJobs
import RegProcess
import RegTesting

/// A command that ran in the foreground, and what became of its output.
struct Foreground {
    /// What its standard output goes to.
    enum Target {
        case file, null, closedPipe, badDescriptor
        /// Read by another thread.
        case pipe(@Sendable (Int32) -> [UInt8])

        /// A pipe; the body is called after the first line, which is not counted as output.
        static func whenReady(_ body: @escaping @Sendable () -> Void) -> Target {
            .pipe { descriptor in
                var byte: UInt8 = 0
                while read(descriptor, &byte, 1) == 1, byte != UInt8(ascii: "\n") {}
                body()
                return readAll(descriptor)
            }
        }
    }

    let ending: ForegroundCommand.Ending
    private(set) var output: [UInt8] = []
    let errors: [UInt8]
    let log: [UInt8]
    let logSize: UInt64

    static func shell(
        _ script: String, output: Target = .file, log: Int32? = nil, inherited: Int32? = nil
    ) throws -> Foreground {
        try Foreground(["sh", "-c", .init(script)], output: output, log: log, inherited: inherited)
    }

    @discardableResult
    init(
        _ words: [Subprocess.Argument], environment: ProcessEnvironment = .inherited,
        in directory: BytePath = BytePath("/"), output: Target = .file, log: Int32? = nil,
        inherited: Int32? = nil
    ) throws {
        let files = try (0..<3).map { _ in try anonymousFile() }
        defer { for file in files { close(file) } }
        var command = try ForegroundCommand(
            words, environment: environment, in: directory, log: log ?? files[2])
        command.errors = files[1]
        command.inherited = inherited
        command.killGrace = .milliseconds(200)
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw FixtureFailure(what: "pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let received = Monitor<[UInt8]?>(nil)
        var reader: WorkerThread?
        switch output {
        case .file: command.output = files[0]
        case .null: command.output = open("/dev/null", O_WRONLY | O_CLOEXEC)
        case .badDescriptor: command.output = 9_999
        case .closedPipe:
            close(ends[0])
            command.output = ends[1]
        case .pipe(let read):
            command.output = ends[1]
            let near = ends[0]
            reader = try WorkerThread {
                let bytes = read(near)
                received.with { $0 = bytes }
                close(near)
            }
        }
        let result = Result { try command.run() }
        close(ends[1])
        reader?.join()
        ending = try result.get()
        self.output = received.with { $0 } ?? content(files[0])
        errors = content(files[1])
        var status = stat()
        fstat(files[2], &status)
        logSize = UInt64(status.st_size)
        self.log = logSize < 1 << 20 ? content(files[2]) : []
    }
}

/// All that can be read from a descriptor.
func readAll(_ descriptor: Int32) -> [UInt8] {
    var result: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = read(descriptor, &block, block.count)
        if count <= 0 { return result }
        result += block.prefix(count)
    }
}

private func anonymousFile() throws -> Int32 {
    var name = Array("/tmp/reg-test-XXXXXX".utf8CString)
    let file = mkstemp(&name)
    guard file >= 0 else { throw FixtureFailure(what: "mkstemp") }
    _ = fcntl(file, F_SETFD, FD_CLOEXEC)
    unlink(name)
    return file
}

private func content(_ file: Int32) -> [UInt8] {
    lseek(file, 0, SEEK_SET)
    return readAll(file)
}

func make(_ name: String, _ text: String, mode: UInt32, in directory: BytePath) throws {
    let file = try Descriptor.open(directory.appending(name), .create)
    try file.write(bytes(text))
    try file.setMode(mode)
}

/// The most memory that this process had resident, in bytes.
func peakMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss << 10
}

/// Undoes what the test itself was started with: a program inherits what is ignored.
func resetSignals() {
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2] { signal(number, SIG_DFL) }
}
