// SPDX-License-Identifier: Apache-2.0
internal import RegBytes

extension Session {
    /// What differs between two versions, two sets of them, or one of those and the workspace.
    package func diff(_ request: DiffRequest) throws -> DiffReport {
        try verb {
            let pairs = try diffPairs(request)
            let library = try library()
            var files = FileComparison(request, library: library)
            for pair in pairs.pairs { try files.compare(pair) }
            var tensors = TensorComparison(request, library: library, session: self)
            var configs = ConfigComparison(library: library, session: self)
            for artifact in files.contents {
                try tensors.compare(artifact)
                for pair in artifact.pairs { try configs.compare(pair) }
            }
            let totals = files.totals
            return DiffReport(
                old: pairs.old, new: pairs.new, files: files.files,
                unchangedFileCount: files.unchangedCount, tensors: tensors.tensors,
                unchangedTensorCount: tensors.unchangedCount, configs: configs.changes,
                sharedByteCount: totals.sharedByteCount,
                byteCountToFetch: totals.byteCountToFetch,
                notes: pairs.notes + files.notes + tensors.notes + configs.notes)
        }
    }
}

extension FileComparison {
    fileprivate var notes: [String] {
        if absentCount == 0 { return [] }
        let files = absentCount == 1 ? "1 file that was" : "\(absentCount) files that were"
        return ["\(files) never pulled cannot be compared"]
    }
}
