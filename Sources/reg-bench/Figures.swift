// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes
internal import RegDiff
internal import RegFiles

/// How fast elements are measured and compared in memory, on one core.
struct FigureBench {
    /// More than caches hold.
    private static let byteCount = 256 << 20

    private let old = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 4096)
    private let new = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 4096)

    func printTable() {
        defer {
            old.deallocate()
            new.deallocate()
        }
        print(
            "## Figures of tensors, 256 MiB in memory, one core\n\n| elements | statistics, GB/s | comparing, GB/s of both sides | histograms, GB/s |\n|---|---|---|---|"
        )
        for dtype in ["F64", "F32", "F16", "BF16", "I8"] {
            guard let type = NumberType(dtype: dtype) else { continue }
            fill(old, elementSize: type.byteCount, seed: 1)
            fill(new, elementSize: type.byteCount, seed: 2)
            let (a, b) = (UnsafeRawBufferPointer(old), UnsafeRawBufferPointer(new))
            var times = [0.0, 0.0, 0.0]
            time(&times[0]) {
                forEachPiece { _ = Moments(of: UnsafeRawBufferPointer(rebasing: a[$0]), type) }
            }
            time(&times[1]) {
                forEachPiece {
                    _ = Figures(
                        from: UnsafeRawBufferPointer(rebasing: a[$0]), type,
                        to: UnsafeRawBufferPointer(rebasing: b[$0]), type)
                }
            }
            time(&times[2]) {
                forEachPiece { _ = Histogram(of: UnsafeRawBufferPointer(rebasing: a[$0]), type) }
            }
            let rates = zip([1.0, 2, 1], times).map { fixed($0 * Double(FigureBench.byteCount) / $1 / 1e9) }
            print("| \(dtype) | \(rates.joined(separator: " | ")) |")
        }
        print("")
    }

    private func forEachPiece(_ body: (Range<Int>) -> Void) {
        for start in stride(from: 0, to: FigureBench.byteCount, by: 1 << 20) { body(start..<start + 1 << 20) }
    }

    /// Finite numbers, whatever float they are read as.
    private func fill(_ buffer: UnsafeMutableRawBufferPointer, elementSize: Int, seed: UInt64) {
        var noise = Noise(seed: seed)
        noise.fill(buffer)
        if elementSize == 1 { return }
        for place in stride(from: elementSize - 1, to: buffer.count, by: elementSize) {
            buffer[place] = buffer[place] & 0x80 | 0x3b
        }
    }
}

/// A file of bf16 weights, in tensors of 16 MiB.
struct SampleModel {
    private static let tensorByteCount: UInt64 = 16 << 20
    let byteCount: UInt64

    /// `version`: each has some other low bits than the one before.
    func write(_ path: BytePath, version: UInt64) throws {
        let count = byteCount / SampleModel.tensorByteCount
        let entries = (0..<count).map { number in
            let start = number * SampleModel.tensorByteCount
            return
                "\"layer.\(number).weight\":{\"dtype\":\"BF16\",\"shape\":[2048,4096],\"data_offsets\":[\(start),\(start + SampleModel.tensorByteCount)]}"
        }
        let header = Array("{\(entries.joined(separator: ","))}".utf8)
        let file = try Descriptor.open(path, .create)
        let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
        try (length + header).withUnsafeBytes { try file.write($0) }
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 << 20, alignment: 4096)
        let change = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 << 20, alignment: 4096)
        defer {
            block.deallocate()
            change.deallocate()
        }
        var (noise, changes) = (Noise(seed: 1), Noise(seed: version))
        for _ in 0..<count * SampleModel.tensorByteCount / UInt64(block.count) {
            noise.fill(block)
            changes.fill(change)
            for place in stride(from: 0, to: block.count, by: 8) {
                let low = change.load(fromByteOffset: place, as: UInt64.self) & 0x0003_0003_0003_0003
                let value = block.load(fromByteOffset: place, as: UInt64.self)
                let weights = value & 0x80fc_80fc_80fc_80fc | 0x3c00_3c00_3c00_3c00 | low
                block.storeBytes(of: weights, toByteOffset: place, as: UInt64.self)
            }
            try file.write(UnsafeRawBufferPointer(block))
        }
        try file.sync()
    }
}
