// SPDX-License-Identifier: Apache-2.0

/// Why a file is not taken for a sound container of tensors; it is then cut by its content like any other.
///
/// Offsets are in bytes, of the file or of the part of it that is read by itself.
package enum ContainerError: Error, Equatable, Sendable {
    /// The file ends before what should be at `offset`.
    case truncated(offset: UInt64)
    /// Something at `offset` is not of the form that the container has.
    case malformed(offset: UInt64)
    /// A version, type or method at `offset` that this version does not know, or does not read on purpose.
    case unknown(offset: UInt64)
    /// A count or length at `offset` that is above its limit.
    case tooLarge(offset: UInt64)
    /// The tensor or member is not inside the file, or overlaps with another part of it.
    case badRange(name: String)
    /// Type and shape do not make as many bytes as the tensor has.
    case badSize(name: String)
    /// Two tensors or members have that name.
    case duplicate(name: String)
}
