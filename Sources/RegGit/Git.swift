// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegLock
package import RegProcess

/// A work tree and its git repository, asked through the git program.
///
/// Each question starts one process of 2 to 5 ms, unless its comment says otherwise. The repository stays the one
/// that was discovered, whatever happens to its surroundings. Needs git 2.31.
package struct Git: Sendable {
    /// The root of the work tree: absolute, symlinks resolved.
    package let topLevel: BytePath
    /// The git directory of this work tree, absolute.
    package let gitDirectory: BytePath
    /// The git directory that all work trees of the repository share, absolute.
    package let commonDirectory: BytePath
    package let objectFormat: ObjectFormat
    /// Whether history is cut off, so that older commits are not to be found here.
    package let isShallow: Bool

    let program: GitProgram

    init(_ facts: RepositoryFacts, _ program: GitProgram) {
        topLevel = facts.topLevel
        gitDirectory = facts.gitDirectory
        commonDirectory = facts.commonDirectory
        objectFormat = facts.objectFormat
        isShallow = facts.isShallow
        // Relative values that a hook may have inherited would mean something else from the top level.
        var program = program
        program.environment["GIT_DIR"] = facts.gitDirectory.bytes
        program.environment["GIT_WORK_TREE"] = facts.topLevel.bytes
        program.directory = facts.topLevel
        self.program = program
    }

    /// Throws where there is no git program at all: for callers that cannot do without a repository.
    package static func requireInstalled(
        environment: ProcessEnvironment = .inherited
    ) throws(GitError) {
        guard environment.executable(named: "git") != nil else { throw .notInstalled }
    }
}
