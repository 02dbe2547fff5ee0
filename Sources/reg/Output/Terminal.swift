// SPDX-License-Identifier: Apache-2.0
internal import CPosix
internal import Glibc

/// The terminal that standard error may be.
enum Terminal {
    /// Whether lines can be drawn over there.
    static var isInteractive: Bool { isatty(STDERR_FILENO) == 1 && !isDumb }

    static var isDumb: Bool { variable("TERM") == "dumb" }

    /// Its width; 80 where it does not say.
    static var columns: Int {
        let columns = Int(reg_terminal_columns(STDERR_FILENO))
        return columns > 0 ? columns : 80
    }

    /// Whether text to `descriptor` may have colours (https://no-color.org).
    static func hasColors(_ descriptor: Int32) -> Bool {
        isatty(descriptor) == 1 && !isDumb && (variable("NO_COLOR") ?? "").isEmpty
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
