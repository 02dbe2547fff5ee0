// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegManifest

/// Whether new bytes may be coded against those of earlier versions, and of which.
package struct DeltaOptions: Sendable {
    package var isOff = false
    /// A reference: what to look at beside the version before.
    package var base: String?

    package init() {}
}

/// Versions whose files may be the bases of files that are being stored.
///
/// For one thread at a time.
final class BaseVersions {
    /// Versions of more files are no bases: files of the same name in the version before are found without this.
    private static let fileLimit: UInt64 = 10_000

    /// The files of a version, and their chunks.
    private struct Files {
        var byPath: [BytePath: [ChunkRow]] = [:]
        /// Nil for an extension that several files have.
        var byExtension: [ArraySlice<UInt8>: [ChunkRow]?] = [:]

        mutating func add(_ path: BytePath, _ chunks: [ChunkRow]) {
            byPath[path] = chunks
            guard let name = path.nameExtension else { return }
            byExtension.updateValue(byExtension[name] == nil ? chunks : nil, forKey: name)
        }
    }

    private let manifests: [Manifest]
    private let library: ManifestLibrary
    private lazy var files = manifests.map(read)

    /// `manifests`: the first has precedence.
    init(_ manifests: [Manifest], library: ManifestLibrary) {
        self.manifests = manifests.filter { $0.totals.fileCount <= BaseVersions.fileLimit }
        self.library = library
    }

    /// The chunks of what is most likely an earlier version of the file at `path`; none where nothing is.
    ///
    /// That is the file at the same path, or the only one whose name ends alike.
    func chunks(ofFileLike path: BytePath) -> [ChunkRow] {
        for files in files {
            if let same = files.byPath[path] { return same }
            if let name = path.nameExtension, let only = files.byExtension[name] ?? nil { return only }
        }
        return []
    }

    /// What cannot be read is no base: a missed match is waste, no error.
    private func read(_ manifest: Manifest) -> Files {
        var files = Files()
        var chunks: [ChunkRow] = []
        try? library.forEachItem(of: manifest, subject: "a base") { item in
            chunks += item.chunks
            guard case .row(let row, _) = item else { return }
            if case .file = row.kind { files.add(row.path, chunks) }
            chunks = []
        }
        return files
    }
}

extension BytePath {
    /// What follows the last dot of the last component; nil for none.
    fileprivate var nameExtension: ArraySlice<UInt8>? {
        let name = lastComponent.bytes
        return name.lastIndex(of: UInt8(ascii: ".")).map { name[($0 + 1)...] }
    }
}
