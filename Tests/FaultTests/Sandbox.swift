// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegHash
import RegJSON
import RegTesting
import Testing

/// A directory of its own, with a home, in which a test runs reg and git; it goes with its last user.
final class Sandbox: Sendable {
    let root: String

    private static let regBinary: String = {
        if let named = getenv("REG_BINARY") { return String(cString: named) }
        let package = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(package)/.build/release/reg"
    }()

    init() throws {
        var name = Array("/tmp/reg-faults-XXXXXX".utf8CString)
        root = try #require(mkdtemp(&name).map { String(cString: $0) })
        try makeDirectory("home")
        try write(
            "home/.gitconfig",
            Array("[user]\n name = Test\n email = test@localhost\n[init]\n defaultBranch = main\n".utf8))
    }

    deinit { _ = try? run("/bin/rm", ["-rf", "--", root]) }

    /// `path` below the sandbox.
    func path(_ path: String) -> String { "\(root)/\(path)" }

    // MARK: Commands

    private var environment: [String: String] {
        [
            "HOME": path("home"), "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TMPDIR": root,
            "GIT_CONFIG_NOSYSTEM": "1", "XDG_CONFIG_HOME": path("home/.config"),
            "XDG_DATA_HOME": path("home/.local/share"), "XDG_STATE_HOME": path("home/.local/state"),
            "XDG_CACHE_HOME": path("home/.cache"),
        ]
    }

    func command(_ program: String, _ arguments: [String], in directory: String = ".") -> Command {
        Command(program, arguments, environment: environment, in: path(directory))
    }

    func reg(_ arguments: [String], in directory: String) -> Command {
        command(Sandbox.regBinary, arguments, in: directory)
    }

    /// Runs a program that must succeed; what it printed.
    @discardableResult
    func run(_ program: String, _ arguments: [String], in directory: String = ".") throws -> String {
        try succeeded(command(program, arguments, in: directory))
    }

    @discardableResult
    func git(_ arguments: [String], in directory: String) throws -> String {
        try run("/usr/bin/git", arguments, in: directory)
    }

    /// Runs reg, which must succeed; its document, where `--json` is asked for.
    @discardableResult
    func succeed(_ arguments: [String], in directory: String) throws -> JSON {
        let text = try succeeded(reg(arguments, in: directory))
        return arguments.contains("--json") ? try JSON.parse(Array(text.utf8)) : .null
    }

    private func succeeded(_ command: Command) throws -> String {
        let outcome = try command.run()
        try #require(outcome.code == 0, "\(command.summary): \(outcome.ending), \(outcome.errorText)")
        return outcome.text
    }

    /// Runs reg and measures the most memory it had resident, in KiB; nil where nothing can measure it.
    func measured(_ arguments: [String], in directory: String) throws -> (Command.Outcome, memory: Int?) {
        let timer = "/usr/bin/time"
        guard access(timer, X_OK) == 0 else { return (try reg(arguments, in: directory).run(), nil) }
        let report = path("memory")
        let measuring = ["--quiet", "--format=%M", "--output=\(report)", "--", Sandbox.regBinary]
        let outcome = try command(timer, measuring + arguments, in: directory).run()
        let text = String(decoding: try read("memory"), as: UTF8.self)
        return (outcome, Int(text.split(separator: "\n").last ?? ""))
    }

    // MARK: Files

    func makeDirectory(_ name: String) throws {
        guard mkdir(path(name), 0o755) == 0 || errno == EEXIST else {
            throw SystemFailure("mkdir", path(name))
        }
    }

    /// Writes a file in place, also one that is read-only; directories on the way are made.
    func write(_ name: String, _ bytes: [UInt8]) throws {
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

    func read(_ name: String) throws -> [UInt8] { try contents(of: path(name)) }

    func exists(_ name: String) -> Bool {
        var status = stat()
        return lstat(path(name), &status) == 0
    }

    func remove(_ name: String) throws { try remove(absolute: path(name)) }

    func remove(absolute path: String) throws { try run("/bin/rm", ["-rf", "--", path]) }

    func copy(_ name: String, to other: String) throws {
        try run("/bin/cp", ["-a", "--", path(name), path(other)])
    }

    func link(_ name: String, to target: String) throws {
        guard symlink(target, path(name)) == 0 else { throw SystemFailure("symlink", path(name)) }
    }

    func tree(_ name: String) throws -> Tree { try Tree(path(name)) }

    /// The names in a directory, sorted.
    func names(_ directory: String) throws -> [String] {
        try directoryNames(path(directory)).map { String(decoding: $0, as: UTF8.self) }.sorted()
    }
}

extension Command {
    /// For messages.
    var summary: String {
        let words = arguments.map { String(decoding: $0, as: UTF8.self) }
        return ([program.split(separator: "/").last.map(String.init) ?? program] + words).joined(
            separator: " ")
    }
}

struct SystemFailure: Error, CustomStringConvertible {
    let description: String

    init(_ call: String, _ path: String) {
        description = "\(call) \(path): \(String(cString: strerror(errno)))"
    }
}

/// All bytes of a file.
func contents(of path: String) throws -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { throw SystemFailure("open", path) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw SystemFailure("fstat", path) }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
    guard count == bytes.count else { throw SystemFailure("read", path) }
    return bytes
}

/// The names in a directory, in no order.
private func directoryNames(_ path: String) throws -> [[UInt8]] {
    guard let stream = opendir(path) else { throw SystemFailure("opendir", path) }
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in Array(raw.prefix { $0 != 0 }) }
        if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
    }
    return names
}

/// What lies below a directory.
struct Tree: Equatable {
    enum Entry: Equatable {
        case file(Digest, byteCount: Int, isExecutable: Bool)
        case directory(isEmpty: Bool)
        case link(BytePath)
        case other(mode_t)
    }

    private(set) var entries: [BytePath: Entry] = [:]
    /// Inodes and times of last change by path: what writing anything would move.
    private(set) var traces: [BytePath: [Int]] = [:]

    init(_ root: String) throws { try collect(root, BytePath([])) }

    private mutating func collect(_ directory: String, _ prefix: BytePath) throws {
        for name in try directoryNames(directory) {
            // Names of these trees that are not UTF-8 do not occur: the sandbox is this test's own.
            let path = "\(directory)/\(String(decoding: name, as: UTF8.self))"
            let relative = prefix.appending(BytePath(name))
            var status = stat()
            guard lstat(path, &status) == 0 else { throw SystemFailure("lstat", path) }
            traces[relative] = [Int(status.st_ino), status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
            switch status.st_mode & S_IFMT {
            case S_IFREG:
                let bytes = try contents(of: path)
                entries[relative] = .file(
                    SHA256.digest(of: bytes), byteCount: bytes.count,
                    isExecutable: status.st_mode & S_IXUSR != 0)
            case S_IFDIR:
                let count = entries.count
                try collect(path, relative)
                entries[relative] = .directory(isEmpty: entries.count == count)
            case S_IFLNK:
                var target = [UInt8](repeating: 0, count: 4096)
                let length = target.withUnsafeMutableBytes { buffer in
                    buffer.withMemoryRebound(to: CChar.self) { characters in
                        characters.baseAddress.map { readlink(path, $0, characters.count) } ?? 0
                    }
                }
                entries[relative] = .link(BytePath(target.prefix(max(0, length))))
            case let kind: entries[relative] = .other(kind)
            }
        }
    }

    var files: [BytePath: Entry] {
        entries.filter { if case .file = $0.value { true } else { false } }
    }

    /// The tree's digest, by docs/format.md, "Identity".
    var digest: Digest {
        var rows = Array("reg:tree:v1\0".utf8)
        for (path, entry) in entries.sorted(by: { $0.key < $1.key }) {
            var row = ByteWriter()
            switch entry {
            case .file(let hash, let byteCount, let isExecutable):
                row.append("f")
                row.u8(isExecutable ? 1 : 0)
                row.u64(UInt64(byteCount))
                row.append(hash.bytes)
            case .directory(let isEmpty):
                if !isEmpty { continue }
                row.append("d")
                row.u8(0)
                row.u64(0)
                row.append(SHA256.digest(of: []).bytes)
            case .link(let target):
                row.append("l")
                row.u8(0)
                row.u64(UInt64(target.bytes.count))
                row.append(SHA256.digest(of: target.bytes).bytes)
            case .other: continue
            }
            row.u32(UInt32(path.bytes.count))
            row.append(path.bytes)
            rows += row.bytes
        }
        return SHA256.digest(of: rows)
    }
}

/// The seed of this run: from `REG_FAULT_SEED` to repeat one, else fresh; printed.
func printedSeed(_ test: String) -> UInt64 {
    let seed =
        getenv("REG_FAULT_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 0...(.max))
    print("\(test): REG_FAULT_SEED=\(seed)")
    return seed
}

/// Exit codes that a failure may have; never one of a crash.
func expectFailure(
    _ outcome: Command.Outcome, _ codes: Set<Int32>, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let isExpected = outcome.code.map { codes.contains($0) } ?? false
    #expect(
        isExpected, "\(what): \(outcome.ending), not \(codes.sorted()): \(outcome.errorText)",
        sourceLocation: sourceLocation)
}
