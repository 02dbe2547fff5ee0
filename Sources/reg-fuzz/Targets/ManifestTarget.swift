// SPDX-License-Identifier: Apache-2.0
internal import RegManifest

/// The object that lists pages.
enum ManifestTarget: FuzzTarget {
    static let name = "manifest"
    private static let nonce = 4..<20

    static func run(_ input: [UInt8]) {
        guard let manifest = try? Manifest.decode(input) else { return }
        claim(
            zip(manifest.packs, manifest.packs.dropFirst()).allSatisfy { $0.name < $1.name },
            "packs come in order, none twice")
        let draft = ManifestDraft(
            tree: manifest.tree, totals: manifest.totals, requires: manifest.requires,
            packs: manifest.packs.map(\.name),
            pages: manifest.pages)
        var sizes = manifest.packs.map(\.byteCount).makeIterator()
        var written = draft.encoded { _ in sizes.next() ?? 0 }
        written.replaceSubrange(nonce, with: input[nonce])
        // Unknown extensions are ignored, and come last.
        claim(
            written.count <= input.count && written.dropLast().elementsEqual(input.prefix(written.count - 1)),
            "a manifest has one way of writing")
    }

    static func seeds() throws -> [[UInt8]] {
        try [0, 1, 2, 5, 12, 40, 90, 200, 400, 700, 1_000, 1_500].map {
            try SampleTree(rows: $0, seed: UInt64($0)).manifest
        }
    }
}
