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

    package func read(_ key: ObjectKey, limit: Int) throws(StoreError) -> [UInt8]? {
        do { return try readSmallFile(path(of: key), limit: limit) } catch {
            if error.isOverLimit { throw .tooLarge(key: key, location: location, limit: limit) }
            throw .file(error)
        }
    }

    package func read(
        _ key: ObjectKey, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
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
    }

    package func size(of key: ObjectKey) throws(StoreError) -> UInt64? {
        do { return try fileStatus(path(of: key))?.size } catch { throw .file(error) }
    }

    package func names(in prefix: ObjectPrefix, after name: String?) throws(StoreError) -> [String] {
        do {
            let directory = try Descriptor.open(root.appending(prefix.text), .directory)
            return try directory.entries().compactMap(\.name.utf8)
                .filter { !$0.hasPrefix(".tmp-") && $0 > (name ?? "") }.sorted()
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
            let file = try LargeFileWriter(in: try directory(of: key), buffer: buffer)
            return DirectoryWriter(file: file, key: key, location: location)
        } catch { throw .file(error) }
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

    private func copy(_ source: BytePath, to key: ObjectKey) throws(StoreError) {
        let writer = try writer(for: key, buffer: LargeFileWriter.Buffer())
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { block.deallocate() }
        do {
            let file = try Descriptor.open(source, .read)
            while true {
                let count = try file.read(into: block)
                if count == 0 { break }
                try writer.append(UnsafeRawBufferPointer(rebasing: block[..<count]))
            }
        } catch let error as FileError { throw .file(error) } catch let error as StoreError {
            throw error
        } catch {
            return  // the calls above throw nothing else
        }
        try writer.finish()
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
}
