// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegCatalog
internal import RegHash
package import RegLock
internal import RegManifest

extension Session {
    /// The newest version of every name in the registry.
    package func list() throws -> ListReport {
        try verb {
            try registry().catchUpOnce()
            let versions = try catalog.names().compactMap { try catalog.newestVersion(of: $0) }
            return ListReport(
                artifacts: try versions.map {
                    ListReport.Artifact(
                        name: $0.name, type: $0.type, version: $0.number, digest: $0.digest,
                        byteCount: $0.byteCount,
                        fileCount: $0.fileCount, aliases: try catalog.aliases(of: $0.name))
                })
        }
    }

    /// One version: its files, and what the log says of it.
    package func show(_ reference: String) throws -> ShowReport {
        try verb {
            let resolved = try resolveOne(reference)
            let library = try library()
            let manifest = try manifest(of: resolved, in: library)
            var files: [ShowReport.File] = []
            try library.forEachItem(of: manifest, subject: resolved.subject) { item in
                if case .row(let row, _) = item { files.append(ShowReport.File(row)) }
            }
            if let registry = try registryIfThere() { try registry.catchUpOnce() }
            let version = try resolved.version ?? catalog.version(of: resolved.name, digest: resolved.digest)
            let aliases = try catalog.aliases(of: resolved.name).filter { $0.version == version?.number }
            let made = try version.flatMap { try catalog.record($0.record) }
            return ShowReport(
                name: resolved.name, type: version?.type ?? resolved.type ?? .other, version: version?.number,
                digest: resolved.digest, byteCount: manifest.totals.byteCount,
                fileCount: manifest.totals.fileCount,
                message: version?.message, author: made?.author, time: made?.time,
                commits: try catalog.commits(with: resolved.name, digest: resolved.digest),
                aliases: aliases.map(\.alias), packByteCount: manifest.packs.reduce(0) { $0 + $1.byteCount },
                files: files)
        }
    }

    /// The log's operations, newest first.
    package func history(of name: ArtifactName?, limit: Int) throws -> [HistoryEntry] {
        try verb {
            try registry().catchUpOnce()
            if let name, try catalog.newest(of: name) == nil {
                throw RegError(
                    .notFound, "the registry has no artifact \(name)", hint: "see what there is: reg ls")
            }
            return try catalog.history(of: name, limit: limit)
        }
    }

    func manifest(of version: ResolvedVersion, in library: ManifestLibrary) throws -> Manifest {
        if let found = try library.manifest(of: version.digest, subject: version.subject) { return found }
        throw RegError(
            .notFound, "\(version.subject) (\(version.digest.text)) is not in \(try registryLocation().text)",
            hint: "was it pushed?")
    }
}

extension ShowReport.File {
    init(_ row: TreeRow) {
        path = row.path
        switch row.kind {
        case .file(let size, let hash, let isExecutable):
            byteCount = size
            kind = .file(hash: hash, isExecutable: isExecutable)
        case .emptyDirectory:
            byteCount = 0
            kind = .emptyDirectory
        case .symlink(let target):
            byteCount = UInt64(target.bytes.count)
            kind = .symlink(target: target)
        }
    }
}
