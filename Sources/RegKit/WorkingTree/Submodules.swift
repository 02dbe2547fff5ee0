// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegGit

extension Session {
    /// Refuses a place that a submodule has a part in: its files are another repository's, which has a lock of its own.
    func checkSubmodules(at path: BytePath) throws {
        for submodule in try submodules() {
            let name = printable(submodule)
            if path.isWithin(submodule) {
                throw RegError(
                    .usage, "\(printable(path)) is in the submodule \(name), a repository of its own",
                    hint: "work there: cd \(name)")
            }
            if submodule.isWithin(path) {
                throw RegError(
                    .refused, "\(printable(path)) holds the submodule \(name), a repository of its own",
                    hint: "name what lies beside the submodule, or move it elsewhere")
            }
        }
    }

    private func submodules() throws -> [BytePath] {
        if let knownSubmodules { return knownSubmodules }
        var found: [BytePath] = []
        // git names them all there; to read the index of a repository that has none would be a waste.
        if let git = workspace?.git, try fileStatus(git.topLevel.appending(".gitmodules")) != nil {
            found = try git.submodules()
        }
        knownSubmodules = found
        return found
    }
}
