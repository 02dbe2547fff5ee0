// SPDX-License-Identifier: Apache-2.0
internal import RegManifest

enum PageTarget: FuzzTarget {
    static let name = "page"

    static func run(_ input: [UInt8]) {
        guard let items = try? Page.decode(input) else { return }
        var builder = Page.Builder()
        for item in items { builder.append(item) }
        claim(builder.encoded == input, "a page has one way of writing")
    }

    static func seeds() throws -> [[UInt8]] {
        try (1...24).flatMap { try SampleTree(rows: 3 * $0, seed: UInt64($0)).pages }
    }
}
