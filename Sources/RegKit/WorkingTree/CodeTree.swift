// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegGit
internal import RegLock
internal import RegManifest

/// The files of a commit, those of its submodules in their places, as git stores them.
struct CodeTree {
    private struct File {
        let row: GitFile
        /// From the root of the outermost repository.
        let path: BytePath
        let repository: Int
    }

    /// More than that is no code, and would have to be held in memory.
    private static let fileLimit: UInt64 = 100 << 20
    private static let depthLimit = 16

    private var repositories: [Git] = []
    private var files: [File] = []

    /// Lists the files of `tree`, which may be the name of a commit.
    init(_ tree: CommitID, git: Git) throws {
        try add(tree, git: git, at: BytePath([]), depth: 0)
        files.sort { $0.path < $1.path }
    }

    private mutating func add(_ tree: CommitID, git: Git, at place: BytePath, depth: Int) throws {
        let repository = repositories.count
        repositories.append(git)
        for row in try git.files(under: BytePath([]), in: tree) {
            let path = place.appending(row.path)
            if let hazard = path.hazard {
                throw RegError(.refused, "\(printable(path)) cannot be pinned: it \(hazard.reason)")
            }
            guard row.kind == .submodule else {
                guard row.size <= CodeTree.fileLimit else {
                    throw RegError(
                        .refused, "\(printable(path)) in git is longer than 100 MiB",
                        hint: "let reg keep it: git rm --cached it, then reg add it")
                }
                files.append(File(row: row, path: path, repository: repository))
                continue
            }
            guard depth < CodeTree.depthLimit else {
                throw RegError(.refused, "submodules are nested more than \(CodeTree.depthLimit) deep")
            }
            let (commit, submodule) = try submodule(row, at: path, of: git)
            try add(commit, git: submodule, at: path, depth: depth + 1)
        }
    }

    /// The repository of a submodule, which must have the commit that is recorded.
    private func submodule(_ row: GitFile, at path: BytePath, of git: Git) throws
        -> (CommitID, Git)
    {
        let place = git.topLevel.appending(row.path)
        let found = try? Git.discover(from: place)
        if let found, found.topLevel == place, let commit = CommitID(hex: row.id),
            try found.commit(commit.hex) != nil
        {
            return (commit, found)
        }
        throw RegError(
            .notFound, "the submodule \(printable(path)) is not checked out at \(row.id.prefix(12))",
            hint: "git submodule update --init --recursive")
    }

    /// Calls `body` with each file, in path order.
    func forEachEntry(_ body: (IngestEntry) throws -> Void) throws {
        var rest = files[...]
        while let first = rest.first {
            // The files of a submodule stand together.
            let run = rest.prefix { $0.repository == first.repository }
            rest = rest[run.endIndex...]
            var (index, current) = (run.startIndex, [UInt8]())
            try repositories[first.repository].readBlobs(run.map(\.row.id)) { part in
                switch part {
                case .start: current = []
                case .block(let block): current += block
                case .end:
                    try body(entry(run[index], current))
                    index += 1
                }
            }
        }
    }

    private func entry(_ file: File, _ bytes: [UInt8]) throws -> IngestEntry {
        guard file.row.kind == .symlink else {
            return .bytes(file.path, isExecutable: file.row.kind == .executable, bytes)
        }
        let target = BytePath(bytes)
        if let reason = TreeRow.hazard(ofTarget: target, at: file.path) {
            throw RegError(
                .refused, "\(printable(file.path)) cannot be pinned: it is a link, and \(reason)",
                hint: "a run has nothing beside the repository's own files")
        }
        return .symlink(file.path, target: target)
    }
}
