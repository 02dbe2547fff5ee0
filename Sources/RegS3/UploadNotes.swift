// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegFiles
internal import RegHash
internal import RegStore

/// Notes of uploads that have begun and are not known to have ended, so that a later run goes on with them.
///
/// One file an upload, `<hash of place and key>.upload`: the id of its multipart upload, nothing for a plain one.
package struct UploadNotes: Sendable {
    private static let suffix = ".upload"
    private static let byteLimit = 4096

    private let directory: BytePath

    /// `directory`: one that no other machine uses.
    package init(directory: BytePath) { self.directory = directory }

    struct Note: Equatable {
        /// Nil where it was to be sent in one request.
        let uploadID: String?
    }

    /// What an earlier run has noted of `key`.
    func note(of key: ObjectKey, at location: String) throws(FileError) -> Note? {
        guard let bytes = try readSmallFile(path(of: key, location), limit: UploadNotes.byteLimit) else {
            return nil
        }
        let text = String(decoding: bytes, as: UTF8.self)
        return Note(uploadID: text.isEmpty ? nil : text)
    }

    /// Whether any upload has not ended: this run follows one that was cut off.
    func hasAny() throws(FileError) -> Bool {
        do {
            return try Descriptor.open(directory, .directory).entries().contains {
                $0.name.bytes.suffix(UploadNotes.suffix.utf8.count).elementsEqual(UploadNotes.suffix.utf8)
            }
        } catch {
            if error.isNotFound { return false }
            throw error
        }
    }

    func set(_ note: Note, of key: ObjectKey, at location: String) throws(FileError) {
        try makeDirectories(directory)
        let path = path(of: key, location)
        _ = try publish(
            Array((note.uploadID ?? "").utf8), as: path.lastComponent,
            in: try Descriptor.open(directory, .directory),
            .replacing)
    }

    func remove(_ key: ObjectKey, at location: String) throws(FileError) {
        do {
            try Descriptor.open(directory, .directory).remove(path(of: key, location).lastComponent)
        } catch {
            if !error.isNotFound { throw error }
        }
    }

    private func path(of key: ObjectKey, _ location: String) -> BytePath {
        let name = SHA256.digest(of: Array("\(location)\0\(key.text)".utf8)).hex.prefix(32)
        return directory.appending(BytePath("\(name)\(UploadNotes.suffix)"))
    }
}
