// SPDX-License-Identifier: Apache-2.0

package import RegJSON

/// Why a file is not taken for a sound safetensors file; it is then cut by its content like any other.
package enum SafetensorsError: Error, Equatable, Sendable {
    /// Fewer bytes were given than the length and the header have.
    case truncated(needed: Int)
    /// A header of fewer than 2 bytes, of more than 8 MiB, or longer than the file.
    case badHeaderLength(UInt64)
    /// The header does not begin with `{`.
    case notAnObject
    case badJSON(JSONError)
    /// `__metadata__` is no object of strings.
    case badMetadata
    /// A tensor's description lacks something, has something else, or has something of the wrong kind.
    case badTensor(name: String)
    /// The tensor ends before it begins, or does not begin where the one before ends.
    case badRange(name: String)
    /// Dtype and shape do not make as many bytes as the tensor has.
    case badSize(name: String)
    /// The tensors end there, in bytes of the file, and the file elsewhere.
    case badEnd(UInt64)
}
