// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegDiff
package import RegGit
package import RegHash
package import RegLock
package import RegTensor

/// How closely two versions are compared.
package enum DiffLevel: String, CaseIterable, Sendable {
    /// Files alone.
    case files
    /// What is in them as well, as far as it can be told without reading all of it.
    case summary
    /// Everything.
    case full
}

package struct DiffRequest: Sendable {
    /// A reference, or a path that begins with `./`, `../` or `/`.
    package var old: BytePath
    /// The same; nil for the workspace.
    package var new: BytePath?
    /// Only the files that these cover, their paths relative to the artifact; empty for all.
    package var only: [PathPattern] = []
    package var level = DiffLevel.full
    /// Whether a full comparison tells how the values of tensors that changed are spread.
    package var wantsHistograms = false
    /// Columns that records of tables are matched by, together; empty to look for them.
    package var key: [String] = []

    package init(from old: BytePath, to new: BytePath?) {
        self.old = old
        self.new = new
    }

    func holds(_ path: BytePath) -> Bool { only.isEmpty || only.contains { $0.covers(path) } }
}

/// What differs between two versions, or two sets of them.
package struct DiffReport: Sendable {
    /// What became of one artifact that differs.
    package struct Artifact: Sendable {
        /// What one side has of it.
        package struct Side: Sendable {
            /// Nil where the log, as far as it is known here, has no such version.
            package let version: UInt64?
            /// Nil for files that lie on disk.
            package let digest: Digest?
            /// Of the files that were compared.
            package let byteCount: UInt64
            package let fileCount: UInt64
        }

        package let name: String
        /// Nil for files that no lock names.
        package let type: ArtifactType?
        /// Nil for one that was added.
        package let old: Side?
        /// Nil for one that was removed.
        package let new: Side?
        /// How many files became what.
        package let files: [File.Status: Int]
        package let unchangedFileCount: UInt64
        /// As of the whole report; a chunk that two artifacts need counts for the first.
        package let sharedByteCount: UInt64
        package let byteCountToFetch: UInt64
        /// How many tensors differ, and which of those that were compared did so most.
        package var tensorCount = 0
        package var largestChange: TensorChange?
        /// How many keys of configs, things in annotations, and metrics differ.
        package var configKeyCount = 0
        package var annotationCount: UInt64 = 0
        package var metricCount = 0

        package var status: File.Status { old == nil ? .added : new == nil ? .removed : .changed }
    }

    /// The commits between two git revisions.
    package struct Commits: Sendable {
        /// Those that only the newer side has.
        package let new: CommitRange
        /// Those that only the older side has.
        package let old: CommitRange

        package init(new: CommitRange, old: CommitRange) {
            self.new = new
            self.old = old
        }
    }

    /// What became of one file, link or empty directory.
    package struct File: Sendable {
        package enum Status: String, Sendable {
            case added, removed, changed, renamed
        }

        /// The name of its artifact.
        package let artifact: String
        package let status: Status
        /// Nil for one that was added.
        package let old: ShowReport.File?
        /// Nil for one that was removed.
        package let new: ShowReport.File?

        /// In the newer version, or in the older one where it was removed.
        package var path: BytePath { (new ?? old)?.path ?? BytePath([]) }

        /// Its path in the older version, where that was another.
        package var formerPath: BytePath? {
            guard let old, let new, old.path != new.path else { return nil }
            return old.path
        }
    }

    /// What became of one tensor of a file that differs.
    package struct TensorChange: Sendable {
        package enum Status: String, Sendable {
            /// Other values, or another dtype and another shape.
            case changed
            case added, removed
            /// The same bytes under another name.
            case renamed
            /// Another dtype.
            case cast
            /// Another shape.
            case reshaped
        }

        /// The name of its artifact.
        package let artifact: String
        /// The path of its file in the newer version; in the older one where that has no such file.
        package let file: BytePath
        /// The path of the file in the older version that had it, where that was none that its file is a version of.
        package let formerFile: BytePath?
        package let status: Status
        /// Nil for one that was added.
        package let old: Tensor?
        /// Nil for one that was removed.
        package let new: Tensor?
        /// Nil where elements were not compared.
        package let figures: Figures?
        /// How the values of both sides are spread; nil where that was not asked for, and of all but the first thousand tensors.
        package let histograms: TensorHistograms?
        /// What the elements of each side are like, where they were compared or the version has that with it.
        package let oldStatistics: TensorStatistics?
        package let newStatistics: TensorStatistics?

        /// How much it changed at least, where elements were not compared.
        package var bounds: ChangeBounds? {
            guard figures == nil, status != .renamed, let old = oldStatistics, let new = newStatistics,
                old.elementCount == new.elementCount
            else { return nil }
            return ChangeBounds(from: old.side, to: new.side)
        }

        /// In the newer version, or in the older one where it was removed.
        package var name: String { (new ?? old)?.name ?? "" }

        /// Its name in the older version, where that was another.
        package var formerName: String? { status == .renamed ? old?.name : nil }
    }

    /// How the values of both sides are spread.
    package struct TensorHistograms: Equatable, Sendable {
        package var old = Histogram()
        package var new = Histogram()
    }

    /// A key of a config whose value differs.
    package struct ConfigChange: Sendable {
        /// The name of its artifact.
        package let artifact: String
        /// The path of its file in the newer version.
        package let file: BytePath
        package let difference: ConfigDifference
    }

    /// What was compared, printable.
    package let old: String
    package let new: String
    /// Whether it is about two sets, not about one artifact.
    package let isOfSets: Bool
    /// Those that differ, by their names.
    package let artifacts: [Artifact]
    package let unchangedArtifactCount: Int
    /// Nil where both sides are not git revisions.
    package let commits: Commits?
    /// In the order of artifacts and paths.
    package let files: [File]
    package let unchangedFileCount: UInt64
    /// Of files that differ, in the order of the files.
    package let tensors: [TensorChange]
    package let unchangedTensorCount: UInt64
    /// In the order of the files.
    package let configs: [ConfigChange]
    /// In the order of the files.
    package let annotations: [Annotations]
    /// Of artifacts of images and other samples that differ.
    package let datasets: [Dataset]
    /// In the order of the files.
    package let metrics: [Metric]
    package let unchangedMetricCount: UInt64
    /// Raw bytes of the newer side that the older one has as well.
    package let sharedByteCount: UInt64
    /// Bytes to read, by who has the older side, to have the newer one.
    package let byteCountToFetch: UInt64
    package let notes: [String]

    package var hasDifferences: Bool { !files.isEmpty }
}

extension TensorStatistics {
    fileprivate var side: ChangeBounds.Side {
        ChangeBounds.Side(mean: mean, deviation: deviation, minimum: minimum, maximum: maximum)
    }
}
