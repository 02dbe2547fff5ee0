// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegLock
internal import RegProcess

/// One row of a commit's tree.
package struct GitFile: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case file
        case executable
        case symlink
        /// Another repository's commit.
        case submodule
    }

    /// Relative to the repository's root.
    package let path: BytePath
    package let kind: Kind
    /// The blob's name in hex; of a submodule, its commit's.
    package let id: String
    /// In bytes; 0 for a submodule.
    package let size: UInt64

    package init(path: BytePath, kind: Kind, id: String, size: UInt64) {
        self.path = path
        self.kind = kind
        self.id = id
        self.size = size
    }
}

extension Git {
    /// The files that `commit` has at or below `path`, sorted by path; all of them for an empty path.
    package func files(under path: BytePath, in commit: CommitID) throws(GitError) -> [GitFile] {
        var files: [GitFile] = []
        let options: [Subprocess.Argument] = ["-r", "-z", "-l", "--full-tree", .init(commit.hex)]
        let outcome = try program.records("ls-tree", options + limited(to: path)) { record throws(GitError) in
            guard let file = GitFile(record) else { throw .unexpectedOutput(command: "ls-tree") }
            files.append(file)
        }
        guard outcome.isSuccess else { throw outcome.failure(of: "ls-tree") }
        return files
    }

    /// The paths at or below `path` that git's index holds, sorted; all of them for an empty path.
    package func trackedFiles(under path: BytePath) throws(GitError) -> [BytePath] {
        var paths: [BytePath] = []
        let outcome = try program.records("ls-files", ["-z", "--cached"] + limited(to: path)) { record in
            // A file in conflict has up to three rows, one after another.
            if paths.last?.bytes.elementsEqual(record) != true { paths.append(BytePath(record)) }
        }
        guard outcome.isSuccess else { throw outcome.failure(of: "ls-files") }
        return paths
    }

    /// The paths of the submodules that git's index holds, sorted.
    package func submodules() throws(GitError) -> [BytePath] {
        var paths: [BytePath] = []
        let outcome = try program.records("ls-files", ["-z", "--stage"]) { record in
            guard record.starts(with: "160000 ".utf8), let tab = record.firstIndex(of: UInt8(ascii: "\t"))
            else { return }
            paths.append(BytePath(record[(tab + 1)...]))
        }
        guard outcome.isSuccess else { throw outcome.failure(of: "ls-files") }
        return paths
    }

    /// Those of `paths`, relative to the root, that ignore patterns match, whether git tracks them or not.
    ///
    /// A directory that is not there is known as one by a final slash. Paths must not lead through symlinks or into
    /// submodules, where this repository's patterns say nothing.
    package func ignored(among paths: [BytePath]) throws(GitError) -> Set<BytePath> {
        // The command knows no literal paths; behind "./" none of them means anything special.
        let here = Array("./".utf8)
        let input: [UInt8] = paths.filter { !$0.isEmpty }.flatMap { here + $0.bytes + [0] }
        guard !input.isEmpty else { return [] }
        var program = program
        program.environment["GIT_LITERAL_PATHSPECS"] = nil
        var ignored: Set<BytePath> = []
        let options: [Subprocess.Argument] = ["-z", "--no-index", "--stdin"]
        let outcome = try program.records("check-ignore", options, input: input) { record in
            ignored.insert(BytePath(record.dropFirst(here.count)))
        }
        switch outcome.status {
        case .exited(0), .exited(1): return ignored
        default: throw outcome.failure(of: "check-ignore")
        }
    }

    private func limited(to path: BytePath) -> [Subprocess.Argument] {
        path.isEmpty ? [] : ["--", Subprocess.Argument(path)]
    }
}

extension GitFile {
    /// Reads a record of `git ls-tree -l`: mode, type, name and size between spaces, a tab, the path.
    package init?(_ record: ArraySlice<UInt8>) {
        guard let tab = record.firstIndex(of: UInt8(ascii: "\t")) else { return nil }
        let words = record[..<tab].split(separator: UInt8(ascii: " "))
        let fields = words.map { String(decoding: $0, as: UTF8.self) }
        guard fields.count == 4, let kind = Kind(mode: fields[0]) else { return nil }
        guard let size = kind == .submodule ? 0 : UInt64(fields[3]) else { return nil }
        self.init(path: BytePath(record[(tab + 1)...]), kind: kind, id: fields[2], size: size)
    }
}

extension GitFile.Kind {
    fileprivate init?(mode: String) {
        switch mode {
        case "100755": self = .executable
        case "120000": self = .symlink
        case "160000": self = .submodule
        // Old versions of git wrote other permissions, such as 100664.
        case _ where mode.hasPrefix("100"): self = .file
        default: return nil
        }
    }
}
