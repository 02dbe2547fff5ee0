// SPDX-License-Identifier: Apache-2.0
internal import CPosix
internal import Glibc
package import RegBytes

/// A command that has the terminal and the user's signals while it runs, and whose output is passed on and logged.
///
/// It stays in the process group of this process: what the terminal (`^C`) or somebody else sends to the group reaches
/// both, and is not sent again; what is sent to this process alone is. This process does not die of such signals before the command has ended.
/// Only one runs at a time in a process.
package struct ForegroundCommand: Sendable {
    /// What is executed; relative to the directory where it has no slash in front.
    let file: BytePath
    let words: [Subprocess.Argument]
    let environment: ProcessEnvironment
    let directory: BytePath
    /// Where its standard output and its standard errors go to; descriptors of the caller's.
    package var output: Int32 = 1
    package var errors: Int32 = 2
    /// A file that gets both, in the order in which they come.
    package var log: Int32
    /// A descriptor that stays open in the command and in all that it starts: a lock on it tells whether they live.
    package var inherited: Int32?
    /// How long it may go on after the second signal that asks it to end.
    package var killGrace: Duration = .seconds(10)
    /// How long the output of what it has left behind is awaited when it has ended.
    package var outputGrace: Duration = .seconds(1)

    /// A command by its words, the first of which is looked for as `execvp(3)` does; nothing is done yet.
    ///
    /// `directory`: where it starts. `log`: see there.
    /// - Throws: `notFound`, `notExecutable`, or `nulByte`.
    package init(
        _ words: [Subprocess.Argument], environment: ProcessEnvironment, in directory: BytePath, log: Int32
    ) throws(ForegroundError) {
        let strings = words.map(\.bytes) + environment.entries + [directory.bytes]
        guard strings.allSatisfy({ !$0.contains(0) }) else { throw .process(.nulByte) }
        self.words = words
        self.environment = environment
        self.directory = directory
        self.log = log
        file = try ForegroundCommand.find(
            BytePath(words.first?.bytes ?? []), path: environment["PATH"], from: directory)
    }

    private static func find(
        _ name: BytePath, path: [UInt8]?, from directory: BytePath
    ) throws(ForegroundError) -> BytePath {
        let slash = UInt8(ascii: "/")
        if name.isEmpty { throw .notFound(name) }
        if name.bytes.contains(slash) {
            let code = executionHazard(name, from: directory)
            guard code != 0 else { return name }
            throw code == ENOENT ? .notFound(name) : .notExecutable(name, code: code)
        }
        var denied: (BytePath, Int32)?
        let path = path ?? Array("/bin:/usr/bin".utf8)
        for entry in path.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false) {
            let file = (entry.isEmpty ? BytePath(".") : BytePath(entry)).appending(name)
            let code = executionHazard(file, from: directory)
            if code == 0 { return file }
            if code != ENOENT { denied = denied ?? (file, code) }
        }
        if let (file, code) = denied { throw .notExecutable(file, code: code) }
        throw .notFound(name)
    }

    /// 0 for a file that can be executed, ENOENT where there is none.
    private static func executionHazard(_ file: BytePath, from directory: BytePath) -> Int32 {
        let path = file.bytes.first == UInt8(ascii: "/") ? file : directory.appending(file)
        return withCStrings([path.bytes]) { names in
            guard let name = names[0] else { return ENOENT }
            var status = stat()
            guard stat(name, &status) == 0 else { return errno == ENOTDIR ? ENOENT : errno }
            guard status.st_mode & S_IFMT == S_IFREG else { return EACCES }
            return faccessat(AT_FDCWD, name, X_OK, AT_EACCESS) == 0 ? 0 : errno
        }
    }

    /// How a command ended.
    package struct Ending: Equatable, Sendable {
        package let status: Subprocess.ExitStatus
        /// In nanoseconds since 1970.
        package let startTime: Int64
        package let endTime: Int64
        /// The first signal that asked it to end.
        package let interruption: Int32?
        /// The `errno` of the first write to the log that failed; what came later is not in it.
        package let logFailure: Int32?

        /// The command's own exit code, or 128 and the signal.
        package var exitCode: Int32 {
            switch status {
            case .exited(let code): code
            case .signalled(let number): 128 + number
            }
        }
    }

    /// Runs the command to its end.
    package func run() throws(ForegroundError) -> Ending { try ForegroundRun(self).finish() }

    /// Starts it on the far ends of channels; its process number.
    func start(output: Int32, errors: Int32) throws(ForegroundError) -> pid_t {
        var step = REG_STEP_SYSTEM
        let shell = [Array("/bin/sh".utf8), file.bytes] + words.dropFirst().map(\.bytes)
        let start = directory.isEmpty ? [UInt8(ascii: ".")] : directory.bytes
        let process = withCStrings([file.bytes, start]) { paths in
            withCStrings(words.map(\.bytes)) { arguments in
                withCStrings(shell) { shellArguments in
                    withCStrings(environment.entries) { variables in
                        reg_start_program(
                            paths[0], arguments, shellArguments, variables, paths[1],
                            [output, errors, inherited ?? -1], &step)
                    }
                }
            }
        }
        guard process < 0 else { return process }
        let code = errno
        switch step {
        case REG_STEP_DIRECTORY: throw .directory(directory, code: code)
        case REG_STEP_EXECUTE:
            throw code == ENOENT || code == ENOTDIR ? .notFound(file) : .notExecutable(file, code: code)
        default: throw .process(.system(call: "fork", code: code))
        }
    }
}
