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
    defer { try? above.removeTree(name) }  // what the test found is what counts
    return try body(above.path.appending(name))
}

extension Descriptor {
    /// The directory at `path`.
    package static func directory(_ path: BytePath) throws(FileError) -> Descriptor {
        try open(path, .directory)
    }

    /// The names in this directory, sorted.
    package func names() throws(FileError) -> [BytePath] { try entries().map(\.name).sorted() }
}
