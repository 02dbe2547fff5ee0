// SPDX-License-Identifier: Apache-2.0

/// The words of a command line, as a shell would part them that expands nothing.
///
/// Blanks part words; within single quotes everything stands for itself; within double quotes a backslash takes the
/// meaning from `"` and `\`; outside of them from any character.
/// - Returns: nil where a quote or a backslash has nothing after it.
package func commandWords(_ text: String) -> [String]? {
    var words: [String] = []
    var word: [UInt8] = []
    var isInWord = false
    var quote: UInt8?
    var bytes = text.utf8.makeIterator()
    while let byte = bytes.next() {
        let isBlank = byte == 0x20 || (0x09...0x0d).contains(byte)
        if quote == nil, isBlank {
            if isInWord { words.append(String(decoding: word, as: UTF8.self)) }
            word = []
            isInWord = false
            continue
        }
        isInWord = true
        if byte == quote {
            quote = nil
        } else if quote == nil, byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
            quote = byte
        } else if byte == UInt8(ascii: "\\"), quote != UInt8(ascii: "'") {
            guard let next = bytes.next() else { return nil }
            if quote != nil, next != byte, next != quote { word.append(byte) }
            word.append(next)
        } else {
            word.append(byte)
        }
    }
    guard quote == nil else { return nil }
    return isInWord ? words + [String(decoding: word, as: UTF8.self)] : words
}
