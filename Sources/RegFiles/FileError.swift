// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import RegBytes

/// A system call on a file that failed: which, where, and the system's reason.
package struct FileError: Error, Equatable {
    /// What was being done, as it reads after "cannot".
    package let operation: String
    package let path: BytePath
    /// The `errno` of the call.
    package let code: Int32

    package init(_ operation: String, _ path: BytePath, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// The failure of the call that has just returned.
    static func last(_ operation: String, _ path: BytePath) -> FileError {
        FileError(operation, path, code: errno)
    }

    /// What should be a symlink is none.
    package var isNoLink: Bool { code == EINVAL && operation == FileError.readingLink }
    static let readingLink = "read the link"

    package var isNotFound: Bool { code == ENOENT || code == ENOTDIR }
    /// Something else has the name.
    package var isTaken: Bool { code == EEXIST || code == ENOTEMPTY }
    package var isPermission: Bool { code == EACCES || code == EPERM || code == EROFS }
    /// The user may not do this, whoever else may.
    package var isDenied: Bool { code == EACCES || code == EPERM }
    /// A symlink, or a path that leads out, where only a plain path is followed.
    package var isUnsafePath: Bool { code == ELOOP || code == EXDEV }

    /// Two files cannot be one here: other file systems, too many names, or none but the first.
    package var isNoHardLink: Bool {
        [EXDEV, EMLINK, EPERM, EACCES, EOPNOTSUPP, ENOSYS].contains(code) && operation == "link"
    }
    /// There is no room for one more name of the same file, but for other files there is.
    package var isTooManyLinks: Bool { code == EMLINK }
    /// A directory has the name of a file.
    package var isDirectory: Bool { code == EISDIR }

    /// The file is longer than its reader accepts; `read(2)` itself never fails so.
    package var isOverLimit: Bool { operation == "read" && code == EFBIG }

    /// A network file system gave up waiting: what was asked may have been done.
    package var isUnanswered: Bool {
        [ETIMEDOUT, ECONNRESET, ECONNABORTED, ENOTCONN, EHOSTDOWN, EHOSTUNREACH, ESTALE].contains(code)
    }

    package var reason: String { String(cString: strerror(code)) }

    package var message: String { "cannot \(operation) \(printable(path)): \(reason)" }
}

/// Calls again while a signal interrupts; the result is below zero on failure.
func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}

extension BytePath {
    /// Calls `body` with the path as C wants it; a path with NUL inside is cut there, so callers refuse those first.
    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        let text = bytes.isEmpty ? [UInt8(ascii: ".")] : bytes
        return (text + [0]).map { CChar(bitPattern: $0) }.withUnsafeBufferPointer { characters in
            guard let start = characters.baseAddress else { preconditionFailure("the final NUL is missing") }
            return body(start)
        }
    }
}
