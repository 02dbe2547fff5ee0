// SPDX-License-Identifier: Apache-2.0

/// The names of the images of COCO annotations, to be looked for in those of another split.
package struct ImageNames {
    /// Of more images names are not kept, only their hashes.
    private static let nameLimit = 50_000
    private static let exampleLimit = 5

    /// In ascending order, none twice.
    private let hashes: [UInt64]
    private let names: [String]

    init(_ file: COCOFile) {
        let listed = file.images.lazy.filter(\.isListed).map(\.name)
        var hashes = Array(listed.map { ContentHash.of($0) })
        hashes.sort()
        self.hashes = hashes.enumerated().lazy.filter {
            $0.offset == 0 || $0.element != hashes[$0.offset - 1]
        }
        .map(\.element)
        names = file.images.count <= ImageNames.nameLimit ? Array(listed) : []
    }

    /// Those of a file; nil where it is no COCO.
    ///
    /// - Throws: `ContentError` where it is not sound or too large, and whatever reading fails with.
    package static func read(_ stream: ByteStream) throws -> ImageNames? {
        var room = COCOFile.Room()
        return try COCOFile.read(stream, &room).map { ImageNames($0) }
    }

    /// How many images both have, and the names of the first few where one of them has not too many.
    package func shared(with other: ImageNames) -> (count: UInt64, examples: [String]) {
        var (left, right) = (hashes[...], other.hashes[...])
        var shared: Set<UInt64> = []
        while let one = left.first, let two = right.first {
            if one == two { shared.insert(one) }
            if one <= two { left.removeFirst() }
            if two <= one { right.removeFirst() }
        }
        let examples = (names.isEmpty ? other.names : names).lazy.filter {
            shared.contains(ContentHash.of($0))
        }
        return (UInt64(shared.count), Array(examples.prefix(ImageNames.exampleLimit)))
    }
}
