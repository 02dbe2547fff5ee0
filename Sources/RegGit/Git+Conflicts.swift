// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegLock
internal import RegProcess

/// A file that a merge left in conflict, as git's index keeps it; nil for a side that has no such file.
package struct ConflictedFile: Equatable, Sendable {
    package var base: [UInt8]?
    package var ours: [UInt8]?
    package var theirs: [UInt8]?
}

extension Git {
    /// The sides of a file in conflict; nil where git's index has no conflict of it.
    ///
    /// `path` is relative to the repository's root. Up to four processes.
    /// - Throws: `tooLarge` where a side is longer than `limit` bytes.
    package func conflictedFile(at path: BytePath, limit: Int) throws(GitError) -> ConflictedFile? {
        var ids: [UInt8: String] = [:]
        let outcome = try program.records(
            "ls-files", ["-z", "--unmerged", "--", Subprocess.Argument(path.bytes)]
        ) { record throws(GitError) in
            // <mode> <object> <stage>, a tab, the path.
            let words = record.prefix { $0 != UInt8(ascii: "\t") }.split(separator: UInt8(ascii: " "))
            guard words.count == 3, let stage = words[2].first else {
                throw .unexpectedOutput(command: "ls-files")
            }
            ids[stage] = String(decoding: words[1], as: UTF8.self)
        }
        guard outcome.isSuccess else { throw outcome.failure(of: "ls-files") }
        if ids.isEmpty { return nil }
        return ConflictedFile(
            base: try blob(ids[UInt8(ascii: "1")], of: path, limit),
            ours: try blob(ids[UInt8(ascii: "2")], of: path, limit),
            theirs: try blob(ids[UInt8(ascii: "3")], of: path, limit))
    }

    private func blob(_ id: String?, of path: BytePath, _ limit: Int) throws(GitError) -> [UInt8]? {
        guard let id else { return nil }
        guard CommitID(objectFormat: objectFormat, hex: id) != nil else { throw .missingObject(id) }
        let outcome: Subprocess.Outcome
        do throws(GitError) {
            outcome = try program.run("cat-file", ["blob", Subprocess.Argument(id)], outputLimit: limit)
        } catch .process(.outputTooLarge) { throw .tooLarge(path, limit: limit) }
        guard outcome.isSuccess else { throw outcome.failure(of: "cat-file") }
        return outcome.output
    }
}
