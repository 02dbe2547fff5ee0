// SPDX-License-Identifier: Apache-2.0

/// The bytes of a file of known length, to be read at any place: headers are read alone, wherever they lie.
package protocol FileBytes {
    /// The length of the file.
    var byteCount: UInt64 { get }

    /// Reads all these parts of the file, each inside it; a part is shorter where the file ends early.
    ///
    /// Together, so that a file that lies far away can bring them at one time.
    func read(_ ranges: [Range<UInt64>]) throws -> [[UInt8]]

    /// How many bytes from `offset` on cost no more than one, for who reads on from there.
    func readAhead(from offset: UInt64) -> UInt64
}

extension FileBytes {
    package func readAhead(from offset: UInt64) -> UInt64 { 256 << 10 }

    /// Reads parts of the file, which must be there.
    ///
    /// - Throws: `ContainerError.truncated` where the file ends before, and whatever reading fails with.
    func parts(_ ranges: [Range<UInt64>]) throws -> [[UInt8]] {
        for range in ranges where range.upperBound > byteCount {
            throw ContainerError.truncated(offset: range.lowerBound)
        }
        let parts = try read(ranges)
        for (range, part) in zip(ranges, parts) where part.count != range.upperBound - range.lowerBound {
            throw ContainerError.truncated(offset: range.lowerBound)
        }
        return parts
    }

    /// Reads `count` bytes from `offset` on, which must be there.
    func part(at offset: UInt64, count: UInt64) throws -> [UInt8] {
        let (end, overflows) = offset.addingReportingOverflow(count)
        guard !overflows else { throw ContainerError.truncated(offset: offset) }
        return try parts([offset..<end]).first ?? []
    }
}

/// Bytes in memory as a file.
package struct MemoryBytes: FileBytes {
    private let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var byteCount: UInt64 { UInt64(bytes.count) }

    package func read(_ ranges: [Range<UInt64>]) -> [[UInt8]] {
        ranges.map { Array(bytes[Int(min($0.lowerBound, byteCount))..<Int(min($0.upperBound, byteCount))]) }
    }
}

/// Reads a file front to back in windows, checking every bound; integers are little-endian.
struct ByteCursor {
    private let file: any FileBytes
    /// Nothing is read from here on.
    private let end: UInt64
    private var window: [UInt8] = []
    private var windowStart: UInt64 = 0
    private(set) var offset: UInt64 = 0

    /// `limit`: bytes from the file's start that may be read at most.
    init(_ file: any FileBytes, limit: UInt64) {
        self.file = file
        end = min(file.byteCount, limit)
    }

    mutating func u32() throws -> UInt32 { UInt32(try integer(4)) }
    mutating func u64() throws -> UInt64 { try integer(8) }

    private mutating func integer(_ size: Int) throws -> UInt64 {
        let first = try fill(size)
        return window[first..<first + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
        let first = try fill(count)
        return window[first..<first + count]
    }

    mutating func skip(_ count: UInt64) throws {
        guard count <= end - offset else { throw ContainerError.truncated(offset: offset) }
        offset += count
    }

    /// Makes the next `count` bytes be in the window, and passes over them; where they begin there.
    private mutating func fill(_ count: Int) throws -> Int {
        let size = UInt64(count)
        guard size <= end - offset else { throw ContainerError.truncated(offset: offset) }
        if offset < windowStart || offset + size > windowStart + UInt64(window.count) {
            window = try file.part(
                at: offset, count: min(max(size, file.readAhead(from: offset)), end - offset))
            windowStart = offset
        }
        defer { offset += size }
        return Int(offset - windowStart)
    }
}
