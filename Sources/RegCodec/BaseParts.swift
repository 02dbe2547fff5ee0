// SPDX-License-Identifier: Apache-2.0

internal import RegBytes

/// Bytes as parts of a base, and what stands between those.
///
/// - SeeAlso: docs/format.md, "Parts of a base".
enum BaseParts {
    /// Writes to `output` what `raw` has of `base`, and the rest, coded by `encoder`.
    ///
    /// - Returns: the bytes written; nil where there is no room for them.
    static func encode(
        _ raw: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer, encoder: Encoder,
        into output: UnsafeMutableRawBufferPointer
    ) -> Int? {
        var finder = PartFinder(raw, base)
        guard let body = finder.body(atMost: min(output.count, raw.count - 1)) else { return nil }
        return body.withUnsafeBytes { body in
            withUnsafeTemporaryAllocation(byteCount: body.count, alignment: 16) { room in
                let result = encoder.encodeChunk(body, into: room)
                var head = ByteWriter()
                head.u8(result.codec.rawValue)
                head.varint(body.count)
                let total = head.count + result.byteCount
                guard total <= output.count else { return nil }
                output.copyBytes(from: head.bytes)
                let coded = result.codec == .stored ? body : UnsafeRawBufferPointer(room)
                UnsafeMutableRawBufferPointer(rebasing: output[head.count...])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: coded[..<result.byteCount]))
                return total
            }
        }
    }

    static func decode(
        _ stored: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer,
        into raw: UnsafeMutableRawBufferPointer
    ) throws(CodecError) {
        do {
            let body = try body(of: stored, atMost: raw.count - 1)
            var rest = ByteReader(body)
            var commands = ByteReader(Array(try rest.take(try rest.count(limit: rest.remaining))))
            var literal = rest.offset
            var (filled, known) = (0, 0)
            while filled < raw.count {
                let literalCount = try commands.count(limit: min(raw.count - filled, body.count - literal))
                raw[filled..<filled + literalCount].copyBytes(from: body[literal..<literal + literalCount])
                literal += literalCount
                filled += literalCount
                if filled == raw.count { break }
                let count = try commands.count(limit: raw.count - filled)
                let (start, overflows) = (known + literalCount).addingReportingOverflow(
                    Int(try commands.zigzag()))
                guard count > 0, !overflows, start >= 0, start <= base.count, count <= base.count - start
                else { throw CodecError.corrupt(.parts) }
                raw[filled..<filled + count].copyBytes(from: base[start..<start + count])
                filled += count
                known = start + count
            }
            guard commands.isAtEnd, literal == body.count else { throw CodecError.corrupt(.parts) }
        } catch { throw .corrupt(.parts) }
    }

    /// Commands and literals, decoded.
    private static func body(of stored: UnsafeRawBufferPointer, atMost limit: Int) throws -> [UInt8] {
        // No more than the codec, and a varint.
        var head = ByteReader(Array(stored.prefix(11)))
        let codec = CodecID(rawValue: try head.u8())
        let count = try head.count(limit: limit)
        guard codec.standsAlone else { throw CodecError.corrupt(.parts) }
        var body = [UInt8](repeating: 0, count: count)
        try body.withUnsafeMutableBytes {
            try codec.decode(UnsafeRawBufferPointer(rebasing: stored[head.offset...]), into: $0)
        }
        return body
    }
}
