// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegGit
internal import RegHash
internal import RegLock
internal import RegManifest

/// An artifact whose files git keeps, as a commit has it.
struct GitArtifact {
    struct File {
        /// Relative to the artifact.
        let path: BytePath
        let isExecutable: Bool
        let bytes: [UInt8]
        let hash: Digest
    }

    private static let byteLimit: UInt64 = 64 << 20

    let files: [File]

    /// Reads the files of `entry` in `commit`; nil where the commit has none.
    init?(_ entry: LockEntry, in commit: CommitID, git: Git) throws {
        let listed = try git.files(under: entry.path, in: commit).filter {
            $0.kind == .file || $0.kind == .executable
        }
        guard !listed.isEmpty else { return nil }
        guard listed.reduce(0, { $0 + $1.size }) <= GitArtifact.byteLimit else {
            throw RegError(
                .refused, "\(entry.name) in git is longer than 64 MiB",
                hint: "let reg keep it: reg add it anew")
        }
        let base = entry.isDirectory ? entry.path : entry.path.parent
        var files: [File] = []
        var current: [UInt8] = []
        try git.readBlobs(listed.map(\.id)) { part in
            switch part {
            case .start: current = []
            case .block(let block): current += block
            case .end:
                let file = listed[files.count]
                files.append(
                    File(
                        path: file.path.relative(to: base) ?? file.path.lastComponent,
                        isExecutable: file.kind == .executable, bytes: current,
                        hash: SHA256.digest(of: current)))
            }
        }
        self.files = files.sorted { $0.path < $1.path }
    }

    /// Its files as rows of a tree, in order.
    var rows: [TreeRow] {
        files.map { file in
            let kind = TreeRow.Kind.file(
                size: UInt64(file.bytes.count), hash: file.hash, isExecutable: file.isExecutable)
            return TreeRow(path: file.path, kind: kind)
        }
    }

    /// The digest of the tree, and what it holds.
    var summary: (digest: Digest, totals: Manifest.Totals) {
        var hasher = TreeHasher()
        var totals = Manifest.Totals()
        for row in rows {
            hasher.append(row)
            totals.count(row)
        }
        return (hasher.finish(), totals)
    }
}
