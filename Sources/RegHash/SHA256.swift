// SPDX-License-Identifier: Apache-2.0
internal import CKernels
internal import CLibCrypto

/// A running SHA-256 over OpenSSL's EVP, which uses the CPU's SHA instructions where it has them.
///
/// One thread at a time; `finish` readies it for the next message, so that one can serve many files.
package final class SHA256 {
    // OpenSSL's fetched algorithms are immutable and shared between threads (EVP_MD_fetch(3)); fetching once saves
    // a lookup of half a microsecond on every small chunk.
    nonisolated(unsafe) private static let algorithm: OpaquePointer? = EVP_MD_fetch(nil, "SHA256", nil)

    private let context: OpaquePointer?

    package init() {
        context = EVP_MD_CTX_new()
        restart()
    }

    deinit { EVP_MD_CTX_free(context) }

    private func restart() {
        let status = EVP_DigestInit_ex2(context, SHA256.algorithm, nil)
        precondition(status == 1, "OpenSSL has no SHA-256")
    }

    package func update(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    package func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// The digest of all bytes since the last `finish`.
    package func finish() -> Digest {
        withUnsafeTemporaryAllocation(byteCount: Digest.byteCount, alignment: 8) { buffer in
            EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            restart()
            return Digest(raw: UnsafeRawBufferPointer(buffer))
        }
    }

    package static func digest(of bytes: UnsafeRawBufferPointer) -> Digest {
        let hasher = SHA256()
        hasher.update(bytes)
        return hasher.finish()
    }

    package static func digest(of bytes: [UInt8]) -> Digest { bytes.withUnsafeBytes { digest(of: $0) } }

    /// The hash of `bytes` in the name space of `kind`: SHA-256 over `reg:<kind>:v1`, NUL and the bytes.
    package static func digest(kind: String, of bytes: [UInt8]) -> Digest {
        let hasher = SHA256()
        hasher.update(Array("reg:\(kind):v1\0".utf8))
        hasher.update(bytes)
        return hasher.finish()
    }

    /// How several messages are hashed.
    package enum Kernel: CaseIterable, Sendable {
        /// Three at one time, with the processor's SHA instructions.
        case interleaved
        /// One after another, by OpenSSL.
        case single

        /// The fastest that this processor can run.
        package static let best: Kernel = reg_sha256_is_fast() != 0 ? .interleaved : .single
    }

    /// The digests of several messages: together they take about half the time that each alone does.
    package static func digests(
        of messages: [UnsafeRawBufferPointer], by kernel: Kernel = .best
    ) -> [Digest] {
        guard kernel == .interleaved, messages.count > 1 else { return messages.map { digest(of: $0) } }
        // A message of no bytes may have no address, and is never read.
        let empty: StaticString = ""
        let starts = messages.map { message -> UnsafePointer<UInt8>? in
            message.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? empty.utf8Start
        }
        return withUnsafeTemporaryAllocation(
            byteCount: messages.count * Digest.byteCount, alignment: 8
        ) { buffer in
            let digests = buffer.bindMemory(to: UInt8.self)
            reg_sha256(starts, messages.map(\.count), messages.count, digests.baseAddress)
            return messages.indices.map { index in
                let range = index * Digest.byteCount..<(index + 1) * Digest.byteCount
                return Digest(raw: UnsafeRawBufferPointer(rebasing: buffer[range]))
            }
        }
    }
}
