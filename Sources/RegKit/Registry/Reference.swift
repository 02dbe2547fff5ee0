// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegGit
internal import RegHash
internal import RegLock
internal import RegLog

/// What a person writes to name versions: `model`, `model@v7`, `model@prod`, `model@HEAD~1`, `@main`.
enum Reference: Equatable {
    enum Selector: Equatable {
        /// The name alone: what the lock says, else the newest.
        case current
        case latest
        case version(UInt64)
        /// The digest's hex digits, or the first of them.
        case digest(String)
        case revision(String)
    }

    case artifact(ArtifactName, Selector)
    /// All artifacts of a git revision.
    case set(revision: String)

    /// Reads `text`.
    ///
    /// `isName`: whether there is an artifact of that name; else a bare word is a git revision.
    /// `version`: the version that a run or an alias of that word stands for; nil where it is a git revision.
    init(
        _ text: String, isName: (ArtifactName) throws -> Bool,
        version: (_ name: ArtifactName, _ word: String) throws -> UInt64?
    ) throws {
        if text.hasPrefix("@") {
            self = .set(revision: try Reference.revision(text.dropFirst(), of: text))
            return
        }
        if text.hasPrefix("git:") {
            self = .set(revision: try Reference.revision(text.dropFirst(4), of: text))
            return
        }
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        if let first = parts.first, let name = ArtifactName(String(first)) {
            if parts.count == 2 {
                self = .artifact(name, try Selector(String(parts[1]), of: text) { try version(name, $0) })
                return
            }
            if try isName(name) {
                self = .artifact(name, .current)
                return
            }
        }
        self = .set(revision: try Reference.revision(text[...], of: text))
    }

    fileprivate static func revision(_ text: Substring, of whole: String) throws -> String {
        guard !text.isEmpty, !text.hasPrefix("-"), !text.utf8.contains(0) else {
            throw RegError(
                .usage, "'\(printable(whole))' names nothing",
                hint: "write NAME, NAME@v7, NAME@ALIAS, NAME@REV or @REV")
        }
        return String(text)
    }
}

extension Reference.Selector {
    fileprivate init(
        _ text: String, of whole: String, version: (_ word: String) throws -> UInt64?
    ) throws {
        if text == "latest" {
            self = .latest
            return
        }
        if text.hasPrefix("v"), let number = UInt64(text.dropFirst()), String(number) == text.dropFirst() {
            self = .version(number)
            return
        }
        if text.hasPrefix("sha256:") {
            let digits = text.dropFirst(7)
            guard (4...64).contains(digits.count), digits.allSatisfy({ $0.isHexDigit && !$0.isUppercase })
            else {
                throw RegError(.usage, "'\(printable(whole))': a digest is 4 to 64 lower-case hex digits")
            }
            self = .digest(String(digits))
            return
        }
        if text.hasPrefix("git:") {
            self = .revision(try Reference.revision(text.dropFirst(4), of: whole))
            return
        }
        let revision = try Reference.revision(text[...], of: whole)
        self = try version(text).map(Reference.Selector.version) ?? .revision(revision)
    }
}

/// The hex digits of `run-` and 6 to 32 of them; nil for anything else.
private func runDigits(_ word: String) -> String? {
    let digits = word.dropFirst(4)
    guard word.hasPrefix("run-"), (6...32).contains(digits.utf8.count),
        digits.allSatisfy({ $0.isHexDigit && $0.isASCII && !$0.isUppercase })
    else { return nil }
    return String(digits)
}

/// A version that a reference has led to.
struct ResolvedVersion {
    let name: ArtifactName
    let digest: Digest
    let type: ArtifactType?
    /// Nil where the log was not asked.
    let version: Version?
    /// Where its files belong in a workspace; nil where no lock says.
    let place: LockEntry?

    /// For messages: `model@v3`, or the name with the digest.
    var subject: String { version.map { "\(name)@v\($0.number)" } ?? "\(name)@\(digest.short)" }

    /// The same, with its version where the log as it is known here has one.
    func numbered(in catalog: Catalog) throws -> ResolvedVersion {
        ResolvedVersion(
            name: name, digest: digest, type: type,
            version: try version ?? catalog.version(of: name, digest: digest), place: place)
    }
}

/// What a reference has led to.
struct Resolution {
    let versions: [ResolvedVersion]
    /// Whether it named a whole set, of however many artifacts.
    let isSet: Bool
}

extension Session {
    /// The versions that a reference names: one, or all of a set.
    ///
    /// Artifacts of a set that git keeps and no binding knows are left out.
    func resolve(_ text: String) throws -> Resolution {
        let lock = try workspace?.readLock() ?? Lock()
        switch try reference(text, lock: lock) {
        case .artifact(let name, let selector):
            return Resolution(versions: [try resolve(name, selector, lock: lock, text: text)], isSet: false)
        case .set(let revision):
            return Resolution(versions: resolve(set: try self.lock(of: revision, text: text)), isSet: true)
        }
    }

    /// What a text refers to, as far as names tell.
    func reference(_ text: String, lock: Lock) throws -> Reference {
        try Reference(
            text,
            isName: { name in
                if lock[name] != nil { return true }
                guard let registry = try registryIfThere() else { return false }
                try registry.catchUpOnce()
                return try catalog.newest(of: name) != nil
            },
            version: { name, word in
                // What can be neither needs no log.
                let (run, alias) = (runDigits(word), Alias(word))
                guard run != nil || alias != nil, let registry = try registryIfThere() else { return nil }
                try registry.catchUpOnce()
                if let run, let version = try self.version(of: name, writtenBy: run) { return version }
                return try alias.flatMap { try catalog.holder(of: $0, name: name) }
            })
    }

    /// The version of `name` that the run whose id begins with `digits` has written.
    private func version(of name: ArtifactName, writtenBy digits: String) throws -> UInt64? {
        let runs = try catalog.runs(idPrefix: digits)
        if runs.count > 1 {
            throw RegError(.usage, "'run-\(digits)' fits more than one run", hint: "give more digits")
        }
        return try runs.first.flatMap { run in
            try catalog.outputs(of: run.id).first { $0.name == name }?.number
        }
    }

    /// The one version that a reference names.
    func resolveOne(_ text: String) throws -> ResolvedVersion {
        let versions = try resolve(text).versions
        guard let only = versions.first, versions.count == 1 else {
            throw RegError(
                .usage, "'\(printable(text))' is \(versions.count) artifacts", hint: "name one: NAME@REV")
        }
        return only
    }

    private func resolve(
        _ name: ArtifactName, _ selector: Reference.Selector, lock: Lock, text: String
    ) throws -> ResolvedVersion {
        let place = lock[name]
        let version: Version?
        switch selector {
        case .current:
            if let place, case .stored(let digest, _, _) = place.content { return resolved(place, digest) }
            if let place, let digest = try boundDigest(of: place) { return resolved(place, digest) }
            try registry().catchUpOnce()
            version = try catalog.newestVersion(of: name)
        case .latest:
            try registry().catchUpOnce()
            version = try catalog.newestVersion(of: name)
        case .version(let number):
            try registry().catchUpOnce()
            version = try catalog.version(of: name, number: number)
        case .digest(let digits):
            if let digest = Digest(hex: digits) {
                return ResolvedVersion(
                    name: name, digest: digest, type: place?.type, version: nil, place: place)
            }
            version = try self.version(of: name, digestPrefix: digits, text: text)
        case .revision(let revision):
            return try resolve(name, at: revision, place: place, text: text)
        }
        guard let version else { throw try unknown(text, "no such version is in the registry") }
        return ResolvedVersion(
            name: name, digest: version.digest, type: version.type, version: version, place: place)
    }

    private func resolved(_ place: LockEntry, _ digest: Digest) -> ResolvedVersion {
        ResolvedVersion(name: place.name, digest: digest, type: place.type, version: nil, place: place)
    }

    /// The digest that HEAD's set gives an artifact which git keeps.
    private func boundDigest(of place: LockEntry) throws -> Digest? {
        guard let head = try workspace?.git?.head(), let set = try boundLock(of: head.hex)?[place.name],
            case .stored(let digest, _, _) = set.content
        else { return nil }
        return digest
    }

    private func version(of name: ArtifactName, digestPrefix: String, text: String) throws -> Version? {
        try registry().catchUpOnce()
        let matches = try catalog.versions(of: name, digestPrefix: digestPrefix)
        if matches.count > 1 {
            throw RegError(
                .usage, "'\(printable(text))' fits \(matches.count) versions", hint: "give more digits")
        }
        return matches.first
    }

    private func resolve(
        _ name: ArtifactName, at revision: String, place: LockEntry?, text: String
    ) throws -> ResolvedVersion {
        let lock = try lock(of: revision, text: text)
        guard let entry = lock[name] else {
            throw try unknown(text, "the lock of that commit has no \(name)")
        }
        guard case .stored(let digest, _, _) = entry.content else {
            throw try unknown(text, "git keeps \(name), and that commit is not bound")
        }
        return ResolvedVersion(
            name: name, digest: digest, type: entry.type, version: nil, place: place ?? entry)
    }

    private func resolve(set lock: Lock) -> [ResolvedVersion] {
        lock.entries.compactMap { entry in
            guard case .stored(let digest, _, _) = entry.content else { return nil }
            return resolved(entry, digest)
        }
    }

    /// The lock of a git revision: the commit's own, its git artifacts filled in where it is bound; where the commit
    /// is not here, the one it is bound to.
    func lock(of revision: String, text: String) throws -> Lock {
        if let git = workspace?.git, let commit = try git.commit(revision) {
            let bytes = try git.blob(
                at: BytePath(Workspace.lockName), in: commit, limit: Lock.maximumByteCount)
            let lock = try bytes.map { try Lock.parse($0) } ?? Lock()
            if lock.entries.allSatisfy({ $0.content != .git }) { return lock }
            guard let bound = try boundLock(of: commit.hex) else { return lock }
            return lock.resolving(
                Dictionary(
                    uniqueKeysWithValues: bound.entries.compactMap { entry in
                        guard case .stored(let digest, let bytes, let files) = entry.content else {
                            return nil
                        }
                        return (entry.name, (digest, bytes, files))
                    }))
        }
        guard (7...64).contains(revision.utf8.count),
            revision.allSatisfy({ $0.isHexDigit && !$0.isUppercase })
        else {
            throw try unknown(
                text, "no artifact, run or alias, and no commit that this repository knows, has that name",
                hint: workspace?.git?.isShallow == true
                    ? "this clone lacks history: git fetch --unshallow" : nil)
        }
        guard let lock = try boundLock(of: revision) else {
            throw try unknown(text, "no commit of that id is bound")
        }
        return lock
    }

    /// The set that a commit is bound to, in the registry.
    private func boundLock(of prefix: String) throws -> Lock? {
        guard let registry = try registryIfThere() else { return nil }
        try registry.catchUpOnce()
        let matches = try catalog.bindings(commit: prefix, project: settings.project)
        if matches.count > 1 {
            throw RegError(
                .usage, "commit \(prefix) is bound more than once",
                hint: "give the whole id, or work in the project")
        }
        return try matches.first.flatMap { try catalog.lock(of: $0.set) }
    }

    /// - Throws: where there is no registry at all, which is then the better answer.
    private func unknown(_ text: String, _ why: String, hint: String? = nil) throws -> RegError {
        _ = try registry()
        return RegError(
            .notFound, "'\(printable(text))' is not known: \(why)",
            hint: hint ?? "see what there is: reg ls, reg log")
    }
}
