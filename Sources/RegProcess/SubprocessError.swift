// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import RegBytes

/// Why a program could not be run to its end.
package enum SubprocessError: Error, Equatable {
    /// An argument, a variable or a path that holds a NUL byte, which would be cut there.
    case nulByte
    /// It could not be started; `code` is an `errno`. ENOENT: the program, or its directory, is not there.
    case start(program: BytePath, code: Int32)
    /// The system call `call` failed with the `errno` `code`.
    case system(call: String, code: Int32)
    case outputTooLarge(limit: Int)
    /// It ran longer than it may, and was killed.
    case tooSlow(limit: Duration)

    package var message: String {
        switch self {
        case .nulByte: "an argument holds a NUL byte"
        case .start(let program, let code): "cannot start \(printable(program)): \(reason(code))"
        case .system(let call, let code): "\(call) failed: \(reason(code))"
        case .outputTooLarge(let limit): "a program printed more than \(limit) bytes"
        case .tooSlow(let limit): "a program still ran after \(limit.components.seconds) s"
        }
    }

    /// The failure of the call that has just returned.
    static func last(_ call: String) -> SubprocessError { .system(call: call, code: errno) }
}

func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
