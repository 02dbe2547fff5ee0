// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import RegBytes

/// What a file replaces when it gets its name.
package enum Publishing: Sendable {
    /// Whatever has the name is replaced at once.
    case replacing
    /// Nothing: the name must be new.
    case creating
}

/// Writes a small file so that its name shows all of `bytes` or what it showed before, also after a power cut:
/// temporary file, fsync, rename or link, fsync of the directory.
///
/// - Returns: false where `creating` found the name taken.
@discardableResult
package func publish(
    _ bytes: [UInt8], as name: BytePath, in directory: Descriptor, mode: UInt32 = 0o644,
    _ publishing: Publishing
) throws(FileError) -> Bool {
    let temporary = temporaryName()
    let file = try Descriptor.open(temporary, .create, at: directory)
    do {
        try file.write(bytes)
        try file.setMode(mode)
        try file.sync()
        return try giveName(name, to: temporary, in: directory, publishing)
    } catch {
        try? directory.remove(temporary)  // the first error is the one to tell
        throw error
    }
}

/// Gives a finished and synced temporary file its name and makes that survive a power cut.
///
/// - Returns: false where `creating` found the name taken; the temporary file is gone either way.
package func giveName(
    _ name: BytePath, to temporary: BytePath, in directory: Descriptor, _ publishing: Publishing
) throws(FileError) -> Bool {
    var isNew = true
    switch publishing {
    case .replacing:
        try directory.rename(temporary, to: name)
    case .creating:
        isNew = try directory.link(temporary, to: name)
        try directory.remove(temporary)
    }
    // Also where the name was taken: whoever made it may have been killed before this.
    try directory.sync()
    return isNew
}

/// The bytes of a small file; nil where there is none.
///
/// - Throws: also when the file is longer than `limit` bytes (`EFBIG`).
package func readSmallFile(_ path: BytePath, limit: Int) throws(FileError) -> [UInt8]? {
    let file: Descriptor
    do { file = try Descriptor.open(path, .read) } catch {
        if error.isNotFound { return nil }
        throw error
    }
    return try file.readAll(limit: limit)
}

extension Descriptor {
    /// All bytes of the file, which may be at most `limit` (`EFBIG`).
    package func readAll(limit: Int) throws(FileError) -> [UInt8] {
        let size = try status().size
        guard size <= UInt64(limit) else { throw FileError("read", path, code: EFBIG) }
        let capacity = Int(size) + 1
        var failure: FileError?
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            do { count = try read(into: UnsafeMutableRawBufferPointer(buffer)) } catch {
                failure = error as? FileError
                count = 0
            }
        }
        if let failure { throw failure }
        return bytes
    }
}

/// Writes a file whole under its name at once, replacing what has it, without asking for durability.
///
/// - Returns: its status, under its name.
package func replaceFile(
    _ bytes: UnsafeRawBufferPointer, as name: BytePath, in directory: Descriptor, mode: UInt32
) throws(FileError) -> FileStatus {
    let temporary = temporaryName()
    let file = try Descriptor.open(temporary, .create, at: directory)
    do {
        try file.write(bytes)
        try file.setMode(mode)
        try directory.rename(temporary, to: name)
        return try file.status()
    } catch {
        try? directory.remove(temporary)  // the first error is the one to tell
        throw error
    }
}

/// Writes a new file under its name at once, where nobody looks before all is done; otherwise like ``replaceFile``.
package func makeFile(
    _ bytes: UnsafeRawBufferPointer, as name: BytePath, in directory: Descriptor, mode: UInt32
) throws(FileError) -> FileStatus {
    let file: Descriptor
    do { file = try Descriptor.open(name, .create, at: directory, permissions: mode) } catch {
        guard error.isTaken else { throw error }
        return try replaceFile(bytes, as: name, in: directory, mode: mode)
    }
    do {
        try file.write(bytes)
        return try file.status()
    } catch {
        try? directory.remove(name)  // the first error is the one to tell
        throw error
    }
}

/// The permission bits that new files do not get (`umask(2)`).
package func fileModeMask() -> UInt32 {
    let mask = umask(0o022)
    umask(mask)
    return UInt32(mask)
}
