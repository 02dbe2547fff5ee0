// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegHash
package import RegLock
package import RegLog
package import RegMetrics

// What the verbs tell of what they did. The command line renders these, as text and as JSON; nothing here is printed.

package struct InitReport: Sendable {
    package let project: RandomName
    /// Where the registry is, as its users write it.
    package let registry: String
    /// Whether that is the embedded default, which only this machine sees.
    package let isThisMachineOnly: Bool
    /// Whether reg.toml has the absolute path of what was given as a relative one.
    package let isMadeAbsolute: Bool
    /// False where reg.toml was there and says the same.
    package let isNew: Bool
}

/// Tensors with elements that are NaN or infinite.
package struct NonFiniteTensors: Sendable {
    package struct Tensor: Sendable {
        /// Relative to the artifact.
        package let file: BytePath
        package let name: String
        package let elementCount: UInt64
        package let nanCount: UInt64
        package let infiniteCount: UInt64
    }

    private static let limit = 100

    package private(set) var count: UInt64 = 0
    /// The first hundred.
    package private(set) var first: [Tensor] = []

    mutating func add(_ tensor: Tensor) {
        count += 1
        if first.count < NonFiniteTensors.limit { first.append(tensor) }
    }
}

package struct AddReport: Sendable {
    package struct Artifact: Sendable {
        package let name: ArtifactName
        package let type: ArtifactType
        /// As in the lock, from the repository's root; a directory's ends in a slash.
        package let path: BytePath
        package let digest: Digest
        package let byteCount: UInt64
        package let fileCount: UInt64
        /// Raw bytes that no pack held yet.
        package let newByteCount: UInt64
        /// What those bytes take in packs.
        package let storedByteCount: UInt64
        /// Whether git keeps the files.
        package let isInGit: Bool
        package let isUnchanged: Bool
        /// Whether the store had no room, so that only the files hold the content until it is pushed.
        package let isRecordedOnly: Bool
        /// As far as they were looked at.
        package let nonFinite: NonFiniteTensors
    }

    package let artifacts: [Artifact]
    /// What may well be a mistake, one printable line each.
    package let cautions: [String]
    /// Things the user should know, one printable line each.
    package let notes: [String]
}

/// What was taken out of the lock; digest and sums are nil where git keeps the files.
package struct RemoveReport: Sendable {
    package let name: ArtifactName
    package let type: ArtifactType
    /// As it was in the lock.
    package let path: BytePath
    package let digest: Digest?
    package let byteCount: UInt64?
    package let fileCount: UInt64?
    package let notes: [String]
}

/// The version that was put into the lock.
package struct UseReport: Sendable {
    package let name: ArtifactName
    package let type: ArtifactType
    /// Nil where the log does not know it under its name.
    package let version: UInt64?
    /// As in the lock.
    package let path: BytePath
    package let digest: Digest
    package let byteCount: UInt64
    package let fileCount: UInt64
    /// Whether the lock said so already.
    package let isUnchanged: Bool
    package let notes: [String]
}

package struct StatusReport: Sendable {
    package enum State: String, Sendable { case clean, modified, missing }

    package struct Artifact: Sendable {
        package let name: ArtifactName
        /// As in the lock.
        package let path: BytePath
        package let state: State
        /// Whether the lock names another version than the one that reg last added or wrote here.
        package let isBehind: Bool
        /// Whether files are not as reg last added or wrote them.
        package let isEdited: Bool
        /// Relative to the artifact.
        package let added: [BytePath]
        package let changed: [BytePath]
        package let missing: [BytePath]
        package let absent: [BytePath]
        package let isInGit: Bool
        package let isPushed: Bool

        /// Whether its files are unedited, and of another version than the lock's: `reg pull` brings that one.
        package var isOutdated: Bool { isBehind && !isEdited }
    }

    package let artifacts: [Artifact]
    package let isPushed: Bool
    package let isBound: Bool
    /// Whether HEAD has the lock as it is.
    package let isLockCommitted: Bool
    /// HEAD, where there is one.
    package let commit: CommitID?
    /// Where the database and the journal of this clone are.
    package let statePath: BytePath

    package var isClean: Bool { artifacts.allSatisfy { $0.state == .clean } }
}

package struct PushRequest: Sendable {
    /// Names of the lock or paths; empty for the whole lock.
    package var arguments: [String] = []
    package var name: ArtifactName?
    package var type: ArtifactType?
    package var message: String?
    /// Whether a name that another project made may be continued.
    package var isShared = false
    /// A file that says what the one artifact measures.
    package var metrics: BytePath?
    /// For paths that are added on the way.
    package var deltas = DeltaOptions()

    package init() {}
}

package struct PushReport: Sendable {
    package struct Artifact: Sendable {
        package let name: ArtifactName
        package let version: UInt64
        package let digest: Digest
        package let byteCount: UInt64
        package let fileCount: UInt64
        /// Bytes sent: of its chunks as they lie in packs, and of its manifest.
        package let uploadedByteCount: UInt64
        /// Raw bytes of the artifact that the registry had already.
        package let reusedByteCount: UInt64
        package let isNew: Bool
        /// Of what was uploaded.
        package let nonFinite: NonFiniteTensors
    }

    package enum Binding: Sendable {
        case bound(commit: CommitID, set: Digest, isNew: Bool)
        /// Why nothing is bound, printable.
        case unbound(reason: String)
    }

    /// The number of the record; nil when nothing changed.
    package let record: UInt64?
    package let registry: String
    package let artifacts: [Artifact]
    package let binding: Binding
    package let requestCount: UInt64
    package let retryCount: UInt64
    package let notes: [String]
    /// What was stated of the one artifact, now or before.
    package var metrics: Metrics?
}

package struct PullRequest: Sendable {
    /// References; empty for the lock.
    package var references: [String] = []
    /// A pin to bring instead of references: its id, or the path of its file.
    package var pin: String?
    package var output: BytePath?
    package var replacesEditedFiles = false
    package var isDryRun = false
    /// Only the files that these cover, their paths relative to the artifact; empty for all.
    package var only: [PathPattern] = []
    /// Of files of tensors only the tensors whose names these cover; empty for whole files.
    package var tensors: [PathPattern] = []
    /// Only this part of the files, or of the tensors.
    package var shard: Shard?
    /// Whether everything goes that the version lacks.
    package var isClean = false
    /// The commit, as git or its id names it, that the versions must go with.
    package var expectedCommit: String?
    /// Whether what is there has to do where the registry cannot be reached.
    package var keepsIfUnreachable = false

    package init() {}

    func holds(_ path: BytePath) -> Bool { only.isEmpty || only.contains { $0.covers(path) } }

    func wants(tensor name: String) -> Bool {
        tensors.isEmpty || tensors.contains { $0.covers(BytePath(name)) }
    }

    /// Whether what comes is no part of the files that a checkout could be told by.
    var isSelection: Bool { !tensors.isEmpty || shard != nil }

    /// What of the versions is asked for, as bytes.
    var selection: [UInt8] {
        var bytes: [UInt8] = []
        for pattern in only { bytes += pattern.text.utf8 + [0] }
        for pattern in tensors { bytes += [1] + pattern.text.utf8 + [0] }
        if let shard { bytes += [2] + "\(shard.index)/\(shard.count)".utf8 + [0] }
        return bytes
    }
}

package struct PullReport: Sendable {
    package struct Artifact: Sendable {
        package let name: ArtifactName
        /// Nil where the log was not read.
        package let version: UInt64?
        package let digest: Digest
        /// Where the files are, from the current directory's root of work: as in the lock, or below the output.
        package let path: BytePath
        package let byteCount: UInt64
        package let fileCount: UInt64
        /// Bytes read from the registry.
        package let fetchedByteCount: UInt64
        /// Raw bytes of files that were there already.
        package let keptByteCount: UInt64
        package let writtenFileCount: UInt64
        package let removedFileCount: UInt64
        /// Files that are not there because they were not asked for.
        package let absentFileCount: UInt64
        /// How many tensors came, where only such were asked for: checked chunk by chunk, not by a hash of whole files.
        package var tensorCount: UInt64?
    }

    package let artifacts: [Artifact]
    package let requestCount: UInt64
    /// How many of them repeated one that had failed.
    package let retryCount: UInt64
    package let notes: [String]
    /// Whether the registry was not reached, and what an earlier pull wrote stays.
    package var isKept = false
}

package struct ListReport: Sendable {
    package struct Artifact: Sendable {
        package let name: ArtifactName
        package let type: ArtifactType
        package let version: UInt64
        package let digest: Digest
        package let byteCount: UInt64
        package let fileCount: UInt64
        /// Its aliases, each with the version that it holds, sorted.
        package let aliases: [(alias: Alias, version: UInt64)]
    }

    package let artifacts: [Artifact]
}

/// One version, with its files.
package struct ShowReport: Sendable {
    package enum Kind: Sendable {
        case file(hash: Digest, isExecutable: Bool)
        case emptyDirectory
        case symlink(target: BytePath)
    }

    package struct File: Sendable {
        package let path: BytePath
        package let byteCount: UInt64
        package let kind: Kind
    }

    package let name: ArtifactName
    package let type: ArtifactType
    /// Nil for a version that was added and not pushed.
    package let version: UInt64?
    package let digest: Digest
    package let byteCount: UInt64
    package let fileCount: UInt64
    package let message: String?
    package let author: String?
    package let time: String?
    /// Commits whose set holds this version, newest record first.
    package let commits: [String]
    /// The aliases that hold this version, sorted.
    package let aliases: [Alias]
    /// Bytes that its packs take in the registry.
    package let packByteCount: UInt64
    package let files: [File]
}

package struct VerifyReport: Sendable {
    package struct Problem: Sendable {
        /// `registry`, `record`, `manifest`, `pack`.
        package let kind: String
        /// The object's name in the registry.
        package let object: String
        /// The versions it hurts, as `name@v3`.
        package let artifacts: [String]
        package let message: String
    }

    package let problems: [Problem]
    package let recordCount: UInt64
    package let versionCount: UInt64
    package let packCount: UInt64
    /// Bytes read and checked.
    package let byteCount: UInt64
    package let isDataChecked: Bool
}

package struct StoreReport: Sendable {
    package let path: BytePath
    package let packCount: UInt64
    /// Of all packs.
    package let byteCount: UInt64
    /// Of packs that are hard links, mostly to the registry's, and take no space of their own.
    package let linkedByteCount: UInt64
    /// Of packs that the registry is not known to hold.
    package let unpushedByteCount: UInt64
    package let quota: UInt64
}

/// What left the store, or would.
package struct TrimReport: Sendable {
    package let path: BytePath
    package let packCount: UInt64
    package let byteCount: UInt64
    /// Without packs that are hard links.
    package let freedByteCount: UInt64
    package let manifestCount: UInt64
    package let keptPackCount: UInt64
    package let keptByteCount: UInt64
    package let isDryRun: Bool
}

package struct RebuildReport: Sendable {
    package let recordCount: UInt64
    package let versionCount: UInt64
    package let packCount: UInt64
    package let fileCount: UInt64
}
