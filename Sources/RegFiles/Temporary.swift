// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import RegBytes

/// A name for an unfinished file: `.tmp-<pid>-<16 hex>`; leftovers of a crash are known by it.
///
/// The first eight hex digits tell in which system the process runs, the others are `tail`.
package func temporaryName(_ tail: UInt32 = .random(in: 0...(.max))) -> BytePath {
    BytePath(".tmp-\(getpid())-\(digits(systemTag))\(digits(tail))")
}

/// The name of a file that a later run finds again and goes on with (``PartFile``): `.tmp-part-<16 hex>`.
///
/// `key`: what the file is to become.
package func partName(_ key: UInt64) -> BytePath {
    BytePath(".tmp-part-\(digits(UInt32(key >> 32)))\(digits(UInt32(truncatingIfNeeded: key)))")
}

/// Whether reg gives such names to what is not finished.
package func isTemporary(_ name: BytePath) -> Bool {
    Temporary(name) != nil
}

private func digits(_ value: UInt32) -> String {
    hex((0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) })
}

/// Tells systems apart in which process numbers mean different processes: by boot and name space.
private let systemTag: UInt32 = {
    var text = (try? readSmallFile(BytePath("/proc/sys/kernel/random/boot_id"), limit: 4096)) ?? []
    var link = [CChar](repeating: 0, count: 256)
    text += link.prefix(max(0, readlink("/proc/self/ns/pid", &link, link.count))).map {
        UInt8(bitPattern: $0)
    }
    // FNV-1a: any sum will do.
    return text.reduce(0x811c_9dc5 as UInt32) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
}()

/// What a temporary name says.
private enum Temporary {
    case process(Int32, system: [UInt8])
    case part

    init?(_ name: BytePath) {
        guard name.bytes.starts(with: ".tmp-".utf8) else { return nil }
        let parts = name.bytes.dropFirst(5).split(
            separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].count == 16, bytes(hex: parts[1]) != nil else { return nil }
        if parts[0].elementsEqual("part".utf8) {
            self = .part
        } else if let process = Int32(String(decoding: parts[0], as: UTF8.self)), process > 0 {
            self = .process(process, system: Array(parts[1].prefix(8)))
        } else {
            return nil
        }
    }
}

extension Descriptor {
    /// Removes what killed processes have left unfinished in this directory, and not changed for `age` nanoseconds.
    ///
    /// Whose process cannot be told, on another machine or before the last start, goes when it has not changed for an
    /// hour.
    package func removeAbandonedFiles(unchangedFor age: Int64 = 0) throws(FileError) {
        for entry in try entries() where entry.kind != .directory {
            guard let temporary = Temporary(entry.name) else { continue }
            if try isAbandoned(entry.name, temporary, age) { try remove(entry.name) }
        }
    }

    private func isAbandoned(
        _ name: BytePath, _ temporary: Temporary, _ age: Int64
    ) throws(FileError) -> Bool {
        guard let status = try status(of: name), status.kind == .file,
            age == 0 || status.modified < nanosecondsNow() - age
        else { return false }
        switch temporary {
        case .part:
            guard let file = try? Descriptor.open(name, .read, at: self), try file.tryLock() else {
                return false
            }
            // Its writer may have given it its name just now.
            return try self.status(of: name)?.inode == file.status().inode
        case .process(let process, let system):
            guard kill(process, 0) != 0, errno == ESRCH else { return false }
            return system.elementsEqual(digits(systemTag).utf8)
                || status.modified < nanosecondsNow() - Descriptor.hour
        }
    }

    /// In nanoseconds.
    package static var hour: Int64 { 3_600_000_000_000 }
}
