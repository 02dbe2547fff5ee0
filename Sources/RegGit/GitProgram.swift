// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegProcess

/// Takes one record, without its NUL.
package typealias RecordHandler = (ArraySlice<UInt8>) throws(GitError) -> Void

/// The git program, and how reg calls it.
struct GitProgram: Sendable {
    let path: BytePath
    var environment: ProcessEnvironment
    var directory: BytePath

    /// The git of `environment`, nil if there is none.
    init?(environment: ProcessEnvironment, directory: BytePath) {
        guard let path = environment.executable(named: "git") else { return nil }
        self.path = path
        self.directory = directory
        self.environment = environment.setting([
            "LC_ALL": "C",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_LITERAL_PATHSPECS": "1",
            // A commit's name must mean what was committed, whatever `git replace` put in its place.
            "GIT_NO_REPLACE_OBJECTS": "1",
        ])
        // git and what it starts have no use for the keys of buckets.
        for name in ProcessEnvironment.secretNames { self.environment[name] = nil }
        // git refuses these beside literal paths.
        for name in ["GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"] {
            self.environment[name] = nil
        }
        // git and the programs that it starts have no use for them.
        for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"] {
            self.environment[name] = nil
        }
    }

    /// Runs `git command arguments…` to its end, whatever its status.
    func run(
        _ command: String, _ arguments: [Subprocess.Argument], outputLimit: Int = 1 << 20
    ) throws(GitError) -> Subprocess.Outcome {
        do throws(SubprocessError) {
            return try subprocess(command, arguments).run(outputLimit: outputLimit)
        } catch {
            throw .process(error)
        }
    }

    /// Runs git and hands over the records, ended by NUL, that it prints; the outcome's output is empty.
    func records(
        _ command: String, _ arguments: [Subprocess.Argument], input: [UInt8]? = nil,
        _ each: RecordHandler
    ) throws(GitError) -> Subprocess.Outcome {
        var splitter = RecordSplitter(command: command)
        do {
            let subprocess = subprocess(command, arguments, input: input)
            let outcome = try subprocess.stream { try splitter.add($0, each) }
            // Half a record after a failure is no news.
            if outcome.isSuccess { try splitter.finish() }
            return outcome
        } catch let error as GitError {
            throw error
        } catch let error as SubprocessError {
            throw .process(error)
        } catch {
            throw .unexpectedOutput(command: command)
        }
    }

    func subprocess(
        _ command: String, _ arguments: [Subprocess.Argument], input: [UInt8]? = nil
    ) -> Subprocess {
        // A file system monitor is a program that the repository's configuration chooses, and may outlive the call.
        let options: [Subprocess.Argument] = ["-c", "core.fsmonitor=false", Subprocess.Argument(command)]
        return Subprocess(
            program: path, arguments: options + arguments, environment: environment, directory: directory,
            input: input)
    }
}

extension Subprocess.Outcome {
    /// What to throw for an ending that the caller did not expect.
    func failure(of command: String) -> GitError {
        let lines = errors.split(separator: UInt8(ascii: "\n"))
        // "fatal: detected dubious…" and its like stand first; what follows is advice for users of git itself.
        return .failed(command: command, status, message: String(decoding: lines.first ?? [], as: UTF8.self))
    }
}

/// Cuts a stream of blocks at NUL bytes.
package struct RecordSplitter {
    let command: String
    private var open: [UInt8] = []

    /// A record is a path and little more; paths longer than this are no paths.
    private static let limit = 1 << 20

    package init(command: String) { self.command = command }

    package mutating func add(_ block: [UInt8], _ each: RecordHandler) throws(GitError) {
        var rest = block[...]
        while let end = rest.firstIndex(of: 0) {
            if open.isEmpty {
                try each(rest[..<end])
            } else {
                try each((open + rest[..<end])[...])
                open = []
            }
            rest = rest[(end + 1)...]
        }
        open += rest
        guard open.count <= RecordSplitter.limit else { throw .unexpectedOutput(command: command) }
    }

    package func finish() throws(GitError) {
        guard open.isEmpty else { throw .unexpectedOutput(command: command) }
    }
}
