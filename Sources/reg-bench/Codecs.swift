// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes
internal import RegCodec
internal import RegFiles
internal import RegHash

/// What codecs make of the first 64 MiB of a file, chunk by chunk on one thread.
final class CodecBench {
    private let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 20, alignment: 4096)
    private let bases = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 20, alignment: 4096)
    private let coded = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    private let other = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    private let encoder = Encoder()
    private let hasher = SHA256()

    deinit {
        raw.deallocate()
        bases.deallocate()
        coded.deallocate()
        other.deallocate()
    }

    /// CPU seconds of one pass over all chunks.
    private struct Pass {
        var encoding = 0.0
        var decoding = 0.0
        var choosing = 0.0
        var hashing = 0.0
        var storedByteCount = 0
        var codecs: Set<UInt8> = []
    }

    /// Each file alone, and with the same range of `base` as the base of a chunk where there is one.
    func printTable(of paths: [String], base: String? = nil) throws {
        let baseCount = try base.map { try Descriptor.open(BytePath($0), .read).read(into: bases) } ?? 0
        print(
            "| file | KiB a chunk | codecs | stored | the best | coding, with its check, GB/s | decoding GB/s | choosing of hashing |"
        )
        print("|---|---|---|---|---|---|---|---|")
        for path in paths {
            let count = try Descriptor.open(BytePath(path), .read).read(into: raw)
            for length in [64 << 10, 1 << 20] {
                let chunks = stride(from: 0, to: count, by: length).map { $0..<min($0 + length, count) }
                try printRow(path, chunks, baseCount: base == nil ? nil : baseCount)
            }
        }
    }

    private func printRow(_ path: String, _ ranges: [Range<Int>], baseCount: Int?) throws {
        let count = ranges.last?.upperBound ?? 0
        let chunks = ranges.map { range in
            let base = baseCount.map { min(range.lowerBound, $0)..<min(range.upperBound, $0) }
            return (
                raw: UnsafeRawBufferPointer(rebasing: raw[range]),
                base: base.map { UnsafeRawBufferPointer(rebasing: bases[$0]) }
            )
        }
        let passes = try (0..<5).map { _ in try pass(over: chunks) }
        func least(_ part: KeyPath<Pass, Double>) -> Double { passes.map { $0[keyPath: part] }.min() ?? 0 }
        func speed(_ part: KeyPath<Pass, Double>) -> String {
            least(part) > 0 ? fixed(Double(count) / least(part) / 1e9) : "-"
        }
        let codecs = passes[0].codecs.sorted().map { "\($0)" }.joined(separator: " ")
        let best = chunks.reduce(0) { $0 + bestByteCount(of: $1.raw) }
        let share = least(\.choosing) / least(\.hashing)
        print(
            "| \(path.split(separator: "/").last ?? "") | \((ranges.first?.count ?? 0) >> 10) | \(codecs) | \(permille(passes[0].storedByteCount, of: count)) | \(permille(best, of: count)) "
                + "| \(speed(\.encoding)) | \(speed(\.decoding)) | \(fixed(100 * share)) % |")
    }

    private func pass(over chunks: [(raw: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer?)]) throws
        -> Pass
    {
        var pass = Pass()
        for (chunk, base) in chunks {
            time(&pass.hashing) {
                hasher.update(chunk)
                _ = hasher.finish()
            }
            time(&pass.choosing) { _ = LaneGuess(chunk, base: base) }
            let result = time(&pass.encoding) {
                guard let base else { return encoder.encodeChunk(chunk, into: coded) }
                let isText = LaneGuess(chunk).map { $0.elementSize == .one } ?? true
                return encoder.encodeChunk(chunk, base: base, isText ? .text : .numbers, into: coded)
            }
            pass.codecs.insert(result.codec.rawValue)
            pass.storedByteCount += result.byteCount
            guard result.codec != .stored else { continue }
            let target = UnsafeMutableRawBufferPointer(rebasing: other[..<chunk.count])
            let entry = UnsafeRawBufferPointer(rebasing: coded[..<result.byteCount])
            try time(&pass.decoding) {
                try result.codec.decode(entry, base: result.codec.needsBase ? base : nil, into: target)
            }
        }
        return pass
    }

    /// The least that any codec makes of a chunk.
    private func bestByteCount(of chunk: UnsafeRawBufferPointer) -> Int {
        var best = min(
            encoder.encode(chunk, into: coded).byteCount, encoder.encodeChunk(chunk, into: coded).byteCount)
        for size in Lanes.ElementSize.allCases {
            best = min(best, Lanes.encode(chunk, elementSize: size, into: other) ?? best)
        }
        return best
    }
}

private func permille(_ part: Int, of whole: Int) -> String {
    let thousandths = "\(1000 + (1000 * part + whole / 2) / max(1, whole))"
    return "\(thousandths.count > 4 || thousandths.first == "2" ? "1" : "0").\(thousandths.suffix(3))"
}
