// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import RegBytes
package import RegFiles
package import RegHash

/// Objects as files below one directory; several processes and machines may share it.
///
/// Relies on `link(2)` alone for "only if there is none", which also holds on network file systems.
package struct DirectoryStore: ObjectStore {
    package let root: BytePath

    package init(root: BytePath) { self.root = root }

    package var location: String { printable(root) }

    package func path(of key: ObjectKey) -> BytePath { root.appending(key.text) }

    package func read(_ key: ObjectKey, limit: Int, _ mode: ReadMode) throws(StoreError) -> [UInt8]? {
        do { return try readSmallFile(path(of: key), limit: limit) } catch {
            if error.isOverLimit { throw .tooLarge(key: key, location: location, limit: limit) }
            throw .file(error)
        }
    }

    package func read(
        _ key: ObjectKey, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer, _ mode: ReadMode,
        arrived: (Int) -> Void
    ) throws(StoreError) {
        let count: Int
        do {
            count = try Descriptor.open(path(of: key), .read).read(into: buffer, at: offset)
        } catch {
            if error.isNotFound { throw .notFound(key: key, location: location) }
            throw .file(error)
        }
        guard count == buffer.count else {
            throw .short(key: key, location: location, expected: offset + UInt64(buffer.count))
        }
        arrived(count)
    }

    package func size(of key: ObjectKey) throws(StoreError) -> UInt64? {
        do { return try fileStatus(path(of: key))?.size } catch { throw .file(error) }
    }

    package func names(
        in prefix: ObjectPrefix, after name: String?, limit: Int?
    ) throws(StoreError) -> [String] {
        do {
            let directory = try Descriptor.open(root.appending(prefix.text), .directory)
            let names = try directory.entries().compactMap(\.name.utf8)
                .filter { !$0.hasPrefix(".tmp-") && $0 > (name ?? "") }.sorted()
            return Array(names.prefix(limit ?? names.count))
        } catch {
            if error.isNotFound { return [] }
            throw .file(error)
        }
    }

    package func create(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) -> Bool {
        do {
            let directory = try directory(of: key)
            return try publish(bytes, as: BytePath(key.name), in: directory, mode: 0o444, .creating)
        } catch { throw .file(error) }
    }

    package func writer(
        for key: ObjectKey, buffer: LargeFileWriter.Buffer
    ) throws(StoreError) -> any ObjectWriter {
        do {
            let file = try LargeFileWriter(
                DirectoryStore.unfinishedName(of: key), in: try directory(of: key), buffer: buffer)
            return DirectoryWriter(file: file, key: key, location: location)
        } catch { throw .file(error) }
    }

    package func unfinishedFile(of key: ObjectKey) -> BytePath? {
        path(of: key).parent.appending(DirectoryStore.unfinishedName(of: key))
    }

    /// Known before the file is there, so that it can be noted first.
    private static func unfinishedName(of key: ObjectKey) -> BytePath {
        let digest = SHA256.digest(of: Array(key.text.utf8))
        return temporaryName(UInt32(truncatingIfNeeded: digest.beginning))
    }

    package func create(_ key: ObjectKey, fromFileAt source: BytePath) throws(StoreError) {
        do {
            if try linkFile(source, to: path(of: key), in: try directory(of: key)) { return }
        } catch { throw .file(error) }
        try copy(source, to: key)
    }

    /// Links `source` where both are on one file system that allows it; a file of that name is there by an earlier push.
    private func linkFile(
        _ source: BytePath, to target: BytePath, in directory: Descriptor
    ) throws(FileError) -> Bool {
        do {
            _ = try hardLink(source, to: target)
            try directory.sync()  // also where it was there: whoever made it may have been killed before this
            return true
        } catch {
            if [EXDEV, EPERM, EMLINK, EOPNOTSUPP].contains(error.code) { return false }
            throw error
        }
    }

    /// Copies a file, going on where a killed run of the same copy has stopped.
    private func copy(_ source: BytePath, to key: ObjectKey) throws(StoreError) {
        do {
            let directory = try directory(of: key)
            let part = try PartFile.open(DirectoryStore.partName(of: key, from: source), in: directory)
            let buffer = LargeFileWriter.Buffer()
            let writer: LargeFileWriter
            if let part {
                writer = try LargeFileWriter(part, in: directory, buffer: buffer)
            } else {
                writer = try LargeFileWriter(in: directory, buffer: buffer)
            }
            try DirectoryStore.copy(try Descriptor.open(source, .read), to: writer, part)
            try writer.complete(mode: 0o444)
            _ = try writer.publish(as: BytePath(key.name), .creating)
        } catch { throw .file(error) }
    }

    /// `part`: what may have the first bytes already.
    private static func copy(
        _ source: Descriptor, to writer: LargeFileWriter, _ part: PartFile?
    ) throws(FileError) {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 << 20, alignment: 4096)
        defer { room.deallocate() }
        let block = UnsafeMutableRawBufferPointer(rebasing: room[..<(1 << 20)])
        let old = UnsafeMutableRawBufferPointer(rebasing: room[(1 << 20)...])
        var isThere = part != nil
        while true {
            let count = try source.read(into: block)
            if count == 0 { return }
            let bytes = UnsafeRawBufferPointer(rebasing: block[..<count])
            if let part, isThere {
                let there = UnsafeMutableRawBufferPointer(rebasing: old[..<count])
                isThere =
                    try part.read(into: there, at: writer.byteCount) == count
                    && there.elementsEqual(bytes)
            }
            if isThere { writer.keep(bytes) } else { try writer.append(bytes) }
        }
    }

    /// The same for every run of this copy, and for no copy of another clone or machine, whose locks this one may not
    /// see.
    private static func partName(of key: ObjectKey, from source: BytePath) -> BytePath {
        let copy = Array("\(hostName())\0\(key.text)\0".utf8) + source.bytes
        return RegFiles.partName(SHA256.digest(of: copy).beginning)
    }

    private func directory(of key: ObjectKey) throws(FileError) -> Descriptor {
        let path = root.appending(key.directory)
        do { return try Descriptor.open(path, .directory) } catch {
            guard error.isNotFound else { throw error }
        }
        try makeDirectories(path)
        return try Descriptor.open(path, .directory)
    }
}

private final class DirectoryWriter: ObjectWriter {
    private let file: LargeFileWriter
    private let key: ObjectKey
    private let location: String

    init(file: LargeFileWriter, key: ObjectKey, location: String) {
        self.file = file
        self.key = key
        self.location = location
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        do { try file.append(bytes) } catch { throw .file(error) }
    }

    func finish() throws(StoreError) {
        do {
            try file.complete(mode: 0o444)
            _ = try file.publish(as: BytePath(key.name), .creating)
        } catch { throw .file(error) }
    }
}

extension DirectoryStore {
    /// The names of all packs, sorted.
    package func packNames() throws(StoreError) -> [RandomName] {
        do {
            let packs = try Descriptor.open(root.appending("packs"), .directory)
            var names: [RandomName] = []
            for shelf in try packs.entries() where bytes(hex: shelf.name.bytes)?.count == 1 {
                for entry in try packs.openBeneath(shelf.name, .directory).entries() {
                    guard entry.name.bytes.suffix(5).elementsEqual(".pack".utf8),
                        entry.name.bytes.starts(with: shelf.name.bytes),
                        let name = RandomName(hex: entry.name.bytes.dropLast(5))
                    else { continue }  // unknown objects are nobody's fault
                    names.append(name)
                }
            }
            return names.sorted()
        } catch {
            if error.isNotFound { return [] }
            throw .file(error)
        }
    }

    /// The trees and ids of all manifests.
    package func manifestNames() throws(StoreError) -> [(tree: Digest, id: Digest)] {
        do {
            let manifests = try Descriptor.open(root.appending("manifests"), .directory)
            var names: [(tree: Digest, id: Digest)] = []
            for shelf in try manifests.entries() where bytes(hex: shelf.name.bytes)?.count == 1 {
                let trees = try manifests.openBeneath(shelf.name, .directory)
                for folder in try trees.entries() {
                    guard let tree = Digest(hex: folder.name.bytes) else { continue }
                    for entry in try trees.openBeneath(folder.name, .directory).entries() {
                        if let id = Digest(hex: entry.name.bytes) { names.append((tree, id)) }
                    }
                }
            }
            return names
        } catch {
            if error.isNotFound { return [] }
            throw .file(error)
        }
    }

    /// Removes an object, if it is there.
    package func remove(_ key: ObjectKey) throws(StoreError) {
        do {
            try Descriptor.open(root.appending(key.directory), .directory).remove(BytePath(key.name))
        } catch {
            if !error.isNotFound { throw .file(error) }
        }
    }
}
