// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegHash
internal import RegLog
internal import RegManifest
internal import RegPack
internal import RegStore

extension Session {
    /// Checks the registry: records, manifests and packs; with their data, every byte of them.
    ///
    /// Changes nothing in it.
    package func verify(_ reference: String?, isDataChecked: Bool) throws -> VerifyReport {
        try verb {
            let registry = try registry()
            var verifier = Verifier(registry, catalog: try catalog)
            if let reference {
                for version in try resolve(reference).versions { try verifier.check(version) }
            } else {
                try verifier.checkLog()
                for version in try catalog.allVersions() { try verifier.check(version) }
                try verifier.checkKeptTrees()
            }
            let checker = PackChecker(
                store: registry.store, based: verifier.based, jobs: jobs, readsData: isDataChecked,
                observer: options.progress)
            try checker.check(verifier.uses.map { ($0, $1.byteCount) })
            if isDataChecked { try verifier.checkPlaces(except: Set(checker.failures.keys)) }
            return verifier.report(checker, isDataChecked: isDataChecked)
        }
    }
}

/// Goes through the records and manifests of a registry and collects what is wrong with them.
private struct Verifier {
    struct PackUse {
        /// Of the whole object, as the manifests have it.
        let byteCount: UInt64
        /// The versions that need the pack.
        var versions: [String]
    }

    private let registry: Registry
    private let catalog: Catalog
    private let library: ManifestLibrary
    private var problems: [VerifyReport.Problem] = []
    private var recordCount: UInt64 = 0
    private var sound: [(manifest: Manifest, subject: String)] = []
    private var versionCount: UInt64 = 0
    private(set) var uses: [PackName: PackUse] = [:]
    private(set) var based = BasedCopies()

    init(_ registry: Registry, catalog: Catalog) {
        self.registry = registry
        self.catalog = catalog
        library = ManifestLibrary(store: nil, registry: registry.store)
    }

    private mutating func add(_ kind: String, _ object: ObjectKey, _ versions: [String], _ error: RegError) {
        problems.append(
            VerifyReport.Problem(kind: kind, object: object.text, artifacts: versions, message: error.message)
        )
    }

    /// A checkpoint that is of no use hurts no version: readers take the log's own records.
    private mutating func add(_ problem: Checkpoints.Problem) {
        add(
            "checkpoint", problem.object, [],
            RegError(
                .corrupt,
                "a checkpoint is damaged: \(problem.message); readers do without it, and it may be removed"))
    }

    /// Reads every record anew; a damaged one hurts all versions from there on.
    mutating func checkLog() throws {
        do {
            var hashes: [Digest] = []
            defer { recordCount = UInt64(hashes.count) }
            try registry.forEachEntry { hashes.append($0.tail.hash) }
            try checkNothingFollows(UInt64(hashes.count))
            try registry.catchUp()
            for problem in try registry.checkpoints.problems(against: hashes) { add(problem) }
        } catch let error as LogError {
            guard case .damaged(let number, _) = error else { throw error }
            let hurt = try catalog.allVersions().filter { $0.record + 1 >= number }.map {
                "\($0.name)@v\($0.number)"
            }
            add("record", number == 0 ? .registry : .record(number), hurt, .log(error))
        } catch let error as RegError where error.kind == .trust {
            let number = try catalog.newestSeen(of: registry.info.id)?.number ?? recordCount
            add("record", .record(number), try versions(from: min(number, recordCount + 1)), error)
        }
    }

    /// The versions that this clone knows from record `number` on.
    private func versions(from number: UInt64) throws -> [String] {
        try catalog.allVersions().filter { $0.record >= number }.map { "\($0.name)@v\($0.number)" }
    }

    /// A record that comes after a number that is free tells of one that is missing.
    private mutating func checkNothingFollows(_ count: UInt64) throws {
        let missing = ObjectKey.record(count + 1)
        let further = try registry.store.names(in: .log, after: ObjectKey.record(count).name)
        // The next number itself may have been taken just now.
        guard let first = further.first, first != missing.name, first.count == missing.name.count else {
            return
        }
        add(
            "record", missing, try versions(from: count + 1),
            RegError(.notFound, "log record \(count + 1) is missing, though \(first) is there"))
    }

    /// Checks what pins and runs keep beside versions.
    mutating func checkKeptTrees() throws {
        for tree in try catalog.keptTrees() where try !catalog.isDeleted(manifest: tree.manifest) {
            try check(tree.digest, id: tree.manifest, subject: "tree \(tree.digest.short)")
        }
    }

    mutating func check(_ version: ResolvedVersion) throws {
        if let known = try version.version ?? catalog.version(of: version.name, digest: version.digest) {
            return try check(known)
        }
        guard let id = try library.manifestIDs(of: version.digest, in: registry.store).first else {
            throw RegError(.notFound, "\(version.subject) is not in \(registry.location.text)")
        }
        try check(version.digest, id: id, subject: version.subject)
    }

    mutating func check(_ version: Version) throws {
        try check(version.digest, id: version.manifest, subject: "\(version.name)@v\(version.number)")
    }

    /// Reads a manifest with all its pages, and notes the packs that it needs.
    private mutating func check(_ tree: Digest, id: Digest, subject: String) throws {
        versionCount += 1
        do {
            let manifest = try library.read(tree, id: id, from: registry.store, subject: subject)
            for pack in manifest.packs {
                uses[pack.name, default: PackUse(byteCount: pack.byteCount, versions: [])].versions.append(
                    subject)
            }
            let packs = Set(manifest.packs.map(\.name))
            try library.forEachItem(of: manifest, subject: subject) { item in
                for chunk in item.chunks {
                    for copy in chunk.copy.chain where !packs.contains(copy.pack) {
                        throw RegError(
                            .corrupt, "the manifest of \(subject) does not list pack \(copy.pack.hex)")
                    }
                    based.keep(chunk.copy)
                }
            }
            sound.append((manifest, subject))
        } catch { add("manifest", .manifest(tree, id: id), [subject], try damage(error)) }
    }

    /// What an error says of the registry; thrown on where it is not the registry's fault.
    private func damage(_ error: any Error) throws -> RegError {
        let error = RegError.explaining(error)
        guard [.corrupt, .notFound, .refused, .incapable].contains(error.kind) else { throw error }
        return error
    }

    /// Holds where the manifests say that chunks lie against the packs' own indexes.
    mutating func checkPlaces(except broken: Set<PackName>) throws {
        var indexes = IndexCache(store: registry.store)
        for (manifest, subject) in sound {
            do {
                try library.forEachItem(of: manifest, subject: subject) { item in
                    for chunk in item.chunks where !broken.contains(chunk.copy.pack) {
                        let entry = try indexes.entry(at: chunk.copy)
                        guard entry?.copy.liesLike(chunk.copy) == true, entry?.id == chunk.id,
                            entry?.kind == .chunk,
                            entry?.rawLength == chunk.rawLength
                        else {
                            throw RegError(
                                .corrupt,
                                "the manifest of \(subject) misplaces a chunk of \(printable(item.path)) in pack \(chunk.copy.pack.hex)"
                            )
                        }
                    }
                }
            } catch {
                add("manifest", .manifest(manifest.tree, id: manifest.id), [subject], try damage(error))
            }
        }
    }

    func report(_ checker: PackChecker, isDataChecked: Bool) -> VerifyReport {
        let packProblems = checker.failures.sorted { $0.key < $1.key }.map { name, error in
            VerifyReport.Problem(
                kind: "pack", object: ObjectKey.pack(name).text, artifacts: uses[name]?.versions ?? [],
                message: error.message)
        }
        return VerifyReport(
            problems: problems + packProblems, recordCount: recordCount, versionCount: versionCount,
            packCount: UInt64(uses.count), byteCount: checker.byteCount, isDataChecked: isDataChecked)
    }
}

/// The indexes of the packs used last.
private struct IndexCache {
    private static let capacity = 32

    let store: any ObjectStore
    private var entries: [PackName: [UInt64: PackEntry]] = [:]
    private var order: [PackName] = []

    init(store: any ObjectStore) { self.store = store }

    /// The entry that begins where `copy` does.
    mutating func entry(at copy: Copy) throws -> PackEntry? {
        if let known = entries[copy.pack] { return known[copy.offset] }
        if order.count == IndexCache.capacity { entries[order.removeFirst()] = nil }
        let index = try explained { try PackIndex.read(copy.pack, from: store) }
        let byOffset = Dictionary(index.entries.map { ($0.copy.offset, $0) }) { first, _ in first }
        entries[copy.pack] = byOffset
        order.append(copy.pack)
        return byOffset[copy.offset]
    }
}
