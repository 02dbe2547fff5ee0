// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHash
internal import RegManifest

/// The rows of a tree in a file: a magic, then each row as the tree's digest is computed over it, after a symlink its
/// target.
///
/// The digest is computed again whenever they are read, so nothing else has to be believed.
final class CachedRows: Sendable {
    let tree: Digest
    private let file: Descriptor

    private static let magic = Array("REGROWS1".utf8)
    private static let readSize = 256 << 10
    private static let pathLimit = 4095

    init(_ tree: Digest, _ file: Descriptor) {
        self.tree = tree
        self.file = file
    }

    /// Says that the rows were used now.
    func touch() throws(FileError) { try file.setModified(nil) }

    /// Gives every row, in path order and each safe by itself, and all of them checked at the end.
    ///
    /// - Throws: `wrongRows`, at the end also for rows that `body` has had.
    func forEachRow(_ body: (TreeRow) throws -> Void) throws {
        var hasher = TreeHasher()
        var order = RowOrder()
        var totals = Manifest.Totals()
        var reader = BlockReader(file, offset: UInt64(CachedRows.magic.count), blockSize: CachedRows.readSize)
        guard try file.status().kind == .file, try beginning() == CachedRows.magic else {
            throw CacheError.wrongRows(tree, "it does not begin with REGROWS1")
        }
        do {
            while let row = try CachedRows.next(&reader) {
                try order.append(row)
                guard totals.byteCount <= UInt64(Int64.max) - min(row.byteCount, UInt64(Int64.max)) else {
                    throw ManifestError.overLimit("its files")
                }
                totals.count(row)
                hasher.append(row)
                try body(row)
            }
        } catch let error as ByteError { throw CacheError.wrongRows(tree, "\(error)") } catch let error
            as ManifestError
        { throw CacheError.wrongRows(tree, "\(error)") }
        let found = hasher.finish()
        guard found == tree else { throw CacheError.wrongRows(tree, "they are those of \(found.text)") }
    }

    private func beginning() throws(FileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: CachedRows.magic.count)
        var failure: FileError?
        bytes.withUnsafeMutableBytes { buffer in
            do throws(FileError) { _ = try file.read(into: buffer, at: 0) } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }

    private static func next(_ reader: inout BlockReader) throws -> TreeRow? {
        guard let kind = try reader.firstByte() else { return nil }
        let bit = try reader.u8()
        let size = try reader.u64()
        let hash = try reader.digest()
        let path = BytePath(try reader.take(try reader.u32(), limit: pathLimit))
        switch (kind, bit) {
        case (UInt8(ascii: "f"), 0...1):
            return TreeRow(path: path, kind: .file(size: size, hash: hash, isExecutable: bit == 1))
        case (UInt8(ascii: "d"), 0): return TreeRow(path: path, kind: .emptyDirectory)
        case (UInt8(ascii: "l"), 0):
            let target = BytePath(try reader.take(UInt32(clamping: size), limit: pathLimit))
            return TreeRow(path: path, kind: .symlink(target: target))
        default: throw ManifestError.unsafePath(path, "it is of an unknown kind (\(kind))")
        }
    }
}

extension CachedRows {
    /// Writes rows to a new file, in `directory` under its tree's digest.
    struct Draft {
        private let directory: Descriptor
        private let name = temporaryName()
        private let file: Descriptor
        private var waiting = CachedRows.magic
        private var hasher = TreeHasher()
        private var order = RowOrder()

        init(in directory: Descriptor) throws(FileError) {
            self.directory = directory
            file = try Descriptor.open(name, .create, at: directory)
        }

        mutating func append(_ row: TreeRow) throws {
            try order.append(row)
            hasher.append(row)
            switch row.kind {
            case .file(let size, let hash, let isExecutable):
                append(UInt8(ascii: "f"), isExecutable ? 1 : 0, size, hash, row.path)
            case .emptyDirectory: append(UInt8(ascii: "d"), 0, 0, SHA256.digest(of: []), row.path)
            case .symlink(let target):
                let size = UInt64(target.bytes.count)
                append(UInt8(ascii: "l"), 0, size, SHA256.digest(of: target.bytes), row.path)
                waiting += target.bytes
            }
            if waiting.count >= CachedRows.readSize { try flush() }
        }

        private mutating func append(
            _ kind: UInt8, _ bit: UInt8, _ size: UInt64, _ hash: Digest, _ path: BytePath
        ) {
            waiting.append(kind)
            waiting.append(bit)
            withUnsafeBytes(of: size.littleEndian) { waiting.append(contentsOf: $0) }
            hash.withBytes { waiting.append(contentsOf: $0) }
            withUnsafeBytes(of: UInt32(path.bytes.count).littleEndian) { waiting.append(contentsOf: $0) }
            waiting += path.bytes
        }

        private mutating func flush() throws(FileError) {
            try file.write(waiting)
            waiting.removeAll(keepingCapacity: true)
        }

        /// Gives the file its name, if the rows are those of `tree`; not made durable: who finds it damaged makes it anew.
        mutating func publish(as tree: Digest) throws {
            let found = hasher.finish()
            guard found == tree else {
                throw CacheError.wrongRows(tree, "those given are of \(found.text)")
            }
            try flush()
            try directory.rename(name, to: BytePath(tree.hex))
        }

        /// Removes what was written.
        func discard() throws(FileError) { try directory.remove(name) }
    }
}

/// Reads a file front to back in blocks of one size.
private struct BlockReader {
    private let file: Descriptor
    private var offset: UInt64
    private var block: [UInt8]
    private var position = 0
    private var end = 0

    init(_ file: Descriptor, offset: UInt64, blockSize: Int) {
        self.file = file
        self.offset = offset
        block = [UInt8](repeating: 0, count: blockSize)
    }

    /// Makes `count` bytes follow the position, less than a block; false where the file ends before.
    private mutating func fill(_ count: Int) throws -> Bool {
        if end - position >= count { return true }
        let rest = end - position
        let file = file
        let (start, from) = (position, offset)
        let read = try block.withUnsafeMutableBytes { bytes in
            let kept = UnsafeRawBufferPointer(rebasing: bytes[start..<start + rest])
            UnsafeMutableRawBufferPointer(rebasing: bytes[..<rest]).copyMemory(from: kept)
            return try file.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[rest...]), at: from)
        }
        offset += UInt64(read)
        position = 0
        end = rest + read
        return end >= count
    }

    /// Nil at the end of the file.
    mutating func firstByte() throws -> UInt8? {
        guard try fill(1) else { return nil }
        return try u8()
    }

    mutating func take(_ count: UInt32, limit: Int) throws -> ArraySlice<UInt8> {
        guard count <= limit else { throw ByteError.tooLarge(offset: Int(clamping: offset)) }
        let count = Int(count)
        guard try fill(count) else { throw ByteError.truncated(offset: Int(clamping: offset)) }
        defer { position += count }
        return block[position..<position + count]
    }

    mutating func u8() throws -> UInt8 { UInt8(try number(1)) }
    mutating func u32() throws -> UInt32 { UInt32(try number(4)) }
    mutating func u64() throws -> UInt64 { try number(8) }

    private mutating func number(_ size: Int) throws -> UInt64 {
        try take(UInt32(size), limit: 8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func digest() throws -> Digest {
        guard let digest = Digest(try take(UInt32(Digest.byteCount), limit: Digest.byteCount)) else {
            throw ByteError.truncated(offset: Int(clamping: offset))
        }
        return digest
    }
}
