// SPDX-License-Identifier: Apache-2.0

/// What a store was seen to do when it was tried.
package struct StoreCheck: Equatable, Sendable {
    /// What it is needed for.
    package enum Need: String, Sendable {
        /// For several writers at one time.
        case writing
        /// For reading.
        case reading
        /// For nothing that could go wrong by itself: it catches what else goes wrong.
        case safety
    }

    /// One word or two: `create-only`, `ranges`.
    package let name: String
    package let need: Need
    package let isGood: Bool
    /// What was tried and seen, one printable line.
    package let detail: String

    package init(_ name: String, _ need: Need, _ isGood: Bool, _ detail: String) {
        self.name = name
        self.need = need
        self.isGood = isGood
        self.detail = detail
    }
}
