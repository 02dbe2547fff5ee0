// SPDX-License-Identifier: Apache-2.0
internal import RegFiles
internal import RegTensor

/// The bytes of an open file whose length is known.
struct OpenFile: FileBytes {
    let file: Descriptor
    let byteCount: UInt64

    func read(_ ranges: [Range<UInt64>]) throws -> [[UInt8]] {
        try ranges.map { range in
            let count = Int(range.upperBound - range.lowerBound)
            return try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                filled = try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: range.lowerBound)
            }
        }
    }
}
