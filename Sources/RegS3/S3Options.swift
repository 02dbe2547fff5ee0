// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegHTTP

/// How a bucket is used.
package struct S3Options: Sendable {
    /// `STANDARD_IA`, …; nil for the bucket's own.
    package var storageClass: String?
    /// `AES256` or `aws:kms`; nil for the bucket's own.
    package var encryption: String?
    /// The key of `aws:kms`; nil for the account's own.
    package var encryptionKey: String?
    /// Requests at one time.
    package var connections = 8
    package var retries = RetryPolicy()
    /// How long a range may stand still until it is asked for a second time beside the first.
    package var hedgeDelay: Duration = .seconds(4)
    package var http = HTTPClient.Options()
    /// Told of bytes of large objects that went to the server, by any thread.
    package var onSent: @Sendable (UInt64) -> Void = { _ in }
    /// A directory for objects that are not sent yet.
    package var spool: BytePath
    /// Where uploads on their way are noted; nil where there is no such place.
    package var uploadNotes: UploadNotes?
    /// A file to lock, where this machine is the only one that writes: for servers that cannot create only what is
    /// not there.
    package var singleWriterLock: BytePath?

    package init(spool: BytePath) { self.spool = spool }
}
