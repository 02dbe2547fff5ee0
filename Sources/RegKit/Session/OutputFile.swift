// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegFiles

/// A file that a command writes beside its answer: whole or not at all.
package struct OutputFile: Sendable {
    private let path: BytePath
    /// Its last component.
    private let name: BytePath
    private let directory: Descriptor

    /// Finds out whether the file can be written, before the work that it is to tell of.
    ///
    /// - Throws: `refused` where something lies there that is no regular file, `local` where its directory cannot be written to.
    package init(_ path: BytePath) throws {
        self.path = path
        let start = path.bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        let name = BytePath(path.bytes[start...])
        self.name = name.isEmpty ? BytePath(".") : name
        let parent = absolute(start == 0 ? BytePath(".") : BytePath(path.bytes[..<start]))
        directory = try explained { try Descriptor.open(parent, .directory) }
        try checkPlace()
    }

    private func checkPlace() throws {
        let status = try explained { try directory.status(of: name) }
        guard let status, status.kind != .file else { return }
        throw RegError(
            .refused, "\(printable(path)) is \(status.kind.words): only a file is replaced",
            hint: "choose another name")
    }

    /// Writes all of it under its name at once, replacing a file that has it.
    package func write(_ text: String) throws {
        try checkPlace()
        try explained {
            _ = try publish(
                Array(text.utf8), as: name, in: directory, mode: 0o666 & ~fileModeMask(),
                .replacing)
        }
    }
}
