// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegChunk
internal import RegTensor

/// The header of a file: its first bytes, the file's size behind them.
///
/// The input is that size, u32, and the JSON; the length in front of it is made to fit, or not: bit 31 of the size
/// takes the input's own.
enum SafetensorsTarget: FuzzTarget {
    static let name = "safetensors"

    static func run(_ input: [UInt8]) {
        var reader = ByteReader(input)
        guard let data = try? reader.u32(), let json = try? reader.take(reader.remaining) else { return }
        var prefix = ByteWriter()
        if data >> 31 == 0 { prefix.u64(UInt64(json.count)) }
        prefix.append(json)
        let fileSize = UInt64(prefix.count) + UInt64(data & 0x7fff_ffff)
        guard let header = try? SafetensorsHeader.parse(prefix: prefix.bytes, fileSize: fileSize) else {
            return
        }
        var end = header.byteCount
        for tensor in header.tensors {
            claim(tensor.range.lowerBound == end, "tensors follow one another")
            end = tensor.range.upperBound
        }
        claim(end == fileSize, "the last tensor ends with the file")
        let plan = CutPlan.container(
            [(header.byteCount, true)] + header.tensors.map { ($0.byteCount, false) })
        guard case .stretches(let lengths) = plan else { return }
        claim(lengths.reduce(0, +) == fileSize, "the stretches are the whole file")
    }

    static func seeds() -> [[UInt8]] {
        let dtypes = [
            ("F32", 32), ("BF16", 16), ("I64", 64), ("U8", 8), ("F4", 4), ("F6_E2M3", 6), ("X1", 8),
        ]
        var seeds = dtypes.map { dtype, bits in
            let size = 24 * UInt32(bits) / 8
            return seed(
                #"{"w":{"dtype":"\#(dtype)","shape":[2,12],"data_offsets":[0,\#(size)]}}"#, data: size)
        }
        for count in [0, 1, 2, 5, 12, 30] {
            let tensors = (0..<count).map { number in
                let range = "\(700 * number),\(700 * number + 700)"
                return #""t\#(number)":{"dtype":"U8","shape":[700],"data_offsets":[\#(range)]}"#
            }
            let metadata = #""__metadata__":{"format":"pt"}"#
            seeds.append(
                seed(
                    "{" + ([metadata] + tensors.reversed()).joined(separator: ",") + "}",
                    data: 700 * UInt32(count)))
        }
        return seeds
    }

    private static func seed(_ json: String, data: UInt32) -> [UInt8] {
        var writer = ByteWriter()
        writer.u32(data)
        writer.append(json.utf8)
        return writer.bytes
    }
}
