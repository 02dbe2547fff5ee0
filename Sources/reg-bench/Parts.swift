// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes
internal import RegChunk
internal import RegCodec
internal import RegFiles
internal import RegHash

/// CPU seconds of what storing a file is made of, each part alone on one thread.
struct Parts {
    var reading = 0.0
    var chunking = 0.0
    var chunkHash = 0.0
    var fileHash = 0.0
    var coding = 0.0
    var writing = 0.0

    var sum: Double { reading + chunking + chunkHash + fileHash + coding + writing }

    private static let blockSize = 4 << 20
    /// More than a processor's cache: each part finds its bytes in memory, as it does in the pipeline.
    private static let segmentSize = 64 << 20

    /// Takes the file at `path` through each part in a pass of its own, and writes it once past the page cache to
    /// `target`.
    static func measure(_ path: BytePath, writingTo target: BytePath) throws -> Parts {
        var parts = Parts()
        let segment = UnsafeMutableRawBufferPointer.allocate(byteCount: segmentSize, alignment: 4096)
        let coded = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 4096)
        defer {
            segment.deallocate()
            coded.deallocate()
        }
        let fileHasher = SHA256()
        let encoder = Encoder()
        var cuts: [[Int]] = []
        try pass(path, in: segment, reading: &parts.reading) { _, _ in }
        try pass(path, in: segment) { _, block in
            time(&parts.chunking) {
                var cutter = Cutter(.content)
                cuts.append(cutter.cuts(in: block, isEnd: true))
            }
        }
        try pass(path, in: segment) { number, block in
            time(&parts.chunkHash) {
                var chunks: [UnsafeRawBufferPointer] = []
                forEachChunk(cuts[number], of: block) { chunks.append($0) }
                _ = SHA256.digests(of: chunks)
            }
        }
        try pass(path, in: segment) { _, block in time(&parts.fileHash) { fileHasher.update(block) } }
        try pass(path, in: segment) { number, block in
            time(&parts.coding) {
                forEachChunk(cuts[number], of: block) { _ = encoder.encodeChunk($0, into: coded) }
            }
        }
        let copy = try Descriptor.open(target, .createDirect)
        try pass(path, in: segment) { _, block in try time(&parts.writing) { try copy.write(block) } }
        try time(&parts.writing) { try copy.sync() }
        return parts
    }

    /// Reads the file segment by segment and gives its blocks, which are whole in the files of the benchmark.
    private static func pass(
        _ path: BytePath, in segment: UnsafeMutableRawBufferPointer,
        _ body: (Int, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var unused = 0.0
        try pass(path, in: segment, reading: &unused, body)
    }

    private static func pass(
        _ path: BytePath, in segment: UnsafeMutableRawBufferPointer, reading: inout Double,
        _ body: (Int, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let source = try Descriptor.open(path, .read)
        var number = 0
        while true {
            var count = 0
            try time(&reading) { count = try source.read(into: segment) }
            if count == 0 { return }
            for start in stride(from: 0, to: count, by: blockSize) {
                try body(number, UnsafeRawBufferPointer(rebasing: segment[start..<start + blockSize]))
                number += 1
            }
        }
    }

    private static func forEachChunk(
        _ lengths: [Int], of block: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        var offset = 0
        for length in lengths {
            body(UnsafeRawBufferPointer(rebasing: block[offset..<offset + length]))
            offset += length
        }
    }

}

/// Adds the CPU seconds of this thread that `body` takes.
func time<R>(_ total: inout Double, _ body: () throws -> R) rethrows -> R {
    let start = threadSeconds()
    defer { total += threadSeconds() - start }
    return try body()
}

private func threadSeconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}
