// SPDX-License-Identifier: Apache-2.0
internal import RegBytes

/// Whether a byte of a path stands in the lock as `\xNN`: whatever is no visible ASCII character, and `\` itself.
private func needsEscape(_ byte: UInt8) -> Bool { byte < 0x21 || byte >= 0x7f || byte == UInt8(ascii: "\\") }

/// A path in the characters of the lock.
func escaped(_ path: BytePath) -> [UInt8] {
    path.bytes.flatMap { byte in needsEscape(byte) ? Array(("\\x" + hex([byte])).utf8) : [byte] }
}

/// The path that a field of the lock names; nil where ``escaped(_:)`` would have written it otherwise.
func unescaped(_ field: ArraySlice<UInt8>) -> BytePath? {
    var result: [UInt8] = []
    var rest = field
    while let byte = rest.popFirst() {
        if byte != UInt8(ascii: "\\") {
            guard !needsEscape(byte) else { return nil }
            result.append(byte)
            continue
        }
        guard rest.popFirst() == UInt8(ascii: "x"), let value = bytes(hex: rest.prefix(2)), value.count == 1,
            needsEscape(value[0])
        else { return nil }
        result.append(value[0])
        rest = rest.dropFirst(2)
    }
    return BytePath(result)
}
