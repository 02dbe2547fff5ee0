// SPDX-License-Identifier: Apache-2.0
package import RegBytes

/// Why a command could not be run in the foreground.
package enum ForegroundError: Error, Equatable {
    /// There is no such program, or not what runs it.
    case notFound(BytePath)
    /// It is there and cannot be executed; `code` is an `errno`.
    case notExecutable(BytePath, code: Int32)
    /// It cannot start in its directory; `code` is an `errno`.
    case directory(BytePath, code: Int32)
    /// What can go wrong with every program.
    case process(SubprocessError)

    /// What a shell exits with: 127 for a program that is not found, 126 for one that cannot be executed.
    package var exitCode: Int32? {
        switch self {
        case .notFound: 127
        case .notExecutable: 126
        default: nil
        }
    }

    package var message: String {
        switch self {
        case .notFound(let program): "\(printable(program)) is not found"
        case .notExecutable(let program, let code): "cannot execute \(printable(program)): \(reason(code))"
        case .directory(let path, let code): "cannot start in \(printable(path)): \(reason(code))"
        case .process(let error): error.message
        }
    }

    /// The failure of the call that has just returned.
    static func last(_ call: String) -> ForegroundError { .process(.last(call)) }
}
