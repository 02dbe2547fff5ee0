// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegHash

/// Why bytes are not a manifest, or not one that is safe to follow.
package enum ManifestError: Error, Equatable {
    /// Not in the one valid encoding, or at odds with itself: what and where.
    case malformed(String)
    /// Made by a later version: what is not known here.
    case newerVersion(String)
    /// A path that must not be written, and why.
    case unsafePath(BytePath, String)
    /// More than a reader is willing to hold: which limit.
    case overLimit(String)
    /// The rows are not the tree that the manifest names.
    case treeDigest(found: Digest, expected: Digest)
    /// A page is not the one that the manifest names.
    case pageID(found: Digest, expected: Digest)
}

extension ByteError {
    var asManifestError: ManifestError {
        switch self {
        case .truncated(let offset): .malformed("it ends too early, at byte \(offset)")
        case .badVarint(let offset): .malformed("the number at byte \(offset) is not in its shortest form")
        case .tooLarge(let offset): .overLimit("the count at byte \(offset)")
        case .trailing(let offset): .malformed("bytes follow its end at byte \(offset)")
        }
    }
}

/// Why bytes do not begin with the magic of this version, whose first letters are `letters`.
func wrongMagic(_ reader: inout ByteReader, _ letters: StaticString, _ what: String) -> ManifestError {
    guard reader.skip(letters), let version = try? reader.u8(),
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(version)
    else { return .malformed("it does not begin with \(letters)1") }
    return .newerVersion("\(what) of version \(version - UInt8(ascii: "0"))")
}

/// Runs `body`, giving the errors of the byte reader as manifest errors.
func parsing<Result>(_ body: () throws -> Result) throws(ManifestError) -> Result {
    do { return try body() } catch let error as ByteError {
        throw error.asManifestError
    } catch let error as ManifestError { throw error } catch { throw .malformed("\(error)") }
}
