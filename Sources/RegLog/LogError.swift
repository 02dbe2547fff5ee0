// SPDX-License-Identifier: Apache-2.0
internal import RegHash
package import RegStore

/// Why a log cannot be read or written.
package enum LogError: Error, Equatable {
    /// The stored bytes of a record, or `registry.json` as number 0, are not what was written: what does not fit.
    case damaged(number: UInt64, String)
    /// A record is not there, though a later one is.
    case missing(number: UInt64, later: UInt64)
    /// The registry is of a version that this reg does not know.
    case newerVersion(String)
    /// An append was sent and nothing says whether it arrived; the journal keeps it.
    case unanswered(number: UInt64, StoreError)
    /// More than a record may hold.
    case recordTooLarge(byteCount: Int)
    case store(StoreError)
}
