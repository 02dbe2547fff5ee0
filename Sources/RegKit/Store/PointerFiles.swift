// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegLock

/// Files that hold no content but what git-lfs puts in its place: a few lines that say where to get it.
struct PointerFiles {
    private static let firstLine = Array("version https://git-lfs.github.com/spec/v1\n".utf8)
    /// In bytes; git-lfs takes nothing longer for a pointer.
    private static let sizeLimit = 1024
    private static let shownLimit = 5

    private var count = 0
    /// Relative to the artifact, in path order.
    private var first: [BytePath] = []

    /// Whether the whole of a file is a pointer.
    static func isPointer(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count < sizeLimit && bytes.starts(with: firstLine)
    }

    mutating func add(_ path: BytePath) {
        count += 1
        if first.count < PointerFiles.shownLimit { first.append(path) }
    }

    /// What to say of them; nil where there are none.
    func caution(of name: ArtifactName) -> String? {
        if count == 0 { return nil }
        let shown = first.map { printable($0) }.joined(separator: ", ")
        let more = count > first.count ? " and \(count - first.count) more" : ""
        let are = count == 1 ? "is a pointer" : "are pointers"
        return
            "\(name): \(shown)\(more) \(are) of git-lfs, without the content; get it, then add again: git lfs pull"
    }
}
