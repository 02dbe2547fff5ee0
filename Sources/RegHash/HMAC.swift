// SPDX-License-Identifier: Apache-2.0
internal import CLibCrypto

/// The HMAC-SHA-256 (RFC 2104) of `message`, 32 bytes.
package func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: Digest.byteCount)
    var count: UInt32 = 0
    let result = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, &count)
    precondition(result != nil && Int(count) == code.count, "OpenSSL has no HMAC")
    return code
}
