// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHash
internal import RegLock
internal import RegManifest

extension Session {
    /// Pulls; where the registry cannot be reached, and the request allows it, what is there already has to do.
    ///
    /// - Throws: the error of the pull where nothing is there, or not all of it.
    func keepingIfUnreachable(_ request: PullRequest, _ pull: () throws -> PullReport) throws -> PullReport {
        do { return try pull() } catch {
            let error = RegError.explaining(error)
            guard request.keepsIfUnreachable, error.kind == .unavailable,
                let report = try reportOnKept(request)
            else { throw error }
            return report
        }
    }

    private func reportOnKept(_ request: PullRequest) throws -> PullReport? {
        if let output = request.output {
            let path = absolute(output, from: options.directory)
            guard try fileStatus(path)?.kind == .directory,
                try !Descriptor.open(path, .directory).isEmptyDirectory()
            else { return nil }
            return report(onKept: [], "the registry cannot be reached: \(printable(output)) stays as it is")
        }
        return try artifactsOfLockIfThere().map {
            report(onKept: $0, "the registry cannot be reached: the files of reg.lock are all here")
        }
    }

    private func report(onKept artifacts: [PullReport.Artifact], _ note: String) -> PullReport {
        var report = PullReport(artifacts: artifacts, requestCount: 0, retryCount: 0, notes: [note])
        report.isKept = true
        return report
    }

    /// What the lock names, where all of it lies at its place and is as the lock says; else nil.
    private func artifactsOfLockIfThere() throws -> [PullReport.Artifact]? {
        guard let workspace else { return nil }
        let tree = try workingTree(of: workspace)
        var artifacts: [PullReport.Artifact] = []
        for entry in try workspace.readLock().entries {
            guard case .stored(let digest, _, _) = entry.content else { continue }  // git brings it
            // What no artifact has, such as a pipe, makes it another one.
            guard let found = try? tree.summary(of: entry.path), found.digest == digest else { return nil }
            artifacts.append(
                PullReport.Artifact(
                    name: entry.name, version: nil, digest: digest, path: AddTarget(entry).lockPath,
                    byteCount: found.totals.byteCount, fileCount: found.totals.fileCount, fetchedByteCount: 0,
                    keptByteCount: found.totals.byteCount, writtenFileCount: 0, removedFileCount: 0,
                    absentFileCount: 0))
        }
        return artifacts
    }
}
