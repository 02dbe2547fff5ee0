// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegTesting
import Synchronization
import Testing

/// A file system mounted in a sandbox.
struct Mount {
    fileprivate let sandbox: Sandbox
    fileprivate let place: String

    /// Mounts a file system at `place` for as long as `body` runs; `words` are what mount(8) is told besides.
    static func with<Result>(
        _ words: [String], at place: String, in sandbox: Sandbox, _ body: (Mount) throws -> Result
    ) throws -> Result {
        let mount = try Mount(words, at: place, in: sandbox)
        defer { mount.detach() }
        return try body(mount)
    }

    /// Mounts a file system in memory.
    static func withMemory<Result>(
        at place: String, in sandbox: Sandbox, _ body: (Mount) throws -> Result
    ) throws -> Result {
        try with(["-t", "tmpfs", "-o", "size=256M,mode=755", "tmpfs"], at: place, in: sandbox, body)
    }

    /// Makes what is at `place` read-only, for everybody.
    static func withReadOnly<Result>(
        _ place: String, in sandbox: Sandbox, _ body: () throws -> Result
    ) throws -> Result {
        try with(["--bind", sandbox.path(place)], at: place, in: sandbox) { mount in
            try mount.remount("bind,ro")
            return try body()
        }
    }

    /// Whoever calls this must detach it.
    init(_ words: [String], at place: String, in sandbox: Sandbox) throws {
        self.sandbox = sandbox
        self.place = place
        try sandbox.run("/bin/mkdir", ["-p", "--", sandbox.path(place)])
        try sandbox.run("/bin/mount", words + ["--", sandbox.path(place)])
    }

    func detach() {
        let path = sandbox.path(place)
        // Lazily where something still uses it: what matters is that it goes.
        if umount2(path, 0) != 0 { umount2(path, Int32(MNT_DETACH)) }
    }

    func remount(_ options: String) throws {
        try sandbox.run("/bin/mount", ["-o", "remount,\(options)", "--", sandbox.path(place)])
    }

    /// What is used of it now.
    var used: (byteCount: Int, inodeCount: Int) {
        get throws {
            var status = statvfs()
            guard statvfs(sandbox.path(place), &status) == 0 else { throw SystemFailure("statvfs", place) }
            let blocks = status.f_blocks - status.f_bfree
            return (Int(blocks) * Int(status.f_frsize), Int(status.f_files - status.f_ffree))
        }
    }
}

/// What tests can do on this machine.
enum Machine {
    /// Whether file systems can be mounted here: as root, and outside of most containers.
    static let canMount = works {
        try Mount.withMemory(at: "mount", in: try Sandbox()) { _ in }
    }

    /// Whether a file can be mounted as a file system of its own.
    static let canMountImages =
        canMount
        && works {
            try DiskImage.with(at: "disk", in: try Sandbox()) { _ in }
        }

    /// Whether programs can be run under strace.
    static let canTrace = works {
        try Sandbox().run("/usr/bin/strace", ["--quiet=all", "--output=/dev/null", "--", "/bin/true"])
    }

    private static func works(_ body: () throws -> Void) -> Bool {
        do {
            try body()
            return true
        } catch { return false }
    }
}

extension Trait where Self == ConditionTrait {
    static var needsMounts: Self { .needs("root that may mount", Machine.canMount) }
    static var needsImages: Self { .needs("root, loop devices and mkfs.ext4", Machine.canMountImages) }
    static var needsTracing: Self { .needs("strace", Machine.canTrace) }

    private static func needs(_ what: String, _ isThere: Bool) -> Self {
        if !isThere { Skips.note(what) }
        return .enabled(if: isThere, "needs \(what)")
    }
}

/// Counts the tests that cannot run here, and tells at the end, where nobody overlooks it.
private enum Skips {
    private static let counts = Mutex<[String: Int]>([:])

    static func note(_ what: String) {
        counts.withLock { counts in
            if counts.isEmpty { atexit { Skips.tell() } }
            counts[what, default: 0] += 1
        }
    }

    private static func tell() {
        for (what, count) in counts.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            print("SKIPPED: \(count) tests of faults, which need \(what)")
        }
    }
}
