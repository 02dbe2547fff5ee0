// SPDX-License-Identifier: Apache-2.0

/// Why an entry cannot be decoded.
package enum CodecError: Error, Equatable, Sendable {
    /// A newer version is needed to read it.
    case unknownCodec(CodecID)
    /// Lengths in bytes that no valid entry has: above a limit, or not possible with this codec.
    case badLength(CodecID, stored: Int, raw: Int)
    /// The bytes do not decode to as many as they should.
    case corrupt(CodecID)
}
