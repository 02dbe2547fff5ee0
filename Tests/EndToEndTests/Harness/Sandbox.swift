// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegJSON
import RegTesting
import Testing

/// The program under test.
enum Binary {
    /// The file that `REG_BINARY` names, else what `make build` leaves in the project.
    static let path: String = {
        if let given = variable("REG_BINARY"), !given.isEmpty { return given }
        return project.appending(".build/release/reg").lossy
    }()

    /// The project's root, found from this file.
    static let project = BytePath(#filePath).parent.parent.parent.parent

    static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// - Throws: where there is no binary.
    static func require() throws -> String {
        guard access(path, X_OK) == 0 else {
            throw Setup("there is no program at \(path): run 'make build', or set REG_BINARY")
        }
        return path
    }

    /// A program of this machine, found in `PATH`.
    static func find(_ name: String) throws -> String {
        let folders = ["/usr/bin", "/bin"] + (variable("PATH") ?? "").split(separator: ":").map(String.init)
        let paths = folders.map { "\($0)/\(name)" }
        guard let path = paths.first(where: { access($0, X_OK) == 0 }) else {
            throw Setup("these tests need '\(name)', which is not in PATH")
        }
        return path
    }
}

/// What the tests need and this machine lacks.
struct Setup: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A directory of its own, with a home, in which nothing of this machine's configuration counts.
struct Sandbox {
    let path: BytePath
    var environment: [String: String]

    /// Makes the directory in `parent`.
    init(in parent: String) throws {
        var template = Array("\(parent)/reg-e2e-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap(mkdtemp) }
        guard made != nil else { throw Setup("cannot make a directory in \(parent)") }
        path = BytePath(template.dropLast().map(UInt8.init(bitPattern:)))
        environment = [
            "PATH": Binary.variable("PATH") ?? "/usr/bin:/bin", "HOME": path.appending("home").lossy,
            "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada Lovelace", "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada Lovelace", "GIT_COMMITTER_EMAIL": "ada@example.org",
            "GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z",
        ]
        try makeDirectory(path.appending("home"))
    }

    /// The registry that ``project(_:)`` uses.
    var registry: BytePath { path.appending("registry") }

    /// A new directory.
    func directory(_ name: String) throws -> Place {
        let place = Place(path: path.appending(name), sandbox: self)
        try makeDirectory(place.path)
        return place
    }

    /// A new git repository without commits.
    func repository(_ name: String = "work", _ options: String...) throws -> Place {
        let place = try directory(name)
        try place.git(["init", "--quiet", "--initial-branch=main"] + options)
        return place
    }

    /// A new git repository in which `reg init` was run, with the sandbox's registry.
    func project(_ name: String = "work") throws -> Place {
        let place = try repository(name)
        try place.reg("init", "--registry", registry.lossy)
        return place
    }
}

/// Calls `body` with a new sandbox and removes it afterwards.
func withSandbox(in parent: String = "/tmp", _ body: (Sandbox) throws -> Void) throws {
    let sandbox = try Sandbox(in: parent)
    defer { try? remove(sandbox.path) }  // what stays is a temporary directory
    try body(sandbox)
}

/// A directory of a sandbox in which commands run.
struct Place {
    let path: BytePath
    var sandbox: Sandbox
    /// The program to run as `reg`.
    var environment: [String: String] {
        get { sandbox.environment }
        set { sandbox.environment = newValue }
    }

    /// A directory in this one.
    func inside(_ name: String) -> Place { Place(path: path.appending(name), sandbox: sandbox) }

    subscript(_ name: String) -> BytePath { path.appending(name) }

    // Files.

    func write(_ text: String, to name: String) throws { try writeFile(Array(text.utf8), to: self[name]) }

    func write(_ content: [UInt8], to name: BytePath, mode: mode_t = 0o644) throws {
        try writeFile(content, to: path.appending(name), mode: mode)
    }

    func text(of name: String) throws -> String { try readText(self[name]) }

    func has(_ name: String) -> Bool { exists(self[name]) }

    func tree(_ name: String) throws -> Tree { try Tree(self[name]) }

    // Commands.

    /// Runs a program of this machine to its end.
    func run(_ program: String, _ arguments: [String], input: [UInt8] = []) throws -> Command.Outcome {
        var command = Command(
            try Binary.find(program), arguments, environment: environment, in: path.lossy)
        command.input = input
        return try ended(command)
    }

    /// Runs reg to its end, whatever that is.
    func runReg(_ arguments: [[UInt8]]) throws -> Command.Outcome {
        try ended(Command(try Binary.require(), arguments, environment: environment, in: path.lossy))
    }

    /// Runs a script by a shell, which finds reg in `REG`.
    func sh(_ script: String) throws -> Command.Outcome {
        var environment = environment
        environment["REG"] = try Binary.require()
        return try ended(
            Command(
                try Binary.find("sh"), ["-c", script].map { Array($0.utf8) }, environment: environment,
                in: path.lossy))
    }

    private func ended(_ command: Command) throws -> Command.Outcome {
        let outcome = try command.run(limit: .seconds(60))
        if outcome.code == nil {
            let line = command.arguments.map { printable(BytePath($0)) }.joined(separator: " ")
            Issue.record("'\(command.program) \(line)' ended by \(outcome.ending)\n\(outcome.errorText)")
        }
        return outcome
    }

    /// Runs git, which must succeed, and gives what it printed without the last newline.
    @discardableResult func git(_ arguments: String...) throws -> String { try git(arguments) }

    @discardableResult func git(_ arguments: [String]) throws -> String {
        let outcome = try run("git", arguments)
        guard outcome.code == 0 else { throw Setup("git \(arguments): \(outcome.errorText)") }
        return String(decoding: outcome.output.dropLast(), as: UTF8.self)
    }

    /// Commits whatever git sees in the tree; the commit's name.
    @discardableResult func commit(_ message: String = "change") throws -> String {
        try git("add", "--all")
        try git("commit", "--quiet", "--allow-empty", "--message", message)
        return try git("rev-parse", "HEAD")
    }

    /// A clone of this repository beside it.
    func clone(_ name: String = "clone") throws -> Place {
        try git("clone", "--quiet", path.lossy, sandbox.path.appending(name).lossy)
        return Place(path: sandbox.path.appending(name), sandbox: sandbox)
    }
}
