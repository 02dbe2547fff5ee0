// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegDiff

extension DiffReport {
    /// What differs in the annotations of one file, or of one directory of label files.
    package struct Annotations: Sendable {
        /// The name of its artifact.
        package let artifact: String
        /// The path of its file in the newer version; of a directory of label files, the directory's, empty for the artifact's own.
        package let file: BytePath
        package let difference: AnnotationDifference
        /// Images that annotations of another split of the artifact have as well, by their names.
        package var sharedImages: [SharedImages] = []
    }

    /// How many images the annotations of two splits have in common.
    package struct SharedImages: Sendable {
        /// The path of the other file.
        package let file: BytePath
        /// On each side.
        package let old: UInt64
        package let new: UInt64
        /// The names of the first few of the newer side.
        package let examples: [String]
    }

    /// A metric whose value differs.
    package struct Metric: Sendable {
        /// The name of its artifact.
        package let artifact: String
        /// The path of its file in the newer version, or in the older one where it was removed.
        package let file: BytePath
        package let difference: MetricDifference
    }

    /// How the files of an artifact are spread over splits and classes, as manifests tell.
    package struct Dataset: Sendable {
        /// A directory of files: a class of a split, `train/cat`.
        package struct Folder: Sendable {
            package let path: BytePath
            /// Files of each side.
            package let old: UInt64
            package let new: UInt64
        }

        /// Files with the same bytes, in one split or two: `train` twice, or `train` and `val`.
        package struct Overlap: Sendable {
            package let first: String
            /// The same for duplicates within a split.
            package let second: String
            /// Files of each side: of a split, those that are one too many; of two, those of the second that the first has as well.
            package let old: UInt64
            package let new: UInt64
            /// Of the newer side, the first few: a file of the first and one of the second.
            package let examples: [(first: BytePath, second: BytePath)]
        }

        /// The name of the artifact.
        package let artifact: String
        /// Folders whose number of files differs, in the order of paths.
        package let folders: [Folder]
        package let unchangedFolderCount: UInt64
        /// Those that either side has; an artifact without splits is one, with an empty name.
        package let overlaps: [Overlap]
    }
}
