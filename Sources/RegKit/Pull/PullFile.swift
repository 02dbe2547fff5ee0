// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegHash
internal import RegJobs
internal import RegManifest

/// A file on its way out of packs.
// Unchecked: stages pass it on with its blocks, in order; the output is in a monitor.
final class PullFile: @unchecked Sendable {
    /// Relative to the root of the pull.
    let path: BytePath
    let directory: Descriptor
    /// Set when its row comes, with its last piece.
    var hash = SHA256.digest(of: [])
    var isExecutable = false
    /// Sums up a file that comes in several pieces.
    let hasher = SHA256()
    var found: Digest?
    /// What an earlier run may have left of a long file.
    let part: PartFile?
    /// How far the file is fed, in bytes.
    var fedByteCount: UInt64 = 0
    private let output = Monitor<PieceFile?>(nil)

    init(path: BytePath, directory: Descriptor, part: PartFile?) {
        self.path = path
        self.directory = directory
        self.part = part
    }

    var content: Content { .file(hash, isExecutable: isExecutable) }

    /// Where its pieces go, whoever comes first.
    func pieces() throws -> PieceFile {
        try output.with { output in
            if let open = output { return open }
            let made = try part.map { try PieceFile($0, in: directory) } ?? PieceFile(in: directory)
            output = made
            return made
        }
    }

    /// From this size on a file is gone on with where an earlier run has left it.
    static let partThreshold: UInt64 = 4 << 20

    /// The name of what a killed pull leaves of the file `name`, whatever its content: chunks are checked one by one,
    /// so what an unfinished version shares with this one is kept.
    static func partName(of name: BytePath) -> BytePath {
        RegFiles.partName(SHA256.digest(of: name.bytes).beginning)
    }
}
