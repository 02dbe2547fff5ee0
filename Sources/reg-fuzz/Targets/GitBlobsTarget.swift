// SPDX-License-Identifier: Apache-2.0
internal import RegGit

/// What `git cat-file --batch` prints, in blocks: the first byte says how long they are.
enum GitBlobsTarget: FuzzTarget {
    static let name = "git-blobs"
    private static let ids = ["aa", "bb", "cc"]

    static func run(_ input: [UInt8]) {
        guard let size = input.first else { return }
        let output = Array(input.dropFirst())
        let blobs = blobs(output, blockSize: output.count)
        claim(self.blobs(output, blockSize: Int(size) + 1) == blobs, "how output comes changes nothing")
        claim(blobs.map { $0.count == ids.count } ?? true, "each name has its blob")
    }

    private static func blobs(_ output: [UInt8], blockSize: Int) -> [[UInt8]]? {
        var reader = BlobReader(ids: ids)
        var blobs: [[UInt8]] = []
        var sizes: [UInt64] = []
        do {
            for start in stride(from: 0, to: output.count, by: max(blockSize, 1)) {
                try reader.add(Array(output[start..<min(start + blockSize, output.count)])) { part in
                    switch part {
                    case .start(let index, let size):
                        claim(index == blobs.count, "blobs come in order")
                        sizes.append(size)
                        blobs.append([])
                    case .block(let bytes):
                        claim(!bytes.isEmpty, "blocks are not empty")
                        blobs[blobs.count - 1] += bytes
                    case .end:
                        claim(UInt64(blobs[blobs.count - 1].count) == sizes.last, "a blob has its size")
                    }
                }
            }
        } catch { return nil }
        return reader.isComplete ? blobs : nil
    }

    static func seeds() -> [[UInt8]] {
        let outputs = [
            "aa blob 3\nxyz\nbb blob 0\n\ncc blob 1\n\n\n", "aa missing\n", "aa blob 2\nx",
            "aa commit 3\nxyz\n",
            "aa blob 18446744073709551615\nx",
            "aa blob 5\nhello\nbb blob 5\nworld\ncc blob 12\nline 1\nline2\n", "",
        ]
        return outputs.flatMap { output in [0, 3].map { [$0] + Array(output.utf8) } }
    }
}
