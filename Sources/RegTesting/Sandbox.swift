// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes
package import RegJSON

/// A directory of its own, with a home, in which a test runs reg and git; it goes with its last user.
package final class Sandbox: Sendable {
    package let root: String
    /// Variables of commands, beside those of every sandbox or in their place.
    private let variables: [String: String]

    package static let regBinary: String = {
        if let named = getenv("REG_BINARY") { return String(cString: named) }
        let package = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(package)/.build/release/reg"
    }()

    package init(_ variables: [String: String] = [:]) throws {
        self.variables = variables
        var name = Array("/tmp/reg-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&name) else { throw SystemFailure("mkdtemp", "/tmp") }
        root = String(cString: made)
        try makeDirectory("home")
        try write(
            "home/.gitconfig",
            Array("[user]\n name = Test\n email = test@localhost\n[init]\n defaultBranch = main\n".utf8))
    }

    deinit { _ = try? run("/bin/rm", ["-rf", "--", root]) }

    /// `path` below the sandbox.
    package func path(_ path: String) -> String { "\(root)/\(path)" }

    // MARK: Commands

    private var environment: [String: String] {
        [
            "HOME": path("home"), "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TMPDIR": root,
            "GIT_CONFIG_NOSYSTEM": "1", "XDG_CONFIG_HOME": path("home/.config"),
            "XDG_DATA_HOME": path("home/.local/share"), "XDG_STATE_HOME": path("home/.local/state"),
            "XDG_CACHE_HOME": path("home/.cache"),
            // Small disks would otherwise have stores that take nothing in.
            "REG_STORE_QUOTA": "64 GiB",
        ].merging(variables) { _, own in own }
    }

    package func command(_ program: String, _ arguments: [String], in directory: String = ".") -> Command {
        Command(program, arguments, environment: environment, in: path(directory))
    }

    package func reg(_ arguments: [String], in directory: String) -> Command {
        command(Sandbox.regBinary, arguments, in: directory)
    }

    /// Runs a program that must succeed; what it printed.
    @discardableResult
    package func run(_ program: String, _ arguments: [String], in directory: String = ".") throws -> String {
        try succeeded(command(program, arguments, in: directory))
    }

    @discardableResult
    package func git(_ arguments: [String], in directory: String) throws -> String {
        try run("/usr/bin/git", arguments, in: directory)
    }

    /// Runs reg, which must succeed; its document, where `--json` is asked for.
    @discardableResult
    package func succeed(_ arguments: [String], in directory: String) throws -> JSON {
        let text = try succeeded(reg(arguments, in: directory))
        return arguments.contains("--json") ? try JSON.parse(Array(text.utf8)) : .null
    }

    private func succeeded(_ command: Command) throws -> String {
        let outcome = try command.run()
        guard outcome.code == 0 else {
            throw CommandError("\(command.summary): \(outcome.ending), \(outcome.errorText)")
        }
        return outcome.text
    }

    /// Runs reg and measures the most memory it had resident, in KiB; nil where nothing can measure it.
    package func measured(
        _ arguments: [String], in directory: String, limit: Duration = .seconds(60)
    ) throws -> (Command.Outcome, memory: Int?) {
        let timer = "/usr/bin/time"
        guard access(timer, X_OK) == 0 else {
            return (try reg(arguments, in: directory).run(limit: limit), nil)
        }
        let report = path("memory")
        let measuring = ["--quiet", "--format=%M", "--output=\(report)", "--", Sandbox.regBinary]
        let outcome = try command(timer, measuring + arguments, in: directory).run(limit: limit)
        let text = String(decoding: try read("memory"), as: UTF8.self)
        return (outcome, Int(text.split(separator: "\n").last ?? ""))
    }

    // MARK: Files

    package func makeDirectory(_ name: String) throws {
        guard mkdir(path(name), 0o755) == 0 || errno == EEXIST else {
            throw SystemFailure("mkdir", path(name))
        }
    }

    /// Writes a file in place, also one that is read-only; directories on the way are made.
    package func write(_ name: String, _ bytes: [UInt8]) throws {
        var above = ""
        for part in name.split(separator: "/").dropLast() {
            above += above.isEmpty ? String(part) : "/\(part)"
            try makeDirectory(above)
        }
        chmod(path(name), 0o644)
        let file = open(path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw SystemFailure("open", path(name)) }
        defer { close(file) }
        let written = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        guard written == bytes.count else { throw SystemFailure("write", path(name)) }
    }

    package func read(_ name: String) throws -> [UInt8] { try contents(of: BytePath(path(name))) }

    package func exists(_ name: String) -> Bool {
        var status = stat()
        return lstat(path(name), &status) == 0
    }

    package func remove(_ name: String) throws { try remove(absolute: path(name)) }

    package func remove(absolute path: String) throws { try run("/bin/rm", ["-rf", "--", path]) }

    package func copy(_ name: String, to other: String) throws {
        try run("/bin/cp", ["-a", "--", path(name), path(other)])
    }

    package func link(_ name: String, to target: String) throws {
        guard symlink(target, path(name)) == 0 else { throw SystemFailure("symlink", path(name)) }
    }

    package func tree(_ name: String) throws -> Tree { try Tree(path(name)) }

    /// The names in a directory, sorted.
    package func names(_ directory: String) throws -> [String] {
        try directoryNames(BytePath(path(directory))).map(\.lossy).sorted()
    }
}

extension Command {
    /// For messages.
    package var summary: String {
        let words = arguments.map { String(decoding: $0, as: UTF8.self) }
        return ([program.split(separator: "/").last.map(String.init) ?? program] + words).joined(
            separator: " ")
    }
}

/// A command that was to succeed, and did not.
package struct CommandError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

package struct SystemFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ call: String, _ path: String) {
        description = "\(call) \(path): \(String(cString: strerror(errno)))"
    }
}

/// The seed of this run: from `REG_FAULT_SEED` to repeat one, else fresh; printed.
package func printedSeed(_ test: String) -> UInt64 {
    let seed =
        getenv("REG_FAULT_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 0...(.max))
    print("\(test): REG_FAULT_SEED=\(seed)")
    return seed
}
