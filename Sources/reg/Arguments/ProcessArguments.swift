// SPDX-License-Identifier: Apache-2.0
internal import RegBytes

// Arguments are bytes, and a path among them need not be UTF-8; but the argument parser takes strings, and
// Swift repairs what it puts into one. So each byte that is no part of UTF-8 becomes a private scalar, from which
// `pathArgument` makes the byte again. A scalar of that range in an argument is taken apart in the same way: no
// two arguments become the same string.

/// U+10FE00 and the byte: private for good, and no noncharacters.
private let firstScalar: UInt32 = 0x10fe00

private let scalars = (firstScalar + 0x80)...(firstScalar + 0xff)

/// The arguments of the process after its name, as ``argument(_:)`` makes them.
func processArguments() -> [String] {
    (1..<max(1, Int(CommandLine.argc))).compactMap { index in
        guard let start = CommandLine.unsafeArgv[index] else { return nil }
        return argument(UnsafeRawBufferPointer(start: start, count: byteCount(of: start)).map { $0 })
    }
}

private func byteCount(of text: UnsafeMutablePointer<CChar>) -> Int {
    var end = text
    while end.pointee != 0 { end += 1 }
    return end - text
}

/// One argument as a string that keeps every byte.
func argument(_ bytes: [UInt8]) -> String {
    if let text = String(validating: bytes, as: UTF8.self), !text.unicodeScalars.contains(where: isStandIn) {
        return text
    }
    var result = String.UnicodeScalarView()
    var rest = bytes[...]
    while !rest.isEmpty {
        // At most four bytes are one scalar; the shortest beginning that is UTF-8 is it.
        let text = (1...min(4, rest.count)).lazy.compactMap {
            String(validating: rest.prefix($0), as: UTF8.self)
        }
        if let scalar = text.first?.unicodeScalars.first, !isStandIn(scalar) {
            result.append(scalar)
            rest = rest.dropFirst(UTF8.width(scalar))
        } else {
            result.append(standIn(rest.removeFirst()))
        }
    }
    return String(result)
}

private func isStandIn(_ scalar: Unicode.Scalar) -> Bool { scalars.contains(scalar.value) }

/// The scalar that stands for a byte from 0x80 on.
private func standIn(_ byte: UInt8) -> Unicode.Scalar {
    Unicode.Scalar(firstScalar + UInt32(byte)) ?? Unicode.Scalar(byte)
}

/// The bytes that ``argument(_:)`` made `text` from.
func argumentBytes(_ text: String) -> BytePath {
    var bytes: [UInt8] = []
    for scalar in text.unicodeScalars {
        if isStandIn(scalar) {
            bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        } else {
            bytes.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
        }
    }
    return BytePath(bytes)
}

/// An argument, or a message that quotes one, for people.
func shown(_ text: String) -> String { printable(argumentBytes(text)) }
