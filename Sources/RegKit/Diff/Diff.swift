// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegDiff
internal import RegGit
internal import RegLock

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
            var annotations = AnnotationComparison(request, library: library, session: self)
            var metrics = MetricComparison(library: library, session: self)
            for artifact in files.contents {
                try tensors.compare(artifact)
                for pair in artifact.pairs where try !annotations.compare(pair) { try configs.compare(pair) }
            }
            try annotations.compareSplits(files.unchangedSplits)
            try annotations.compare(labels: files.labels)
            for change in files.metrics { try metrics.compare(change) }
            let totals = files.totals.reduce(into: SharedBytes.Totals()) { $0.add($1) }
            let artifacts = files.artifacts(
                with: tensors.tensors, configs.changes, annotations.annotations, metrics.metrics)
            return DiffReport(
                old: pairs.old, new: pairs.new, isOfSets: pairs.isOfSets, artifacts: artifacts,
                unchangedArtifactCount: pairs.pairs.count - artifacts.count,
                commits: try pairs.revisions.flatMap { try commits(between: $0.old, $0.new) },
                files: files.files,
                unchangedFileCount: files.unchangedCount, tensors: tensors.tensors,
                unchangedTensorCount: tensors.unchangedCount, configs: configs.changes,
                annotations: annotations.annotations, datasets: files.datasets, metrics: metrics.metrics,
                unchangedMetricCount: metrics.unchangedCount,
                sharedByteCount: totals.sharedByteCount,
                byteCountToFetch: totals.byteCountToFetch,
                notes: pairs.notes + files.allNotes + tensors.notes + configs.notes + annotations.notes
                    + metrics.notes)
        }
    }
}

extension Session {
    /// More commits than this are counted.
    private static let commitLimit = 50

    /// What the histories of two commits do not share; nil where one of them is not here.
    private func commits(between old: String, _ new: String) throws -> DiffReport.Commits? {
        guard let git = workspace?.git, let old = try git.commit(old), let new = try git.commit(new) else {
            return nil
        }
        return DiffReport.Commits(
            new: try git.commits(after: old, to: new, limit: Session.commitLimit),
            old: try git.commits(after: new, to: old, limit: Session.commitLimit))
    }
}

extension DiffReport.Artifact {
    fileprivate mutating func count(_ tensor: DiffReport.TensorChange) {
        tensorCount += 1
        guard let change = tensor.figures?.relativeL2 else { return }
        let most = largestChange?.figures?.relativeL2
        // NaN is the most there is.
        if most.map({ $0 < change || change.isNaN && !$0.isNaN }) ?? true { largestChange = tensor }
    }
}

extension FileComparison {
    /// The artifacts that differ, and what was found in their files.
    fileprivate func artifacts(
        with tensors: [DiffReport.TensorChange], _ configs: [DiffReport.ConfigChange],
        _ annotations: [DiffReport.Annotations], _ metrics: [DiffReport.Metric]
    ) -> [DiffReport.Artifact] {
        var artifacts = artifacts
        let places = Dictionary(artifacts.enumerated().map { ($1.name, $0) }) { first, _ in first }
        for tensor in tensors {
            if let place = places[tensor.artifact] { artifacts[place].count(tensor) }
        }
        for config in configs {
            if let place = places[config.artifact] { artifacts[place].configKeyCount += 1 }
        }
        for change in annotations {
            guard let place = places[change.artifact] else { continue }
            artifacts[place].annotationCount = saturatingSum(
                artifacts[place].annotationCount, change.difference.changeCount)
        }
        for metric in metrics {
            if let place = places[metric.artifact] { artifacts[place].metricCount += 1 }
        }
        return artifacts
    }
}

extension FileComparison {
    fileprivate var allNotes: [String] {
        if absentCount == 0 { return notes }
        let files = absentCount == 1 ? "1 file that was" : "\(absentCount) files that were"
        return ["\(files) never pulled cannot be compared"] + notes
    }
}
