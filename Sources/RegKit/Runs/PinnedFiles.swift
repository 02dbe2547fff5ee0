// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCache
internal import RegFiles
internal import RegHash
internal import RegLock
internal import RegManifest
internal import RegPin
internal import RegStore

/// How the files of a pin are made in a directory.
package struct InputOptions: Sendable {
    /// Whether artifacts are copies rather than links.
    package var copies = false
    /// Names of artifacts that may be changed.
    package var writable: Set<String> = []

    package init() {}
}

/// The files of a pin: all of them lie in a cache of this host, and stay there while somebody holds this.
struct PinnedFiles {
    struct Artifact {
        let entry: LockEntry
        let tree: CachedTree
        /// Bytes that had to be read from the registry.
        let fetchedByteCount: UInt64
    }

    let pin: Pin
    let code: CachedTree
    let artifacts: [Artifact]

    /// What differs from the pin in a directory where its files were made.
    struct Difference {
        /// The artifact's name; nil for the code.
        let artifact: String?
        /// Relative to the directory.
        let path: BytePath
        let what: What

        enum What: String { case edited, missing, stray }
    }

    /// Makes all files below `root`, which is empty.
    func materialise(in root: Descriptor, _ options: InputOptions, threads: Int) throws {
        try code.materialise(in: codePlace(root), threads: threads, skipping: isOfArtifact)
        for artifact in artifacts {
            try artifact.tree.materialise(in: artifact.place(in: root, options), threads: threads)
        }
    }

    private func codePlace(_ root: Descriptor) -> TreePlace {
        TreePlace(root: root, base: BytePath([]), ownsBase: true, access: .writable)
    }

    /// Whether a path is junk that tools leave beside code, such as Python's compiled modules.
    private func isJunk(_ path: BytePath) -> Bool {
        path.lastComponent.bytes.withUnsafeBytes { IgnoreRules.standard.ignores($0) }
    }

    /// Whether a path is an artifact's, which the commit may have as well.
    private func isOfArtifact(_ path: BytePath) -> Bool { pin.lock.entry(containing: path) != nil }

    /// Compares the files below `root` with the pin: counts, and the first of each sort.
    func differences(in root: Descriptor, _ options: InputOptions) throws -> (
        first: [Difference], count: UInt64
    ) {
        var first: [Difference] = []
        var count: UInt64 = 0
        func note(_ check: TreeCheck, _ artifact: Artifact?) {
            let base = artifact.map { $0.entry.isDirectory ? $0.entry.path : $0.entry.path.parent }
            for (paths, what) in [(check.edited, .edited), (check.missing, .missing), (check.stray, .stray)]
                as [(TreeCheck.Paths, Difference.What)]
            {
                count += paths.count
                first += paths.first.map { path in
                    Difference(
                        artifact: artifact?.entry.name.text, path: base?.appending(path) ?? path, what: what)
                }
            }
        }
        for artifact in artifacts {
            note(try artifact.tree.check(in: artifact.place(in: root, options)), artifact)
        }
        let passages = passages
        note(
            try code.check(in: codePlace(root)) { isOfArtifact($0) || passages.contains($0) || isJunk($0) },
            nil)
        for path in try strays(in: root, passages) {
            count += 1
            first.append(Difference(artifact: nil, path: path, what: .stray))
        }
        return (first, count)
    }

    /// Directories on the way to artifacts.
    private var passages: Set<BytePath> {
        var result: Set<BytePath> = []
        for entry in pin.lock.entries {
            var parent = entry.path.parent
            while !parent.isEmpty, result.insert(parent).inserted { parent = parent.parent }
        }
        return result
    }

    /// What lies in directories that only lead to artifacts; the code's own were looked at.
    private func strays(in root: Descriptor, _ passages: Set<BytePath>) throws -> [BytePath] {
        var ownedByCode: Set<BytePath> = []
        try code.forEachRow { row in
            for passage in passages where row.path.isWithin(passage) { ownedByCode.insert(passage) }
        }
        return try passages.subtracting(ownedByCode).sorted().flatMap { passage -> [BytePath] in
            guard try root.status(ofPath: passage)?.kind == .directory else { return [] }
            return try root.openBeneath(passage, .directory).entries().map { passage.appending($0.name) }
                .filter { !passages.contains($0) && !isOfArtifact($0) && !isJunk($0) }
        }
    }
}

extension PinnedFiles.Artifact {
    fileprivate func place(in root: Descriptor, _ options: InputOptions) -> TreePlace {
        let access: TreePlace.Access =
            options.writable.contains(entry.name.text)
            ? .writable : options.copies ? .readOnlyCopy : .readOnly
        return TreePlace(
            root: root, base: entry.isDirectory ? entry.path : entry.path.parent, ownsBase: entry.isDirectory,
            access: access)
    }
}

extension Session {
    /// Brings what this host lacks of a pin's files into `cache`.
    func pinnedFiles(of pin: Pin, in cache: HostCache) throws -> PinnedFiles {
        let code = try cached(pin.code.digest, "the code of pin \(pin.id.short)", nil, in: cache)
        return PinnedFiles(
            pin: pin, code: code.tree,
            artifacts: try pin.lock.entries.compactMap { entry in
                guard case .stored(let digest, _, _) = entry.content else { return nil }
                let (tree, fetched) = try cached(digest, "\(entry.name)@\(digest.short)", entry, in: cache)
                return PinnedFiles.Artifact(entry: entry, tree: tree, fetchedByteCount: fetched)
            })
    }

    private func cached(
        _ digest: Digest, _ subject: String, _ entry: LockEntry?, in cache: HostCache
    ) throws -> (tree: CachedTree, fetchedByteCount: UInt64) {
        let before = try registryTraffic()?.readByteCount ?? 0
        var known: KnownManifest?
        let tree = try cache.prepare(digest) { feed in
            let library = try library()
            guard let manifest = try library.manifest(of: digest, subject: subject) else {
                throw RegError(
                    .notFound, "\(subject) (\(digest.text)) is not in \(try registryLocation().text)",
                    hint: "was the pin made for another registry? give it: --registry URL")
            }
            known = KnownManifest(library: library, manifest: manifest)
            try library.forEachItem(of: manifest, subject: subject) { item in
                if case .row(let row, _) = item { try feed(row) }
            }
        } fetch: { missing, incoming in
            guard let name = entry?.name ?? ArtifactName("code") else { return }
            let version = ResolvedVersion(
                name: name, digest: digest, type: entry?.type, version: nil, place: nil)
            let target = PullTarget(
                version: version, base: BytePath([]), shown: entry?.path ?? BytePath("code"))
            try pull(rows: { missing.contains($0) }, of: target, into: incoming.path, known)
        }
        return (tree, (try registryTraffic()?.readByteCount ?? 0) - before)
    }
}
