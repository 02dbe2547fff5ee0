// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegFiles
import RegTesting

/// A file system that the tests write to: one that takes O_DIRECT, and one in memory.
enum Place: CaseIterable {
    case disk, memory

    var path: BytePath { BytePath(self == .disk ? "/tmp" : "/dev/shm") }
}

/// Calls `body` with an empty directory.
func withDirectory(on place: Place = .disk, _ body: (Descriptor) throws -> Void) throws {
    try withTemporaryDirectory(in: place.path) { try body(.directory($0)) }
}

extension Descriptor {
    func make(_ name: String, _ bytes: [UInt8] = [1]) throws {
        try publish(bytes, as: BytePath(name), in: self, .creating)
    }

    /// The bytes of the file `name`, nil if there is none.
    func content(_ name: BytePath) throws -> [UInt8]? {
        try readSmallFile(path.appending(name), limit: 1 << 30)
    }

    func content(_ name: String) throws -> [UInt8]? { try content(BytePath(name)) }
}

/// The `errno` with which `body` fails; nil if it does not.
func code(_ body: () throws -> Void) -> Int32? {
    do { try body() } catch let error as FileError { return error.code } catch { return nil }
    return nil
}
