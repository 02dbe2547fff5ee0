// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegGit
import RegProcess
import Testing

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

struct FixtureFailure: Error { let what: String }

/// Calls `body` with a new directory, its symlinks resolved, and removes it afterwards.
func withTemporaryDirectory(_ body: (BytePath) throws -> Void) throws {
    var template = Array("/tmp/reg-git-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap(mkdtemp) }
    guard made != nil else { throw FixtureFailure(what: "mkdtemp") }
    let path = BytePath(template.dropLast().map(UInt8.init(bitPattern:)))
    defer {
        _ = try? Subprocess(program: BytePath("/bin/rm"), ["-rf", "--", Subprocess.Argument(path)]).run()
    }
    try body(path)
}

extension Subprocess {
    init(program: BytePath, _ arguments: [Argument], input: [UInt8]? = nil) {
        self.init(program: program, arguments: arguments, environment: .inherited, input: input)
    }

    /// Runs a script; for programs that behave in a particular way.
    static func shell(_ script: String, input: [UInt8]? = nil) -> Subprocess {
        Subprocess(program: BytePath("/bin/sh"), ["-c", Argument(script)], input: input)
    }

    @discardableResult func run() throws -> Outcome { try run(outputLimit: 16 << 20) }
}

func write(_ content: [UInt8], to path: BytePath) throws {
    try make(path.parent)
    let name = path.bytes.map(CChar.init(bitPattern:)) + [0]
    let descriptor = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FixtureFailure(what: "open \(path.lossy)") }
    defer { close(descriptor) }
    guard write(descriptor, content, content.count) == content.count else {
        throw FixtureFailure(what: "write")
    }
}

/// Makes a directory and its parents.
func make(_ directory: BytePath) throws {
    try Subprocess(program: BytePath("/bin/mkdir"), ["-p", "--", Subprocess.Argument(directory)]).run()
}

/// An environment in which no configuration of this machine counts.
func cleanEnvironment() -> ProcessEnvironment {
    var environment = ProcessEnvironment()
    environment["PATH"] = ProcessEnvironment.inherited["PATH"]
    return environment.setting([
        "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "Ada Lovelace", "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada Lovelace", "GIT_COMMITTER_EMAIL": "ada@example.org",
        "GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z",
    ])
}

/// A real repository in a directory of its own.
struct Repository {
    let path: BytePath
    var environment = cleanEnvironment()

    /// Runs git and gives what it printed, without the last newline.
    @discardableResult func git(_ arguments: Subprocess.Argument...) throws -> String {
        let program = try #require(environment.executable(named: "git"))
        let outcome = try Subprocess(
            program: program, arguments: arguments, environment: environment, directory: path
        ).run()
        guard outcome.isSuccess else {
            throw FixtureFailure(what: String(decoding: outcome.errors, as: UTF8.self))
        }
        return String(decoding: outcome.output.dropLast(), as: UTF8.self)
    }

    func write(_ text: String, to name: String) throws { try write(bytes(text), to: BytePath(name)) }

    func write(_ content: [UInt8], to name: BytePath) throws {
        try RegGitTests.write(content, to: path.appending(name))
    }

    /// Commits whatever lies in the tree; the commit's name.
    @discardableResult func commitAll(_ message: String = "change") throws -> String {
        try git("add", "--all")
        try git("commit", "--quiet", "--allow-empty", "--message", Subprocess.Argument(message))
        return try git("rev-parse", "HEAD")
    }

    func discovered(from directory: String = "") throws -> Git {
        try #require(try Git.discover(from: path.appending(directory), environment: environment))
    }
}

/// Calls `body` with a new repository without commits.
func withRepository(_ options: Subprocess.Argument..., body: (Repository) throws -> Void) throws {
    try withTemporaryDirectory { directory in
        let repository = Repository(path: directory.appending("work"))
        try make(repository.path)
        let program = try #require(repository.environment.executable(named: "git"))
        let arguments = ["init", "--quiet", "--initial-branch=main"] + options
        let outcome = try Subprocess(
            program: program, arguments: arguments, environment: repository.environment,
            directory: repository.path
        ).run()
        guard outcome.isSuccess else { throw FixtureFailure(what: "git init") }
        try body(repository)
    }
}
