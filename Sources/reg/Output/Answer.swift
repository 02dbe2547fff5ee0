// SPDX-License-Identifier: Apache-2.0
internal import RegJSON

/// What a command tells: one JSON document for programs, a few lines for people.
protocol Answer: Sendable {
    /// The document (`schema/json/`).
    var json: JSON { get }

    /// The lines: printable, what matters first.
    func lines(_ style: TextStyle) -> [String]

    /// What the user should know besides, a printable line each.
    var notes: [String] { get }
    /// What may well be a mistake of the user's, one printable line each.
    var warnings: [String] { get }

    /// Whether it only confirms what was done, so that `--quiet` leaves its text out.
    var isConfirmation: Bool { get }
}

extension Answer {
    var notes: [String] { [] }
    var warnings: [String] { [] }
    var isConfirmation: Bool { false }
}
