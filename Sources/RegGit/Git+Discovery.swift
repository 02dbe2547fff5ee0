// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegLock
package import RegProcess

/// What one `git rev-parse` tells about a repository.
struct RepositoryFacts {
    let topLevel: BytePath
    let gitDirectory: BytePath
    let commonDirectory: BytePath
    let objectFormat: ObjectFormat
    let isShallow: Bool
}

extension Git {
    /// The repository whose work tree holds `directory`; nil where there is none, or no git program.
    ///
    /// `GIT_DIR` and `GIT_WORK_TREE` count as they do for git itself.
    /// - Throws: `dubiousOwnership`, `bareRepository`, `insideGitDirectory`, and `failed` for a repository that git
    ///   finds but cannot use.
    package static func discover(
        from directory: BytePath, environment: ProcessEnvironment = .inherited
    ) throws(GitError) -> Git? {
        guard let program = GitProgram(environment: environment, directory: directory) else { return nil }
        let outcome = try program.run("rev-parse", plainQuestions + pathQuestions)
        let newline = UInt8(ascii: "\n")
        let lines = outcome.output.split(separator: newline, omittingEmptySubsequences: false).dropLast()
        guard outcome.isSuccess else {
            try explainFailure(outcome, isBare: lines.first.map { $0.elementsEqual("true".utf8) }, directory)
            return nil
        }
        return Git(try facts(from: lines.map(BytePath.init), program), program)
    }

    private static let plainQuestions: [Subprocess.Argument] = [
        "--is-bare-repository", "--show-object-format", "--is-shallow-repository",
    ]
    private static let pathQuestions: [Subprocess.Argument] = [
        "--path-format=absolute", "--git-dir", "--git-common-dir", "--show-toplevel",
    ]

    private static func facts(
        from lines: [BytePath], _ program: GitProgram
    ) throws(GitError) -> RepositoryFacts {
        guard lines.count >= 6, let format = lines[1].utf8.flatMap(ObjectFormat.init(rawValue:)) else {
            throw .unexpectedOutput(command: "rev-parse")
        }
        // More lines than questions: there are newlines in paths, and each path must be asked for alone.
        let paths = lines.count == 6 ? Array(lines[3...]) : try pathsOneByOne(program)
        return RepositoryFacts(
            topLevel: paths[2], gitDirectory: paths[0], commonDirectory: paths[1], objectFormat: format,
            isShallow: lines[2] == BytePath("true"))
    }

    private static func pathsOneByOne(_ program: GitProgram) throws(GitError) -> [BytePath] {
        var paths: [BytePath] = []
        for question in pathQuestions.dropFirst() {
            let outcome = try program.run("rev-parse", [pathQuestions[0], question])
            guard outcome.isSuccess else { throw outcome.failure(of: "rev-parse") }
            paths.append(BytePath(outcome.output.dropLast()))
        }
        return paths
    }

    /// Returns where there is no repository; throws where there is one that cannot be used.
    ///
    /// git ends with 128 for all reasons, so that its words, which `LC_ALL=C` keeps English, must tell the rest.
    private static func explainFailure(
        _ outcome: Subprocess.Outcome, isBare: Bool?, _ directory: BytePath
    ) throws(GitError) {
        if let isBare { throw isBare ? .bareRepository(directory) : .insideGitDirectory(directory) }
        if outcome.errors.starts(with: "fatal: not a git repository".utf8) { return }
        let owned = Array("fatal: detected dubious ownership in repository at '".utf8)
        if outcome.errors.starts(with: owned) {
            let path = outcome.errors.dropFirst(owned.count).prefix { $0 != UInt8(ascii: "'") }
            throw .dubiousOwnership(BytePath(path))
        }
        throw outcome.failure(of: "rev-parse")
    }
}
