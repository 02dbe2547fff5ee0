// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegTesting
import Testing

/// An ext4 file system in a file, mounted in a sandbox, from which the power can be cut.
final class DiskImage {
    private let sandbox: Sandbox
    private let place: String
    private let file: String
    private var mount: Mount?

    /// Makes and mounts one for as long as `body` runs.
    static func with<Result>(
        at place: String, in sandbox: Sandbox, _ body: (DiskImage) throws -> Result
    ) throws -> Result {
        let disk = try DiskImage(at: place, in: sandbox)
        defer { disk.detach() }
        return try body(disk)
    }

    private init(at place: String, in sandbox: Sandbox) throws {
        self.sandbox = sandbox
        self.place = place
        file = "\(place).image"
        try sandbox.run("/usr/bin/truncate", ["--size=128M", sandbox.path(file)])
        try sandbox.run("/sbin/mkfs.ext4", ["-q", "-E", "lazy_itable_init=0", sandbox.path(file)])
        try attach()
    }

    private func attach() throws {
        mount = try Mount(["-t", "ext4", "-o", "loop", sandbox.path(file)], at: place, in: sandbox)
    }

    private func detach() {
        mount?.detach()
        mount = nil
    }

    /// Cuts the power: nothing more reaches the disk, not even what the file system was about to write.
    func cutPower() throws {
        let directory = open(sandbox.path(place), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw SystemFailure("open", place) }
        defer { close(directory) }
        var withoutLog: UInt32 = 2  // EXT4_GOING_FLAGS_NOLOGFLUSH
        // EXT4_IOC_SHUTDOWN
        guard ioctl(directory, 0x8004_587d, &withoutLog) == 0 else { throw SystemFailure("shutdown", place) }
    }

    /// Mounts it again, as after a start of the machine.
    func restart() throws {
        detach()
        try attach()
    }

    /// Keeps what is on it now under another name, to come back to.
    func store() throws {
        detach()
        try copy(file, to: "\(file).stored")
        try attach()
    }

    func restore() throws {
        detach()
        try copy("\(file).stored", to: file)
        try attach()
    }

    private func copy(_ name: String, to other: String) throws {
        try sandbox.run("/bin/cp", ["--sparse=always", "--", sandbox.path(name), sandbox.path(other)])
    }
}
