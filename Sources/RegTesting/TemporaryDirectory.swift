// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegFiles
internal import RegHash

/// Calls `body` with a new directory below `parent`, free of symlinks, and removes it afterwards with all it holds.
package func withTemporaryDirectory<Result>(
    in parent: BytePath = BytePath("/tmp"), _ body: (BytePath) throws -> Result
) throws -> Result {
    let above = try Descriptor.open(resolvingSymlinks(parent) ?? parent, .directory)
    let name = BytePath("reg-test-\(RandomName.random().hex)")
    try above.makeDirectory(name)
    defer { try? remove(name, from: above) }  // what the test found is what counts
    return try body(above.path.appending(name))
}

/// Removes the directory `name` with all below it.
private func remove(_ name: BytePath, from parent: Descriptor) throws(FileError) {
    let directory = try parent.openBeneath(name, .directory)
    for entry in try directory.entries() {
        if try directory.status(of: entry.name)?.kind == .directory {
            try remove(entry.name, from: directory)
        } else {
            try directory.remove(entry.name)
        }
    }
    _ = parent.removeEmptyDirectory(name)
}

extension Descriptor {
    /// The directory at `path`.
    package static func directory(_ path: BytePath) throws(FileError) -> Descriptor {
        try open(path, .directory)
    }

    /// The names in this directory, sorted.
    package func names() throws(FileError) -> [BytePath] { try entries().map(\.name).sorted() }
}
