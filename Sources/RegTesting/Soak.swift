// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// How much these tests do: what fits continuous integration or, with `REG_SOAK=1` (`make soak`), everything.
package enum Soak {
    package static let isFull = getenv("REG_SOAK").map { String(cString: $0) } == "1"

    package static func count(_ usual: Int, full: Int) -> Int { isFull ? full : usual }
}
