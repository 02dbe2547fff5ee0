// SPDX-License-Identifier: Apache-2.0
internal import RegBytes

/// Files that could not be compared by what is in them, and why: the first few.
struct ContentFailures {
    private static let limit = 5

    private var lines: [String] = []
    private var count = 0

    /// `format`: what the file was taken for.
    mutating func add(_ subject: String, _ format: String, _ reason: String) {
        count += 1
        guard count <= ContentFailures.limit else { return }
        lines.append(
            "\(subject) is compared as a file, as \(format) it fails: \(printable(reason).prefix(200))")
    }

    var notes: [String] { lines + (count > lines.count ? ["and \(count - lines.count) more"] : []) }
}
