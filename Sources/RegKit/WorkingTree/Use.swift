// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegCatalog
internal import RegHash
package import RegLock
internal import RegManifest

extension Session {
    /// Puts a version into the lock without its bytes, which `reg pull` then brings.
    ///
    /// `name`: what to call it here, instead of its name in the registry.
    /// `path`: where it belongs, relative to the current directory; a final slash says that it is a directory.
    package func use(_ reference: String, name: ArtifactName?, path: BytePath?) throws -> UseReport {
        try verb {
            let workspace = try requireWorkspace()
            try registryIfThere()?.catchUp()
            let version = try usedVersion(reference, name: name)
            let requested = try path.map { try requestedPlace($0, of: version, in: workspace) }
            var used: LockEntry?
            var before: LockEntry?
            try workspace.updateLock { lock in
                before = lock[version.name]
                let entry = version.entry(at: try place(of: version, requested: requested, in: lock))
                do throws(LockError) { try lock.set(entry) } catch {
                    guard case .overlap = error else { throw error }
                    throw RegError(.usage, error.message, hint: version.proposal)
                }
                used = entry
            }
            guard let used else { throw RegError(.internalError, "nothing was put into the lock") }
            let target = AddTarget(used)
            return UseReport(
                name: used.name, type: used.type, version: version.number, path: target.lockPath,
                digest: version.digest, byteCount: version.totals.byteCount,
                fileCount: version.totals.fileCount, isUnchanged: used == before,
                notes: try updateIgnoreFiles(of: workspace, added: [target]))
        }
    }

    /// The version that `reference` names, which must be in the registry or in the store.
    private func usedVersion(_ reference: String, name: ArtifactName?) throws -> UsedVersion {
        let resolved = try resolveOne(reference)
        let library = try library()
        let manifest = try manifest(of: resolved, in: library)
        var onlyFile: BytePath?
        if manifest.totals.rowCount == 1 {
            try library.forEachItem(of: manifest, subject: resolved.subject) { item in
                if case .row(let row, _) = item, case .file = row.kind { onlyFile = row.path }
            }
        }
        let known = try resolved.version ?? catalog.version(of: resolved.name, digest: resolved.digest)
        return UsedVersion(
            reference: reference, name: name ?? resolved.name, number: known?.number,
            digest: resolved.digest, type: known?.type ?? resolved.type ?? .other, totals: manifest.totals,
            onlyFile: onlyFile)
    }

    /// The place that somebody asks for.
    ///
    /// A version of several files can only be a directory; one file is one where its path says so.
    private func requestedPlace(
        _ path: BytePath, of version: UsedVersion, in workspace: Workspace
    ) throws -> LockPlace {
        let relative = try workspace.placeOfArtifact(path, from: options.directory)
        let isDirectory = path.bytes.last == UInt8(ascii: "/") || version.onlyFile == nil
        return LockPlace(path: relative, isDirectory: isDirectory)
    }

    /// Where the version belongs: where the lock has the name, else where it is asked for, else where a bound set had
    /// this version, else in a directory of its name.
    private func place(of version: UsedVersion, requested: LockPlace?, in lock: Lock) throws -> LockPlace {
        let place: LockPlace
        if let held = lock[version.name] {
            place = LockPlace(path: held.path, isDirectory: held.isDirectory)
            try check(held, for: version, requested: requested)
        } else if let requested {
            place = requested
        } else if let bound = try catalog.boundEntry(of: version.name, digest: version.digest) {
            place = LockPlace(path: bound.path, isDirectory: bound.isDirectory)
        } else {
            place = LockPlace(path: BytePath(version.name.text), isDirectory: true)
        }
        try checkSubmodules(at: place.path)
        if !place.isDirectory && version.onlyFile != place.path.lastComponent {
            let path = printable(place.path)
            throw RegError(
                .usage,
                "\(path) is the place of a file, and \(version.reference) is not one file of that name",
                hint: lock[version.name] == nil
                    ? "give a directory: --path \(path)/" : "take it out first: reg rm \(version.name)")
        }
        return place
    }

    private func check(_ held: LockEntry, for version: UsedVersion, requested: LockPlace?) throws {
        if held.content == .git {
            throw RegError(
                .usage, "git keeps the files of \(held.name): the commit says what they are",
                hint: version.proposal)
        }
        guard let requested, requested.path != held.path else { return }
        throw RegError(
            .usage, "the name \(held.name) is taken by \(printable(AddTarget(held).lockPath))",
            hint: version.proposal)
    }
}

/// A place in the workspace as a lock has it.
private struct LockPlace {
    let path: BytePath
    let isDirectory: Bool
}

/// A version on its way into the lock.
private struct UsedVersion {
    /// As it was asked for.
    let reference: String
    let name: ArtifactName
    let number: UInt64?
    let digest: Digest
    let type: ArtifactType
    let totals: Manifest.Totals
    /// The path of its one row where that is a file.
    let onlyFile: BytePath?

    func entry(at place: LockPlace) -> LockEntry {
        LockEntry(
            name: name, type: type, path: place.path, isDirectory: place.isDirectory,
            content: .stored(digest: digest, bytes: totals.byteCount, files: totals.fileCount))
    }

    /// A command that puts it beside what is there.
    var proposal: String {
        let other = "\(name)-\(number.map { "v\($0)" } ?? digest.short)"
        return "put it beside: reg use \(printable(BytePath(reference))) --as \(other) --path \(other)/"
    }
}
