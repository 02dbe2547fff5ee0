// SPDX-License-Identifier: Apache-2.0
package import RegHash
package import RegLock
package import RegLog
package import RegMetrics
internal import RegPin

/// What records add up to, in plain dictionaries: the fold that others are compared with.
package struct MemoryFold: FoldState, Equatable {
    package struct Name: Equatable, Sendable {
        package var maker: RandomName?
        package var versions: [Operation.Push] = []
    }

    private struct Binding: Hashable {
        let project: RandomName
        let commit: CommitID
    }

    package struct Holder: Hashable, Sendable {
        package let name: ArtifactName
        package let alias: Alias
    }

    package struct Measured: Hashable, Sendable {
        package let name: ArtifactName
        package let version: UInt64
    }

    package private(set) var names: [ArtifactName: Name] = [:]
    private var bindings: [Binding: Digest] = [:]
    package private(set) var pins: Set<Digest> = []
    package private(set) var runs: [RandomName: Operation.Run] = [:]
    package private(set) var measures: [Measured: Metrics] = [:]
    package private(set) var holders: [Holder: UInt64] = [:]
    package private(set) var deletedManifests: Set<Digest> = []
    package private(set) var deletedPacks: Set<RandomName> = []

    package init() {}

    package func newest(of name: ArtifactName) -> (version: UInt64, maker: RandomName?)? {
        names[name].map { (UInt64($0.versions.count), $0.maker) }
    }

    package func hasVersion(of name: ArtifactName, digest: Digest) -> Bool {
        names[name]?.versions.contains { $0.digest == digest } ?? false
    }

    package func set(of commit: CommitID, project: RandomName) -> Digest? {
        bindings[Binding(project: project, commit: commit)]
    }

    package func isDeleted(manifest: Digest) -> Bool { deletedManifests.contains(manifest) }

    package func digest(of name: ArtifactName, version: UInt64) -> Digest? {
        names[name]?.versions.first { $0.version == version }?.digest
    }

    package func hasPin(_ id: Digest) -> Bool { pins.contains(id) }

    package func newestAttempt(of run: RandomName) -> (number: UInt64, pin: Digest, succeeded: Bool)? {
        runs[run].map { ($0.attempt, $0.pin, $0.status == .succeeded) }
    }

    package func holder(of alias: Alias, name: ArtifactName) -> UInt64? {
        holders[Holder(name: name, alias: alias)]
    }

    package mutating func apply(_ operation: Operation, of record: Record) {
        switch operation {
        case .push(let push):
            names[push.name, default: Name(maker: record.project)].versions.append(push)
        case .bind(let bind):
            guard let project = record.project else { return }
            bindings[Binding(project: project, commit: bind.commit)] = bind.set
        case .pin(let pin): pins.insert(pin.pin.id)
        case .run(let run): runs[run.id] = run
        case .measure(let measure):
            measures[Measured(name: measure.name, version: measure.version)] = measure.metrics
        case .promote(let promote):
            holders[Holder(name: promote.name, alias: promote.alias)] = promote.to
        case .delete(let delete):
            deletedManifests.formUnion(delete.manifests)
            deletedPacks.formUnion(delete.packs)
        }
    }

    package mutating func transaction(_ body: (inout MemoryFold) throws -> Bool) throws {
        var state = self
        if try body(&state) { self = state }
    }
}
